"""What the commands of all capabilities are made of: a command, and the parameters that many of them share.

Owns these few shapes, so that a capability can declare commands of its own and contract.py can gather them all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .shapes import Model


class Command(NamedTuple):
    """One command: the shape of its parameters and of its result."""

    params: type[Model]
    result: Any


class NoParams(Model):
    """For commands that need nothing."""


class SessionRef(Model):
    """Names a session."""

    session_id: str


class MessageRef(Model):
    """Names a message of a session."""

    session_id: str
    message_id: str
