"""Boot of the app against bare Pyodide, and the time from navigation to the first token of an answer.

Cold is a fresh profile, warm the second visit, offline the second visit with the server stopped. Pyodide is up in the
app when the page leaves the state "booting": Python, its packages, the database and the app itself have started.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage
from tests.e2e.cloche_page import Cloche

COLD_RUNS, WARM_RUNS = 3, 4
SEEN = "() => benchSeen"


def measure() -> Iterator[Figure]:
    with stage() as built:
        bare = [_bare(built) for _ in range(COLD_RUNS)]
        bare_cold, bare_warm = (median([run[i] for run in bare]) for i in range(2))
        app = [_app(built) for _ in range(COLD_RUNS)]
    cold, warm, offline = ({key: median([run[i][key] for run in app]) for key in app[0][0]} for i in range(3))
    for name, figures, bare_ms in (
        ("cold", cold, bare_cold),
        ("warm", warm, bare_warm),
        ("offline", offline, bare_warm),
    ):
        yield Figure(
            f"boot, {name}: Python and app up", figures["up"], "ms", against=bare_ms, note="against bare Pyodide"
        )
    for name, figures in (("cold", cold), ("warm", warm), ("offline", offline)):
        yield Figure(f"boot, {name}: model ready", figures["ready"], "ms")
    for name, figures in (("cold", cold), ("warm", warm), ("offline", offline)):
        yield Figure(
            f"navigation to first token, {name}", figures["token"], "ms", note="typed by the test as soon as ready"
        )


def _bare(built: Stage) -> tuple[float, float]:
    with built.profile() as context:
        page = built.bench_page(context)
        cold = float(page.evaluate("bench.bareBoot()"))
        warm = []
        for _ in range(WARM_RUNS):
            page.reload()
            page.wait_for_function("globalThis.bench !== undefined")
            warm.append(float(page.evaluate("bench.bareBoot()")))
    return cold, median(warm)


def _app(built: Stage) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    with built.profile() as context:
        app = built.app(context)
        cold = _visit(app)
        app.wait_offline_ready()
        warm = [_visit(app) for _ in range(WARM_RUNS)]
        built.server.stop()
        try:
            offline = [_visit(app) for _ in range(WARM_RUNS)]
        finally:
            built.server.start()
    return cold, _medians(warm), _medians(offline)


def _visit(app: Cloche) -> dict[str, float]:
    app.open()
    app.ask("Hello")
    seen = app.page.evaluate(SEEN)
    states = seen["states"]
    up = min(at for state, at in states.items() if state not in ("booting", "error"))
    return {"up": up, "ready": states["ready"], "token": seen["firstToken"]}


def _medians(visits: list[dict[str, float]]) -> dict[str, float]:
    return {key: median([visit[key] for visit in visits]) for key in visits[0]}
