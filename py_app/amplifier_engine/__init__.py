"""The kernel of amplifier-core 2.0.2 in pure Python.

The published package keeps its kernel in a native module, `amplifier_core._engine`, of
which there is no build for a browser. This package stands in its place: the same public
names and the same behaviour, checked side by side against the native module (see
tests/unit/amplifier_engine). It needs the standard library and, when it runs,
amplifier_core's own Python files, which it imports late.

What still differs, and why:

- There are no threads in a tab. A sync handler or callback runs in the event loop's
  thread and sees the emitter's context variables; natively it runs in a thread of the
  engine's and sees none. What it sets does not reach the emitter on either engine.
- `emit(...)` that nobody awaits does nothing. Natively it runs in the background.
- Keys keep their order. Natively handlers see them sorted and results come at random.
- Floats, and integers beyond 64 bits, keep their value; the native reader may be off by
  the last binary digit.
- Async methods without a result give None, as the published stub says; natively `()`.
- A negative, infinite or NaN time limit raises ValueError; natively it is a panic.
- WASM components and protobuf messages do not exist in a tab. Where the native module
  would load or convert one, the same type of error is raised with a sentence on why;
  `proto_chat_request_to_json` and `json_to_proto_chat_response` always raise it.
- Of a broken answer of a handler, the log names one fault without its column. For a
  broken `amplifier.toml`, the words after the path are those of Python's reader.
- Python's own words: classes name their real module in `repr`, and errors about the
  number of arguments or about read-only attributes are worded as Python words them.
- Debug lines that the native module logs about every conversion are left out.
"""

from .cancellation import RustCancellationToken
from .capabilities import (
    ALL_WELL_KNOWN_CAPABILITIES,
    AUDIO,
    BATCH,
    CODE_EXECUTION,
    COMPUTER_USE,
    DEEP_RESEARCH,
    EMBEDDINGS,
    FAST,
    IMAGE_GENERATION,
    JSON_MODE,
    LOCAL,
    LONG_CONTEXT,
    STREAMING,
    THINKING,
    TOOLS,
    VISION,
    WEB_SEARCH,
)
from .coordinator import RustCoordinator
from .events import (
    ALL_EVENTS,
    APPROVAL_DENIED,
    APPROVAL_GRANTED,
    APPROVAL_REQUIRED,
    ARTIFACT_READ,
    ARTIFACT_WRITE,
    CANCEL_COMPLETED,
    CANCEL_REQUESTED,
    CONTENT_BLOCK_DELTA,
    CONTENT_BLOCK_END,
    CONTENT_BLOCK_START,
    CONTEXT_COMPACTION,
    CONTEXT_INCLUDE,
    CONTEXT_POST_COMPACT,
    CONTEXT_PRE_COMPACT,
    EXECUTION_END,
    EXECUTION_START,
    LLM_REQUEST,
    LLM_RESPONSE,
    MODULE_LOAD_FAILED,
    MODULE_ON_SESSION_READY_FAILED,
    ORCHESTRATOR_COMPLETE,
    PLAN_END,
    PLAN_START,
    POLICY_VIOLATION,
    PROMPT_COMPLETE,
    PROMPT_SUBMIT,
    PROVIDER_ERROR,
    PROVIDER_REQUEST,
    PROVIDER_RESOLVE,
    PROVIDER_RESPONSE,
    PROVIDER_RETRY,
    PROVIDER_THROTTLE,
    PROVIDER_TOOL_SEQUENCE_REPAIRED,
    SESSION_END,
    SESSION_FORK,
    SESSION_RESUME,
    SESSION_START,
    THINKING_DELTA,
    THINKING_FINAL,
    TOOL_ERROR,
    TOOL_POST,
    TOOL_PRE,
    USER_NOTIFICATION,
)
from .hooks import RustHookRegistry, RustUnregisterFn
from .module_manifest import resolve_module
from .provider_error import ProviderError
from .retry import RetryConfig, classify_error_message, compute_delay
from .session import RustSession
from .tool_result import _normalize_tool_result_content, _tool_result_safe_hook_presentation
from .transports import (
    WasmApproval,
    WasmContext,
    WasmHook,
    WasmOrchestrator,
    WasmProvider,
    WasmTool,
    json_to_proto_chat_response,
    load_and_mount_wasm,
    load_wasm_from_path,
    proto_chat_request_to_json,
)

__version__ = "2.0.2"
RUST_AVAILABLE = True

__all__ = [
    "ALL_EVENTS",
    "ALL_WELL_KNOWN_CAPABILITIES",
    "APPROVAL_DENIED",
    "APPROVAL_GRANTED",
    "APPROVAL_REQUIRED",
    "ARTIFACT_READ",
    "ARTIFACT_WRITE",
    "AUDIO",
    "BATCH",
    "CANCEL_COMPLETED",
    "CANCEL_REQUESTED",
    "CODE_EXECUTION",
    "COMPUTER_USE",
    "CONTENT_BLOCK_DELTA",
    "CONTENT_BLOCK_END",
    "CONTENT_BLOCK_START",
    "CONTEXT_COMPACTION",
    "CONTEXT_INCLUDE",
    "CONTEXT_POST_COMPACT",
    "CONTEXT_PRE_COMPACT",
    "DEEP_RESEARCH",
    "EMBEDDINGS",
    "EXECUTION_END",
    "EXECUTION_START",
    "FAST",
    "IMAGE_GENERATION",
    "JSON_MODE",
    "LLM_REQUEST",
    "LLM_RESPONSE",
    "LOCAL",
    "LONG_CONTEXT",
    "MODULE_LOAD_FAILED",
    "MODULE_ON_SESSION_READY_FAILED",
    "ORCHESTRATOR_COMPLETE",
    "PLAN_END",
    "PLAN_START",
    "POLICY_VIOLATION",
    "PROMPT_COMPLETE",
    "PROMPT_SUBMIT",
    "PROVIDER_ERROR",
    "PROVIDER_REQUEST",
    "PROVIDER_RESOLVE",
    "PROVIDER_RESPONSE",
    "PROVIDER_RETRY",
    "PROVIDER_THROTTLE",
    "PROVIDER_TOOL_SEQUENCE_REPAIRED",
    "RUST_AVAILABLE",
    "SESSION_END",
    "SESSION_FORK",
    "SESSION_RESUME",
    "SESSION_START",
    "STREAMING",
    "THINKING",
    "THINKING_DELTA",
    "THINKING_FINAL",
    "TOOLS",
    "TOOL_ERROR",
    "TOOL_POST",
    "TOOL_PRE",
    "USER_NOTIFICATION",
    "VISION",
    "WEB_SEARCH",
    "ProviderError",
    "RetryConfig",
    "RustCancellationToken",
    "RustCoordinator",
    "RustHookRegistry",
    "RustSession",
    "RustUnregisterFn",
    "WasmApproval",
    "WasmContext",
    "WasmHook",
    "WasmOrchestrator",
    "WasmProvider",
    "WasmTool",
    "__version__",
    "_normalize_tool_result_content",
    "_tool_result_safe_hook_presentation",
    "classify_error_message",
    "compute_delay",
    "json_to_proto_chat_response",
    "load_and_mount_wasm",
    "load_wasm_from_path",
    "proto_chat_request_to_json",
    "resolve_module",
]
