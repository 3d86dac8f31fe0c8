"""What a pod spec may set on a component: where images keep product code, what they start, what injects code into them."""

from collections.abc import Mapping
from posixpath import normpath
from typing import NamedTuple

from perfana_support.model.document import Node

KEYED_LISTS = {"componentImages": "repository", "injectedVariables": "name"}

# Environment variables with which a loader, a language's runtime or a shell can be made to run other code. The projection of
# containers keeps the values of these and of no others, because an operator holds twenty thousand pods and values can be
# secret; which of them are judged, and what is harmless in them, is the policy's. Sources: ld.so(8), `node --help`, the JVM's
# and OpenJ9's environment variables, python(1), perlrun(1), ruby(1), lua(1), php(1), bash(1), .NET's hooks and profiling.
# fmt: off
INJECTING = frozenset(
    {
        "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GCONV_PATH", "OPENSSL_CONF", "OPENSSL_ENGINES",
        "OPENSSL_MODULES", "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE", "NPM_CONFIG_NODE_OPTIONS",
        "npm_config_node_options", "BUN_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS",
        "JAVA_OPTIONS", "JAVA_OPTS_APPEND", "JVM_OPTS", "CATALINA_OPTS", "OPENJ9_JAVA_OPTIONS", "IBM_JAVA_OPTIONS",
        "CLASSPATH", "LOADER_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONBREAKPOINT",
        "PYTHONWARNINGS", "PYTHONPLATLIBDIR", "PYTHONEXECUTABLE", "PERL5OPT", "PERL5LIB", "PERLLIB", "PERL5DB", "RUBYOPT",
        "RUBYLIB", "GEM_PATH", "GEM_HOME", "PHPRC", "PHP_INI_SCAN_DIR", "LUA_INIT", "LUA_PATH", "LUA_CPATH", "BASH_ENV",
        "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "DOTNET_SHARED_STORE", "CORECLR_ENABLE_PROFILING",
        "CORECLR_PROFILER", "CORECLR_PROFILER_PATH", "CORECLR_PROFILER_PATH_32", "CORECLR_PROFILER_PATH_64",
        "CORECLR_PROFILER_PATH_ARM64", "COR_ENABLE_PROFILING", "COR_PROFILER", "COR_PROFILER_PATH", "COR_PROFILER_PATH_32",
        "COR_PROFILER_PATH_64",
    }
)
# fmt: on

NUMBER = "<n>"
_DIGITS = frozenset("0123456789")
# Quoting differs between runtimes; a harmless option needs none.
_NOT_IN_AN_OPTION = frozenset("\"'\\ \t\r\n\v\f")


class ComponentImage(NamedTuple):
    """What is known of a component's image: code paths beside the general ones, and how it starts. Empty: not known.

    `entrypoint` and `command` are the image's own (a pod spec's `command` and `args` replace them), `working_dir` is where
    their relative paths begin.
    """

    repository: str
    code_paths: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_dir: str = ""


class ConfigurationRules(NamedTuple):
    """The rules that `spec.configuration` states.

    `code_paths` hold code that runs in every component's image, the product's own and what its runtime loads;
    `provided_mounts` are the vendor's own mounts, which are no finding wherever they are. `interpreters` may stand before a
    command without changing what runs. `variables` are those that are judged, each with its harmless options.
    `reports_env_from`: whether variables taken over from whole objects, which nobody can read here, count as set.
    """

    code_paths: tuple[str, ...] = ()
    provided_mounts: tuple[str, ...] = ()
    interpreters: frozenset[str] = frozenset()
    images: Mapping[str, ComponentImage] = {}
    variables: Mapping[str, tuple[str, ...]] = {}
    reports_env_from: bool = False

    @property
    def own_words(self) -> frozenset[str]:
        """The words of which the images' own command lines are made."""
        return self.interpreters.union(*((*image.entrypoint, *image.command) for image in self.images.values()))


def read_configuration(node: Node) -> ConfigurationRules:
    """The rules that `spec.configuration` states; without any, nothing that a pod spec sets is known to be harmful."""
    code_paths = node.values("codePaths", "a list of absolute paths", _to_path, _PATH_FORM)
    provided_mounts = node.values("providedMounts", "a list of absolute paths", _to_path, _PATH_FORM)
    interpreters = frozenset(node.texts("interpreters", "a list of words such as node"))
    reports_env_from = node.flag("reportEnvFrom")
    images: dict[str, ComponentImage] = {}
    spelled: dict[str, str] = {}
    for entry in node.nodes("componentImages", "repository"):
        image = _read_image(entry)
        if image is None:
            continue
        images.setdefault(image.repository, image)
        first = spelled.setdefault(image.repository, entry.data["repository"])
        if first != entry.data["repository"]:
            entry.fail("repository", f"must be listed once, {first!r} is the same repository")
    variables = dict(pair for entry in node.nodes("injectedVariables", "name") if (pair := _read_variable(entry)))
    node.finish()
    return ConfigurationRules(code_paths, provided_mounts, interpreters, images, variables, bool(reports_env_from))


def absolute(path: str, base: str = "/") -> str:
    """A path as a runtime takes it: from the root where it is relative, without `.`, `..`, doubled or trailing slashes."""
    return normpath("/" + (path if path.startswith("/") else f"{base}/{path}").lstrip("/"))


def is_like(word: str, template: str) -> bool:
    """Whether a whole word is what a template spells, with a number of any length for each `<n>`.

    Written out instead of compiled: a policy has dozens, of which a run reads one or two.
    """
    first, *others = template.split(NUMBER)
    if not word.startswith(first):
        return False
    place = len(first)
    for literal in others:
        begin = place
        while place < len(word) and word[place] in _DIGITS:
            place += 1
        if place == begin or not word.startswith(literal, place):
            return False
        place += len(literal)
    return place == len(word)


def _read_image(node: Node) -> ComponentImage | None:
    repository = node.repository("repository", required=True)
    code_paths = node.values("codePaths", "a list of absolute paths", _to_path, _PATH_FORM)
    entrypoint, command = _words(node, "entrypoint"), _words(node, "command")
    working_dir = node.read("workingDir", _to_path, _PATH_FORM, required=False)
    node.finish()
    return ComponentImage(repository, code_paths, entrypoint, command, working_dir or "") if repository else None


def _read_variable(node: Node) -> tuple[str, tuple[str, ...]] | None:
    form = "a variable that can inject code and that this program reads: " + ", ".join(sorted(INJECTING))
    name = node.read("name", lambda raw: raw if isinstance(raw, str) and raw in INJECTING else None, form, required=True)
    option_form = "one whole option without blanks or quotes, <n> for a number and no digit behind it"
    harmless = node.values("harmless", "a list of options, with <n> for a number", _to_template, option_form)
    node.finish()
    return (name, harmless) if name else None


def _to_template(option: str) -> str | None:
    first, *others = option.split(NUMBER)
    is_plain = not _NOT_IN_AN_OPTION.intersection(option) and "<" not in "".join((first, *others))
    # A number takes all digits there are, so nothing that begins with one can follow it.
    is_clear = all(literal[:1] not in _DIGITS for literal in others) and all(others[:-1])
    return option if is_plain and is_clear else None


_PATH_FORM = "an absolute path below /, without trailing slash or .., for example /app"


def _to_path(raw: object) -> str | None:
    return raw if isinstance(raw, str) and len(raw) > 1 and raw.startswith("/") and absolute(raw) == raw else None


def _words(node: Node, field: str) -> tuple[str, ...]:
    def convert(raw: object) -> tuple[str, ...] | None:
        is_list = isinstance(raw, list) and all(isinstance(word, str) and word for word in raw)
        return tuple(raw) if is_list and isinstance(raw, list) else None

    return node.read(field, convert, "a list of words, as the image has them", required=False) or ()
