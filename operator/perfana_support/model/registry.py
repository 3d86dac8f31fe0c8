"""What a policy says of registries: which may be asked, and what their images are made of."""

from typing import NamedTuple


class SecretName(NamedTuple):
    """Where a pull secret is (`kubernetes.io/dockerconfigjson`)."""

    namespace: str
    name: str


class Registry(NamedTuple):
    """A registry that may be asked, by the name that images have.

    `endpoint` is the root of its API where that is elsewhere: a mirror, a pull-through cache, a path prefix, such as
    `https://harbor.example.com/v2/dockerhub` (containerd's `hosts.toml` with `override_path`); one that begins with http://
    allows what nobody encrypts. `pull_secret` holds its credentials for an operator; None is anonymous.
    """

    name: str
    endpoint: str = ""
    pull_secret: SecretName | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is asked by HTTP."""
        return self.endpoint.startswith("http://")


class MadeOf(NamedTuple):
    """What an image for a platform is made of, short enough to be listed: digests of its layers and of its settings."""

    platform: str
    layers: str
    settings: str
