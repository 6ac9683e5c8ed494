"""The data that the page, Python and the workers all know: messages, sessions, models, settings.

Owns these shapes, nothing else; contract.py says which commands and events carry them. Times are seconds since the Unix
epoch (float), durations are milliseconds (`*_ms`), sizes are bytes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Base of all shapes: unknown fields are an error, so that a typo never passes in silence."""

    model_config = ConfigDict(extra="forbid")


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


class EngineOptions(Model):
    """How a model is to be loaded; None leaves the choice to the app. Contexts and batches in tokens.

    `gpu_layers` 0 keeps everything on the processor. `cache_type` is how the KV cache is stored: smaller types need
    less memory and lose a little accuracy. `adapter_scale` is the strength of the card's LoRA adapters.
    """

    context_window: int | None = Field(default=None, ge=256, le=1_048_576)
    threads: int | None = Field(default=None, ge=1, le=128)
    gpu_layers: int | None = Field(default=None, ge=0, le=1000)
    batch: int | None = Field(default=None, ge=32, le=8192)
    cache_type: Literal["f16", "q8_0", "q4_0"] | None = None
    adapter_scale: float | None = Field(default=None, ge=0, le=4)


class ModelCard(Model):
    """A model that can be chosen. Sizes in bytes, contexts in tokens; 0 and "" stand for what is not known.

    `source` says where the card is from: it came with the app, it is of the app's catalogue, or a person added it.
    `repo` is the hub's repository ("" for none), `revision` the commit that the files are of ("" until it is resolved).
    `engine_model` is the engine's own name of it, where that is not the id.
    `memory_bytes` is what the model needs at its default context, `features` what the GPU must have, `buffer_bytes` the
    largest buffer that it must allow. `purpose` chat models converse, the others only serve other parts of the app.

    `default_tools` are offered to the model unless a session says otherwise (None: all that only read); with
    `tools_with_pictures` false they are left out while a picture is in the conversation, because the model has too
    little room for both. `native_tools` false: the engine knows no tools, so that they are written into the prompt as
    `tool_format` says (None: guessed from the model's name). `trained_context` is what the history is trimmed to,
    `context_window` what the engine can hold at all; `image_tokens` is what one picture takes of either.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=120)
    name: str
    engine: Literal["llamacpp", "webllm", "remote", "browser"]
    source: Literal["builtin", "catalogue", "added"] = "catalogue"
    purpose: Literal["chat", "embedding", "rerank"] = "chat"
    modalities: list[Literal["text", "image"]]
    tools: bool = False
    default_tools: list[str] | None = None
    tools_with_pictures: bool = True
    native_tools: bool = True
    tool_format: Literal["hermes", "qwen", "llama3", "mistral", "generic"] | None = None
    context_window: int
    trained_context: int | None = None
    image_tokens: int = 256
    licence: str
    summary: str
    tiny: bool = False
    abilities: list[str] = []
    limits: list[str] = []
    examples: list[str] = []
    image_examples: list[str] = []
    defaults: Parameters = Parameters()
    figures: list[Figure] = []
    repo: str = ""
    revision: str = ""
    engine_model: str = ""
    architecture: str = ""
    quantisation: str = ""
    parameter_count: int = 0
    memory_bytes: int = 0
    buffer_bytes: int = 0
    features: list[str] = []
    files: list[ModelFile]


class Figure(Model):
    """A measured figure of a card: share of right answers (0 to 1) over `cases` held-out cases."""

    label: str
    value: float
    cases: int


class ModelFile(Model):
    """One file of a model.

    `url` is relative to the app's base address, absolute, or `hub:<repo>/resolve/<revision>/<path>`, which
    models/hub.py turns into an absolute one. `size` 0 and `sha256` "" are unknown: the hub's metadata tells them when
    the model is fetched, and what came is pinned then.
    """

    role: Literal["weights", "projector", "adapter", "library", "config", "tokenizer"]
    name: str = Field(pattern=r"^[A-Za-z0-9][^/\\\x00-\x1f]*$", max_length=200)
    url: str
    size: int = Field(default=0, ge=0)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


class ImageEncoder(Model):
    """The part of a model that sees, as its file tells. A picture's longest side is brought to `side` pixels at most.

    `dynamic`: it takes pictures of many sizes; else all are brought to the one size that it has.
    """

    family: str
    side: int
    dynamic: bool


class EngineInfo(Model):
    """What really runs: filled from the loaded engine, never from what was asked for."""

    engine: str
    backend: Literal["cpu", "webgpu"]
    threads: int
    context_window: int
    images: bool
    encoder: ImageEncoder | None = None
    load_ms: float


class ModelStatus(Model):
    """State of the chosen model. `loaded_bytes` of `total_bytes` while files are fetched and checked.

    An unloaded model takes no memory; the next message has it loaded again.
    """

    state: Literal["absent", "fetching", "loading", "ready", "failed", "unloaded"]
    card: ModelCard | None = None
    engine: EngineInfo | None = None
    stage: str = ""
    loaded_bytes: int = 0
    total_bytes: int = 0
    kept: bool = True
    error: ErrorInfo | None = None


class Settings(Model):
    """Choices that hold for the whole app and are kept. Asked for permission, nobody answers: denied after a while.

    `hub_url` is where models are looked up and fetched from: Hugging Face, or a mirror with the same paths.
    """

    theme: Literal["system", "light", "dark"] = "system"
    send_with: Literal["enter", "ctrl-enter"] = "enter"
    model_id: str = "cloche-starter"
    hub_url: str = Field(default="https://huggingface.co", pattern=r"^https?://[^\s?#@]+$", max_length=500)
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


class StorageInfo(Model):
    """Where things are kept. `durable` is false when the browser gives no OPFS: then nothing outlives the tab."""

    durable: bool
    database_bytes: int = 0
    reason: str = ""


class AppInfo(Model):
    """What the page needs to draw itself, given once Python is up."""

    version: str
    sessions: list[Session]
    settings: Settings
    storage: StorageInfo
    model: ModelStatus
    providers: list[Provider]
