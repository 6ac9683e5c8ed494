"""The Live view's decisions: what a frame is asked, what is remembered, and what a changed answer sets off.

Owns the settings, the history and the watch. Frames come from the page, one at a time: which of them differ enough to
be looked at is decided there (js_bridge/live_loop.ts), where the pixels are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ..agent.approval import Approvals
from ..errors import BadInput, Busy
from ..host.base import Host
from ..pictures import check_images
from ..shapes import NewImage
from ..store.store import Store
from ..tools.toolbox import Toolbox
from .history import History
from .shapes import Description, LiveCaption, LiveFrame, LiveHistory, LiveQuery, LiveSave, LiveSettings
from .vision import Vision
from .watch import Change, Watch, filled
from .watch_tool import WatchTool

SAVED_AT_MOST = 200


class LiveView:
    """The Live view of one app."""

    def __init__(self, host: Host, store: Store, vision: Vision, toolbox: Toolbox, approvals: Approvals) -> None:
        self._host = host
        self._store = store
        self._vision = vision
        self._toolbox = toolbox
        self._tool = WatchTool(host, toolbox, approvals, lambda: store.settings.load().approval_seconds)
        self._history = History(store.database)
        self._looking: asyncio.Task[Any] | None = None
        #: a person's own code that hears of each change: gets the caption and the answer before
        self.listeners: list[Callable[[LiveCaption, str], Any]] = []
        self.settings = self._history.settings()
        self._watch = self._watch_of(self.settings)

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page can ask."""
        return {
            "live.settings": lambda _: self.settings,
            "live.configure": self.configure,
            "live.frame": self.frame,
            "live.stop": lambda _: self.stop(),
            "live.history": self.history,
            "live.picture": lambda p: self._history.frame(p.caption_id),
            "live.clear": lambda _: self._history.clear(),
            "live.save": self.save,
        }

    def configure(self, settings: LiveSettings) -> LiveSettings:
        """Take other settings. Raises BadInput, BadSchema. A watch begins anew when its question is another."""
        if settings.watch and settings.watch.tool and settings.watch.tool not in self._toolbox.all():
            raise BadInput(f"There is no tool '{settings.watch.tool}'.", action="Choose one of the list.")
        if (settings.watch, settings.prompt) != (self.settings.watch, self.settings.prompt):
            self._watch = Watch(settings.watch) if settings.watch else None
        self._history.keep(settings)
        self.settings = settings
        return settings

    async def frame(self, frame: LiveFrame) -> LiveCaption:
        """Look at a frame. Raises Busy while another is looked at, and what Vision.describe raises."""
        check_images(frame.images)
        while self._looking is not None:
            if not self._looking.cancelling():
                raise Busy("A frame is being looked at already.", action="The next one is taken when it is done.")
            await asyncio.wait([self._looking])
        self._looking = asyncio.current_task()
        try:
            return await self._look(frame, self.settings, self._watch)
        finally:
            self._looking = None

    def stop(self) -> None:
        """Give up the frame that is being looked at."""
        if self._looking is not None:
            self._looking.cancel()

    async def close(self) -> None:
        """The app ends."""
        self.stop()
        await self._tool.close()

    def history(self, query: LiveQuery) -> LiveHistory:
        """A part of the history."""
        return self._history.find(query)

    def save(self, params: LiveSave) -> dict[str, Any]:
        """Captions as a new conversation: each frame as a message with its question, each caption as the answer."""
        if params.caption_ids:
            captions = [self._history.get(number) for number in sorted(set(params.caption_ids))]
        else:
            captions = self._history.find(LiveQuery(limit=SAVED_AT_MOST)).captions[::-1]
        if not captions:
            raise BadInput("There is nothing to save yet.", action="Start the Live view first.")
        with self._store.database.transaction():
            session_id = self._store.sessions.create()["id"]
            moment = time.strftime("%d %b %Y %H:%M", time.localtime(captions[0].at))
            self._store.sessions.rename(session_id, f"Live, {moment}")
            parent = None
            for caption in captions:
                parent = self._save_one(session_id, parent, caption)
        session = {**self._store.sessions.get(session_id), "working": False}
        self._host.emit([("session:changed", {"session": session})])
        return session

    def _save_one(self, session_id: str, parent: str | None, caption: LiveCaption) -> str:
        parts: list[dict[str, Any]] = []
        if caption.picture:
            parts.append(self._store.images.add(self._history.frame(caption.id)).model_dump())
        parts.append({"type": "text", "text": caption.prompt})
        asked = self._store.messages.add(session_id, parent, "user", parts)
        said = [{"type": "text", "text": caption.text}]
        model = caption.description.model
        answer = self._store.messages.add(session_id, asked["id"], "assistant", said, status="complete", model=model)
        return str(answer["id"])

    def keep(
        self,
        description: Description,
        picture: NewImage,
        *,
        prompt: str,
        source: str,
        difference: float = 100,
        answer: str | None = None,
        fired: bool = False,
    ) -> LiveCaption:
        """Take a description into the history and show it."""
        caption = self._history.add(
            description,
            prompt=prompt,
            source=source,
            difference=difference,
            picture=picture,
            answer=answer,
            fired=fired,
        )
        self._host.emit([("live:caption", caption.model_dump())])
        return caption

    async def _look(self, frame: LiveFrame, settings: LiveSettings, watch: Watch | None) -> LiveCaption:
        description = await self._described(frame, settings)
        answer = None
        change: Change | None = None
        if watch is not None:
            answer = watch.read(description.text)
            if answer is None:
                description = await self._described(frame, settings, watch.response_format)
                answer = watch.read_formed(description.text)
            if answer is not None:
                change = watch.hear(answer)
        caption = self.keep(
            description,
            frame.images[-1],
            prompt=settings.prompt,
            source=frame.source,
            difference=frame.difference,
            answer=answer,
            fired=change is not None,
        )
        if watch is not None and change is not None:
            self._fire(watch, change, caption)
        return caption

    async def _described(
        self, frame: LiveFrame, settings: LiveSettings, response_format: dict[str, Any] | None = None
    ) -> Description:
        text = ""

        def tell(piece: str) -> None:
            nonlocal text
            text += piece
            self._host.emit([("live:text", {"text": text})])

        def restart() -> None:
            nonlocal text
            text = ""

        return await self._vision.describe(
            frame.images,
            settings.prompt,
            newest=True,
            system_prompt=settings.system_prompt or None,
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            response_format=response_format,
            fit=settings.fit,
            detail=settings.detail,
            on_text=tell,
            on_restart=restart,
        )

    def _fire(self, watch: Watch, change: Change, caption: LiveCaption) -> None:
        rule = watch.watch
        fired = {"caption": caption.model_dump(), "before": change.before, "notify": rule.notify}
        self._host.emit([("live:fired", fired)])
        for listener in self.listeners:
            listener(caption, change.before)
        moment = time.strftime("%H:%M:%S", time.localtime(caption.at))
        if rule.todo:
            self._toolbox.todos.add(f"{caption.prompt} {change.before} → {change.after} ({moment})")
        if rule.tool:
            words = {"answer": change.after, "before": change.before, "question": caption.prompt, "time": moment}
            self._tool.call(rule.tool, filled(watch.arguments, words))

    @staticmethod
    def _watch_of(settings: LiveSettings) -> Watch | None:
        """The watch of kept settings; one that this version does not understand is none."""
        try:
            return Watch(settings.watch) if settings.watch else None
        except BadInput:
            return None
