"""Downloads: the rate against a bare fetch, what an interruption costs, what is held in memory; loading from OPFS."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage
from tests.e2e import models
from tests.e2e.downloading import PART, Downloading, Tab, random_bytes
from tests.hub import Hub
from tests.hub_servers import sha256

from toolchain.paths import DIST

SIZE = 96 * 2**20
ROUNDS = 5
INTERRUPTIONS = 20
FILE = "large.bin"

BARE = """([script, url]) => new Promise((resolve) => {
  const policy = globalThis.benchPolicy ??= trustedTypes.createPolicy('dompurify', { createScriptURL: (url) => url });
  const worker = new Worker(policy.createScriptURL(script));
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  worker.postMessage(url);
})"""
TIMED = """async ([script, params]) => {
  const started = performance.now();
  const { result, error } = await downloads.call(script, 'files.fetch', params);
  if (error) throw new Error(error.message);
  return { ms: performance.now() - started, ...result };
}"""
MEMORY = "async () => (await performance.measureUserAgentSpecificMemory()).bytes"
# An engine that takes its files from memory, and one that reads them from OPFS: milliseconds that loading takes.
LOAD = """async ([script, holding, fetch, load]) => {
  const [call, holder] = [downloads.open(script), downloads.open(holding)];
  if (fetch) {
    await downloads.sendOnce(holder, 'files.fetch', fetch);
    const names = fetch.files.map(({ name }) => name);
    await downloads.sendOnce(call, 'files.take', { model_id: fetch.model_id, names });
  }
  const { load_ms } = await downloads.sendOnce(call, 'model.load', load);
  downloads.kill(call);
  downloads.kill(holder);
  return load_ms;
}"""


def measure() -> Iterator[Figure]:
    with stage() as built, built.profile() as context, Hub() as hub:
        downloading = Downloading(built.server, built.overlay, context, hub)
        tab = downloading.tab
        tab.do("allow", [hub.url, hub.cdn_url])
        yield from _rate(built, tab)
        yield from _interruptions(downloading)
        yield from _loading(built, tab)


def _rate(built: Stage, tab: Tab) -> Iterator[Figure]:
    data = random_bytes(SIZE)
    (built.overlay / FILE).write_bytes(data)
    url = f"{built.server.url}{FILE}"
    file = {"role": "weights", "name": FILE, "url": url, "size": SIZE, "sha256": sha256(data)}
    params = {"model_id": "large", "base_url": built.server.url, "files": [file], "keep": True}
    idle = float(tab.page.evaluate(MEMORY))
    bare, ours, held = [], [], []
    for _ in range(ROUNDS):
        bare.append(float(tab.page.evaluate(BARE, [f"{built.server.url}bench/bare_fetch.worker.js", url])))
        number = tab.begin("files.fetch", params)
        tab.do("loaded", number, SIZE // 2)
        held.append(float(tab.page.evaluate(MEMORY)) - idle)
        tab.do("answer", number)
        tab.call("files.remove", {"model_id": "large"})
        found = tab.page.evaluate(TIMED, [tab.script, params])
        assert found["fetched_bytes"] == SIZE
        ours.append(float(found["ms"]))
        tab.call("files.remove", {"model_id": "large"})
    yield Figure(
        "download with sha256 against a bare fetch into OPFS",
        SIZE / 1e6 / median(ours) * 1000,
        "MB/s",
        against=SIZE / 1e6 / median(bare) * 1000,
        note="96 MB from this machine; starting the worker is in it",
    )
    yield Figure("memory while 96 MB are downloaded", max(held) / 1e6, "MB", note="page and workers, above idle")


def _interruptions(downloading: Downloading) -> Iterator[Figure]:
    chance = random.Random(1)  # noqa: S311 - the same at every run
    lost = []
    for number in range(INTERRUPTIONS):
        data = random_bytes(12 * PART, number)
        model_id = downloading.put_up(data)
        params, came = downloading.request(model_id, data), chance.randrange(1, len(data))
        downloading.interrupted(params, came, downloading.tab, lambda call: downloading.tab.do("kill", call))
        downloading.hub.cut()
        again = downloading.tab.fetched(params)["fetched_bytes"]
        lost.append((came + again - len(data)) / PART)
    yield Figure(
        "fetched twice for each killed worker",
        sum(lost) / len(lost),
        "parts",
        at_most=1,
        note=f"at most {max(lost):.2f}; a part is 16 MiB, here {PART // 1024} KiB",
    )


def _loading(built: Stage, tab: Tab) -> Iterator[Figure]:
    files = json.loads(models.original("card.json"))["files"]
    fetch = {"model_id": "starter", "base_url": built.server.url, "files": files, "keep": True}
    load = {"model_id": "starter", "files": files, "context_window": 2048, "purpose": "chat", "options": {}}
    tab.fetched(fetch)
    (engine,) = DIST.glob("assets/llamacpp.worker-*.js")
    script = f"{built.server.url}assets/{engine.name}"
    held = {**fetch, "keep": False, "hold": True}
    disk = [float(tab.page.evaluate(LOAD, [script, tab.script, None, load])) for _ in range(ROUNDS)]
    memory = [float(tab.page.evaluate(LOAD, [script, tab.script, held, load])) for _ in range(ROUNDS)]
    yield Figure(
        "loading the starter model from OPFS against a Blob in memory", median(disk), "ms", against=median(memory)
    )
