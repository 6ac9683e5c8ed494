"""A client of the VILA streaming protocol: frames come in, `{"vlm_reply": str}` goes out.

Owns the protocol's side towards the client: what a frame message must be, how much of it is taken, and the last few
frames, of which the newest always win. How messages travel is not known here: over WebSockets of the web server
(py_app/relay/vila.py) or MessageChannels of this browser (ports.py). What is asked about the frames is the tab's
business.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections import deque
from typing import Any, Protocol

from .hub import POLICY_VIOLATION, Hub, Source

#: a longer message ends the connection with code 1009; 4 MiB are a JPEG of 3 MiB
MAX_MESSAGE_BYTES = 4 << 20
MAX_PER_SECOND = 120
MAX_MALFORMED = 100
INVALID_DATA = 1007
JPEG = b"\xff\xd8\xff"


class MalformedError(ValueError):
    """A message that is not of the protocol."""


def frame_of(message: str | bytes) -> str:
    """The frame of a message, base64 of a JPEG. Raises MalformedError."""
    try:
        data = json.loads(message)
    except (ValueError, RecursionError):
        raise MalformedError("The message is not JSON.") from None
    if not isinstance(data, dict):
        raise MalformedError("The message is not a JSON object.")
    timestamp, frame = data.get("timestamp"), data.get("frame")
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
        raise MalformedError('"timestamp" must be a number of seconds.')
    if not isinstance(frame, str):
        raise MalformedError('"frame" must be a base64 string.')
    try:
        head = base64.b64decode(frame[:8], validate=True)
        plain = frame.isascii() and len(frame) % 4 == 0
    except (binascii.Error, ValueError):
        plain, head = False, b""
    if not plain or not head.startswith(JPEG):
        raise MalformedError('"frame" must be a JPEG in base64.')
    return frame


class Mailbox(Protocol):
    """The way to the client; neither call waits."""

    def send(self, message: dict[str, Any], /) -> None:
        """Bring a message on its way; one that still waits may give way to it."""

    def close(self, code: int, reason: str, /) -> None:
        """End the connection, with a close code of WebSockets."""


class VilaClient(Source):
    """One client; whoever carries its messages joins it to the hub and calls `hear`."""

    kind = "vila"

    def __init__(self, mailbox: Mailbox, hub: Hub, key_id: str, name: str) -> None:
        self.key_id = key_id
        self._name = name
        self._hub = hub
        self._mailbox = mailbox
        self._frames: deque[str] = deque(maxlen=1)
        self._fresh = False
        self._text = ""
        self._seen = self._answered = self._malformed = 0
        self._second, self._in_second = 0, 0

    def hear(self, message: str | bytes) -> bool:
        """Take a message; whether the client may stay."""
        if self._floods():
            self._mailbox.close(POLICY_VIOLATION, f"More than {MAX_PER_SECOND} messages a second.")
            return False
        try:
            frame = frame_of(message)
        except MalformedError as error:
            self._malformed += 1
            if self._malformed > MAX_MALFORMED:
                self._mailbox.close(INVALID_DATA, f"More than {MAX_MALFORMED} malformed messages.")
                return False
            self._mailbox.send({"error": str(error)})
            return True
        self._hub.change(lambda: self._keep(frame))
        return True

    def _floods(self) -> bool:
        second = int(time.monotonic())
        self._in_second = self._in_second + 1 if second == self._second else 1
        self._second = second
        return self._in_second > MAX_PER_SECOND

    # ------------------------------------------------------------ as a source, under the hub's lock

    def _keep(self, frame: str) -> None:
        wanted = self._hub.terms.frames
        if self._frames.maxlen != wanted:
            self._frames = deque(self._frames, maxlen=wanted)
        self._frames.append(frame)
        self._seen += 1
        self._fresh = True

    def next_job(self) -> dict[str, Any] | None:
        if not self._fresh:
            return None
        self._fresh, self._text = False, ""
        return {"frames": list(self._frames)}

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "body":
            self._text += str(message.get("text", ""))
        elif message["type"] == "end":
            if message.get("error"):
                self._mailbox.send({"error": str(message["error"])})
                return
            self._answered += 1
            self._mailbox.send({"vlm_reply": self._text})

    def dismiss(self, code: int, reason: str) -> None:
        self._mailbox.close(code, reason)

    def figures(self) -> dict[str, Any]:
        return {"name": self._name, "frames": self._seen, "replies": self._answered}
