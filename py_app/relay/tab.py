"""The tab's connection: who may be the tab, and what it says.

Owns the proof. The page is handed a secret at GET /relay, which only a page of our own origin can read: browsers send
`Sec-Fetch-Site` and `Origin` themselves, so no other page can claim to be ours, and a rebound name shows in `Host`. The
tab says the secret in its first message, so that it stands in no address and no log. A program of this machine that
forges headers is outside of what this can tell from a browser.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.connection import Connection

from cloche.relay.hub import POLICY_VIOLATION, Hub, Tab, Terms

from .sockets import Mailbox

#: what a tab may say at once: an answer, or a piece of one
MAX_MESSAGE_BYTES = 16 << 20
HELLO_SECONDS = 10.0
MAX_FRAMES = 8


class OpenTab(Tab):
    """One tab."""

    def __init__(self, connection: Connection, hub: Hub) -> None:
        self._connection = connection
        self._hub = hub
        self._mailbox = Mailbox(connection)

    def serve(self, secret: str) -> None:
        """Let the tab answer as long as it is there."""
        try:
            hello = self._read(self._connection.recv(timeout=HELLO_SECONDS))
            if hello is None or not hmac.compare_digest(str(hello.get("secret", "")).encode(), secret.encode()):
                self._mailbox.close(POLICY_VIOLATION, "This is not the page that was served here.")
                return
            self._mailbox.send({"type": "welcome"})
            self._hub.seat(self, terms_of(hello))
            for text in self._connection:
                message = self._read(text)
                if message is None:
                    break
                if message.get("type") == "terms":
                    self._hub.agree(self, terms_of(message))
                    self._mailbox.send({"type": "agreed"})
                else:
                    self._hub.from_tab(self, message)
        except (ConnectionClosed, TimeoutError):
            pass
        finally:
            self._hub.unseat(self)
            self._mailbox.finish()

    def send(self, message: dict[str, Any]) -> None:
        self._mailbox.send(message)

    def close(self, code: int, reason: str) -> None:
        self._mailbox.close(code, reason)

    def _read(self, text: str | bytes) -> dict[str, Any] | None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return message if isinstance(message, dict) else None


def terms_of(message: dict[str, Any]) -> Terms:
    """What a tab asks for, within bounds."""
    keys, frames = message.get("keys"), message.get("frames")
    return Terms(
        keys={str(key): str(digest) for key, digest in keys.items()} if isinstance(keys, dict) else {},
        frames=min(max(frames, 1), MAX_FRAMES) if isinstance(frames, int) else 1,
        openai=message.get("openai") is True,
    )
