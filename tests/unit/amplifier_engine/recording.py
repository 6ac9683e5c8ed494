"""Running scenarios on an engine, and the kept observations of the native one.

Owns the file of observations that stands for the native engine where it does not
exist. Make it anew with `PYTHONPATH=py_app python -m tests.unit.amplifier_engine.recording`,
run from the project's folder where the native engine is installed.
"""

import asyncio
import gc
import inspect
import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.amplifier_engine import engines
from tests.unit.amplifier_engine.engines import Engine
from tests.unit.amplifier_engine.observer import LogLines, Observer
from tests.unit.amplifier_engine.scenarios import SCENARIOS

FILE = Path(__file__).parents[2] / "data" / "kernel_observations.json"


def observe(engine: Engine, name: str) -> list[Any]:
    """What the scenario sees on that engine."""
    observer = Observer()
    lines = LogLines(observer)
    root = logging.getLogger()
    root.addHandler(lines)
    try:
        # The native engine leaves coroutines behind that nobody awaited.
        with engine.use() as core, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scenario = SCENARIOS[name]
            if inspect.iscoroutinefunction(scenario):
                asyncio.run(scenario(core, observer))
            else:
                _call_outside_a_loop(scenario, core, observer)
            gc.collect()
    finally:
        root.removeHandler(lines)
    return json.loads(json.dumps(observer.seen))


def _call_outside_a_loop(scenario: Callable[[Any, Any], None], core: Any, observer: Observer) -> None:
    """Call a scenario without a running loop, which a browser has at all times."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        scenario(core, observer)
    finally:
        asyncio._set_running_loop(loop)


def recorded() -> dict[str, list[Any]]:
    """The kept observations by scenario."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def native() -> dict[str, list[Any]]:
    """The observations of the native engine by scenario."""
    if engines.NATIVE is None:
        raise RuntimeError("the native engine is not installed here")
    return {name: observe(engines.NATIVE, name) for name in sorted(SCENARIOS)}


if __name__ == "__main__":
    observations = native()
    lines = [f"{json.dumps(name)}:{json.dumps(seen, separators=(',', ':'))}" for name, seen in observations.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{sum(map(len, observations.values()))} observations in {len(observations)} scenarios")
