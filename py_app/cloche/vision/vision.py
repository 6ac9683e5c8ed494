"""Pictures described by the model on this device: `await vision.describe(image, prompt)`.

Owns one description from question to figures: which model, in what words it refuses, and that a crash of the engine is
survived. The engine is the one that conversations use; requests wait for each other in its worker. Frames go nowhere
else: a model on another machine is never asked from here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..engine_contract import ChatMessage, ChatRequest, Completion, ImageContent, ImageFit, TextContent
from ..errors import BadInput, EngineCrashed, ImageUnsupported
from ..host.base import Host
from ..model_shapes import EngineInfo, ModelCard
from ..models.library import Library
from ..providers.worker import WorkerTransport
from ..shapes import ImageDetail
from . import camera_feed
from .picture import Camera, Picture, file_of
from .shapes import Description

MAX_TOKENS = 60
#: seconds without a sign of life after which the engine counts as hung: at least, and as a multiple of what was normal
SHORTEST_SILENCE = 30.0
TIMES_SLOWEST = 10
#: a person is told of a crash once in this many seconds
TOLD_FOR = 600.0
#: models named to people whose model does not see
OFFERED = 3
OnText = Callable[[str], Any]


class Vision:
    """The eyes of one app. `cards` are all models known, to name those that see to people whose model does not."""

    def __init__(self, host: Host, library: Library, cards: Callable[[], Awaitable[list[ModelCard]]]) -> None:
        self._host = host
        self._library = library
        self._transport = WorkerTransport(library)
        self._cards = cards
        self._running: set[asyncio.Task[Completion]] = set()
        self._slowest = 0.0
        self._told_at: float | None = None
        #: how often the engine was restarted while it looked at something
        self.restarts = 0

    @property
    def is_initialized(self) -> bool:
        """Whether an engine is running."""
        return self._library.status.state in ("loading", "ready")

    @property
    def is_model_loaded(self) -> bool:
        """Whether a model that sees is ready."""
        engine = self._library.status.engine
        return self._library.status.state == "ready" and engine is not None and engine.images

    async def describe(
        self,
        image: Picture | Sequence[Picture],
        prompt: str,
        *,
        system_prompt: str | None = None,
        max_tokens: int = MAX_TOKENS,
        temperature: float | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        stop: list[str] | None = None,
        response_format: dict[str, Any] | None = None,
        fit: ImageFit = "auto",
        detail: ImageDetail = "auto",
        newest: bool = False,
        on_text: OnText | None = None,
        on_restart: Callable[[], Any] | None = None,
    ) -> Description:
        """Ask about a picture, or about several as a series, oldest first.

        A picture is an encoded file, base64, Pixels, Camera(), or in the tab any of the browser's own: a canvas, video
        frame, bitmap, image data, blob.

        With `newest`, of a series that is longer than the model takes only the newest pictures are asked about, else it
        is refused.

        `on_text` gets the text piece by piece. A crash of the engine, or its silence, is met by one more try with the
        model loaded anew from this device: `on_restart` is called first, and the text begins again. Cancelling the task
        stops the engine, also while it encodes. Raises BadImage, BadInput, ImageUnsupported, ModelNotReady,
        MessageTooLong, EngineCrashed (twice in a row), GenerationFailed.
        """
        images: Sequence[Any] = image if isinstance(image, list | tuple) and not hasattr(image, "_fields") else [image]
        if not images or not prompt.strip():
            raise BadInput("There is nothing to look at or nothing to ask.", action="Give a picture and a question.")
        pictures = [ImageContent(data=await self._file(picture), fit=fit, detail=detail) for picture in images]
        await self._ready()
        pictures = self._taken(pictures, newest=newest)
        messages = [ChatMessage(role="system", content=system_prompt)] if system_prompt else []
        messages.append(ChatMessage(role="user", content=[*pictures, TextContent(text=prompt)]))
        request = ChatRequest(
            messages=messages,
            max_tokens=max_tokens,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
            stop=stop,
            response_format=response_format,
            silence_seconds=max(SHORTEST_SILENCE, TIMES_SLOWEST * self._slowest) if self._slowest else None,
        )
        restarts = 0
        try:
            completion = await self._complete(request, on_text)
        except EngineCrashed as crash:
            restarts = 1
            self._restarted(crash)
            if on_restart is not None:
                on_restart()
            completion = await self._complete(request, on_text)
        self._slowest = max(self._slowest, (completion.timings.total_ms or 0.0) / 1000)
        return self._description(completion, len(pictures), restarts)

    def cancel(self) -> None:
        """Stop every description under way; whoever waits for one gets CancelledError."""
        for running in self._running:
            running.cancel()

    async def unload(self) -> None:
        """Free the model's memory. It is loaded again when it is chosen."""
        await self._library.unload()

    async def terminate(self) -> None:
        """Stop everything and end the engine."""
        self.cancel()
        await self._library.unload()

    async def _file(self, picture: Any) -> bytes:
        """Raises BadImage, and what the page says of a camera that gives no picture."""
        if isinstance(picture, Camera):
            return await camera_feed.of_this_app().look(**picture._asdict())
        drawn = await self._host.drawn(picture)
        return file_of(picture if drawn is None else drawn)

    async def _ready(self) -> None:
        await self._transport.ready()
        card, engine = self._transport.card, self._transport.engine
        if engine is not None and not engine.images:
            name = card.name if card else "This model"
            seeing = [other.name for other in await self._cards() if "image" in other.modalities][:OFFERED]
            offer = f", for example {' or '.join(seeing)}" if seeing else ""
            raise ImageUnsupported(
                f"{name} reads text only; it cannot see pictures.",
                action=f"Open Models and choose one that sees{offer}.",
            )

    def _taken(self, pictures: list[ImageContent], *, newest: bool) -> list[ImageContent]:
        """What the model is asked about, of what was given."""
        card = self._transport.card
        if card is None or card.max_images is None or len(pictures) <= card.max_images:
            return pictures
        if newest:
            return pictures[-card.max_images :]
        takes = "one picture" if card.max_images == 1 else f"{card.max_images} pictures"
        raise BadInput(
            f"{card.name} looks at {takes} at a time; these are {len(pictures)}.",
            action="Give it fewer, or choose a model that takes more.",
        )

    async def _complete(self, request: ChatRequest, on_text: OnText | None) -> Completion:
        def on_deltas(batch: list[dict[str, Any]]) -> None:
            text = "".join(delta.get("text") or "" for delta in batch)
            if text and on_text is not None:
                on_text(text)

        running = asyncio.ensure_future(self._transport.complete(request, on_deltas))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        try:
            return await running
        finally:
            running.cancel()

    def _restarted(self, crash: EngineCrashed) -> None:
        self.restarts += 1
        now = time.monotonic()
        if self._told_at is not None and now - self._told_at < TOLD_FOR:
            return
        self._told_at = now
        message = f"{crash.message} It was restarted with the same model, and the picture is looked at again."
        self._host.emit([("notice", {"level": "info", "code": "engine_restarted", "message": message, "action": ""})])

    def _description(self, completion: Completion, images: int, restarts: int) -> Description:
        card, engine = self._transport.card, self._transport.engine
        usage, timings = completion.usage, completion.timings
        return Description(
            text=completion.text.strip(),
            finish_reason=completion.finish_reason,
            model=card.id if card else "",
            images=images,
            prompt_tokens=usage.prompt_tokens,
            image_tokens=usage.image_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            time_to_first_token_ms=timings.time_to_first_token_ms,
            image_ms=timings.image_ms,
            total_ms=timings.total_ms,
            tokens_per_second=timings.tokens_per_second,
            hardware=hardware(engine),
            memory_bytes=completion.memory_bytes,
            restarts=restarts,
        )


def hardware(engine: EngineInfo | None) -> str:
    """What a model ran on, in words."""
    if engine is None:
        return "unknown"
    if engine.backend == "webgpu":
        return "GPU (WebGPU)"
    return f"CPU, {engine.threads} thread{'' if engine.threads == 1 else 's'}"
