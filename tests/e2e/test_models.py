"""Models: finding one on a hub, the verdict, downloading, loading, switching, unloading, deleting; files from disk."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.e2e.cloche_page import ANSWER_MS, BOOT_MS, Cloche, picture_file
from tests.e2e.conftest import Site
from tests.e2e.models import PROJECTOR, WEIGHTS, adapter, original, split
from tests.e2e.python_view import PythonView
from tests.hub import Hub

REPO = "someone/sparrow-GGUF"
NAME = "sparrow-Q8_0"
#: how often the page asks the browser to keep what it stores
COUNT_WISHES_TO_KEEP = """() => {
  globalThis.wishesToKeep = 0;
  const persist = navigator.storage.persist.bind(navigator.storage);
  navigator.storage.persist = () => { wishesToKeep += 1; return persist(); };
}"""


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """A hub with the starter's files under other names."""
    with Hub() as started:
        files = {f"{NAME}.gguf": original(WEIGHTS), "mmproj-sparrow-Q8_0.gguf": original(PROJECTOR)}
        started.add(REPO, {**files, "README.md": b"# Sparrow"})
        yield started


@pytest.fixture(scope="module")
def models(browser: Browser, tmp_path_factory: pytest.TempPathFactory, hub: Hub) -> Iterator[Cloche]:
    """The app in a profile that uses this hub; the journeys below follow one another in it."""
    with Site(tmp_path_factory.mktemp("overlay")) as site, browser.new_context() as context:
        cloche = Cloche(context.new_page(), site.url).open("#/models")
        cloche.wait_offline_ready()
        page = cloche.page
        page.get_by_text("Another hub").click()
        page.get_by_label("Model hub: Hugging Face, or a mirror with the same paths").fill(hub.url)
        page.get_by_label("Model hub: Hugging Face, or a mirror with the same paths").press("Tab")
        page.get_by_role("link", name="Storage", exact=True).last.click()
        page.get_by_label("Address to download from").fill(hub.cdn_url)
        cloche.button("Allow").click()
        expect(cloche.button(f"Block {hub.cdn_url}")).to_be_visible()
        page.goto(f"{site.url}#/models")
        yield cloche


def entry(page: Page, name: str) -> Locator:
    """A model of the catalogue."""
    return page.get_by_role("listitem").get_by_role("article", name=name, exact=True)


def download_button(model: Locator) -> Locator:
    return model.get_by_role("button", name=re.compile("download", re.IGNORECASE))


def test_every_model_is_listed_with_a_verdict_and_nothing_was_asked_of_anyone(models: Cloche, hub: Hub) -> None:
    page = models.page
    expect(page.get_by_role("search", name="Models")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d{3} models of \d{3}"))).to_be_visible(timeout=BOOT_MS)
    page.get_by_role("searchbox", name="Search models").fill("llava 7b")
    expect(entry(page, "LLaVA 1.5 7B")).to_contain_text("Does not run here")
    expect(entry(page, "LLaVA 1.5 7B")).to_contain_text("Instead:")
    expect(download_button(entry(page, "LLaVA 1.5 7B"))).to_be_disabled()
    entry(page, "LLaVA 1.5 7B").get_by_role("button", name=re.compile("VLM|VL ")).click()
    expect(page.get_by_text("1 model of")).to_be_visible()
    expect(page.locator(".model-entry")).to_contain_text(re.compile("Runs here|Runs slowly"))
    page.get_by_role("searchbox", name="Search models").fill("phi 3.5 vision q4f16_1")
    expect(entry(page, "Phi 3.5 vision (q4f16_1)")).to_contain_text("no graphics adapter")
    page.get_by_role("searchbox", name="Search models").fill("")
    expect(page.get_by_text("recommended here")).to_have_count(1)
    assert hub.asked == []


def test_what_the_starter_does_not_know_leads_to_larger_models(models: Cloche) -> None:
    models.go_home()
    models.ask("What is the capital of France?")
    models.page.get_by_role("link", name="Choose a larger model for this device").click()
    expect(models.page.get_by_role("heading", name="All models")).to_be_visible()


def test_a_repository_is_looked_up_added_downloaded_loaded_and_answers(models: Cloche, hub: Hub) -> None:
    page = models.page
    page.get_by_label("Repository or address").fill(REPO)
    models.button(f"Allow {hub.url.removeprefix('http://')} and look up").click()
    models.button(f"Add {NAME}").click()
    sparrow = entry(page, NAME)
    models.button(f"Remove {NAME}").click()
    models.button("Yes, delete").click()
    expect(sparrow).to_have_count(0)
    models.button("Look up").click()
    models.button(f"Add {NAME}").click()
    expect(sparrow).to_contain_text("Runs here")
    expect(sparrow).to_contain_text("pictures")
    expect(download_button(sparrow)).to_contain_text("6 MB")
    page.evaluate(COUNT_WISHES_TO_KEEP)
    download_button(sparrow).click()
    expect(models.button(f"Load {NAME}")).to_be_visible(timeout=ANSWER_MS)
    assert page.evaluate("() => wishesToKeep") == 1
    models.button(f"Load {NAME}").click()
    expect(sparrow).to_contain_text("loaded", timeout=ANSWER_MS)
    models.wait_ready()
    models.go_home()
    expect(page.locator("#model-line")).to_contain_text(NAME)
    assert models.ask("Hello")


def test_models_on_this_device_are_switched_from_the_composer(models: Cloche) -> None:
    page = models.page
    models.go_home()
    models.button("Model").click()
    choice = page.get_by_label("Model on this device")
    choice.select_option(label="Cloche starter")
    expect(page.locator("#model-line")).to_contain_text(re.compile("Cloche starter · CPU"), timeout=ANSWER_MS)
    choice.select_option(label=NAME)
    expect(page.locator("#model-line")).to_contain_text(re.compile(f"{NAME} · CPU"), timeout=ANSWER_MS)
    page.keyboard.press("Escape")


def test_advanced_settings_load_the_model_anew(models: Cloche) -> None:
    page = models.page
    page.goto(f"{models.address}#/models")
    page.get_by_role("searchbox", name="Search models").fill("sparrow")
    sparrow = entry(page, NAME)
    sparrow.get_by_text("Details and settings").click()
    sparrow.get_by_label("Context", exact=True).fill("100")
    sparrow.get_by_label("Context", exact=True).press("Tab")
    expect(sparrow.get_by_role("alert")).to_contain_text("256")
    sparrow.get_by_label("Context", exact=True).fill("1024")
    sparrow.get_by_label("Context", exact=True).press("Tab")
    running = page.get_by_role("article").first
    expect(running).to_contain_text("1,024 tokens", timeout=ANSWER_MS)
    with page.expect_event("worker", lambda worker: "llamacpp" in worker.url):
        sparrow.get_by_label("KV cache").select_option("q8_0")
    models.wait_ready()


def test_unloading_frees_the_engine_and_the_next_message_brings_it_back(models: Cloche) -> None:
    page = models.page
    engine = next(worker for worker in reversed(page.workers) if "llamacpp" in worker.url)
    with engine.expect_event("close"):
        models.button(f"Unload {NAME}").click()
    models.button(f"Load {NAME}").click()
    models.button(f"Unload {NAME}").click(timeout=ANSWER_MS)
    expect(models.button(f"Load {NAME}")).to_be_visible()
    models.go_home()
    assert models.ask("Hello")


def test_a_model_that_nobody_uses_frees_its_memory_by_itself(models: Cloche) -> None:
    engine = next(worker for worker in reversed(models.page.workers) if "llamacpp" in worker.url)
    python = PythonView(models).open()
    with engine.expect_event("close"):
        python.run("app.library.rest_after(0.1)")
    python.run("app.library.rest_after(0)")
    models.go_home()
    about = models.page.get_by_role("region", name="About the model")
    models.button("Model").click()
    expect(about).to_contain_text("Unloaded: it takes no memory")
    models.page.keyboard.press("Escape")
    assert models.ask("Hello")
    models.button("Model").click()
    expect(about).to_contain_text(re.compile(r"Memory\s*[\d.,]+ MB"))
    models.page.keyboard.press("Escape")


def test_deleting_a_model_leaves_the_starter_and_no_file(models: Cloche) -> None:
    page = models.page
    page.goto(f"{models.address}#/models")
    page.get_by_role("searchbox", name="Search models").fill("sparrow")
    models.button(f"Delete {NAME}").click()
    models.button("Yes, delete").click()
    expect(entry(page, NAME)).to_have_count(0, timeout=ANSWER_MS)
    kept = page.evaluate(
        """async () => {
          const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
          return Array.fromAsync(models.keys());
        }"""
    )
    assert kept == ["cloche-starter"]
    models.wait_ready()


def test_a_file_from_disk_is_checked_before_it_is_copied(models: Cloche) -> None:
    page = models.page
    page.goto(f"{models.address}#/models")
    pick = page.get_by_label("GGUF files", exact=True)
    pick.set_input_files(picture_file(b"MZ" + bytes(5000), "tempting.gguf", "application/octet-stream"))
    expect(page.get_by_role("alert")).to_contain_text("tempting.gguf is not a GGUF file")
    pick.set_input_files(picture_file(original(WEIGHTS)[:-4000], "short.gguf", "application/octet-stream"))
    expect(page.get_by_role("alert")).to_contain_text("cut off")


def add_from_disk(models: Cloche, model_id: str, files: dict[str, bytes]) -> str:
    """Add files, load the model that they are, and ask it something."""
    page = models.page
    models.go_home()
    page.goto(f"{models.address}#/models")
    page.get_by_label("GGUF files", exact=True).set_input_files(
        [picture_file(data, name, "application/octet-stream") for name, data in files.items()]
    )
    models.button("Add to this device").click()
    added = page.locator(f"#model-{model_id}")
    added.get_by_role("button", name=re.compile("^Load ")).click(timeout=ANSWER_MS)
    expect(added.get_by_text("loaded", exact=True)).to_be_visible(timeout=ANSWER_MS)
    models.go_home()
    return models.ask("Hello")


def test_a_model_in_parts_and_one_with_an_adapter_are_taken_from_disk(models: Cloche) -> None:
    weights = original(WEIGHTS)
    whole = add_from_disk(models, "wren", dict(reversed(split(weights, "wren").items())))
    assert whole.startswith("Hello")
    bent = add_from_disk(models, "robin", {"robin.gguf": weights, "robin-lora.gguf": adapter(weights)})
    assert bent != whole
