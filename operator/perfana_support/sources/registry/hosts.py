"""Which registries may be asked, and where: nothing else is ever sent a request."""

import ipaddress
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from perfana_support.model.image import DEFAULT_REGISTRY
from perfana_support.model.registry import Registry

# Docker Hub's API is at another name than its images have.
_DOCKER_HUB_API = "https://registry-1.docker.io/v2"
_DOCKER_HUB_TOKENS = ("auth.docker.io", "registry-1.docker.io")
# IPv4 behind a translator (RFC 6052), and the one metadata service that has an address of its own.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_METADATA = ipaddress.ip_address("fd00:ec2::254")


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
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed == _METADATA:
            return True
        within = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _TRANSLATED:
            within = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        parsed = within or parsed
    return parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified or parsed.is_multicast


def gives_tokens_for(url: str, host: str, listed: Container[str] = ()) -> bool:
    """Whether the service at a URL may be asked for tokens for a registry.

    One at its own host may, at a domain above it (`gitlab.com` gives those for `registry.gitlab.com`), at Docker Hub's other
    name, or at a host that the policy lists. A name and password in the URL are a trick to hide its host behind.
    """
    try:
        realm, registry = urlsplit(url), urlsplit(f"//{host}")
        names = realm.hostname or "", registry.hostname or ""
        ports = realm.port or 0, registry.port or 0
    except ValueError:
        return False
    if realm.username is not None or realm.password is not None:
        return False
    is_above = "." in names[0] and names[1].endswith(f".{names[0]}")
    is_known = names == _DOCKER_HUB_TOKENS or names[0] in listed or is_above
    is_same = names[0] == names[1] and (ports[0] == ports[1] or {*ports} <= {0, 443})
    return is_same or (is_known and realm.port in {None, 443})
