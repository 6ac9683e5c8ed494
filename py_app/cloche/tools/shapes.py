"""The data and commands of tools, of asking for permission and of the camera that a tool may look through.

Owns these shapes; contract.py makes them part of the contract.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..commands import Command
from ..shapes import Model, NewImage


class ToolInfo(Model):
    """A tool as a person chooses it for a conversation. `access` read runs at once, the rest asks first."""

    name: str
    description: str
    access: Literal["read", "write", "network", "code"]
    parameters: dict[str, Any]
    enabled: bool


class ToolsOf(Model):
    """Names a session; None stands for a new chat."""

    session_id: str | None = None


class ToolChoice(Model):
    """All tools that a session offers to the model; None gives it back to the model's card."""

    session_id: str
    names: list[str] | None = Field(default=None, max_length=200)


class ApprovalAnswer(Model):
    """What a person answers to a tool that asks. Conversation: the same tool asks no more in this conversation."""

    session_id: str
    approval_id: str
    choice: Literal["once", "conversation", "deny"]


class CameraState(Model):
    """Whether the camera on the page is open and gives pictures."""

    open: bool


class CameraFrame(Model):
    """The answer to `camera:wanted`; None where the camera gave none."""

    request_id: str
    image: NewImage | None


class CameraWanted(Model):
    """Python wants to see what the open camera sees now."""

    request_id: str


class OriginsReleased(Model):
    """The turn for which these origins were opened has ended; one that was opened twice stands here twice."""

    origins: list[str]


EVENTS: dict[str, type[Model]] = {"origins:released": OriginsReleased, "camera:wanted": CameraWanted}
COMMANDS: dict[str, Command] = {
    "tools.list": Command(ToolsOf, list[ToolInfo]),
    "tools.choose": Command(ToolChoice, list[ToolInfo]),
    "approval.answer": Command(ApprovalAnswer, None),
    "camera.state": Command(CameraState, None),
    "camera.frame": Command(CameraFrame, None),
}
