"""Print the completion script of a shell."""

import argparse
import sys

from perfana_support.cli.exit_codes import ExitCode

EXAMPLES = """\
examples:
  perfana-support completion bash > /etc/bash_completion.d/perfana-support
  perfana-support completion zsh > "${fpath[1]}/_perfana-support"
  perfana-support completion fish > ~/.config/fish/completions/perfana-support.fish
  perfana-support completion kubectl > /usr/local/bin/kubectl_complete-perfana_support    # then: chmod +x
"""

_BASH = """\
# bash completion of perfana-support
_perfana_support() {
  local answer line word last
  local -a words=()
  # bash takes --output=js for three words, and replaces the last of them alone.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ${#words[@]} -gt 0 && ( $word == = || $last == = && $word != --* ) ]]; then
      words[${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    last=$word
  done
  word=${words[${#words[@]}-1]}
  answer=$(perfana-support __complete "${words[@]}" 2>/dev/null) || return
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :0) compopt -o default 2>/dev/null ;;
      :*) ;;
      *) if [[ $word != "${COMP_WORDS[COMP_CWORD]}" || $last == = ]]; then line=${line#"${word%"${word##*=}"}"}; fi
         COMPREPLY+=("$line") ;;
    esac
  done <<< "$answer"
}
complete -F _perfana_support perfana-support
"""
_ZSH = """\
#compdef perfana-support
# zsh completion of perfana-support
_perfana_support() {
  local -a candidates
  local line
  for line in ${(f)"$(perfana-support __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
    case $line in
      :0) _files ;;
      :*) ;;
      *) candidates+=("$line") ;;
    esac
  done
  compadd -a candidates
}
if [[ ${funcstack[1]} == _perfana-support ]]; then
  _perfana_support "$@"
else
  compdef _perfana_support perfana-support
fi
"""
_FISH = """\
# fish completion of perfana-support
function __perfana_support_complete
  set -l words (commandline -opc)[2..-1] (commandline -ct)
  for line in (perfana-support __complete $words 2>/dev/null)
    switch $line
      case ':0'
        __fish_complete_path (commandline -ct)
      case ':*'
      case '*'
        echo $line
    end
  end
end
complete -c perfana-support -f -a '(__perfana_support_complete)'
"""
_KUBECTL = """\
#!/bin/sh
# What kubectl asks for the completion of `kubectl perfana-support`: it must be on the PATH as kubectl_complete-perfana_support.
exec kubectl-perfana_support __complete "$@"
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "kubectl": _KUBECTL}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `completion`."""
    parser.add_argument("shell", choices=tuple(SCRIPTS), help="the shell, or kubectl for the plugin")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print the script; nothing is installed."""
    sys.stdout.write(SCRIPTS[arguments.shell])
    return ExitCode.SUPPORTED
