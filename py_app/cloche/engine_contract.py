"""What Python and an engine worker say to each other; generated into `js_bridge/contract.gen.ts` like contract.py.

Owns the shapes of the engine protocol, nothing else. It is OpenAI's chat-completions shape where that has a word for
the thing. WORKERS names each worker and the methods it answers; `chat.complete` streams batches of `Delta` (one batch
per animation frame or 16 ms, never one message per token) and ends with a `Completion`. Cancelling the request aborts
it: the worker answers with the error code `aborted` within 250 ms, restarting its WASM instance where nothing milder
stops it. Files of models, and what goes to other origins, have shapes of their own (models/file_shapes.py,
remote_shapes.py).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .commands import Command, NoParams
from .model_shapes import EngineInfo, EngineOptions, ModelFile
from .models.file_shapes import (
    CopyProgress,
    FetchTuning,
    FileFacts,
    FolderFiles,
    FolderPiece,
    ReadFolder,
    ReadUrl,
    RemoveFiles,
    StoredFiles,
    TakeIntoFolder,
    UrlContent,
)
from .remote_shapes import (
    CloseSocket,
    HttpHead,
    HttpPiece,
    HttpRequest,
    OpenSecret,
    OpenSocket,
    SealSecret,
    SendText,
    SentText,
    SocketEnd,
    SocketPiece,
)
from .shapes import ImageDetail, Model, Timings, Usage

ImageFit = Literal["auto", "pad", "crop", "squeeze"]


class FetchFiles(Model):
    """Bring the files of a model to this machine, checked by sha256. `base_url` is absolute.

    Streams `FetchProgress`. A file that is there with the right hash is not fetched again (above 64 MiB the right size
    must do, unless `thorough`); of a damaged one the damaged parts are fetched again. What came wrong is deleted and
    fetched once more, a second mismatch is the error `file_corrupt`. Broken connections are taken up where they broke,
    also by the next call. Sizes of 0 and empty hashes are not known: then what comes is what it is. Two callers that
    want the same model make one download. Other errors: `fetch_failed`, `storage_full`, `origin_closed`, `remote_off`.

    The files are kept in OPFS. Where that cannot be, or with `hold`, the worker answers `kept: false` and holds them in
    its memory: as long as it lives, an engine's worker finds them there by `files.take`. With `keep` it never does so:
    a full disk is the error `storage_full`, and what came stays for the next call.
    """

    model_id: str
    base_url: str
    files: list[ModelFile]
    keep: bool = False
    hold: bool = False
    thorough: bool = False
    tuning: FetchTuning = FetchTuning()


class FetchProgress(Model):
    """Bytes so far over all files and of the one at hand; `stage` is what happens now. Totals of 0 are not known.

    `waiting`: for another tab that fetches the same; `retrying`: until the next attempt; `offline`: for the network.
    """

    stage: Literal["waiting", "checking", "fetching", "retrying", "offline"]
    file: str
    loaded_bytes: int
    total_bytes: int
    file_loaded_bytes: int = 0
    file_total_bytes: int = 0


class FetchedFiles(Model):
    """`kept` false: the files are not on disk, `reason` says why. `fetched_bytes` is 0 when all was there already.

    `files` are the facts of those whose hash was computed now, `repaired` the names of those that were damaged.
    """

    kept: bool
    fetched_bytes: int
    reason: str = ""
    files: list[FileFacts] = Field(default=[])
    repaired: list[str] = Field(default=[])


class TakeFiles(Model):
    """Take the files of a model that a downloads worker holds in memory; no answer comes while none does."""

    model_id: str
    names: list[str]


class LoadModel(Model):
    """Load fetched files into the engine, in place of the model before. Contexts in tokens.

    The worker finds the files by `model_id` and name: those it has taken, else those in OPFS; one whose `url` is
    `folder:<path>` in the person's own folder, or fails with `folder_closed`. `context_window` is the default of the
    model; what `options` say goes before it. Their `threads` None lets the worker choose: half the
    processors. A number is honoured up to the number of processors; without isolation it is one.
    """

    model_id: str
    files: list[ModelFile]
    context_window: int
    purpose: Literal["chat", "embedding", "rerank"]
    options: EngineOptions


class LoadProgress(Model):
    """What an engine is doing while it loads a model, in words; engines that load in one go say nothing."""

    stage: str


class ImageContent(Model):
    """A picture in a message: any file that browsers decode. It must come before the text it belongs to.

    The worker brings it to the encoder's own size. `fit` says how, where its shape is another: pad (nothing is lost),
    crop (the middle), squeeze (everything, distorted), auto (as the model was trained). `detail` is OpenAI's word: low
    is 256 pixels a side where the encoder can do with less than its most, high its most, auto low where a large encoder
    runs on a CPU.
    """

    type: Literal["image"] = "image"
    data: bytes
    fit: ImageFit = "auto"
    detail: ImageDetail = "auto"


class TextContent(Model):
    """Text in a message."""

    type: Literal["text"] = "text"
    text: str


class FunctionCall(Model):
    """`arguments` is a JSON object as a string, as in OpenAI's API."""

    name: str
    arguments: str


class ToolCall(Model):
    """A tool call in an assistant message."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(Model):
    """One message in OpenAI's shape. `content` is text, or parts where there are pictures."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[TextContent | ImageContent] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None


class ToolFunction(Model):
    """A tool's name, purpose and JSON schema."""

    name: str
    description: str = ""
    parameters: dict[str, Any]


class ToolSpec(Model):
    """A tool in OpenAI's shape."""

    type: Literal["function"] = "function"
    function: ToolFunction


class ChatRequest(Model):
    """OpenAI chat-completions request; None leaves the engine's default.

    After `silence_seconds` without a sign of life (a token, a line of the engine's log) the engine counts as hung: the
    request fails with `engine_crashed` and a new instance takes its place. None leaves the worker's own patience.
    `tool_choice` is "auto", "required" or a tool's name. `response_format` is OpenAI's `json_schema` or {"type":
    "grammar", "grammar": GBNF}. `token_ids` asks for the numbers of the answer's tokens, which "webllm" can tell, and
    of "llamacpp" Cloche's own engine; elsewhere the list stays empty.
    """

    messages: list[ChatMessage]
    tools: list[ToolSpec] | None = None
    tool_choice: str | None = None
    max_tokens: int = 512
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: list[str] | None = None
    response_format: dict[str, Any] | None = None
    silence_seconds: float | None = None
    token_ids: bool = False


class ToolCallDelta(Model):
    """A piece of tool call number `index`; pieces of `arguments` are appended."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str | None = None


class Delta(Model):
    """What came since the last batch."""

    text: str = ""
    reasoning: str = ""
    tool_calls: list[ToolCallDelta] = Field(default=[])


class Completion(Model):
    """End of a completion: the whole text and calls again (for callers that did not stream), usage, timings.

    `memory_bytes` is what the engine holds by then, model and cache included; None where it does not tell.
    """

    text: str
    reasoning: str = ""
    tool_calls: list[ToolCall] = Field(default=[])
    finish_reason: Literal["stop", "length", "tool_calls"]
    usage: Usage
    timings: Timings
    token_ids: list[int] = Field(default=[])
    memory_bytes: int | None = None


class CountTokens(Model):
    """Texts to be counted with the loaded model's tokenizer; special tokens such as `<|im_end|>` count as one.

    Costs about 10 ms for each text and each 1,000 tokens of the context window, and leaves the KV cache alone: count
    a text once and remember.
    """

    texts: list[str]


class StartSandbox(Model):
    """Load an interpreter of its own, then close it off. `base_url` is absolute."""

    base_url: str
    memory_bytes: int


class RunPython(Model):
    """One piece of code; a worker runs one and is ended then, or before when it takes too long."""

    code: str


class RunResult(Model):
    """What was printed, the last expression's value, the traceback of what was raised, figures as SVG."""

    output: str = ""
    value: str = ""
    error: str = ""
    figures: list[str] = Field(default=[])


class EmbedTexts(Model):
    """Texts for a model that was loaded for embeddings; the answer holds one `Embedding` for each, in their order."""

    texts: list[str]


class Embedding(Model):
    """A text's vector, of length 1."""

    vector: list[float]
    tokens: int


class RankTexts(Model):
    """Documents to be judged by how well they answer the query, by a model that was loaded to rerank."""

    query: str
    documents: list[str]


class Ranking(Model):
    """The documents' scores in their order: the higher the better. What a number means is the model's own affair."""

    scores: list[float]
    tokens: int


class Device(Model):
    """What this browser and this machine allow. Sizes in bytes; None where the browser does not tell.

    `memory_gb` is the browser's coarse figure, at most 8 or 32. `gpu` says whether there is an adapter, `gpu_software`
    that it is no real one; `gpu_buffer_bytes` is the largest buffer it binds, `gpu_stage_buffers` how many of them at
    once, `gpu_workgroup_bytes` what a workgroup shares; 0 where that is not known. `fast_engine`: Cloche's own build of
    llama.cpp is there, which is several times faster on the processor and uses one thread.
    """

    isolated: bool
    processors: int
    memory_gb: float | None = None
    gpu: bool = False
    gpu_software: bool = False
    gpu_description: str = ""
    gpu_features: list[str] = Field(default=[])
    gpu_buffer_bytes: int = 0
    gpu_stage_buffers: int = 0
    gpu_workgroup_bytes: int = 0
    file_storage: bool = True
    used_bytes: int = 0
    quota_bytes: int = 0
    fast_engine: bool = False


class Measured(Model):
    """What this device did in a short matmul. `free_cores` is how many times one thread's work all processors did.

    `cpu_gflops` is one thread's rate, `gpu_gflops` the adapter's, None without one; `at` is when, in seconds.
    """

    cpu_gflops: float
    free_cores: float
    gpu_gflops: float | None = None
    at: float = 0.0


WORKERS: dict[str, dict[str, Command]] = {
    "downloads": {
        "files.fetch": Command(FetchFiles, FetchedFiles),
        "files.list": Command(NoParams, StoredFiles),
        "files.remove": Command(RemoveFiles, None),
        "folder.list": Command(NoParams, FolderFiles),
        "folder.read": Command(ReadFolder, FolderPiece),
        "folder.take": Command(TakeIntoFolder, None),
        "prompts.remove": Command(NoParams, None),
        "url.read": Command(ReadUrl, UrlContent),
    },
    "llamacpp": {
        "files.take": Command(TakeFiles, None),
        "model.load": Command(LoadModel, EngineInfo),
        "model.unload": Command(NoParams, None),
        "chat.complete": Command(ChatRequest, Completion),
        "tokens.count": Command(CountTokens, list[int]),
        "embeddings.create": Command(EmbedTexts, list[Embedding]),
        "rerank.create": Command(RankTexts, Ranking),
    },
    "webllm": {
        "files.take": Command(TakeFiles, None),
        "model.load": Command(LoadModel, EngineInfo),
        "model.unload": Command(NoParams, None),
        "chat.complete": Command(ChatRequest, Completion),
        "tokens.count": Command(CountTokens, list[int]),
    },
    "device": {
        "device.describe": Command(NoParams, Device),
        "device.measure": Command(NoParams, Measured),
    },
    "browser": {
        "chat.complete": Command(ChatRequest, Completion),
        "tokens.count": Command(CountTokens, list[int]),
    },
    "sandbox": {
        "sandbox.start": Command(StartSandbox, None),
        "sandbox.run": Command(RunPython, RunResult),
    },
    "remote": {
        "http.stream": Command(HttpRequest, HttpHead),
        "socket.open": Command(OpenSocket, SocketEnd),
        "socket.send": Command(SendText, SentText),
        "socket.close": Command(CloseSocket, None),
        "secret.seal": Command(SealSecret, str),
        "secret.open": Command(OpenSecret, str),
    },
}
STREAMS: dict[str, type[Model]] = {
    "files.fetch": FetchProgress,
    "folder.take": CopyProgress,
    "model.load": LoadProgress,
    "chat.complete": Delta,
    "http.stream": HttpPiece,
    "socket.open": SocketPiece,
}
