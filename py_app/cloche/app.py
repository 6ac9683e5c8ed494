"""The composition root: builds the app from a Host and answers the page's commands.

Owns which part answers which command, and the order of starting and ending; it decides nothing else. Commands are
checked by the contract on the way in; answers are plain data of the contract's shapes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError

from . import __version__, contract
from .agent.approval import Approvals
from .attached import text_of_file
from .commands import SessionRef
from .console.console import Console
from .console.live import Live
from .conversations import Conversations
from .errors import BadInput, Busy, ClocheError, StorageLost
from .extensions.extensions import Extensions
from .host.base import Host
from .model_shapes import ModelCard, ModelStatus
from .models.advisor import Advisor
from .models.catalogue import Catalogue
from .models.device import ThisDevice
from .models.downloads import Downloads
from .models.files import Files
from .models.folder import ModelFolder
from .models.hub import Hub
from .models.library import Library
from .models.shapes import ModelRef
from .models.storage import Storage
from .models.vectors import Vectors
from .packages.packages import Packages
from .providers.registry import Providers
from .providers.worker import WorkerTransport
from .relay.relay import Relay
from .shapes import Settings
from .speed.benchmark import Benchmark
from .store.kept_models import KeptModels
from .store.speeds import SpeedRows
from .store.store import Store
from .structured.formats import Formats
from .tools.camera import camera_tools
from .tools.live_camera import LiveCamera
from .tools.toolbox import Toolbox
from .trace.trace import Trace
from .transfer.transfer import Transfer
from .turns import Turns
from .vision.live import LiveView
from .vision.remote_camera import RemoteCamera
from .vision.vision import Vision

Answer = Callable[[Any], Any]


class App:
    """The whole app."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._ended = False
        self._commands: dict[str, Answer] = {}

    async def start(self) -> None:
        """Open the database, tell the page, begin to load the model. Raises StorageError."""
        self.store = Store(self.host.database)
        self.store.recover()
        self._open_models()
        self._open_storage()
        self.toolbox = Toolbox(self.host, self.store, lambda: self.library.status.card)
        self.approvals = Approvals(lambda name, data: self.host.emit([(name, data)]))
        engine = WorkerTransport(self.library)
        self.providers = Providers(self.host, self.store, engine)
        self.turns = Turns(self.host, self.store, self.providers, self.toolbox, self.approvals)
        self.camera = LiveCamera(self.host)
        self.toolbox.sources.append(self._camera_tools)
        self.formats = Formats(self.store)
        self.trace = Trace(self.store, self.turns.answering)
        self.turns.answer_plan = self.formats.plan
        self.conversations = Conversations(self.host, self.store, self.turns)
        self.vision = Vision(self.host, self.library, self.catalogue.cards)
        self.benchmark = Benchmark(
            self.host, self.library, self.vision, SpeedRows(self.store.database), lambda: self.turns.any_working
        )
        self.relay = Relay(self.host, self.store, engine, self.vision)
        self.live = LiveView(self.host, self.store, self.vision, self.toolbox, self.approvals)
        self.remote_camera = RemoteCamera(self.host, self.live.keep)
        self._open_to_people()
        self.transfer = Transfer(self.host, self.store, self.turns)
        self.transfer.before_everything = self.trace.flush
        self.transfer.after_import = self._belongings_changed
        self._commands = self._table()
        self.host.emit([("app:ready", self._info())])
        settings = self.store.settings.load()
        self._let_rest(settings)
        self.library.load(settings.model_id)
        self.relay.start()
        self.downloads.begin()

    async def handle(self, method: str, params: dict[str, Any]) -> Any:
        """Answer a command of contract.COMMANDS with plain data. Raises ClocheError."""
        if self._ended or not self._commands:
            raise StorageLost("The conversations are open in another tab now.")
        command = contract.COMMANDS.get(method)
        if command is None:
            raise BadInput(f"There is no command '{method}'.")
        try:
            checked = command.params.model_validate(params)
        except ValidationError as error:
            raise BadInput(readable(error)) from error
        answer = self._commands[method](checked)
        if isinstance(answer, Awaitable):
            answer = await answer
        return answer.model_dump() if isinstance(answer, BaseModel) else answer

    def interrupt(self) -> bool:
        """End a person's code where it waits; False when it goes on just now, so that this must be asked again."""
        return not self._commands or self.console.interrupt()

    async def shutdown(self) -> None:
        """Commit what is being written, end the engine and give the database back."""
        if self._ended or not self._commands:
            return
        self._ended = True
        await self.console.close()
        await self.benchmark.close()
        await self.relay.close()
        await self.downloads.close()
        await self.live.close()
        await self.remote_camera.close()
        try:
            await self.turns.close()
        finally:
            self.trace.flush()
            self.packages.close()
            self.store.close()
        await self.providers.close()
        await self.library.close()
        await self.vectors.close()

    def _open_models(self) -> None:
        """The models that are known, and the one that runs."""
        rows = self.store.models
        hub = Hub(self.host, lambda: self.store.settings.load().hub_url)
        device = ThisDevice(self.host, rows)
        self.catalogue = Catalogue(self.host, rows, hub)
        self.library = Library(self.host, self.catalogue)
        self.vectors = Vectors(self.host, self.catalogue)
        for library in (self.library, *self.vectors.libraries.values()):
            library.tune = device.tuned
        self.advisor = Advisor(self.host, self.catalogue, hub, device)
        self.library.smaller = self.advisor.smaller
        self.advisor.options_changed = self._options_changed
        self.advisor.held = lambda: self.library.held.model_id

    def _open_storage(self) -> None:
        """What is on this device of models, and what is being fetched."""
        rows, files = KeptModels(self.store.database), Files(self.host)
        self.storage = Storage(self.host, rows, files)
        self.downloads = Downloads(self.host, rows, files, self.storage, self.catalogue.resolved)
        self.storage.loaded = lambda: [self.library.loaded, *self.vectors.loaded]
        self.downloads.came = self.catalogue.pin
        self.advisor.came = self.storage.came
        self.advisor.removed = self.downloads.drop
        self.storage.fetching = self.downloads.fetching
        self.storage.card = self._card_to_check
        self.library.fetched = self.storage.noticed
        self.folder = ModelFolder(self.host, self.store.models, files, self.storage, self.catalogue)
        self.folder.changed = self._folder_changed
        for library in (self.library, *self.vectors.libraries.values()):
            library.touch, library.complete = self.storage.touch, self.storage.complete
        self.vectors.here = lambda cards: self.storage.complete_of(cards) | self.folder.readable(cards)
        self.advisor.installed = self.vectors.here

    async def _folder_changed(self) -> None:
        """The catalogue shows what lies there; the chosen model, where it could not be read, is loaded now."""
        await self.advisor.tell()
        card = self.library.status.card
        if card is not None and self.library.status.state == "failed" and card.id in self.folder.readable([card]):
            self.library.load(card.id)

    async def _card_to_check(self, model_id: str) -> ModelCard:
        """A model as it is fetched; one from the person's own disk as it is."""
        card = await self.catalogue.card(model_id)
        return card if any(not file.url for file in card.files) else await self.catalogue.resolved(model_id)

    def _open_to_people(self) -> None:
        """Let a person's own code take part: kept as extensions, or mounted from the console while the app runs."""
        self.packages = Packages(self.host, self.store.database)
        self.packages.restore()
        self.extensions = Extensions(self.host, self.store)
        self.packages.changed = self.extensions.reload
        live = Live()
        self.turns.extensions = lambda session_id: {
            "trace": self.trace.recorder(session_id).mount,
            **self.extensions.mounts(session_id),
            "console": live.mount,
        }
        self.extensions.changed = self.turns.renew
        live.changed = lambda: self.turns.renew(None)
        self.console = Console(self, live)

    def _table(self) -> dict[str, Answer]:
        sessions, conversations, turns = self.store.sessions, self.conversations, self.turns
        return {
            "app.info": lambda _: self._info(),
            "settings.set": self._set_settings,
            "model.load": lambda _: self._load_model(),
            "session.create": lambda _: self._changed(sessions.create()),
            "session.open": lambda p: conversations.open(p.session_id),
            "session.rename": lambda p: self._changed(sessions.rename(p.session_id, p.title)),
            "session.delete": self._delete_session,
            "session.restore": lambda p: self._changed(sessions.restore(p.session_id)),
            "session.set_parameters": lambda p: self._changed(sessions.set_parameters(p.session_id, p.parameters)),
            "session.search": lambda p: self.store.search.find(p.query, p.limit),
            "message.send": conversations.send,
            "message.stop": lambda p: turns.stop(p.session_id),
            "message.regenerate": lambda p: conversations.regenerate(p.session_id, p.message_id),
            "message.edit": conversations.edit,
            "message.delete": lambda p: conversations.delete_message(p.session_id, p.message_id),
            "message.restore": lambda p: conversations.restore_message(p.session_id, p.message_id),
            "message.select_version": lambda p: conversations.select_version(p.session_id, p.message_id),
            "image.get": lambda p: dict(zip(("bytes", "mime"), self.store.images.read(p.image_id), strict=True)),
            "file.get": lambda p: self._file(p.file_id),
            **self.transfer.commands(),
            **self.formats.commands(),
            **self.trace.commands(),
            **self.toolbox.commands(),
            **self.approvals.commands(),
            **self.camera.commands(),
            **self.extensions.commands(),
            **self.packages.commands(),
            **self.console.commands(),
            **self.providers.commands(),
            **self.advisor.commands(),
            "model.unload": lambda _: self._unload_model(),
            "model.hold": self._hold_model,
            "model.release": self._release_model,
            **self.benchmark.commands(),
            **self.relay.commands(),
            **self.storage.commands(),
            **self.downloads.commands(),
            **self.folder.commands(),
            **self.live.commands(),
            **self.remote_camera.commands(),
            "session.set_chain": lambda p: self._changed(sessions.set_chain(p.session_id, p.chain)),
        }

    def _info(self) -> dict[str, Any]:
        return {
            "version": __version__,
            "sessions": self.conversations.sessions(),
            "settings": self.store.settings.load().model_dump(),
            "storage": {
                "durable": self.host.durable,
                "database_bytes": self.store.database.size,
                "reason": self.host.reason,
            },
            "model": self.library.status.model_dump(),
            "providers": self.providers.all(),
        }

    def _camera_tools(self, session_id: str) -> list[Any]:
        return camera_tools(self.store, self.camera, self.turns.eyes, session_id)

    def _file(self, file_id: str) -> dict[str, Any]:
        file = self.store.files.read(file_id)
        return {"name": file.name, "mime": file.mime, "text": text_of_file(file.data) or ""}

    def _changed(self, session: dict[str, Any]) -> dict[str, Any]:
        session = {**session, "working": self.turns.working(session["id"])}
        self.host.emit([("session:changed", {"session": session})])
        return session

    async def _delete_session(self, params: SessionRef) -> None:
        await self.turns.forget(params.session_id)
        self.store.sessions.delete(params.session_id)
        self.host.emit([("session:removed", {"session_id": params.session_id})])
        with suppress(ClocheError):  # Without files there is nothing of it in them.
            await self.storage.forget_prompts()

    def _belongings_changed(self) -> None:
        """What an import brought takes part from now on."""
        self.packages.restore()
        self.turns.renew(None)
        self.providers.tell()

    def _set_settings(self, settings: Settings) -> Settings:
        if settings.model_id != self.store.settings.load().model_id:
            self._refuse_while_answering()
        self.store.settings.save(settings)
        if self.library.status.state != "unloaded" or settings.model_id != self.library.wanted:
            self.library.load(settings.model_id)
        self._let_rest(settings)
        return settings

    def _let_rest(self, settings: Settings) -> None:
        for library in (self.library, *self.vectors.libraries.values()):
            library.rest_after(60 * settings.unload_minutes)

    def _load_model(self) -> ModelStatus:
        self.library.load(self.store.settings.load().model_id)
        return self.library.status

    async def _unload_model(self) -> ModelStatus:
        self._refuse_while_answering()
        await self.library.unload()
        return self.library.status

    async def _hold_model(self, ref: ModelRef) -> None:
        """Whenever this model is loaded in this visit, it comes into memory and not onto the disk."""
        self.library.held.wanted = await self.catalogue.resolved(ref.model_id)

    async def _release_model(self, ref: ModelRef) -> None:
        held = self.library.held
        if held.wanted is not None and held.wanted.id == ref.model_id:
            held.wanted = None
            await held.let_go()
            self.storage.tell()

    def _options_changed(self, model_id: str) -> None:
        if model_id == self.library.wanted and not self.turns.any_working:
            self.library.reload()

    def _refuse_while_answering(self) -> None:
        if self.turns.any_working:
            raise Busy("An answer is being written by the model that is loaded.")


def readable(error: ValidationError) -> str:
    """What is wrong with a command's parameters, in a sentence."""
    problems = []
    for problem in error.errors(include_url=False, include_input=False)[:3]:
        where = ".".join(str(step) for step in problem["loc"])
        problems.append(f"{where}: {problem['msg']}" if where else problem["msg"])
    return "; ".join(problems) + "."
