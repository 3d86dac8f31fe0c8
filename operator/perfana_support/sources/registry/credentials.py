"""Names and passwords for registries, from Docker's configuration file and pull secrets, which have its form.

Read when a registry asks, not before, and never written anywhere: not into logs, errors or reports.
"""

import base64
import binascii
import contextlib
import json
import subprocess
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from perfana_support.model.image import DEFAULT_REGISTRY

# How Docker's configuration names Docker Hub, by its first API.
_DOCKER_HUB = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")
# What a helper answers for somebody who signed in by a token and has no name.
_TOKEN_NAME = "<token>"  # noqa: S105 - a name
_HELPER_SECONDS = 30


class CredentialError(Exception):
    """A configuration that cannot be used; the message says what and where, and no secret."""


class Credential(NamedTuple):
    """A name and password, or an identity token that is exchanged for others. Its text shows neither."""

    name: str = ""
    password: str = ""
    identity_token: str = ""

    def __repr__(self) -> str:
        """Nothing that could be used."""
        return "Credential(…)"


# Credentials by a registry's name and a repository's path, from one configuration.
Lookup = Callable[[str, str], Credential | None]


def read_docker_config(text: str | bytes, where: str, run: Callable[[str, str], str] | None = None) -> Lookup:
    """Credentials by registry and path, from the text of a `config.json` or of a pull secret. Raises `CredentialError`.

    `run` calls a credential helper with a server's name and returns its answer; None where helpers must not be called.
    The longest entry that names the registry, alone or with the beginning of the path, wins (containers-auth.json).
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise CredentialError(f"{where} is no JSON") from error
    if not isinstance(document, Mapping):
        raise CredentialError(f"{where} must be a mapping with auths")
    return _Configuration(document, where, run).find


class _Configuration:
    """One configuration file's entries."""

    def __init__(self, document: Mapping[str, Any], where: str, run: Callable[[str, str], str] | None) -> None:
        # A pull secret of the old kind is what stands under `auths`, alone.
        auths = document.get("auths", {} if {"credHelpers", "credsStore"} & document.keys() else document)
        helpers = document.get("credHelpers") or {}
        if not isinstance(auths, Mapping) or not isinstance(helpers, Mapping):
            raise CredentialError(f"{where}: auths and credHelpers must be mappings")
        self._where = where
        self._run = run
        self._helpers = helpers
        self._store = document.get("credsStore")
        self._entries = {_server(str(key)): (str(key), entry) for key, entry in auths.items()}

    def find(self, registry: str, path: str) -> Credential | None:
        names = _names(registry, path)
        helper = next((name for name in names if isinstance(self._helpers.get(name), str)), None)
        if self._run and helper:
            return _answer(self._run(self._helpers[helper], helper), self._where)
        for key, entry in (self._entries[name] for name in names if name in self._entries):
            found = _read_entry(entry, f"{self._where}: auths[{key!r}]")
            if found:
                return found
            if self._run and isinstance(self._store, str):
                return _answer(self._run(self._store, key), self._where)
        if self._run and isinstance(self._store, str):
            # It may know registries that nobody signed in to; where it does not even run, what is public is read as by Docker.
            with contextlib.suppress(CredentialError):
                server = _DOCKER_HUB[0] if registry == DEFAULT_REGISTRY else registry
                return _answer(self._run(self._store, server), self._where)
        return None


def run_helper(helper: str, server: str) -> str:
    """Ask a credential helper (`docker-credential-HELPER get`). Raises `CredentialError`."""
    if not helper.replace("-", "").replace("_", "").isalnum():
        raise CredentialError(f"{helper[:80]!r} is no name of a credential helper")
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own configuration names it, and it is no path
            [program, "get"], input=server, capture_output=True, text=True, check=False, timeout=_HELPER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CredentialError(f"{program} cannot be asked: {error}") from error
    # It says so on standard output when it has none, which is no error.
    if done.returncode != 0 and "not found" not in done.stdout:
        raise CredentialError(f"{program} ended with code {done.returncode}")
    return done.stdout if done.returncode == 0 else "{}"


def _names(registry: str, path: str) -> list[str]:
    """What an entry for a repository can be called, the longest first."""
    parts = path.split("/")
    paths = ["/".join((registry, *parts[:count])) for count in range(len(parts), 0, -1)]
    return [*paths, *(_DOCKER_HUB if registry == DEFAULT_REGISTRY else (registry,))]


def _server(key: str) -> str:
    """An entry's name without the scheme and version that Docker used to write."""
    if key in _DOCKER_HUB:
        return key
    bare = key.partition("://")[2] or key
    return bare.rstrip("/").removesuffix("/v1").removesuffix("/v2")


def _read_entry(entry: object, where: str) -> Credential | None:
    if not isinstance(entry, Mapping):
        raise CredentialError(f"{where} must be a mapping")
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credential(identity_token=token)
    packed = entry.get("auth")
    if isinstance(packed, str) and packed:
        try:
            name, has_password, password = base64.b64decode(packed, validate=True).decode().rstrip("\0").partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise CredentialError(f"{where}.auth must be a name and password in base64") from error
        if not has_password:
            raise CredentialError(f"{where}.auth must be a name and password in base64")
        return _credential(name, password)
    user, secret = entry.get("username"), entry.get("password")
    return _credential(user, secret) if isinstance(user, str) and isinstance(secret, str) else None


def _credential(name: str, password: str) -> Credential:
    return Credential(identity_token=password) if name == _TOKEN_NAME else Credential(name, password)


def _answer(text: str, where: str) -> Credential | None:
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise CredentialError(f"{where}: the credential helper's answer is no JSON") from error
    name, password = (found.get("Username"), found.get("Secret")) if isinstance(found, Mapping) else (None, None)
    return _credential(name, password) if isinstance(name, str) and isinstance(password, str) and password else None
