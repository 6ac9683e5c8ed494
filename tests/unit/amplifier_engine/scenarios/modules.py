"""Module folders, the package's validation, and transports a browser lacks."""

import tempfile
from pathlib import Path
from typing import Any

_TOML = '[module]\ntransport = "{}"\ntype = "{}"\n'

_FOLDERS: dict[str, dict[str, str]] = {
    "empty": {},
    "package": {"__init__.py": ""},
    "dash-name": {"__init__.py": ""},
    "module-tool-x": {"amplifier_module_tool_x/__init__.py": ""},
    "plain-file": {"code.py": ""},
    "deep": {"a/b/__init__.py": ""},
    **{
        f"transport-{name}": {"amplifier.toml": _TOML.format(name, "tool")}
        for name in ("python", "native", "other", "PYTHON")
    },
    **{
        f"type-{name}": {"amplifier.toml": _TOML.format("python", name)}
        for name in ("orchestrator", "provider", "context", "hook", "resolver", "approval", "other", "Tool", "")
    },
    "grpc": {"amplifier.toml": _TOML.format("grpc", "tool") + '[grpc]\nendpoint = "http://x"\n'},
    "grpc-without": {"amplifier.toml": _TOML.format("grpc", "tool")},
    "grpc-number": {"amplifier.toml": _TOML.format("grpc", "tool") + "[grpc]\nendpoint = 5\n"},
    "wasm": {"amplifier.toml": _TOML.format("wasm", "hook")},
    "wasm-named": {"amplifier.toml": _TOML.format("wasm", "tool") + 'artifact = "z.wasm"\n'},
    "rust": {"amplifier.toml": _TOML.format("rust", "tool") + 'crate = "c"\n'},
    "rust-without": {"amplifier.toml": _TOML.format("rust", "tool")},
    "no-type": {"amplifier.toml": "[module]\n"},
    "no-module": {"amplifier.toml": "x = 1\n"},
    "module-number": {"amplifier.toml": "module = 1\n"},
    "type-number": {"amplifier.toml": "[module]\ntype = 5\n"},
    "transport-number": {"amplifier.toml": '[module]\ntype = "tool"\ntransport = 5\n'},
    "no-transport": {"amplifier.toml": '[module]\ntype = "tool"\n'},
    "toml-and-package": {"amplifier.toml": _TOML.format("python", "hook"), "__init__.py": ""},
}


def _written(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir()
    for path, content in _FOLDERS[name].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def folders(core: Any, see: Any) -> None:
    engine = core._engine
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)

        def note(label: str, function: Any, *arguments: Any) -> None:
            try:
                found = function(*arguments)
            except Exception as error:
                see.note(label, f"{type(error).__name__}: {str(error).replace(place, '<root>')}")
            else:
                see.note(label, {key: str(value).replace(place, "<root>") for key, value in found.items()})

        for name in _FOLDERS:
            folder = str(_written(root, name))
            note(name, engine.resolve_module, folder)
            if not name.startswith("wasm"):
                note(f"{name}: load", engine.load_wasm_from_path, folder)
                note(f"{name}: mount", engine.load_and_mount_wasm, core.ModuleCoordinator(), folder)
        note("missing", engine.resolve_module, str(root / "missing"))
        note("file", engine.resolve_module, str(root / "package" / "__init__.py"))
        note("nowhere", engine.resolve_module, "")
        note("number", engine.resolve_module, 5)
        note("no coordinator", engine.load_and_mount_wasm, 5, "x")


def broken_manifest(core: Any, see: Any) -> None:
    """The words of the two TOML readers differ; the beginning does not."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "amplifier.toml").write_text("[mod")
        try:
            core._engine.resolve_module(place)
        except RuntimeError as error:
            see.note("beginning", str(error).replace(place, "<root>")[:54])


def wasm_errors(core: Any, see: Any) -> None:
    """What is not there raises the same type of error, in words of its own."""
    engine = core._engine
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for name in ("wasm", "wasm-named"):
            folder = str(_written(root, name))
            see.refused(f"{name}: load", engine.load_wasm_from_path, folder)
            see.refused(f"{name}: mount", engine.load_and_mount_wasm, core.ModuleCoordinator(), folder)
        (root / "bare").mkdir()
        (root / "bare" / "module.wasm").write_bytes(b"\0asm\1\0\0\0")
        see.refused("bare", engine.resolve_module, str(root / "bare"))
    for name in ("WasmTool", "WasmProvider", "WasmHook", "WasmContext", "WasmOrchestrator", "WasmApproval"):
        kind = getattr(engine, name)
        see.call(name, kind)
        see.refused(f"{name}: subclass", type, "Sub", (kind,), {})
    see.refused("request", engine.proto_chat_request_to_json, b"\xff\xff")
    see.call("request type", engine.proto_chat_request_to_json, "x")
    see.refused("response", engine.json_to_proto_chat_response, "{")
    see.call("response type", engine.json_to_proto_chat_response, 5)


_MODULES = {
    "tool": """
        class Tool:
            name = "sample"
            description = "A sample."
            input_schema = {"type": "object"}
            async def execute(self, input):
                from amplifier_core import ToolResult
                return ToolResult(output=input)
        async def mount(coordinator, config=None):
            await coordinator.mount("tools", Tool(), name="sample")
    """,
    "hook": """
        async def mount(coordinator, config=None):
            async def handler(event, data):
                from amplifier_core import HookResult
                return HookResult()
            return coordinator.hooks.register("tool:pre", handler, name="sample")
    """,
    "context": """
        class Context:
            def __init__(self):
                self.messages = []
            async def add_message(self, message):
                self.messages.append(message)
            async def get_messages_for_request(self, token_budget=None, provider=None):
                return list(self.messages)
            async def get_messages(self):
                return list(self.messages)
            async def set_messages(self, messages):
                self.messages = list(messages)
            async def clear(self):
                self.messages = []
        async def mount(coordinator, config=None):
            await coordinator.mount("context", Context())
    """,
    "orchestrator": """
        class Orchestrator:
            async def execute(self, prompt, context, providers, tools, hooks, coordinator=None):
                return prompt
        async def mount(coordinator, config=None):
            await coordinator.mount("orchestrator", Orchestrator())
    """,
    "provider": """
        class Provider:
            name = "sample"
            def get_info(self):
                from amplifier_core import ProviderInfo
                return ProviderInfo(id="sample", display_name="Sample")
            async def list_models(self):
                return []
            async def complete(self, request, **kwargs):
                from amplifier_core import ChatResponse, TextBlock
                return ChatResponse(content=[TextBlock(text="x")])
            def parse_tool_calls(self, response):
                return []
        async def mount(coordinator, config=None):
            await coordinator.mount("providers", Provider(), name="sample")
    """,
}


async def validation(core: Any, see: Any) -> None:
    """The package's own validators over sample modules, good and empty."""
    import importlib
    import sys
    import textwrap

    validators = importlib.import_module("amplifier_core.validation")
    engine = "native" if hasattr(core._engine, "__file__") and core._engine.__file__.endswith(".so") else "ours"
    with tempfile.TemporaryDirectory() as place:
        sys.path.insert(0, place)
        try:
            for kind, source in _MODULES.items():
                for state, code in (("good", textwrap.dedent(source)), ("empty", "")):
                    name = f"amplifier_module_{kind}_{state}_{engine}"
                    (Path(place) / name).mkdir()
                    (Path(place) / name / "__init__.py").write_text(code)
                    importlib.invalidate_caches()
                    result = await getattr(validators, f"{kind.capitalize()}Validator")().validate(Path(place) / name)
                    see.note(f"{kind}, {state}", result.passed)
                    for check in result.checks:
                        see.note(
                            check.name,
                            [
                                check.passed,
                                check.severity,
                                check.message.replace(engine, "<engine>").replace(place, "<root>"),
                            ],
                        )
                    sys.modules.pop(name, None)
        finally:
            sys.path.remove(place)
