"""Which registries may be asked, and where: nothing else is ever sent a request."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from perfana_support.model.image import DEFAULT_REGISTRY
from perfana_support.model.registry import Registry

# Docker Hub's API is at another name than its images have.
_DOCKER_HUB_API = "https://registry-1.docker.io/v2"


class Endpoint(NamedTuple):
    """Where a repository is read: the URL below which its manifests and blobs are, and the registry that it counts as."""

    url: str
    registry: Registry
    path: str

    @property
    def host(self) -> str:
        """Host and port, in small letters."""
        return urlsplit(self.url).netloc.lower()

    @property
    def account(self) -> tuple[str, str]:
        """What credentials are looked up by: the registry that is asked, whatever images call it, and the repository in it."""
        if not self.registry.endpoint:
            return self.registry.name, self.path
        return self.host, self.repository

    @property
    def repository(self) -> str:
        """The repository's name where it is read: what stands behind `/v2/`."""
        return urlsplit(self.url).path.partition("/v2/")[2]


class Hosts(NamedTuple):
    """The registries by name."""

    registries: Mapping[str, Registry]

    def endpoint_of(self, repository: str) -> Endpoint | None:
        """Where a repository is read, None where its registry may not be asked."""
        name, _, path = repository.partition("/")
        registry = self.registries.get(name)
        if registry is None:
            return None
        root = registry.endpoint or (_DOCKER_HUB_API if name == DEFAULT_REGISTRY else f"https://{name}/v2")
        return Endpoint(f"{root.rstrip('/')}/{path}", registry, path)

    @property
    def listed_hosts(self) -> frozenset[str]:
        """Hosts that somebody has written down: addresses of one's own machine or network are allowed there alone."""
        endpoints = (urlsplit(registry.endpoint).hostname for registry in self.registries.values() if registry.endpoint)
        names = (urlsplit(f"//{name}").hostname for name in self.registries)
        return frozenset(filter(None, (*endpoints, *names)))


def hosts_of(registries: Iterable[Registry]) -> Hosts:
    """Registries by their names; of two with one name the later one holds."""
    return Hosts({registry.name: registry for registry in registries})


def is_inward(address: str) -> bool:
    """Whether an IP address leads to this machine or its link: metadata services of clouds are there, and no registry is."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified or mapped.is_multicast


def is_beside(host: str, other: str) -> bool:
    """Whether two hosts are one, or below one domain: tokens come from `auth.docker.io` for `registry-1.docker.io`."""
    ours, theirs = (name.partition(":")[0].lower().rsplit(".", 2) for name in (host, other))
    return host.lower() == other.lower() or (len(ours) > 1 and ours[-2:] == theirs[-2:] and not ours[-1].isdigit())
