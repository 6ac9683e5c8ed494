"""The wheels of the built app, as they lie in dist/: each imports, and Amplifier runs on our engine."""

from __future__ import annotations

import json

import pytest
from tests.wasm.pyodide_suite import Pyodide

from toolchain.paths import DIST
from toolchain.wheel import Wheel

LOCK = json.loads((DIST / "python" / "pyodide-lock.json").read_text("utf-8"))

TIMED_IMPORTS = """
import importlib, json, time
found = {}
for name in %r:
    began = time.perf_counter()
    importlib.import_module(name)
    found[name] = 1000 * (time.perf_counter() - began)
json.dumps(found)
"""

TURN = """
import json
from amplifier_core import AmplifierSession
from amplifier_core._engine import __file__ as engine
from amplifier_core.message_models import ChatRequest, ChatResponse, Message, TextBlock

heard = []

class Loader:
    def __init__(self, mounts): self.mounts = mounts
    async def load(self, module_id, config=None, source_hint=None, coordinator=None): return self.mounts[module_id]
    def get_on_session_ready_queue(self): return []
    def clear_on_session_ready_queue(self): pass
    def cleanup(self): pass

class Orchestrator:
    async def execute(self, prompt, context, providers, tools, hooks, coordinator=None):
        await hooks.emit("execution:start", {"prompt": prompt})
        await context.add_message({"role": "user", "content": prompt})
        request = ChatRequest(messages=[Message(role="user", content=prompt)])
        answer = await providers["echo"].complete(request)
        text = "".join(block.text for block in answer.content)
        await context.add_message({"role": "assistant", "content": text})
        await hooks.emit("execution:end", {"response": text})
        return text

class Context:
    def __init__(self): self.messages = []
    async def add_message(self, message): self.messages.append(message)
    async def get_messages(self): return list(self.messages)
    async def get_messages_for_request(self, *_, **__): return list(self.messages)
    async def set_messages(self, messages): self.messages = list(messages)
    async def clear(self): self.messages.clear()

class Echo:
    name = "echo"
    def get_info(self): return None
    async def list_models(self): return []
    def parse_tool_calls(self, response): return []
    async def complete(self, request, **_):
        return ChatResponse(content=[TextBlock(text="You said: " + request.messages[-1].content)])

async def mount_orchestrator(coordinator): await coordinator.mount("orchestrator", Orchestrator())
async def mount_context(coordinator): await coordinator.mount("context", Context())
async def mount_provider(coordinator): await coordinator.mount("providers", Echo(), name="echo")

config = {"session": {"orchestrator": "loop", "context": "memory"}, "providers": [{"module": "provider-echo"}]}
mounts = {"loop": mount_orchestrator, "memory": mount_context, "provider-echo": mount_provider}
session = AmplifierSession(config)
session.coordinator.loader = Loader(mounts)
await session.initialize()
for event in ("session:start", "execution:start", "execution:end", "session:end"):
    session.coordinator.hooks.register(event, lambda name, data: heard.append(name))
answer = await session.execute("hello")
await session.cleanup()
json.dumps({"answer": answer, "heard": heard, "engine": engine})
"""


def test_every_wheel_imports(pyodide: Pyodide, capsys: pytest.CaptureFixture[str]) -> None:
    """Importing takes what it takes; the figures are printed."""
    order = ["typing_extensions", "annotated_types", "typing_inspection", "pydantic_core", "pydantic", "amplifier_core"]
    names = [name for package in LOCK["packages"].values() for name in package["imports"]]
    found = pyodide.run(TIMED_IMPORTS % ([*order, *(name for name in names if name not in order), "cloche.app"],))
    with capsys.disabled():
        print("\n" + "\n".join(f"  import {name:<18} {ms:7.1f} ms" for name, ms in found.items()))
    assert set(names) <= set(found)


def test_a_session_of_amplifier_core_runs_a_turn_on_our_engine(pyodide: Pyodide) -> None:
    """The published Python of amplifier-core, over `_engine` of ours, with modules mounted by a loader."""
    told = pyodide.run(TURN)
    assert told["answer"] == "You said: hello"
    assert told["heard"] == ["session:start", "execution:start", "execution:end", "session:end"]
    assert "/amplifier_core/_engine/" in told["engine"]


def test_the_wheel_for_other_pages_is_the_one_that_runs_here_and_is_not_kept_for_offline_use() -> None:
    (path,) = (DIST / "wheels").glob("*.whl")
    given, ours = Wheel.read(path), Wheel.read(DIST / "python" / LOCK["packages"]["amplifier-core"]["file_name"])
    sources = {name: data for name, data in given.files.items() if name.endswith(".py")}
    assert sources == {name: data for name, data in ours.files.items() if name.endswith(".py")}
    assert "amplifier_core/_engine/__init__.py" in sources
    assert not [name for name in given.files if name.endswith((".so", ".pyc"))]
    assert given.dependencies == ["pydantic", "typing-extensions"]
    kept = (DIST / "sw.js").read_text("utf-8")
    assert f"python/wheels/{path.name}" in kept
    assert f'"wheels/{path.name}' not in kept


def test_nothing_is_compiled_at_start(pyodide: Pyodide) -> None:
    """Every module that the app imports is byte code already: a wheel's beside its source, the library's in its zip."""
    code = """
import importlib, json, os, sys
importlib.import_module("cloche.app")
files = [(module.__spec__.origin, module.__spec__.cached) for module in sys.modules.values() if module.__spec__]
sources = [(origin, cached) for origin, cached in files if origin and origin.endswith((".py", ".pyc"))]
compiled = [origin for origin, cached in sources if origin.endswith(".pyc") or (cached and os.path.exists(cached))]
json.dumps([len(compiled), sorted({origin for origin, _ in sources} - set(compiled))])
"""
    count, from_source = pyodide.run(code)
    assert from_source == []
    assert count > 100
