"""Models that run on this device: their cards and files, how one is to be loaded, and how it runs.

Owns these shapes, which the page, Python and the workers all know. What the catalogue says of a model on this device is
models/shapes.py's. Sizes are bytes, contexts tokens.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .shapes import ErrorInfo, Model, Parameters


class EngineOptions(Model):
    """How a model is to be loaded; None leaves the choice to the app. Contexts and batches in tokens.

    `gpu_layers` 0 keeps everything on the processor. `cache_type` is how the KV cache is stored: smaller types need
    less memory and lose a little accuracy. `adapter_scale` is the strength of the card's LoRA adapters. `engine`
    "wllama" takes wllama where Cloche's own build of llama.cpp would run the model.
    """

    context_window: int | None = Field(default=None, ge=256, le=1_048_576)
    threads: int | None = Field(default=None, ge=1, le=128)
    gpu_layers: int | None = Field(default=None, ge=0, le=1000)
    batch: int | None = Field(default=None, ge=32, le=8192)
    cache_type: Literal["f16", "q8_0", "q4_0"] | None = None
    adapter_scale: float | None = Field(default=None, ge=0, le=4)
    engine: Literal["wllama"] | None = None


class ModelCard(Model):
    """A model that can be chosen. Sizes in bytes, contexts in tokens; 0 and "" stand for what is not known.

    `source` says where the card is from: it came with the app, it is of the app's catalogue, a person added it, or its
    files lie in the person's own folder.
    `repo` is the hub's repository ("" for none), `revision` the commit that the files are of ("" until it is resolved).
    `engine_model` is the engine's own name of it, where that is not the id.
    `memory_bytes` is what the model needs at its default context, `features` what the GPU must have, `buffer_bytes` the
    largest buffer that it must allow. `purpose` chat models converse, the others only serve other parts of the app.

    `default_tools` are offered to the model unless a session says otherwise (None: all that only read); with
    `tools_with_pictures` false they are left out while a picture is in the conversation, because the model has too
    little room for both. `native_tools` false: the engine knows no tools, so that they are written into the prompt as
    `tool_format` says (None: guessed from the model's name). `trained_context` is what the history is trimmed to,
    `context_window` what the engine can hold at all; `image_tokens` is what one picture takes of either, `max_images`
    how many pictures one question may be about (None: not known).
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=120)
    name: str
    engine: Literal["llamacpp", "webllm", "remote", "browser"]
    source: Literal["builtin", "catalogue", "added", "folder"] = "catalogue"
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
    max_images: int | None = Field(default=None, ge=1)
    licence: str
    summary: str
    tiny: bool = False
    abilities: list[str] = Field(default=[])
    limits: list[str] = Field(default=[])
    examples: list[str] = Field(default=[])
    image_examples: list[str] = Field(default=[])
    defaults: Parameters = Parameters()
    figures: list[Figure] = Field(default=[])
    repo: str = ""
    revision: str = ""
    engine_model: str = ""
    architecture: str = ""
    quantisation: str = ""
    parameter_count: int = 0
    memory_bytes: int = 0
    buffer_bytes: int = 0
    features: list[str] = Field(default=[])
    files: list[ModelFile]


class Figure(Model):
    """A measured figure of a card: share of right answers (0 to 1) over `cases` held-out cases."""

    label: str
    value: float
    cases: int


class ModelFile(Model):
    """One file of a model.

    `url` is relative to the app's base address, absolute, `folder:<path>` for a file in the person's own folder, or
    `hub:<repo>/resolve/<revision>/<path>`, which models/hub.py turns into an absolute one. `size` 0 and `sha256` "" are
    unknown: the hub's metadata tells them when the model is fetched, and what came is pinned then.
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
    """What really runs: filled from the loaded engine, never from what was asked for.

    `memory_bytes` is what it holds once it is loaded; None where it does not tell.
    """

    engine: str
    backend: Literal["cpu", "webgpu"]
    threads: int
    context_window: int
    images: bool
    encoder: ImageEncoder | None = None
    load_ms: float
    memory_bytes: int | None = None


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
