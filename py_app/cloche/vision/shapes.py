"""What descriptions and the Live view are made of, and the Live view's commands and events.

Owns these shapes; contract.py makes them part of the contract. Differences between frames are percent of what a person
would call a complete change.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..commands import Command, NoParams
from ..engine_contract import ImageFit
from ..shapes import ImageDetail, Model, NewImage, Session, ToolCallPart

MOST_FRAMES = 8
#: the session that approvals of the Live view belong to
LIVE = "live"


class Description(Model):
    """What the model said about a picture, and what it took.

    `images` is how many it is about, `image_ms` their encoding, `memory_bytes` what the engine holds. `restarts` is 1
    where the engine crashed and the picture was looked at again.
    """

    text: str
    finish_reason: str
    model: str
    images: int = 1
    prompt_tokens: int
    image_tokens: int
    completion_tokens: int
    cached_tokens: int
    time_to_first_token_ms: float | None
    image_ms: float | None
    total_ms: float | None
    tokens_per_second: float | None
    hardware: str
    memory_bytes: int | None = None
    restarts: int = 0


class LiveWatch(Model):
    """What a watch does when the answer changes.

    `yes_no` asks the prompt as a question, `schema` asks for JSON of `json_schema`. `when` narrows a yes/no watch to
    one direction. `arguments` is a JSON object; {answer}, {before}, {question}, {time} in its texts are filled in.
    """

    kind: Literal["yes_no", "schema"] = "yes_no"
    json_schema: str = Field(default="", max_length=20_000)
    when: Literal["change", "yes", "no"] = "change"
    notify: bool = True
    todo: bool = False
    tool: str = Field(default="", max_length=200)
    arguments: str = Field(default="{}", max_length=10_000)


class LiveSettings(Model):
    """How the Live view looks; kept. `watch` None describes, else it watches.

    `interval` is the shortest time between two descriptions in seconds, 0 is as fast as it goes. `threshold` is the
    difference (percent) from which a frame counts as another scene. `frames` is how many frames make a series.
    `system_prompt` comes before the picture, so it is read once and stays in the KV cache.
    """

    prompt: str = Field(default="Describe what you see.", min_length=1, max_length=4000)
    system_prompt: str = Field(default="", max_length=20_000)
    max_tokens: int = Field(default=60, ge=1, le=2048)
    temperature: float = Field(default=0, ge=0, le=2)
    interval: float = Field(default=0, ge=0, le=3600)
    threshold: float = Field(default=5, ge=0, le=100)
    frames: int = Field(default=1, ge=1, le=MOST_FRAMES)
    fit: ImageFit = "auto"
    detail: ImageDetail = "auto"
    watch: LiveWatch | None = None


class LiveFrame(Model):
    """One frame to look at, or the last frames as a series, oldest first."""

    images: list[NewImage] = Field(min_length=1, max_length=MOST_FRAMES)
    source: str = Field(default="", max_length=200)
    difference: float = Field(default=100, ge=0, le=100)


class LiveCaption(Model):
    """One description in the history. `answer` is a watch's answer, `fired` says that it changed and what was wanted.

    `picture` says whether the frame is still kept: only those of the newest are.
    """

    id: int
    at: float
    prompt: str
    text: str
    answer: str | None
    fired: bool
    source: str
    difference: float
    picture: bool
    description: Description


class LiveQuery(Model):
    """Which part of the history: texts that contain `query`, older than the caption `before`, newest first."""

    query: str = Field(default="", max_length=500)
    before: int | None = None
    limit: int = Field(default=100, ge=1, le=1000)


class LiveHistory(Model):
    """Captions, newest first, and how many there are in all."""

    captions: list[LiveCaption]
    total: int


class LiveCaptionRef(Model):
    """Names a caption."""

    caption_id: int


class LiveSave(Model):
    """Which captions become a conversation, oldest first; none at all means the newest 200."""

    caption_ids: list[int] = Field(default=[], max_length=1000)


class LiveText(Model):
    """The description under way as far as it is written."""

    text: str


class LiveFired(Model):
    """A watched answer changed."""

    caption: LiveCaption
    before: str
    notify: bool


class LiveTool(Model):
    """The tool call of a watch as it goes: asking, running, done, failed, denied."""

    call: ToolCallPart


COMMANDS: dict[str, Command] = {
    "live.settings": Command(NoParams, LiveSettings),
    "live.configure": Command(LiveSettings, LiveSettings),
    "live.frame": Command(LiveFrame, LiveCaption),
    "live.stop": Command(NoParams, None),
    "live.history": Command(LiveQuery, LiveHistory),
    "live.picture": Command(LiveCaptionRef, NewImage),
    "live.clear": Command(NoParams, None),
    "live.save": Command(LiveSave, Session),
}
EVENTS: dict[str, type[Model]] = {
    "live:text": LiveText,
    "live:caption": LiveCaption,
    "live:fired": LiveFired,
    "live:tool": LiveTool,
}
