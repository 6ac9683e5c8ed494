"""A person's extensions: kept, loaded, switched on per conversation, and mounted as Amplifier modules.

Owns the commands about extensions and the errors in them. An extension with an error is listed with its traceback, and
conversations go on without it. What an extension may contain is said in the package's docstring.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..agent.modules import Cleanup, Mount
from ..host.base import Host
from ..store.store import Store
from ..traces import remember, told
from . import Extension
from .files import ExtensionFiles, ExtensionRow
from .shapes import ExtensionChoice, ExtensionFile, ExtensionInfo

Answer = Callable[[Any], Any]
Data = dict[str, Any]


class Extensions:
    """All extensions. `changed(session_id)` is called when a session must be mounted anew; None means all of them."""

    def __init__(self, host: Host, store: Store) -> None:
        self._host = host
        self._store = store
        self._files = ExtensionFiles(store.database)
        self._loaded: dict[str, Extension | None] = {}
        self._errors: dict[str, str] = {}
        self.changed: Callable[[str | None], None] = lambda _: None

    def mounts(self, session_id: str) -> dict[str, Mount]:
        """The extensions that are switched on in a session, as modules for the loader."""
        return {
            f"extension-{row.name}": self._mount(row.name, extension)
            for row in self._files.all(session_id)
            if row.enabled and (extension := self._extension(row)) is not None
        }

    def infos(self, session_id: str | None) -> list[Data]:
        """All extensions as shapes.ExtensionInfo."""
        return [self._info(row) for row in self._files.all(session_id)]

    def save(self, file: ExtensionFile) -> Data:
        """Keep a file and load it; one with errors is kept, too."""
        self._files.save(file.name, file.source)
        self._forget(file.name)
        return self._info(self._files.get(file.name))

    def delete(self, name: str) -> None:
        """Remove a file."""
        self._files.delete(name)
        self._forget(name)

    def reload(self) -> None:
        """Load all files anew when they are used next: what they import has changed."""
        for name in {*self._loaded, *self._errors}:
            self._forget(name)

    def read(self, name: str) -> Data:
        """A file with its text."""
        row = self._files.get(name)
        return {"name": row.name, "source": row.source}

    def choose(self, choice: ExtensionChoice) -> list[Data]:
        """Switch an extension on or off."""
        if choice.session_id is not None:
            self._store.sessions.get(choice.session_id)
        self._files.choose(choice.name, choice.session_id, choice.enabled)
        self.changed(choice.session_id)
        return self.infos(choice.session_id)

    def commands(self) -> dict[str, Answer]:
        """The commands of the contract that this answers."""
        return {
            "extensions.list": lambda params: self.infos(params.session_id),
            "extensions.read": lambda params: self.read(params.name),
            "extensions.save": self.save,
            "extensions.delete": lambda params: self.delete(params.name),
            "extensions.choose": self.choose,
        }

    def _forget(self, name: str) -> None:
        self._loaded.pop(name, None)
        self._errors.pop(name, None)
        sys.modules.pop(module_name(name), None)
        self.changed(None)

    def _extension(self, row: ExtensionRow) -> Extension | None:
        if row.name not in self._loaded:
            self._loaded[row.name] = None
            try:
                self._loaded[row.name] = load(row.name, row.source)
            except (Exception, SystemExit, KeyboardInterrupt) as error:
                self._errors[row.name] = told(error)
        return self._loaded[row.name]

    def _mount(self, name: str, extension: Extension) -> Mount:
        async def mount(coordinator: Any, config: Data) -> Cleanup | None:
            try:
                return await extension.mount(coordinator, config)
            except (Exception, SystemExit, KeyboardInterrupt) as error:
                self._errors[name] = told(error)
                message = f"The extension {name} could not take part: {type(error).__name__}: {error}"
                action = "Open Python to see where it failed."
                notice = {"level": "warning", "code": f"extension_{name}", "message": message, "action": action}
                self._host.emit([("notice", notice)])
                return None

        return mount

    def _info(self, row: ExtensionRow) -> Data:
        extension = self._extension(row)
        return ExtensionInfo(
            name=row.name,
            tools=[str(one.name) for one in extension.tools] if extension else [],
            hooks=[event for event, *_ in extension.hooks] if extension else [],
            providers=[str(one.name) for one in extension.providers] if extension else [],
            module=bool(extension and extension.own_mount),
            error=self._errors.get(row.name),
            everywhere=row.everywhere,
            enabled=row.enabled,
            updated_at=row.updated_at,
        ).model_dump()


def module_name(name: str) -> str:
    """The name under which an extension's module is known to Python."""
    return f"cloche_extension_{name}"


def load(name: str, source: str) -> Extension:
    """Run a file as a module of its own and take what it registers. Raises whatever goes wrong in it."""
    filename = f"{name}.py"
    remember(filename, source)
    code = compile(source, filename, "exec", dont_inherit=True)
    module = ModuleType(module_name(name))
    module.__file__ = filename
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)  # noqa: S102 - running a person's own file is what this is for
    return Extension(module)
