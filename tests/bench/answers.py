"""Answering: the decode rate against wllama alone, the bridge's cost, the page's smoothness, memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page
from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage
from tests.e2e.cloche_page import Cloche

ROUNDS = 7
TOKENS = 300
CARRIED_TOKENS = 4_000
LONG_TASK_MS = 50
QUESTION = "Hello"


def measure() -> Iterator[Figure]:
    with stage(endless=True) as built:
        direct, through_python = _rates(built)
        # Both take turns, so a busy machine slows both alike: the median of the pairs' ratios, told in direct's unit.
        ratio = median([python / alone for python, alone in zip(through_python, direct, strict=True)])
        yield Figure(
            "decode rate that the Python session delivers",
            ratio * median(direct),
            "tokens/s",
            against=median(direct),
            at_least=0.97,
            note="against wllama alone",
        )
        yield from _page(built)
    with stage(engine=False) as built:
        carried = _carried(built)
        token_us = 1e6 / median(direct)
        yield Figure(
            "bridge, Python and database, for a token", carried, "us", against=token_us, note="of a decoded token"
        )


def _rates(built: Stage) -> tuple[list[float], list[float]]:
    with built.profile() as context:
        direct, python = built.bench_page(context), built.python(context)
        direct.evaluate(
            "([wasm, card, base]) => bench.loadDirectly(wasm, card, base)",
            [built.asset("wllama-*.wasm"), built.card, built.server.url],
        )
        return rates_in_turn(direct, python, ROUNDS, QUESTION, TOKENS)


def rates_in_turn(
    direct: Page, python: Page, rounds: int, question: str, tokens: int
) -> tuple[list[float], list[float]]:
    """Tokens a second of the engine alone and through Python, which take turns: a busy machine slows both alike."""
    asked = [question, tokens]
    rates: tuple[list[float], list[float]] = ([], [])
    for i in range(rounds + 1):
        pair = (
            float(direct.evaluate("([text, tokens]) => bench.decodeDirectly(text, tokens)", asked)),
            float(python.evaluate("([text, tokens]) => bench.decodeThroughPython(text, tokens)", asked)),
        )
        if i > 0:  # the first round warms both up
            for rate, measured in zip(rates, pair, strict=True):
                rate.append(measured)
    return rates


def _carried(built: Stage) -> float:
    """Microseconds a token from an engine that costs nothing to the page's port."""
    with built.profile() as context:
        page = built.python(context)
        times = [float(page.evaluate("tokens => bench.carry(tokens)", CARRIED_TOKENS)) for _ in range(ROUNDS)]
    return median(times[1:]) / CARRIED_TOKENS * 1000


def _page(built: Stage) -> Iterator[Figure]:
    with built.private() as context:
        app = built.app(context).open()
        app.set_parameter("Max tokens", str(TOKENS))
        app.page.evaluate("() => { benchSeen.since = performance.now(); }")
        app.ask(QUESTION)
        durations = app.page.evaluate(
            "limit => benchSeen.longTasks.filter((task) => task.startTime >= benchSeen.since && task.duration > limit)"
            ".map((task) => task.duration)",
            LONG_TASK_MS,
        )
        longest = f"longest {max(durations):.0f} ms" if durations else ""
        yield Figure("tasks over 50 ms on the page while generating", len(durations), "tasks", at_most=0, note=longest)
        yield from _memory(app)
        yield from _model(app, sum(file["size"] for file in built.card["files"]))


def _memory(app: Cloche) -> Iterator[Figure]:
    """What the browser says of the page and its workers, and what the operating system says of the whole process."""
    measured = app.page.evaluate("async () => performance.measureUserAgentSpecificMemory()")
    for part in measured["breakdown"]:
        scopes = {scope for each in part["attribution"] for scope in [each["scope"], Path(each["url"]).name]}
        worker = next((scope for scope in scopes if "worker" in scope and "." in scope), "")
        name = re.sub(r"-[\w-]{8}\.js$", "", worker) or ("engine" if any("Worker" in s for s in scopes) else "page")
        if part["bytes"] > 100_000:
            yield Figure(f"memory of {name} ({', '.join(part['types'])})", part["bytes"] / 2**20, "MiB")
    yield Figure("memory of page and workers, as the browser counts", measured["bytes"] / 2**20, "MiB")
    resident = _renderer_bytes(app.page)
    if resident is not None:
        yield Figure("memory of the page's process", resident / 2**20, "MiB", note="all of it, proportional share")


def _model(app: Cloche, weights: int) -> Iterator[Figure]:
    """What a loaded model takes in the page's process, against the size of its files: cache, buffers, the engine."""
    loaded = _renderer_bytes(app.page)
    app.page.goto(f"{app.address}#/models")
    app.page.get_by_role("button", name=re.compile("^Unload ")).click()
    app.page.get_by_role("button", name=re.compile("^Load ")).first.wait_for()
    app.page.context.new_cdp_session(app.page).send("HeapProfiler.collectGarbage")
    unloaded = _renderer_bytes(app.page)
    if loaded is not None and unloaded is not None:
        above = loaded - unloaded - weights
        yield Figure(
            "memory of a loaded model above its weights' size", above / 2**20, "MiB", note="given back by Unload"
        )


def _renderer_bytes(page: Page) -> int | None:
    """The proportional set size of the largest renderer, where the operating system tells (Linux)."""
    browser = page.context.browser
    if browser is None or not Path("/proc/self/smaps_rollup").exists():
        return None
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    sizes = [_proportional_bytes(process["id"]) for process in processes if process["type"] == "renderer"]
    return max(sizes, default=None)


def _proportional_bytes(process: int) -> int:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
