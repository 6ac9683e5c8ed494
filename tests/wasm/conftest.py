"""Makes every test that runs inside Pyodide a pytest item of its own.

The browser starts while tests are collected, because only Pyodide knows which tests there are; the chosen ones then run
there in one go when the first of them is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.wasm.pyodide_suite import Browser, Outcome, Pyodide, Suite

BROWSER = pytest.StashKey[Browser]()
SUITE = pytest.StashKey[Suite]()
OPEN = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OPEN] = ExitStack()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[OPEN].close()


def _browser(config: pytest.Config) -> Browser:
    if BROWSER not in config.stash:
        config.stash[BROWSER] = config.stash[OPEN].enter_context(Browser())
    return config.stash[BROWSER]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "node_id" in metafunc.fixturenames:
        config = metafunc.config
        suite = Suite(config.stash[OPEN].enter_context(_browser(config).pyodide()))
        config.stash[SUITE] = suite
        node_ids = suite.collect()
        metafunc.parametrize("node_id", node_ids, ids=node_ids)


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> dict[str, Outcome]:
    """What became of the chosen tests inside Pyodide."""
    chosen = [
        str(item.callspec.params["node_id"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and "node_id" in item.callspec.params
    ]
    return request.config.stash[SUITE].run(chosen)


@pytest.fixture
def pyodide(request: pytest.FixtureRequest) -> Iterator[Pyodide]:
    """A fresh interpreter with the app's wheels."""
    with _browser(request.config).pyodide() as started:
        yield started
