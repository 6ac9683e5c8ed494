"""The benchmark in Models: stopping, measuring the loaded model on two engines, clearing."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e import models
from tests.e2e.cloche_page import ANSWER_MS, BOOT_MS, Cloche
from tests.e2e.conftest import OpenProfile, OpenSite

from toolchain.paths import ROOT

FIGURE = re.compile(r"^[\d,.]+$")


@pytest.fixture(scope="module")
def profile(open_site: OpenSite, open_profile: OpenProfile) -> Cloche:
    """The app with a model that fills every budget."""
    site = open_site()
    models.install(site.overlay, {models.WEIGHTS: models.endless(models.original(models.WEIGHTS))})
    return open_profile(site).open("#/models")


@pytest.fixture
def benchmark(profile: Cloche) -> Locator:
    part = profile.page.get_by_role("region", name="Benchmark", exact=True)
    expect(part.get_by_role("button", name="Measure this model")).to_be_enabled(timeout=BOOT_MS)
    return part


def test_stop_ends_a_measurement_of_which_nothing_is_kept(benchmark: Locator) -> None:
    benchmark.get_by_role("button", name="Measure this model").click()
    benchmark.get_by_role("button", name="Stop").click()
    expect(benchmark.get_by_role("button", name="Measure this model")).to_be_visible()
    expect(benchmark.get_by_role("table")).to_have_count(0)


def test_what_was_measured_elsewhere_is_shown_with_its_machine(benchmark: Locator) -> None:
    comparison = json.loads((ROOT / "web" / "engine_comparison.json").read_text("utf-8"))
    opener = benchmark.get_by_text("own engine beside others")
    opener.click()
    table = benchmark.get_by_role("region", name="Engines compared").get_by_role("table")
    expect(table).to_contain_text(comparison["machine"])
    expect(table.get_by_role("rowheader")).to_have_text([row["what"] for row in comparison["rows"]])
    cells = table.get_by_role("row").filter(has_text="reading, 135M Q8_0").get_by_role("cell")
    expect(cells).to_have_text([re.compile(r"^[\d.]+ tokens/s$"), *[re.compile(r"^[\d.]+ .$")] * 3])
    opener.click()


def test_the_model_is_measured_on_two_engines_and_the_figures_stay(profile: Cloche, benchmark: Locator) -> None:
    page, measure = profile.page, benchmark.get_by_role("button", name="Measure this model")
    reports = benchmark.get_by_role("region", name="Measured speeds").locator("tbody")
    measure.click()
    expect(reports).to_have_count(1, timeout=ANSWER_MS)
    expect(benchmark.get_by_role("table")).to_contain_text(re.compile(r"Measured on Chrome \d+, \d+ core"))
    expect(reports.get_by_role("rowheader")).to_contain_text(re.compile(r"Cloche starter.*CPU, \d threads?"))
    written = [row.locator(".figure").first.inner_text() for row in reports.get_by_role("row").all()]
    assert written == ["50", "256", "512"]
    figures = [text for text in reports.locator(".figure").all_inner_texts() if FIGURE.match(text)]
    assert len(figures) == 3 * 3
    assert all(float(text.replace(",", "")) > 0 for text in figures)
    expect(reports.get_by_role("cell").nth(4)).to_have_text(re.compile(r"^\d+ ms$|^[\d.]+ s$"))

    starter = page.get_by_role("listitem").get_by_role("article", name="Cloche starter", exact=True)
    starter.get_by_text("Details and settings").click()
    with page.expect_event("worker", lambda worker: "llamacpp" in worker.url):
        starter.get_by_label("Engine", exact=True).select_option("wllama")
    profile.wait_ready()
    measure.click()
    expect(reports).to_have_count(2, timeout=2 * ANSWER_MS)
    expect(reports.first).to_contain_text("wllama")
    expect(reports.last).not_to_contain_text("wllama")

    profile.reload()
    expect(reports).to_have_count(2, timeout=BOOT_MS)
    benchmark.get_by_role("button", name="Clear the figures").click()
    expect(benchmark.get_by_role("table")).to_have_count(0)
