"""amplifier-core's own validation suites over our modules: structural (its validators), behavioural (its classes).

The package's pytest plugin would find and load a module from its folder, and needs pytest-asyncio for that. Its test
classes need neither: they are inherited here with fixtures of ours under the plugin's names, which mount our modules
the way the app does. The structural validators import a module from a folder, so each of ours gets a folder whose
`mount` is the app's own. Under CPython all this runs on the native engine, inside Pyodide on ours.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from amplifier_core import validation
from amplifier_core.testing import EventRecorder, MockContextManager, MockCoordinator, MockTool
from amplifier_core.validation import behavioral
from tests.unit.cloche.providers.test_chat_completions import Scripted, completion
from tests.unit.cloche.scripted import ScriptedEngine

from cloche.agent import orchestrator
from cloche.agent.approval import Approvals, SessionApprovals
from cloche.agent.context import ContextWindow
from cloche.hooks import permission
from cloche.providers.chat_completions import ChatCompletionsProvider
from cloche.store.store import Store
from cloche.tools.toolbox import Toolbox
from cloche.trace.recorder import Recorder


def provider(coordinator: Any) -> Any:
    """Our provider over a transport that answers from a script."""
    transport = Scripted(lambda *_: completion("Hello."))
    return ChatCompletionsProvider("local", transport, lambda _: b"", coordinator.hooks)


def toolbox() -> Toolbox:
    """All built-in tools over an empty store."""
    return Toolbox(ScriptedEngine().host(), Store(":memory:"), lambda: None)


TOOLS = sorted(toolbox().all())


async def mount_orchestrator(coordinator: Any, config: dict[str, Any]) -> None:
    """As agent/session.py does."""
    await orchestrator.mount(coordinator, config)


async def mount_context(coordinator: Any, config: dict[str, Any]) -> None:
    """As agent/session.py does."""
    await coordinator.mount("context", ContextWindow(coordinator))


async def mount_provider(coordinator: Any, config: dict[str, Any]) -> None:
    """As agent/session.py does."""
    await coordinator.mount("providers", provider(coordinator), name="local")


async def mount_tool(coordinator: Any, config: dict[str, Any]) -> None:
    """As agent/session.py does."""
    tool = toolbox().all()[config.get("name", TOOLS[0])]
    await coordinator.mount("tools", tool, name=tool.name)


async def mount_hook(coordinator: Any, config: dict[str, Any]) -> Callable[[], None]:
    """The hook that asks, and the one that records."""
    approvals = SessionApprovals("s", Approvals(), coordinator.hooks.emit)
    permission.register(coordinator, approvals, lambda: 1.0)
    recorder = Recorder(lambda: None, lambda _: None)
    await recorder.mount(coordinator, config)
    return recorder.flush


MOUNTS = {
    "orchestrator": mount_orchestrator,
    "context": mount_context,
    "provider": mount_provider,
    "tool": mount_tool,
    "hook": mount_hook,
}


# ---------------------------------------------------------------- structural


@pytest.mark.parametrize("kind", MOUNTS)
async def test_our_module_is_structurally_valid(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"amplifier_module_cloche_{kind}"
    (tmp_path / name).mkdir()
    source = f"from {__name__} import mount_{kind} as mount\n__amplifier_module_type__ = '{kind}'\n"
    (tmp_path / name / "__init__.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    validator = getattr(validation, f"{kind.capitalize()}Validator")()
    try:
        result = await validator.validate(tmp_path / name)
    finally:
        sys.modules.pop(name, None)
    assert result.passed, [f"{check.name}: {check.message}" for check in result.errors]
    assert len(result.checks) >= 4


def test_the_app_s_mount_plan_is_valid() -> None:
    plan = {
        "session": {
            "orchestrator": {"module": "loop-streaming", "source": "cloche"},
            "context": {"module": "context-window", "source": "cloche"},
        },
        "hooks": [{"module": "hooks-turn", "source": "cloche"}],
    }
    result = validation.MountPlanValidator().validate(plan)
    assert result.passed, result.format_errors()


# ---------------------------------------------------------------- behavioural: the plugin's fixtures


def mounted(kind: str, coordinator: Any, **config: Any) -> Any:
    """Mount one of our modules; gives what its mount gave."""
    return asyncio.run(MOUNTS[kind](coordinator, config))


@pytest.fixture
def coordinator() -> Any:
    """The package's coordinator for tests."""
    return MockCoordinator()


@pytest.fixture
def orchestrator_module(coordinator: Any) -> Any:
    """Our loop."""
    mounted("orchestrator", coordinator)
    return coordinator.mount_points["orchestrator"]


@pytest.fixture
def context_module(coordinator: Any) -> Any:
    """Our context manager."""
    mounted("context", coordinator)
    return coordinator.mount_points["context"]


@pytest.fixture
def provider_module(coordinator: Any) -> Any:
    """Our provider."""
    mounted("provider", coordinator)
    return coordinator.mount_points["providers"]["local"]


@pytest.fixture(params=TOOLS)
def tool_module(coordinator: Any, request: pytest.FixtureRequest) -> Any:
    """Each built-in tool."""
    mounted("tool", coordinator, name=request.param)
    return coordinator.mount_points["tools"][request.param]


@pytest.fixture
def hook_cleanup(coordinator: Any) -> Any:
    """Our hooks; what ends them."""
    return mounted("hook", coordinator)


@pytest.fixture
def mock_deps(coordinator: Any) -> tuple[Any, dict[str, Any], dict[str, Any], Any]:
    """The package's context, tool and recorder, with our provider."""
    providers = {"default": provider(coordinator)}
    return MockContextManager(), providers, {"test_tool": MockTool(name="test_tool", output="x")}, EventRecorder()


class TestOrchestratorBehaviour(behavioral.OrchestratorBehaviorTests):  # type: ignore[misc]
    """Our loop, as the package wants it."""


class TestContextBehaviour(behavioral.ContextBehaviorTests):  # type: ignore[misc]
    """Our context manager, as the package wants it."""


class TestProviderBehaviour(behavioral.ProviderBehaviorTests):  # type: ignore[misc]
    """Our provider, as the package wants it."""


class TestToolBehaviour(behavioral.ToolBehaviorTests):  # type: ignore[misc]
    """Every built-in tool, as the package wants it."""


class TestHookBehaviour(behavioral.HookBehaviorTests):  # type: ignore[misc]
    """Our hooks, as the package wants them."""
