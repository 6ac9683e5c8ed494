"""Run Python: code of the model in a worker of its own, with limits of time and memory.

Owns the limits, the life of the worker (one for each run, ended whatever happens) and the checking of figures; what the
code can reach is decided in js_bridge/sandbox.worker.ts.
"""

from __future__ import annotations

import asyncio
from typing import Annotated
from xml.etree import ElementTree as ET

from pydantic import Field

from ..engine_contract import RunPython, RunResult, StartSandbox
from ..host.base import Host
from .tool import FunctionTool, Shown, ToolFault, tool

SECONDS = 10.0
START_SECONDS = 60.0
MEMORY_BYTES = 256 * 1024 * 1024
MOST_FIGURES = 4
MOST_FIGURE_CHARACTERS = 400_000
SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = ("svg", "g", "path", "rect", "circle", "line", "polyline", "polygon", "text", "title")
ATTRIBUTES = (
    *("viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "d", "points", "transform"),
    *("fill", "stroke", "stroke-width", "opacity", "text-anchor", "font-size", "font-family"),
)


def python_tools(host: Host, seconds: float = SECONDS) -> list[FunctionTool]:
    """The tool that runs code."""

    @tool(access="code", outside=True, seconds=START_SECONDS + seconds)
    async def python_run(code: Annotated[str, Field(max_length=50_000)]) -> Shown:
        """Run Python and get its output, the value of the last expression and figures (import plot; plot.line(x, y)).

        Args:
            code: Python with the standard library; no files, no network
        """
        sandbox = await host.open_link("sandbox")
        try:
            start = StartSandbox(base_url=host.base_url, memory_bytes=MEMORY_BYTES)
            await sandbox.call("sandbox.start", start.model_dump())
            async with asyncio.timeout(seconds):
                found = await sandbox.call("sandbox.run", RunPython(code=code).model_dump())
        except TimeoutError as error:
            raise ToolFault(f"The code ran longer than {seconds:g} seconds and was stopped.") from error
        finally:
            await sandbox.close()
        return shown(RunResult.model_validate(found))

    return [python_run]


def shown(result: RunResult) -> Shown:
    """What a run gave, as text and checked figures."""
    figures = [figure for figure in map(checked, result.figures[:MOST_FIGURES]) if figure]
    pieces = [result.output.rstrip("\n"), result.value, result.error]
    if figures:
        pieces.append(f"({len(figures)} {'figure is' if len(figures) == 1 else 'figures are'} shown to the person)")
    return Shown("\n".join(piece for piece in pieces if piece) or "Done; nothing was printed.", figures)


def checked(figure: str) -> str | None:
    """An SVG picture made only of shapes and words; None where it is none or too large."""
    if len(figure) > MOST_FIGURE_CHARACTERS or "<!" in figure or "<?" in figure:
        return None
    try:
        root = ET.fromstring(figure)  # noqa: S314 - without a document type there are no entities
    except ET.ParseError:
        return None
    if root.tag != f"{SVG}svg" or not allowed(root):
        return None
    ET.register_namespace("", SVG.strip("{}"))
    return ET.tostring(root, encoding="unicode")


def allowed(element: ET.Element) -> bool:
    """Whether an element and all within it are shapes and words without references."""
    known = element.tag.startswith(SVG) and element.tag.removeprefix(SVG) in ELEMENTS
    plain = all(name in ATTRIBUTES and "url" not in value.lower() for name, value in element.attrib.items())
    return known and plain and all(allowed(child) for child in element)
