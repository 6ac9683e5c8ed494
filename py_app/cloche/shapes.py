"""The data that the page, Python and the workers all know: messages, sessions, settings, providers.

Owns these shapes, nothing else; those of models are model_shapes.py's, and contract.py says which commands and events
carry them. Times are seconds since the Unix epoch (float), durations are milliseconds (`*_ms`), sizes are bytes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Model(BaseModel):
    """Base of all shapes: unknown fields are an error, so that a typo never passes in silence."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def read_kept(cls, text: str | None) -> Self:
        """What was kept as JSON; nothing, or what this version does not understand, gives way to the defaults."""
        try:
            return cls.model_validate_json(text) if text else cls()
        except ValidationError:
            return cls()


# ---------------------------------------------------------------- messages


class ErrorInfo(Model):
    """An error for people: what happened, why, what to do next (see errors.py for the tree)."""

    code: str
    message: str
    action: str = ""
    retryable: bool = False


class TextPart(Model):
    """A run of text; Markdown in answers unless `format` says otherwise, plain text in a person's messages."""

    type: Literal["text"] = "text"
    text: str
    format: Literal["markdown", "json"] = "markdown"


class ReasoningPart(Model):
    """What a thinking model wrote before its answer."""

    type: Literal["reasoning"] = "reasoning"
    text: str


class ImagePart(Model):
    """A picture kept in the store; its bytes come through the command `image.get`. Sizes in pixels."""

    type: Literal["image"] = "image"
    image_id: str
    mime: str
    width: int
    height: int
    name: str = ""


class FilePart(Model):
    """A text file kept in the store; its bytes come through the command `file.get`. `size` in bytes."""

    type: Literal["file"] = "file"
    file_id: str
    name: str
    mime: str
    size: int


class Approval(Model):
    """A question to the person that something waits for; unanswered at `deadline` it counts as denied.

    `origin` is what the page must be able to reach if it is allowed, "" where nothing leaves this machine.
    """

    id: str
    prompt: str
    deadline: float
    origin: str = ""


class ToolCallPart(Model):
    """One tool call of the model with its result once it is known. `figures` are SVG pictures that came with it.

    `approval` is there while the person is being asked.
    """

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: dict[str, Any]
    access: Literal["read", "write", "network", "code"] | None = None
    status: Literal["asking", "running", "done", "failed", "denied", "cancelled"] = "running"
    approval: Approval | None = None
    output: str | None = None
    figures: list[str] = []
    duration_ms: float | None = None


class QuestionPart(Model):
    """A hook's question that is about no tool call; `approval` is there while the person is being asked."""

    type: Literal["question"] = "question"
    id: str
    prompt: str
    status: Literal["asking", "allowed", "denied"] = "asking"
    approval: Approval | None = None


Part = Annotated[
    TextPart | ReasoningPart | ImagePart | FilePart | ToolCallPart | QuestionPart, Field(discriminator="type")
]


class Usage(Model):
    """Token counts of one answer; `cached_tokens` of the prompt came from the KV cache, `image_tokens` are pictures."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    image_tokens: int = 0


class Timings(Model):
    """How long one answer took. `image_ms` is the image encoding, None when there was no image."""

    time_to_first_token_ms: float | None = None
    prompt_ms: float | None = None
    image_ms: float | None = None
    total_ms: float | None = None
    tokens_per_second: float | None = None


class Message(Model):
    """One message of a conversation. An assistant message is a whole turn, its tool calls and results included.

    `provider` and `model` say who spoke, `remote` whether that was on another machine, `note` why it was not the first
    choice. `siblings` holds the ids of all versions under the same parent in order of creation, this one included: one
    entry means that the message was never edited or regenerated.
    """

    id: str
    session_id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    parts: list[Part]
    status: Literal["complete", "streaming", "stopped", "interrupted", "error"] = "complete"
    error: ErrorInfo | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    timings: Timings | None = None
    model: str | None = None
    provider: str | None = None
    remote: bool = False
    note: str = ""
    created_at: float
    siblings: list[str] = []


ImageDetail = Literal["auto", "low", "high"]


class Parameters(Model):
    """Generation parameters of a session; None leaves the choice to the model's card.

    `tool_choice` is "auto" (as None), "none", "required" (the first thing is a call) or the name of the tool to call.
    `image_detail` is how large pictures reach a model (see engine_contract.ImageContent).
    """

    system_prompt: str | None = Field(default=None, max_length=20_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0, le=1000)
    min_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=32_768)
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)
    stop: list[Annotated[str, Field(min_length=1, max_length=100)]] | None = Field(default=None, max_length=8)
    tool_choice: str | None = Field(default=None, min_length=1, max_length=128)
    image_detail: ImageDetail | None = None


class ModelChoice(Model):
    """A model of a provider. The provider "local" is the engine in this tab, with whatever model it has loaded."""

    provider_id: str
    model: str = ""


class Session(Model):
    """A conversation as the side bar shows it. `working` is true while an answer is being written.

    `chain` names the models that are to answer: the first that can. Empty, the settings' chain holds.
    """

    id: str
    title: str
    created_at: float
    updated_at: float
    parameters: Parameters
    chain: list[ModelChoice] = []
    message_count: int = 0
    working: bool = False


class Conversation(Model):
    """A session with the messages of its active branch, oldest first."""

    session: Session
    messages: list[Message]


class SearchHit(Model):
    """One search result. `excerpt` marks the matches with U+0002 (start) and U+0003 (end)."""

    session_id: str
    title: str
    message_id: str | None
    excerpt: str


class NewImage(Model):
    """A picture as the page hands it over: PNG or JPEG, already decoded and scaled down. Sizes in pixels."""

    bytes: bytes
    mime: Literal["image/png", "image/jpeg"]
    width: int = Field(ge=1, le=16_384)
    height: int = Field(ge=1, le=16_384)
    name: str = ""


class NewFile(Model):
    """A text file as the page hands it over, at most 4 MiB."""

    bytes: Annotated[bytes, Field(max_length=4 * 1024 * 1024)]
    mime: str = Field(default="text/plain", max_length=200)
    name: str = Field(min_length=1, max_length=200)


# ---------------------------------------------------------------- the app


class Settings(Model):
    """Choices that hold for the whole app and are kept. Asked for permission, nobody answers: denied after a while.

    `hub_url` is where models are looked up and fetched from: Hugging Face, or a mirror with the same paths. With
    `models_in_folder` models that came whole are moved into the person's own folder. A model that was not used for
    `unload_minutes` is unloaded; 0: never.
    """

    theme: Literal["system", "light", "dark"] = "system"
    send_with: Literal["enter", "ctrl-enter"] = "enter"
    model_id: str = "cloche-starter"
    hub_url: str = Field(default="https://huggingface.co", pattern=r"^https?://[^\s?#@]+$", max_length=500)
    models_in_folder: bool = False
    unload_minutes: int = Field(default=60, ge=0, le=1440)
    approval_seconds: int = Field(default=120, ge=5, le=3600)
    chain: list[ModelChoice] = Field(default=[], max_length=8)


class ProviderModel(Model):
    """A model as its server lists it; None where the server does not say."""

    id: str
    name: str
    context_window: int | None = None
    images: bool | None = None


class Provider(Model):
    """Whoever runs models: this tab, the browser, or a server that a person has added.

    `key` says where the key is: in memory until the tab closes, sealed with a passphrase, or sealed and still locked.
    `origin` is "" where nothing leaves this machine.
    """

    id: str
    kind: Literal["local", "openai", "anthropic", "browser"]
    name: str
    base_url: str = ""
    origin: str = ""
    remote: bool = False
    key: Literal["none", "memory", "sealed", "locked"] = "none"
    models: list[ProviderModel] = []
