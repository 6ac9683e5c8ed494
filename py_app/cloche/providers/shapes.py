"""The commands and events of providers.

Owns these shapes; contract.py makes them part of the contract. Keys and passphrases only ever travel towards Python.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..commands import Command, NoParams
from ..shapes import Model, ModelChoice, Provider, Session


class NewProvider(Model):
    """A server to add. Its origin must have been opened before; its models are fetched, or nothing is added.

    The key stays in memory, unless a passphrase is given: then it is also kept, sealed with it.
    """

    kind: Literal["openai", "anthropic"]
    name: str = Field(default="", max_length=60)
    base_url: str = Field(min_length=1, max_length=2000)
    key: str = Field(default="", max_length=4000)
    passphrase: str = Field(default="", max_length=1000)


class ProviderRef(Model):
    """Names a provider."""

    provider_id: str


class ProviderKey(Model):
    """Another key for a provider; "" forgets it. With a passphrase it is also kept, sealed."""

    provider_id: str
    key: str = Field(default="", max_length=4000)
    passphrase: str = Field(default="", max_length=1000)


class Unlock(Model):
    """The passphrase that opens the kept keys."""

    passphrase: str = Field(min_length=1, max_length=1000)


class SessionChain(Model):
    """Which models answer a session: the first that can. None at all leaves it to the settings."""

    session_id: str
    chain: list[ModelChoice] = Field(max_length=8)


class BrowserModelFound(Model):
    """The browser's own model is on this device and holds this many tokens."""

    context_window: int = Field(ge=1)


class ProvidersChanged(Model):
    """Providers, their models or the state of their keys changed."""

    providers: list[Provider]


COMMANDS: dict[str, Command] = {
    "providers.list": Command(NoParams, list[Provider]),
    "provider.add": Command(NewProvider, Provider),
    "provider.refresh": Command(ProviderRef, Provider),
    "provider.set_key": Command(ProviderKey, Provider),
    "provider.remove": Command(ProviderRef, None),
    "providers.unlock": Command(Unlock, list[Provider]),
    "provider.browser": Command(BrowserModelFound, None),
    "session.set_chain": Command(SessionChain, Session),
}
EVENTS: dict[str, type[Model]] = {"providers:changed": ProvidersChanged}
