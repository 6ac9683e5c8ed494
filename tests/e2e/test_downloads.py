"""Downloads of models from a hub: whatever happens on the way, what arrives is right, and little is fetched twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright
from tests.e2e.conftest import QUIET_FLAGS, Site
from tests.e2e.downloading import FILE, PART, Downloading, Tab, random_bytes
from tests.hub import Hub
from tests.hub_faults import FOR_EVER, Fault, drop, expired, no_ranges, refuse, stall, truncate, wrong
from tests.hub_servers import sha256

# From the given call on, a method of the browser's files finds the disk full.
FULL_FROM = """([method, calls]) => {
  const kinds = [FileSystemSyncAccessHandle.prototype, FileSystemFileHandle.prototype];
  const prototype = kinds.find((kind) => method in kind);
  const honest = prototype[method];
  prototype[method] = function (...given) {
    const grows = method !== 'truncate' || given[0] > 0;
    if (grows && calls-- <= 0) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    return honest.apply(this, given);
  };
}"""
SIZE = 10 * PART + 1234
DATA = random_bytes(SIZE)


@pytest.fixture(scope="module")
def downloading(site: Site, browser: Browser) -> Iterator[Downloading]:
    with Hub() as hub, browser.new_context() as context:
        yield Downloading(site, site.overlay, context, hub)


@pytest.fixture
def tab(downloading: Downloading) -> Iterator[Tab]:
    """A tab that may download from the hub and from where it delivers."""
    downloading.tab.do("allow", [downloading.hub.url, downloading.hub.cdn_url])
    yield downloading.tab
    downloading.hub.mend()


def is_right(downloading: Downloading, model_id: str, data: bytes = DATA, tab: Tab | None = None) -> bool:
    tab = tab or downloading.tab
    names = tab.do("names", model_id)
    return names == [FILE, f"{FILE}.journal"] and tab.do("sha256", model_id, FILE) == sha256(data)


def test_nothing_is_fetched_from_where_the_person_has_not_allowed_it(downloading: Downloading) -> None:
    hub, tab = downloading.hub, downloading.tab
    model_id = downloading.put_up(DATA)
    tab.do("allow", [])
    assert tab.failed(downloading.request(model_id, DATA))["code"] == "origin_closed"
    tab.do("allow", [hub.url])
    error = tab.failed(downloading.request(model_id, DATA))
    assert (error["code"], "another address" in error["message"]) == ("origin_closed", True)
    assert len([each for each in hub.asked if each.method == "GET"]) == 1, "the policy is no broken connection"
    assert hub.ranges(FILE) == []
    tab.do("allow", [hub.url, hub.cdn_url])
    assert tab.fetched(downloading.request(model_id, DATA))["fetched_bytes"] == SIZE
    assert is_right(downloading, model_id)


def test_a_file_comes_in_parts_through_the_redirect_and_its_hash_is_told(downloading: Downloading, tab: Tab) -> None:
    model_id = downloading.put_up(DATA)
    before = len(downloading.hub.asked)
    fetched = tab.fetched(downloading.request(model_id, None))
    assert fetched["files"] == [{"name": FILE, "size": SIZE, "sha256": sha256(DATA)}]
    asked = [each.range for each in downloading.hub.asked[before:] if each.where == "cdn"]
    wanted = [f"bytes={start}-{min(start + PART, SIZE) - 1}" for start in range(0, SIZE, PART)]
    assert set(asked) == set(wanted)
    assert is_right(downloading, model_id)


def test_fifty_downloads_killed_at_any_byte_end_right_and_lose_less_than_a_part(
    downloading: Downloading, tab: Tab
) -> None:
    chance = random.Random(7)  # noqa: S311 - the same at every run
    lost = []
    for number in range(50):
        data = random_bytes(6 * PART + chance.randrange(PART), number)
        model_id = downloading.put_up(data)
        params = downloading.request(model_id, data)
        came = chance.randrange(1, len(data))
        how = ("worker", "network", "pause", "worker", "tab")[number % 5]
        victim = downloading.open_tab() if how == "tab" else tab

        def interrupt(call: int, how: str = how, victim: Tab = victim, model_id: str = model_id) -> None:
            if how == "worker":
                victim.do("kill", call)
            elif how == "tab":
                victim.page.close()
            elif how == "pause":
                victim.do("abort", call)
            else:
                # Also for who was sent on to the CDN and has not connected to it yet.
                downloading.hub.fail(refuse(500, where="hub", times=FOR_EVER, path=model_id))
                downloading.hub.fail(refuse(500, where="cdn", times=FOR_EVER))
                downloading.hub.cut()
                assert victim.do("answer", call)["error"]["code"] == "fetch_failed"
            downloading.hub.cut()
            downloading.hub.mend()

        downloading.interrupted(params, came, victim, interrupt)
        again = tab.fetched(params)["fetched_bytes"]
        lost.append(came + again - len(data))
        assert is_right(downloading, model_id, data), (number, how, came)
        assert 0 <= lost[-1] <= PART, (number, how, came)
        if how in ("network", "pause"):
            assert lost[-1] == 0, (number, how, came)
        tab.call("files.remove", {"model_id": model_id})
    assert max(lost) > 0


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only Linux tells which process is the browser")
def test_a_browser_that_is_killed_goes_on_where_it_was_and_loses_less_than_a_part(
    downloading: Downloading, playwright: Playwright, chromium: str, tmp_path: Path
) -> None:
    hub, model_id = downloading.hub, downloading.put_up(DATA)
    params = downloading.request(model_id, DATA, tuning={"stall_ms": 30_000})

    def launched() -> BrowserContext:
        return playwright.chromium.launch_persistent_context(tmp_path, executable_path=chromium, args=QUIET_FLAGS)

    context = launched()
    tab = downloading.open_tab(context)
    tab.do("allow", [hub.url, hub.cdn_url])

    def kill(_call: int) -> None:
        with context.expect_event("close"):
            os.kill(browser_of(tmp_path), signal.SIGKILL)
        hub.cut()
        hub.mend()

    downloading.interrupted(params, SIZE // 2, tab, kill)
    with launched() as again:
        tab = downloading.open_tab(again)
        tab.do("allow", [hub.url, hub.cdn_url])
        fetched = tab.fetched(params)["fetched_bytes"]
        assert 0 <= SIZE // 2 + fetched - SIZE <= PART
        assert is_right(downloading, model_id, tab=tab)


def browser_of(profile: Path) -> int:
    """The process of the browser that was started on this profile; those of its tabs name a type."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = entry.read_bytes().decode(errors="replace").split("\0")
            if f"--user-data-dir={profile}" in words and not any(word.startswith("--type=") for word in words):
                return int(entry.parent.name)
    raise AssertionError("There is no such browser.")


@pytest.mark.parametrize(
    "faults",
    [
        [drop(after=1000), drop(after=0), drop(after=PART // 2)],
        [drop(after=PART - 1)],
        [stall(after=5000)],
        [truncate(after=100), truncate(after=0)],
        [refuse(500), refuse(502)],
        [refuse(503, where="hub")],
        [expired(), expired()],
        [no_ranges(times=FOR_EVER)],
        [drop(after=SIZE // 2, ranges=False), no_ranges(times=FOR_EVER)],
    ],
    ids=lambda faults: "+".join(f"{fault.kind}-{fault.where}-{fault.after}" for fault in faults),
)
def test_what_goes_wrong_on_the_way_is_made_good(downloading: Downloading, tab: Tab, faults: list[Fault]) -> None:
    model_id = downloading.put_up(DATA)
    downloading.hub.fail(*faults)
    tab.fetched(downloading.request(model_id, DATA, tuning={"attempts": 6}))
    assert all(fault.reached.is_set() for fault in faults)
    assert is_right(downloading, model_id)


def test_addresses_that_grow_too_old_are_asked_for_anew(downloading: Downloading, tab: Tab) -> None:
    model_id = downloading.put_up(DATA)
    params = downloading.request(model_id, DATA)

    def expire(call: int) -> None:
        downloading.hub.expire()
        downloading.hub.mend()
        assert "result" in tab.do("answer", call)

    downloading.interrupted(params, SIZE // 2, tab, expire)
    assert is_right(downloading, model_id)


def test_the_server_says_how_long_to_wait(downloading: Downloading, tab: Tab) -> None:
    model_id = downloading.put_up(DATA)
    downloading.hub.fail(refuse(429, retry_after=1))
    started = time.monotonic()
    tab.fetched(downloading.request(model_id, DATA))
    assert time.monotonic() - started >= 1
    assert is_right(downloading, model_id)


def test_wrong_bytes_are_deleted_and_fetched_once_more_then_given_up(downloading: Downloading, tab: Tab) -> None:
    model_id = downloading.put_up(DATA)
    downloading.hub.fail(wrong())
    assert tab.fetched(downloading.request(model_id, DATA))["fetched_bytes"] == 2 * SIZE
    assert is_right(downloading, model_id)
    model_id = downloading.put_up(DATA)
    downloading.hub.fail(wrong(times=FOR_EVER))
    error = tab.failed(downloading.request(model_id, DATA))
    assert (error["code"], "deleted" in error["message"]) == ("file_corrupt", True)
    assert tab.do("names", model_id) == []


def test_parts_of_two_revisions_never_mix(downloading: Downloading, tab: Tab) -> None:
    newer = random_bytes(SIZE, 99)
    model_id = downloading.put_up(DATA)
    params = downloading.request(model_id, None)
    downloading.interrupted(params, 4 * PART, tab, lambda call: tab.do("kill", call))
    downloading.hub.cut()
    downloading.hub.change(f"someone/{model_id}", {FILE: newer})
    assert tab.fetched(params)["files"][0]["sha256"] == sha256(newer)
    assert is_right(downloading, model_id, newer)
    # The same while it is being fetched.
    model_id = downloading.put_up(DATA)
    params = downloading.request(model_id, None)

    def change(call: int) -> None:
        downloading.hub.change(f"someone/{model_id}", {FILE: newer})
        downloading.hub.mend()
        assert tab.do("answer", call)["result"]["files"][0]["sha256"] == sha256(newer)

    downloading.interrupted(params, 4 * PART, tab, change)
    assert is_right(downloading, model_id, newer)


def test_a_flipped_byte_is_found_and_only_its_part_is_fetched_again(downloading: Downloading, tab: Tab) -> None:
    model_id = downloading.put_up(DATA)
    params = downloading.request(model_id, DATA)
    tab.fetched(params)
    assert tab.fetched({**params, "thorough": True}) | {"reason": ""} == {
        "kept": True,
        "fetched_bytes": 0,
        "reason": "",
        "files": [{"name": FILE, "size": SIZE, "sha256": sha256(DATA)}],
        "repaired": [],
    }
    tab.do("flip", model_id, FILE, 7 * PART + 5)
    mended = tab.fetched({**params, "thorough": True})
    assert (mended["repaired"], mended["fetched_bytes"]) == ([FILE], PART)
    assert is_right(downloading, model_id)


def test_two_tabs_that_want_the_same_model_make_one_download(downloading: Downloading, tab: Tab) -> None:
    model_id = downloading.put_up(DATA)
    params = downloading.request(model_id, DATA)
    other = downloading.open_tab()
    before = len(downloading.hub.asked)

    def join(first: int) -> None:
        second = other.begin("files.fetch", params)
        other.do("stage", second, "waiting")
        downloading.hub.mend()
        assert tab.do("answer", first)["result"]["fetched_bytes"] == SIZE
        assert other.do("answer", second)["result"]["fetched_bytes"] == 0

    downloading.interrupted(params, SIZE // 3, tab, join)
    sent = sum(each.sent for each in downloading.hub.asked[before:] if each.where == "cdn")
    assert sent == SIZE
    assert is_right(downloading, model_id)
    other.page.close()


def test_a_file_of_ones_own_is_taken_in_and_hashed(downloading: Downloading, tab: Tab) -> None:
    answer = tab.do("importBytes", tab.script, "dropped", "mine.gguf", list(DATA[:100_000]))
    facts = {"name": "mine.gguf", "size": 100_000, "sha256": sha256(DATA[:100_000])}
    assert answer == {"result": facts}
    assert tab.do("sha256", "dropped", "mine.gguf") == facts["sha256"]
    file = {"role": "weights", "name": "mine.gguf", "url": "", "size": 100_000, "sha256": facts["sha256"]}
    params = {**downloading.request("dropped", None), "files": [file], "thorough": True}
    assert tab.fetched(params)["repaired"] == []
    tab.do("flip", "dropped", "mine.gguf", 50)
    assert tab.failed(params)["code"] == "file_corrupt"
    tab.call("files.remove", {"model_id": "dropped"})
    assert tab.do("names", "dropped") == []


def test_small_things_are_read_from_allowed_addresses_only(downloading: Downloading, tab: Tab) -> None:
    model_id = downloading.put_up(DATA)
    url = downloading.hub.address(f"someone/{model_id}", FILE)
    tab.do("allow", [downloading.hub.url])
    assert tab.call("url.read", {"url": url, "offset": 10, "length": 20})["error"]["code"] == "origin_closed"
    tab.do("allow", [downloading.hub.url, downloading.hub.cdn_url])
    found = tab.call("url.read", {"url": url, "offset": 10, "length": 20})["result"]
    assert (found["status"], found["total"], bytes(found["bytes"])) == (206, SIZE, DATA[10:30])
    downloading.hub.fail(no_ranges())
    found = tab.call("url.read", {"url": url, "offset": 10, "length": 20})["result"]
    assert (found["status"], bytes(found["bytes"])) == (200, DATA[10:30])


@pytest.mark.parametrize(
    ("method", "calls"),
    [
        ("createSyncAccessHandle", 0),
        ("createSyncAccessHandle", 1),
        ("truncate", 0),
        ("write", 0),
        ("write", 1),
        ("write", 9),
        ("write", 30),
        ("flush", 0),
        ("flush", 5),
        ("move", 0),
    ],
)
def test_a_disk_that_is_full_at_any_stage_leaves_no_half_file(
    downloading: Downloading, tab: Tab, method: str, calls: int
) -> None:
    model_id = downloading.put_up(DATA)
    params = downloading.request(model_id, DATA)
    answer = tab.call_in_a_broken_worker(FULL_FROM, [method, calls], "files.fetch", {**params, "keep": False})
    assert answer["result"]["kept"] is False, answer
    assert tab.do("names", model_id) == []
    answer = tab.call_in_a_broken_worker(FULL_FROM, [method, calls], "files.fetch", params)
    assert answer["error"]["code"] == "storage_full", answer
    assert FILE not in tab.do("names", model_id)
    tab.fetched(params)
    assert is_right(downloading, model_id)


def test_without_room_for_it_a_download_does_not_begin(downloading: Downloading, tab: Tab) -> None:
    model_id = downloading.put_up(DATA)
    params = downloading.request(model_id, DATA)
    before = len(downloading.hub.asked)
    session = tab.page.context.new_cdp_session(tab.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": tab.origin, "quotaSize": 1})
    try:
        error = tab.failed(params)
    finally:
        session.send("Storage.overrideQuotaForOrigin", {"origin": tab.origin})
    assert error["code"] == "storage_full"
    assert len(downloading.hub.asked) == before
    assert tab.do("names", model_id) == []
