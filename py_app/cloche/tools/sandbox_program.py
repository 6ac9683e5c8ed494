"""What runs inside the sandbox: one piece of Python with its output, value, traceback and figures.

Owns the running and the small plotting module `plot`. The file's text is loaded into an interpreter of its own
(js_bridge/sandbox.worker.ts), so it needs nothing but the standard library and nothing of the app.
"""

from __future__ import annotations

import ast
import contextlib
import html
import io
import json
import linecache
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

FILE = "<code>"
MOST_OUTPUT = 20_000
MOST_VALUE = 10_000
MOST_FIGURES = 4
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 400, 60, 16, 36, 44
COLOURS = ("#0c6a5b", "#b3541e", "#1b54b0", "#8a2f7d", "#7a4d00", "#59625f")
#: ways to the world around the interpreter
CLOSED = (
    "js",
    "pyodide_js",
    "_pyodide_core",
    "_pyodide",
    "pyodide",
    "micropip",
    "socket",
    "ssl",
    "urllib.request",
    "http.client",
)


class Output(io.TextIOBase):
    """Collects what is printed, up to a limit."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Keep the text as far as there is room."""
        self._pieces.append(text[: max(0, MOST_OUTPUT - self._length)])
        self._length += len(text)
        return len(text)

    def text(self) -> str:
        """All of it, with a word on what was cut."""
        more = self._length - MOST_OUTPUT
        return "".join(self._pieces) + (f"\n(cut here: {more:,} more characters)" if more > 0 else "")


class Plot(types.ModuleType):
    """The module `plot`: figures as SVG. `import plot; plot.line([1, 2], [3, 4], title="...")`."""

    def __init__(self) -> None:
        super().__init__("plot", "Small figures: line, scatter, bar, hist.")
        self.figures: list[str] = []

    def line(self, x: Iterable[float], y: Iterable[float] | None = None, **words: str) -> None:
        """Points joined by a line; with one argument they are counted from 0."""
        points = pairs(x, y)
        joined = "M" + "L".join("{:.1f} {:.1f}".format(*at) for at in Axes(points).places)
        self._add(points, f'<path d="{joined}" fill="none" stroke="{COLOURS[0]}" stroke-width="2"/>', **words)

    def scatter(self, x: Iterable[float], y: Iterable[float], **words: str) -> None:
        """Points."""
        points = pairs(x, y)
        dots = (f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{COLOURS[0]}"/>' for a, b in Axes(points).places)
        self._add(points, "".join(dots), **words)

    def bar(self, labels: Iterable[Any], heights: Iterable[float], **words: str) -> None:
        """A bar for each label."""
        names, values = [str(label) for label in labels], [float(height) for height in heights]
        if not values or len(names) != len(values):
            raise ValueError("bar needs as many labels as heights, and at least one")
        low, high = min(0.0, *values), max(0.0, *values)
        scale = (HEIGHT - TOP - BOTTOM) / ((high - low) or 1)
        step = (WIDTH - LEFT - RIGHT) / len(values)
        zero = TOP + high * scale
        drawn = []
        for number, (name, value) in enumerate(zip(names, values)):  # noqa: B905 - lengths were compared
            x, top = LEFT + number * step + step * 0.1, zero - max(value, 0) * scale
            size = f'x="{x:.1f}" y="{top:.1f}" width="{step * 0.8:.1f}" height="{abs(value) * scale:.1f}"'
            drawn.append(f'<rect {size} fill="{COLOURS[0]}"/>')
            if len(names) <= 24:
                middle = x + step * 0.4
                drawn.append(
                    f'<text x="{middle:.1f}" y="{HEIGHT - 24}" text-anchor="middle">{html.escape(name[:12])}</text>'
                )
        self._keep("".join(drawn) + side(low, high), **words)

    def hist(self, values: Iterable[float], bins: int = 10, **words: str) -> None:
        """How often values fall into each of some ranges."""
        found = [float(value) for value in values]
        low, high = min(found), max(found)
        width = (high - low) / bins or 1
        counts = [0] * bins
        for value in found:
            counts[min(int((value - low) / width), bins - 1)] += 1
        self.bar([f"{low + number * width:.4g}" for number in range(bins)], counts, **words)

    def _add(self, points: Sequence[tuple[float, float]], drawn: str, **words: str) -> None:
        axes = Axes(points)
        self._keep(drawn + side(axes.low[1], axes.high[1]) + below(axes.low[0], axes.high[0]), **words)

    def _keep(self, drawn: str, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
        if len(self.figures) >= MOST_FIGURES:
            raise ValueError(f"at most {MOST_FIGURES} figures at once")
        frame = f"M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"
        words = [
            f'<text x="{WIDTH / 2}" y="20" text-anchor="middle" font-size="16">{html.escape(title)}</text>',
            f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">{html.escape(xlabel)}</text>',
            f'<text x="8" y="{TOP - 8}">{html.escape(ylabel)}</text>',
        ]
        self.figures.append(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
            f'font-size="12" fill="#191d1c"><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
            f'<path d="{frame}" fill="none" stroke="#86908c"/>{drawn}{"".join(words)}</svg>'
        )


class Axes:
    """Where points lie in the picture."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.low, self.high = (min(xs), min(ys)), (max(xs), max(ys))
        across = (WIDTH - LEFT - RIGHT) / ((self.high[0] - self.low[0]) or 1)
        up = (HEIGHT - TOP - BOTTOM) / ((self.high[1] - self.low[1]) or 1)
        self.places = [(LEFT + (x - self.low[0]) * across, HEIGHT - BOTTOM - (y - self.low[1]) * up) for x, y in points]


def pairs(x: Iterable[float], y: Iterable[float] | None) -> list[tuple[float, float]]:
    """Points from two lists, or from one whose places are counted."""
    first = [float(value) for value in x]
    second = first if y is None else [float(value) for value in y]
    if not first or len(first) != len(second):
        raise ValueError("a figure needs two lists of the same length, with at least one number")
    return list(zip(range(len(first)) if y is None else first, second))  # noqa: B905 - lengths were compared


def side(low: float, high: float) -> str:
    """Figures along the left axis."""
    step = (HEIGHT - TOP - BOTTOM) / 4
    return "".join(
        f'<text x="{LEFT - 6}" y="{HEIGHT - BOTTOM - n * step + 4:.1f}" text-anchor="end">'
        f"{low + (high - low) * n / 4:.4g}</text>"
        for n in range(5)
    )


def below(low: float, high: float) -> str:
    """Figures along the lower axis."""
    step = (WIDTH - LEFT - RIGHT) / 4
    return "".join(
        f'<text x="{LEFT + n * step:.1f}" y="{HEIGHT - 26}" text-anchor="middle">'
        f"{low + (high - low) * n / 4:.4g}</text>"
        for n in range(5)
    )


def close_off() -> None:
    """Make the ways out unknown to `import`. The worker has taken away what they would lead to."""
    for name in list(sys.modules):
        if name in CLOSED or name.startswith(("pyodide.", "_pyodide")):
            del sys.modules[name]
    for name in CLOSED:
        sys.modules[name] = None  # type: ignore[assignment]


def run(code: str, close: Callable[[], None] = close_off) -> str:
    """Run a piece of code; gives JSON with output, value, error and figures."""
    close()
    plot, output = Plot(), Output()
    sys.modules["plot"] = plot
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
    value = error = ""
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            value = evaluated(code, {"__name__": "__main__", "plot": plot})
        except BaseException as raised:
            error = told(raised)
    return json.dumps({"output": output.text(), "value": value, "error": error, "figures": plot.figures})


def evaluated(code: str, names: dict[str, Any]) -> str:
    """Run statements; gives the value of the last one in words where it is an expression with one."""
    tree = ast.parse(code, FILE)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, FILE, "exec"), names)  # noqa: S102 - this is the sandbox
    if not isinstance(last, ast.Expr):
        return ""
    value = eval(compile(ast.Expression(last.value), FILE, "eval"), names)  # noqa: S307
    text = "" if value is None else repr(value)
    return text if len(text) <= MOST_VALUE else text[:MOST_VALUE] + "…"


def told(raised: BaseException) -> str:
    """The traceback without our own frames."""
    frames = raised.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != FILE:
        frames = frames.tb_next
    lines = traceback.format_exception(type(raised), raised, frames)
    return "".join(lines)[-MOST_VALUE:].rstrip()
