"""What the interrupt signal ends, and what it leaves alone."""

from __future__ import annotations

import inspect

import pytest

from cloche.console.interruption import interrupt
from cloche.traces import remember


def test_the_apps_own_code_is_left_alone() -> None:
    interrupt(2, inspect.currentframe())
    interrupt(2, None)


def test_a_persons_code_is_ended_also_where_it_called_the_app() -> None:
    source = "def persons(signal):\n    signal()"
    remember("persons.py", source)
    namespace: dict[str, object] = {}
    exec(compile(source, "persons.py", "exec"), namespace)  # noqa: S102

    def signal() -> None:
        interrupt(2, inspect.currentframe())

    with pytest.raises(KeyboardInterrupt):
        namespace["persons"](signal)  # type: ignore[operator]
