"""Argo CD's own program, which says what Argo CD thinks of an object: built from a pinned module, and run."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.cluster.tool import find_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cluster.client import Object

FOLDER = Path(__file__).with_name("go") / "argocd"

ANSWERED_WITHIN_SECONDS = 120.0
"""It takes a second or two, most of them its start."""

_MANY = """\
local function health(obj)
{script}
end
local lines = {{}}
for place, item in ipairs(obj.items) do
  local is_done, answer = pcall(health, item)
  if not is_done then
    answer = {{ status = "ERROR", message = tostring(answer) }}
  end
  if type(answer.status) ~= "string" or type(answer.message) ~= "string" then
    answer = {{ status = "ERROR", message = "no text" }}
  end
  lines[place] = answer.status .. " " .. answer.message
end
return {{ status = "Healthy", message = table.concat(lines, "\\n") }}
"""
"""A health check of a list: that of each of its items, one a line, in one start of the program."""


class Health(NamedTuple):
    """What Argo CD shows beside an object."""

    status: str
    message: str


class ArgoCD:
    """The program, with settings and a home of its own."""

    def __init__(self, folder: Path) -> None:
        """Find the program or build it, four minutes, once; `folder` is where it may write."""
        self._program = find_tool(FOLDER).program  # one for all parts of Argo CD: a variable says which it is to be
        self._folder = folder

    def health(self, config_map: Object, item: Object) -> Health:
        """Return the health of an object with the customizations of a ConfigMap `argocd-cm`."""
        out = self._run("resource-overrides", "health", config_map=config_map, item=item)
        status, _, message = out.partition("\nMESSAGE: ")
        assert status.startswith("STATUS: "), out
        return Health(status.removeprefix("STATUS: "), message.removesuffix("\n"))

    def health_of_many(self, script: str, items: Sequence[Object]) -> list[Health]:
        """Return what a health check says of each of many objects; an error of it has the status ERROR."""
        key = "resource.customizations.health.tests.example.com_Batch"
        batch = {"apiVersion": "tests.example.com/v1", "kind": "Batch", "metadata": {"name": "all"}, "items": list(items)}
        answer = self.health(config_map({key: _MANY.format(script=script)}), batch)
        assert answer.status == "Healthy", answer
        return [Health(*line.split(" ", 1)) for line in answer.message.split("\n")]

    def validate(self, config_map: Object) -> str:
        """Return what it says of the settings in a ConfigMap."""
        return self._run("validate", "--group", "resource-overrides", config_map=config_map)

    def _run(self, *arguments: str, config_map: Object, item: Object | None = None) -> str:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            settings, subject = Path(folder, "argocd-cm.yaml"), Path(folder, "object.yaml")
            settings.write_text(json.dumps(config_map), encoding="utf-8")
            subject.write_text(json.dumps(item), encoding="utf-8")
            operands = [] if item is None else [str(subject)]
            done = subprocess.run(
                [str(self._program), "admin", "settings", *arguments, *operands, "--argocd-cm-path", str(settings)],
                env={"ARGOCD_BINARY_NAME": "argocd", "HOME": folder, "PATH": os.defpath, "KUBECONFIG": os.devnull},
                capture_output=True,
                text=True,
                check=False,
                timeout=ANSWERED_WITHIN_SECONDS,
            )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


def config_map(data: dict[str, str]) -> Object:
    """Return Argo CD's settings."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": data}
