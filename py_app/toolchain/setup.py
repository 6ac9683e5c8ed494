"""The order of the steps: what each verb of build.py needs before it can do its own work."""

from __future__ import annotations

from toolchain import steps
from toolchain.engine import engine_step
from toolchain.lock import build_lock
from toolchain.node_env import find_node, node_step, npm_step
from toolchain.python_env import python_step
from toolchain.vendor import vendor_step
from toolchain.web import web_step


def set_up() -> None:
    """.venv, Node and node_modules."""
    with build_lock():
        _set_up()


def set_up_python() -> None:
    """.venv only."""
    with build_lock():
        steps.run(python_step())


def build(*, retry_numpy: bool = False) -> None:
    """Everything up to a fresh dist/."""
    with build_lock():
        _set_up()
        steps.run(vendor_step(retry_numpy=retry_numpy), force=retry_numpy)
        steps.run(web_step())


def build_engine() -> None:
    """Cloche's own engine; the next build puts it into dist/. Takes minutes, so other builds do not wait for it."""
    with build_lock("engine-lock"):
        steps.run(engine_step())


def _set_up() -> None:
    steps.run(python_step())
    if find_node() is None:
        steps.run(node_step(), force=True)
    steps.run(npm_step())
