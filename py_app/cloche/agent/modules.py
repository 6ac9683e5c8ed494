"""Our loader of Amplifier modules: a module id names a mount function, with no discovery of any kind.

Owns the mapping only. A mount function is `async mount(coordinator, config)`, as in any Amplifier module; what it gives
back is called at clean-up. In a tab there are no entry points or directories to search, and nothing to import late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Cleanup = Callable[[], Any]
Mount = Callable[[Any, dict[str, Any]], Awaitable[Cleanup | None]]
Ready = Callable[[Any], Awaitable[None]]


class Modules:
    """A loader with the methods that amplifier-core calls."""

    def __init__(self, mounts: Mapping[str, Mount]) -> None:
        self._mounts = dict(mounts)
        self._ready: list[tuple[str, Ready]] = []

    async def load(
        self,
        module_id: str,
        config: dict[str, Any] | None = None,
        source_hint: Any = None,  # noqa: ARG002 - part of the loader's contract
        coordinator: Any = None,  # noqa: ARG002
    ) -> Callable[[Any], Awaitable[Cleanup | None]]:
        """The mount function of a module, bound to its configuration."""
        mount = self._mounts.get(module_id)
        if mount is None:
            known = ", ".join(sorted(self._mounts)) or "none"
            raise ValueError(f"There is no module '{module_id}'. Known: {known}.")

        async def mount_with_config(target: Any) -> Cleanup | None:
            return await mount(target, config or {})

        return mount_with_config

    def enqueue_on_session_ready(self, module_id: str, callback: Ready) -> None:
        """Remember a callback for when all modules are mounted."""
        self._ready.append((module_id, callback))

    def get_on_session_ready_queue(self) -> list[tuple[str, Ready]]:
        """The callbacks in the order of their modules."""
        return list(self._ready)

    def clear_on_session_ready_queue(self) -> None:
        """Forget the callbacks."""
        self._ready.clear()

    def cleanup(self) -> None:
        """Nothing was opened, so nothing is closed."""
