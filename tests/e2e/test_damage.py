"""Damaged files, a full disk, a dying engine: each gets a clear error, and nothing is lost."""

from __future__ import annotations

import hashlib

from playwright.sync_api import expect
from tests.e2e import faults, models
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import OpenProfile, OpenSite, Site

FOLDER = "cloche-starter"


def test_a_damaged_model_file_on_disk_is_noticed_and_fetched_again(site: Site, open_profile: OpenProfile) -> None:
    cloche = open_profile(site).open()
    cloche.page.goto(site.url + "models/starter/card.json")
    site.requests.clear()
    cloche.open()
    assert site.asked_for(".gguf") == 0
    cloche.page.goto(site.url + "models/starter/card.json")
    cloche.page.evaluate(faults.DAMAGE_FILE, [FOLDER, models.WEIGHTS])
    assert cloche.open().ask("Hello")
    assert site.asked_for(models.WEIGHTS) == 1
    assert site.asked_for(models.PROJECTOR) == 0
    kept = cloche.page.evaluate(faults.SHA256_OF_FILE, [FOLDER, models.WEIGHTS])
    assert kept == hashlib.sha256(models.original(models.WEIGHTS)).hexdigest()


def test_wrong_bytes_on_the_server_are_refused_until_it_is_repaired(
    open_site: OpenSite, open_profile: OpenProfile
) -> None:
    site = open_site()
    models.write(site.overlay, {models.WEIGHTS: models.damaged(models.original(models.WEIGHTS))})
    cloche = open_profile(site)
    cloche.page.goto(site.url)
    cloche.wait_state("error")
    expect(cloche.alerts.first).to_contain_text(models.WEIGHTS)
    assert site.asked_for(models.WEIGHTS) == 2
    (site.overlay / models.FOLDER / models.WEIGHTS).unlink()
    cloche.button("Retry").first.click()
    cloche.wait_ready()
    assert cloche.ask("Hello")


def test_a_start_that_fails_gives_a_reason_and_retry_works(open_site: OpenSite, open_profile: OpenProfile) -> None:
    site = open_site()
    lock = site.overlay / "python" / "pyodide-lock.json"
    lock.parent.mkdir()
    lock.write_text("{}")
    cloche = open_profile(site)
    cloche.page.goto(site.url)
    cloche.wait_state("error")
    expect(cloche.alerts.first).not_to_be_empty()
    lock.unlink()
    cloche.button("Retry").first.click()
    cloche.wait_ready()
    assert cloche.ask("Hello")


def test_a_full_disk_is_told_and_what_was_typed_stays(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("Hello")
    with faults.full_disk(cloche.page):
        cloche.send("Who are you?")
        expect(cloche.alerts.first).to_contain_text("full", timeout=ANSWER_MS)
        expect(cloche.message).to_have_value("Who are you?")
    cloche.button("Send").click()
    cloche.finished(cloche.answers.nth(1))
    cloche.reload()
    expect(cloche.questions).to_have_count(2)


def test_a_trap_in_the_engine_is_told_and_the_next_message_works(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("Hello")
    faults.trap_engine(cloche.page)
    cloche.send("Who are you?")
    answer = cloche.answers.nth(1)
    expect(answer.get_by_role("alert")).to_contain_text("engine", timeout=ANSWER_MS)
    cloche.wait_ready()
    assert cloche.ask("What can you do?")
    cloche.act(answer, "Regenerate")
    expect(cloche.answers).to_have_count(2)
    assert cloche.finished(cloche.answers.last)
    expect(cloche.questions).to_contain_text(["Hello", "Who are you?"])
