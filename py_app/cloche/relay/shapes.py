"""The commands and events of the relay.

Owns these shapes; contract.py makes them part of the contract. A key's secret travels once, when it is made.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..commands import Command, NoParams
from ..shapes import Model

QUESTION = "What is the most interesting aspect in this series of images?"


class ApiKey(Model):
    """A key that lets a program on this machine ask. `hint` is its end, by which people tell keys apart."""

    id: str
    name: str
    hint: str
    created_at: float


class NewApiKey(Model):
    """A key to make."""

    name: str = Field(default="", max_length=60)


class MadeApiKey(Model):
    """A new key with its secret, which is shown once and kept nowhere."""

    key: ApiKey
    secret: str


class ApiKeyRef(Model):
    """Names a key."""

    key_id: str


class RelaySettings(Model):
    """How clients are answered.

    `question`, `frames` (of the last so many pictures), `max_tokens`, `temperature` and `top_p` hold for clients of the
    VILA protocol; `openai` opens the OpenAI-compatible endpoint.
    """

    openai: bool = False
    question: str = Field(default=QUESTION, min_length=1, max_length=2000)
    frames: int = Field(default=1, ge=1, le=8)
    max_tokens: int = Field(default=48, ge=1, le=2048)
    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)


class RelayChange(Model):
    """Other settings; what is None stays."""

    openai: bool | None = None
    question: str | None = Field(default=None, min_length=1, max_length=2000)
    frames: int | None = Field(default=None, ge=1, le=8)
    max_tokens: int | None = Field(default=None, ge=1, le=2048)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)


class NewPort(Model):
    """A page that asks over a MessageChannel: its key, and its origin as the name that the person sees."""

    key: str = Field(max_length=200)
    name: str = Field(default="", max_length=200)


class PortRef(Model):
    """Names a port."""

    port_id: str


class PortMessage(PortRef):
    """What came in at a port."""

    text: str


class PortSaid(PortRef):
    """What goes out at a port: a message, or its end with a close code of WebSockets and the reason."""

    text: str | None
    code: int | None
    reason: str


class RelayClient(Model):
    """A program that is connected. `frames` counts what it sent, `replies` what it got."""

    id: int
    kind: Literal["vila", "openai"]
    key_id: str
    name: str = ""
    frames: int = 0
    replies: int = 0


class RelayState(Model):
    """Everything about the relay.

    `off`: there is no key, so nobody may ask; `connecting`; `connected`; `absent`: the page's server relays nothing (or
    cannot be reached), `reason` says why; `elsewhere`: another tab answers. Programs reach it at `vila_url` and
    `openai_url`. `fault` is why the last question could not be answered.
    """

    state: Literal["off", "connecting", "connected", "absent", "elsewhere"]
    reason: str = ""
    fault: str = ""
    vila_url: str
    openai_url: str
    keys: list[ApiKey]
    clients: list[RelayClient]
    settings: RelaySettings


COMMANDS: dict[str, Command] = {
    "relay.state": Command(NoParams, RelayState),
    "relay.connect": Command(NoParams, RelayState),
    "relay.set": Command(RelayChange, RelayState),
    "relay.make_key": Command(NewApiKey, MadeApiKey),
    "relay.revoke_key": Command(ApiKeyRef, RelayState),
    "relay.open_port": Command(NewPort, PortRef),
    "relay.hear": Command(PortMessage, None),
    "relay.close_port": Command(PortRef, None),
}
EVENTS: dict[str, type[Model]] = {"relay:changed": RelayState, "relay:port": PortSaid}
