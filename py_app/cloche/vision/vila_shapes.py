"""The commands and events of the camera that Python sees, and of the client of the VILA streaming protocol.

Owns these shapes; contract.py makes them part of the contract. A key travels towards Python only and stays in memory.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..commands import Command, NoParams
from ..shapes import ErrorInfo, Model


class CameraWish(Model):
    """A stream of pictures that Python wants of a camera. Sizes in pixels, `jpeg_quality` 1 to 100.

    `device_index` counts the cameras of this machine from 0.
    """

    id: str
    fps: float = Field(gt=0, le=120)
    width: int = Field(ge=16, le=4096)
    height: int = Field(ge=16, le=4096)
    jpeg_quality: int = Field(ge=1, le=100)
    device_index: int = Field(ge=0, le=63)


class CameraStreams(Model):
    """All streams that are wanted now; the page opens, keeps and ends cameras accordingly."""

    wishes: list[CameraWish]


class CameraPicture(Model):
    """One picture of a wish: a JPEG, when it was taken (s), and the size that the camera really gives (px)."""

    wish_id: str
    timestamp: float
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    bytes: bytes


class CameraFailure(Model):
    """A wish that cannot be fulfilled, or no longer."""

    wish_id: str
    error: ErrorInfo


class VilaStart(Model):
    """Send the camera to an endpoint of the VILA streaming protocol. Its origin must have been opened before."""

    url: str = Field(min_length=1, max_length=2000)
    key: str = Field(default="", max_length=4000)
    fps: float = Field(default=30, gt=0, le=120)
    width: int = Field(default=640, ge=16, le=4096)
    height: int = Field(default=480, ge=16, le=4096)
    jpeg_quality: int = Field(default=70, ge=1, le=100)
    device_index: int = Field(default=0, ge=0, le=63)


class VilaHealth(Model):
    """How a client is doing.

    `fps` is the rate it keeps to at the moment, `dropped` counts frames that were too old or came while the network was
    busy, `buffered` those that wait for the connection to come back. `origin` is the server, `wish_id` names the
    camera's stream.
    """

    state: Literal["off", "connecting", "streaming", "waiting", "failed"] = "off"
    origin: str = ""
    wish_id: str = ""
    fps: float = 0
    sent: int = 0
    dropped: int = 0
    buffered: int = 0
    waiting_bytes: int = 0
    replies: int = 0
    reconnects: int = 0
    retry_in_s: float = 0
    error: ErrorInfo | None = None


class VilaReply(Model):
    """What the endpoint said; `at` is when it came (s)."""

    text: str
    at: float


class OriginQuestion(Model):
    """Code wants to reach an origin; `purpose` ends the sentence "Python code wants to ..."."""

    id: str
    origin: str
    purpose: str


class OriginAsked(Model):
    """The question that is open now, or that none is."""

    question: OriginQuestion | None


class OriginAnswer(Model):
    """What the person says. Allowed, the origin has been opened before."""

    id: str
    allow: bool


COMMANDS: dict[str, Command] = {
    "camera.picture": Command(CameraPicture, None),
    "camera.failed": Command(CameraFailure, None),
    "origin.answer": Command(OriginAnswer, None),
    "vila.start": Command(VilaStart, VilaHealth),
    "vila.stop": Command(NoParams, VilaHealth),
    "vila.health": Command(NoParams, VilaHealth),
}
EVENTS: dict[str, type[Model]] = {
    "camera:streams": CameraStreams,
    "origin:asked": OriginAsked,
    "vila:health": VilaHealth,
}
