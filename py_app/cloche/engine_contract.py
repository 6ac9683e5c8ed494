"""What Python and an engine worker say to each other; generated into `js_bridge/contract.gen.ts` like contract.py.

Owns the shapes of the engine protocol, nothing else. It is OpenAI's chat-completions shape where that has a word for
the thing. WORKERS names each worker and the methods it answers; `chat.complete` streams batches of `Delta` (one batch per
animation frame or 16 ms, never one message per token) and ends with a `Completion`. Cancelling the request aborts it:
the worker answers with the error code `aborted` within 250 ms, restarting its WASM instance where nothing milder stops it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .contract import Command, EngineInfo, Model, ModelFile, NoParams, Timings, Usage


class FetchFiles(Model):
    """Bring the files of a model into OPFS (or memory where there is none), checked by sha256.

    Streams `FetchProgress`. A file that is there with the right hash is not fetched again; a wrong one is deleted and
    fetched once more, a second mismatch is the error `file_corrupt`.
    """

    model_id: str
    base_url: str
    files: list[ModelFile]


class FetchProgress(Model):
    """Bytes so far over all files; `stage` is what happens now."""

    stage: Literal["checking", "fetching"]
    file: str
    loaded_bytes: int
    total_bytes: int


class FetchedFiles(Model):
    """`kept` is false when the files live in memory only. `fetched_bytes` is 0 when all came from OPFS."""

    kept: bool
    fetched_bytes: int


class LoadModel(Model):
    """Load fetched files into the engine. `threads` None lets the engine choose; contexts in tokens."""

    model_id: str
    files: list[ModelFile]
    context_window: int
    threads: int | None = None


class ImageContent(Model):
    """A picture in a message, PNG or JPEG. It must come before the text it belongs to."""

    type: Literal["image"] = "image"
    data: bytes


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
    """OpenAI chat-completions request; None leaves the engine's default."""

    messages: list[ChatMessage]
    tools: list[ToolSpec] | None = None
    max_tokens: int = 512
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: list[str] | None = None
    response_format: dict[str, Any] | None = None


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
    """End of a completion: the whole text and calls again (for callers that did not stream), usage, timings."""

    text: str
    reasoning: str = ""
    tool_calls: list[ToolCall] = Field(default=[])
    finish_reason: Literal["stop", "length", "tool_calls"]
    usage: Usage
    timings: Timings


class CountTokens(Model):
    """Texts to be counted with the loaded model's tokenizer."""

    texts: list[str]


WORKERS: dict[str, dict[str, Command]] = {
    "downloads": {"files.fetch": Command(FetchFiles, FetchedFiles)},
    "llamacpp": {
        "model.load": Command(LoadModel, EngineInfo),
        "model.unload": Command(NoParams, None),
        "chat.complete": Command(ChatRequest, Completion),
        "tokens.count": Command(CountTokens, list[int]),
    },
}
STREAMS: dict[str, type[Model]] = {"files.fetch": FetchProgress, "chat.complete": Delta}
