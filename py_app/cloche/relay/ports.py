"""The VILA streaming protocol inside this browser: pages of this origin ask over MessageChannels, without a server.

Owns a hub of its own and its clients. The page holds the ports (web/vila_ports.ts): what arrives there comes as
commands, what is said goes out as events. Who may ask, whose turn it is and what a frame is, is as at the web server's
relay.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from ..errors import Busy, KeyRefused
from ..host.base import Host
from .hub import Hub, Tab, Terms, TooManySourcesError
from .jobs import Answer, Jobs
from .shapes import NewPort, PortMessage, PortRef, RelayClient
from .vila import MAX_MESSAGE_BYTES, VilaClient

TOO_BIG = 1009


class Port:
    """The way to one client."""

    def __init__(self, host: Host, port_id: str, ended: Callable[[], Any]) -> None:
        self._host = host
        self._port_id = port_id
        self._ended = ended

    def send(self, message: dict[str, Any]) -> None:
        """Post a message."""
        self._emit(text=json.dumps(message, ensure_ascii=False), code=None, reason="")

    def close(self, code: int, reason: str) -> None:
        """End it; the page says why and closes the port."""
        self._emit(text=None, code=code, reason=reason)
        self._ended()

    def _emit(self, **said: Any) -> None:
        self._host.emit([("relay:port", {"port_id": self._port_id, **said})])


class Ports(Tab):
    """All ports. `changed` is called when somebody comes, goes or was answered."""

    def __init__(self, host: Host, answer: Answer, changed: Callable[[], None]) -> None:
        self._host = host
        self._changed = changed
        self._hub = Hub()
        self._jobs = Jobs(answer, lambda message: self._hub.from_tab(self, message))
        self._open: dict[str, VilaClient] = {}
        self.clients: list[RelayClient] = []
        self._hub.seat(self, Terms())

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page tells."""
        return {"relay.open_port": self._join, "relay.hear": self._hear, "relay.close_port": self._leave}

    def agree(self, terms: Terms) -> None:
        """Who may ask from now on, and about how many frames."""
        self._hub.agree(self, terms)

    def end(self) -> None:
        """Nobody is answered any more."""
        self._jobs.stop()
        self._hub.unseat(self)

    # ------------------------------------------------------------ commands

    def _join(self, new: NewPort) -> PortRef:
        """Raises KeyRefused, Busy."""
        key_id = self._hub.key_of(new.key)
        if key_id is None:
            raise KeyRefused("This key is not known.", action="Keys are made in Cloche under Share.")
        port_id = uuid.uuid4().hex
        port = Port(self._host, port_id, lambda: self._open.pop(port_id, None))
        client = VilaClient(port, self._hub, key_id, new.name)
        try:
            self._hub.join(client)
        except TooManySourcesError as error:
            raise Busy("Too many clients are connected.", action="Try again later.") from error
        self._open[port_id] = client
        return PortRef(port_id=port_id)

    def _hear(self, message: PortMessage) -> None:
        client = self._open.get(message.port_id)
        if client is None:
            return
        if len(message.text) > MAX_MESSAGE_BYTES:
            client.dismiss(TOO_BIG, f"The message is larger than {MAX_MESSAGE_BYTES >> 20} MiB.")
        elif client.hear(message.text):
            return
        self._hub.leave(client)

    def _leave(self, ref: PortRef) -> None:
        client = self._open.pop(ref.port_id, None)
        if client is not None:
            self._hub.leave(client)

    # ------------------------------------------------------------ as the hub's tab

    def send(self, message: dict[str, Any]) -> None:
        if message["type"] != "clients":
            self._jobs.take(message)
            return
        clients = [RelayClient.model_validate(client) for client in message["clients"]]
        if clients != self.clients:
            self.clients = clients
            self._changed()

    def close(self, code: int, reason: str) -> None:
        """There is no other tab in this hub that could take over."""
