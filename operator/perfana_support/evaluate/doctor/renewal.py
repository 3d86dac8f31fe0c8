"""The commands that bring a newer version of this program, by how it was installed."""

import shlex
from typing import assert_never

from perfana_support.evaluate.doctor.remedies import set_image
from perfana_support.evaluate.doctor.setup import NAME, container_of
from perfana_support.model.diagnosis import Facts, Tools
from perfana_support.model.program import Origin

_FILES = "with the {} of a newer release, fetched into this folder"
_VERSION = "with a newer release's version in place of VERSION"


def renew(facts: Facts, tools: Tools) -> tuple[str, ...]:
    """The commands; no registry or index is known to have the program, so what comes from a release is a file."""
    origin, place, extra, platform = tools.installed
    # Without ./ some versions of pipx drop the extra.
    wheel = f"'./perfana_support-VERSION-py3-none-any.whl[{extra}]'    # {_FILES.format('wheel')}, and its version"
    match origin:
        case Origin.PIPX:
            return (f"pipx install --force {wheel}",)
        case Origin.PIP:
            return (f"{shlex.quote(place)} -m pip install --upgrade {wheel}",)
        case Origin.SINGLE_FILE:
            file = f"perfana-support-cluster-{platform}.pyz"
            return (f"install -m 755 {file} {shlex.quote(place)}    # {_FILES.format('file')}",)
        case Origin.KREW:
            archive = f"kubectl-perfana_support-{platform}.tar.gz"
            files = f"--manifest=perfana-support.yaml --archive={archive}    # {_FILES.format('manifest and archive')}"
            return ("kubectl krew uninstall perfana-support", f"kubectl krew install {files}")
        case Origin.IMAGE:
            return (_image(facts, tools),)
        case Origin.CHECKOUT:
            folder = shlex.quote(place)
            return (f"git -C {folder} pull && make -C {folder} setup",)
        case _:
            assert_never(origin)


def _image(facts: Facts, tools: Tools) -> str:
    """The program is an image's: of the operator's own pod, or of a container somewhere else."""
    container = container_of(facts.setup.deployment)
    if not container:
        return f"docker pull harbor.example.com/perfana/{NAME}:VERSION    # {_VERSION}, from your registry"
    image = str(container.get("image") or NAME)
    return f"{set_image(facts, tools, str(container.get('name')), image, 'VERSION')}    # {_VERSION}; then run doctor by it"
