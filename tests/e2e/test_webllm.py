"""The starter model on WebLLM: the unmodified engine, on the software GPU that Chromium brings.

One profile for the whole module: each journey goes on where the one before ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright
from tests.e2e import webllm_models
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import QUIET_FLAGS, OpenSite, Site, Watch

GPU_FLAGS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]


@pytest.fixture(scope="module")
def webgpu_site(open_site: OpenSite) -> Site:
    """The app with the WebLLM variant in the place of the model that comes with it."""
    site = open_site()
    webllm_models.install(site.overlay)
    card = webllm_models.card(id="cloche-starter")
    (site.overlay / "models" / "starter").mkdir(parents=True)
    (site.overlay / "models" / "starter" / "card.json").write_text(json.dumps(card))
    return site


@pytest.fixture(scope="module")
def webgpu(playwright: Playwright, chromium: str, webgpu_site: Site, watches: list[Watch]) -> Iterator[Cloche]:
    flags = [flag for flag in QUIET_FLAGS if flag != "--disable-gpu"]
    with (
        playwright.chromium.launch(executable_path=chromium, args=[*flags, *GPU_FLAGS]) as browser,
        browser.new_context() as context,
    ):
        watches.append(Watch(context, webgpu_site.url))
        yield Cloche(context.new_page(), webgpu_site.url).open()


def test_the_starter_answers_through_webllm(webgpu: Cloche) -> None:
    assert webgpu.ask("Hello") == "Hello! How can I help you?"
