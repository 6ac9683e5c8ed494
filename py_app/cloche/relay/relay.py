"""The line to the relay: joins it while there are keys, answers what comes, and tells the page how it stands.

Owns reconnecting, what is answered to a job, and the commands of the relay. Only the model of this tab answers: what a
program asks goes to no other machine, whatever providers the person has added. The address of the relay is the page's
own, so nothing leaves the origin. Pages of this origin need no relay to ask (ports.py); keys and settings are the same.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..commands import NoParams
from ..errors import ClocheError, FetchFailed
from ..host.base import Host
from ..host.websocket import WebSocket
from ..providers.base import Transport
from ..store.store import Store
from ..vision.vision import Vision
from .hub import Terms
from .jobs import Jobs, Say
from .keys import ApiKeys
from .openai import OpenAIEndpoint
from .ports import Ports
from .shapes import ApiKeyRef, MadeApiKey, NewApiKey, RelayChange, RelayClient, RelayState

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
#: close code with which the relay says that another tab has taken over
REPLACED = 4009
SERVE = "Start Cloche's server with `python3 build.py serve --vila`."


class Relay:
    """The tab's end. `transport` is the engine in this tab, `vision` its eyes."""

    def __init__(self, host: Host, store: Store, transport: Transport, vision: Vision) -> None:
        self._host = host
        self._keys = ApiKeys(store.database)
        self._settings = self._keys.settings()
        self._vision = vision
        self._openai = OpenAIEndpoint(transport)
        self._state: dict[str, Any] = {"state": "off"}
        self._clients: list[RelayClient] = []
        self._fault = ""
        self._socket: WebSocket | None = None
        self._running: asyncio.Task[None] | None = None
        self._now = asyncio.Event()
        self._jobs: Jobs | None = None
        self._ports = Ports(host, self._answer, lambda: self._tell(**self._state))
        self._disagreed: list[asyncio.Future[None]] = []

    def start(self) -> None:
        """Join the relay if anybody may ask."""
        self._ports.agree(self._port_terms())
        if self._keys.all() and (self._running is None or self._running.done()):
            self._running = asyncio.create_task(self._stay_connected())

    async def close(self) -> None:
        """Leave, and stop what is under way."""
        self._ports.end()
        await self._disconnect()

    async def _disconnect(self) -> None:
        running, self._running = self._running, None
        if self._jobs is not None:
            self._jobs.stop()
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
        if self._socket is not None:
            await self._socket.close()

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """The commands of shapes.py."""
        return {
            "relay.state": lambda _: self.state,
            "relay.connect": self._connect,
            "relay.set": self._set,
            "relay.make_key": self._make_key,
            "relay.revoke_key": self._revoke_key,
            **self._ports.commands(),
        }

    @property
    def state(self) -> RelayState:
        """How it stands."""
        scheme, _, place = self._host.base_url.partition("://")
        return RelayState(
            **self._state,
            fault=self._fault,
            vila_url=f"{'wss' if scheme == 'https' else 'ws'}://{place}",
            openai_url=f"{self._host.base_url}v1",
            keys=self._keys.all(),
            clients=[*self._clients, *self._ports.clients],
            settings=self._settings,
        )

    # ------------------------------------------------------------ commands

    def _connect(self, _: NoParams) -> RelayState:
        self._now.set()
        self.start()
        return self.state

    async def _set(self, change: RelayChange) -> RelayState:
        self._settings = self._settings.model_copy(update=change.model_dump(exclude_none=True))
        self._keys.save(self._settings)
        await self._agree()
        return self.state

    async def _make_key(self, new: NewApiKey) -> MadeApiKey:
        key, secret = self._keys.make(new.name)
        await self._agree()
        self._connect(NoParams())
        return MadeApiKey(key=key, secret=secret)

    async def _revoke_key(self, ref: ApiKeyRef) -> RelayState:
        self._keys.revoke(ref.key_id)
        await self._agree()
        if not self._keys.all():
            await self._disconnect()
            self._tell(state="off")
        return self.state

    async def _agree(self) -> None:
        """Who may ask holds at the relay before the page hears of it."""
        self._ports.agree(self._port_terms())
        if self._socket is not None:
            agreed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._disagreed.append(agreed)
            self._socket.post(json.dumps({"type": "terms", **self._terms()}))
            await agreed
        self._tell(**self._state)

    def _settle(self) -> None:
        agreed = self._disagreed.pop(0)
        if not agreed.done():
            agreed.set_result(None)

    def _terms(self) -> dict[str, Any]:
        return {"keys": self._keys.hashes(), "frames": self._settings.frames, "openai": self._settings.openai}

    def _port_terms(self) -> Terms:
        return Terms(keys=self._keys.hashes(), frames=self._settings.frames)

    # ------------------------------------------------------------ the connection

    async def _stay_connected(self) -> None:
        wait = FIRST_WAIT
        while True:
            self._now.clear()
            try:
                if await self._connected_once():
                    wait = FIRST_WAIT
            except (FetchFailed, ValueError, KeyError):
                self._tell(state="absent", reason=f"This page's server relays nothing. {SERVE}")
            except ClocheError as error:
                self._tell(state="absent", reason=error.message)
            if self._state["state"] == "elsewhere":
                return
            try:
                await asyncio.wait_for(self._now.wait(), wait * random.uniform(0.5, 1))  # noqa: S311 - only spreads tries
                wait = FIRST_WAIT
            except TimeoutError:
                wait = min(wait * 2, LONGEST_WAIT)

    async def _connected_once(self) -> bool:
        """Connect and stay until the connection ends; whether the relay took this tab."""
        if self._state["state"] != "absent":
            self._tell(state="connecting")
        secret = json.loads(await self._host.read_text("relay"))["secret"]
        socket = await WebSocket.open(self._host, f"{self.state.vila_url}relay", self._heard)
        self._socket = socket
        self._jobs = jobs = Jobs(self._answer, lambda message: socket.post(json.dumps(message, ensure_ascii=False)))
        try:
            socket.post(json.dumps({"type": "hello", "secret": secret, **self._terms()}))
            end = await asyncio.shield(socket.closed)
        finally:
            self._socket = None
            self._clients = []
            while self._disagreed:
                self._settle()
            jobs.stop()
            if not socket.closed.done():
                await socket.close()
        welcome = bool(self._state["state"] == "connected")
        if end.code == REPLACED:
            self._tell(state="elsewhere", reason="Another tab or browser answers now.")
        else:
            self._tell(state="absent", reason=f"The connection to the relay ended. {end.reason}".strip())
        return welcome

    def _tell(self, **state: Any) -> None:
        self._state = state
        self._host.emit([("relay:changed", self.state.model_dump())])

    # ------------------------------------------------------------ what the relay says

    def _heard(self, text: str) -> None:
        message = json.loads(text)
        match message.get("type"):
            case "welcome":
                self._tell(state="connected")
            case "agreed":
                self._settle()
            case "clients":
                try:
                    self._clients = [RelayClient.model_validate(client) for client in message["clients"]]
                except ValidationError:
                    return
                self._tell(**self._state)
            case "job" | "cancel" if self._jobs is not None:
                self._jobs.take(message)

    async def _answer(self, job: dict[str, Any], say: Say) -> None:
        """Answer one job. Raises ClocheError."""
        try:
            if job["kind"] == "vila":
                say("body", text=await self._look(job["frames"]))
            else:
                await self._openai.answer(
                    job["method"],
                    job["path"],
                    job["body"],
                    lambda status, kind: say("head", status=status, content_type=kind),
                    lambda text: say("body", text=text),
                )
            self._fault = ""
        except ClocheError as error:
            self._fault = f"{error.message} {error.action}".strip()
            raise

    async def _look(self, frames: list[str]) -> str:
        """What the model says about the newest frames of a VILA client, each a JPEG in base64."""
        asked = self._settings
        description = await self._vision.describe(
            frames,
            asked.question,
            newest=True,
            max_tokens=asked.max_tokens,
            temperature=asked.temperature,
            top_p=asked.top_p,
        )
        return description.text.strip()
