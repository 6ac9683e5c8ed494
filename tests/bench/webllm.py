"""WebLLM: the decode rate that a Python session delivers, against the engine driven directly, on the software GPU."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

from tests.bench.answers import rates_in_turn
from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage
from tests.e2e import models, webllm_models
from tests.e2e.webllm_models import GPU_FLAGS

from toolchain.paths import NODE_MODULES

ROUNDS = 5
TOKENS = 60
QUESTION = "Hello"
#: as WebLLM wants a repository to look
REPOSITORY = "bench/webllm_model/resolve/main/"


def measure() -> Iterator[Figure]:
    with stage() as built:
        _serve(built)
        direct, through_python = _rates(built)
        ratio = median([python / alone for python, alone in zip(through_python, direct, strict=True)])
        yield Figure(
            "decode rate that the Python session delivers with WebLLM",
            ratio * median(direct),
            "tokens/s",
            against=median(direct),
            at_least=0.97,
            note="against WebLLM alone",
        )


def _serve(built: Stage) -> None:
    """The package, and a model that never ends an answer, for the app and for the engine alone."""
    (built.overlay / "bench" / "webllm").mkdir()
    shutil.copy(NODE_MODULES / "@mlc-ai" / "web-llm" / "lib" / "index.js", built.overlay / "bench" / "webllm")
    contents = webllm_models.contents(models.endless(models.original(models.WEIGHTS)))
    webllm_models.install(built.overlay, contents)
    card = built.overlay / models.FOLDER / "card.json"
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text(json.dumps(webllm_models.card(contents) | {"id": "cloche-starter"}))
    repository = built.overlay / REPOSITORY
    repository.mkdir(parents=True)
    for name, data in contents.items():
        (repository / name).write_bytes(data)


def _rates(built: Stage) -> tuple[list[float], list[float]]:
    with built.profile(*GPU_FLAGS) as context:
        direct, python = built.bench_page(context), built.python(context)
        address = built.server.url + REPOSITORY
        direct.evaluate(
            "([model, library]) => bench.loadWebLlmDirectly(model, library)",
            [address, address + webllm_models.LIBRARY],
        )
        return rates_in_turn(direct, python, ROUNDS, QUESTION, TOKENS)
