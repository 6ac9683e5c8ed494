"""What people type for a model, and what the hub answers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.cloche.models.scripted_hub import COMMIT, SHA, ScriptedHub, repository

from cloche.errors import BadInput, HubFailed, ServerUnreachable
from cloche.host.memory import MemoryHost
from cloche.models.hub import PUBLIC_HUB, Hub, HubFile, Reference, reference

API = "https://mirror.test/api/models/someone/toy-GGUF"
ASKED = f"{API}/revision/main?blobs=true"


def hub_with(pages: dict[str, Any]) -> Hub:
    scripted = ScriptedHub(pages)
    return Hub(MemoryHost(workers={"downloads": scripted.link}), lambda: "https://mirror.test/")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" someone/toy-GGUF ", Reference("someone/toy-GGUF")),
        ("someone/toy-GGUF:q4_k_m", Reference("someone/toy-GGUF", quantisation="Q4_K_M")),
        ("hf.co/someone/toy-GGUF:Q8_0", Reference("someone/toy-GGUF", quantisation="Q8_0")),
        ("https://huggingface.co/someone/toy-GGUF", Reference("someone/toy-GGUF")),
        ("https://huggingface.co/someone/toy-GGUF/tree/main", Reference("someone/toy-GGUF")),
        (
            "https://huggingface.co/someone/toy-GGUF/resolve/v1/sub/toy%20a.gguf?download=true",
            Reference("someone/toy-GGUF", "v1", "sub/toy a.gguf"),
        ),
        ("https://huggingface.co/someone/toy-GGUF/blob/main/a.gguf", Reference("someone/toy-GGUF", "main", "a.gguf")),
        ("https://mirror.test/someone/toy-GGUF/resolve/main/a.gguf", Reference("someone/toy-GGUF", "main", "a.gguf")),
        ("https://example.com/a/b/c.gguf", Reference(url="https://example.com/a/b/c.gguf")),
    ],
)
def test_people_may_type_a_repository_its_address_or_that_of_a_file(typed: str, meant: Reference) -> None:
    assert reference(typed, "https://mirror.test") == meant


@pytest.mark.parametrize(
    "typed",
    ["", "toy", "a b/c", "../../etc/passwd", "ftp://x/y.gguf", "https://u@x/y", "https://huggingface.co/", "a/b/c"],
)
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        reference(typed, PUBLIC_HUB)


async def test_a_repository_comes_with_its_commit_hashes_and_facts() -> None:
    repo = await hub_with({ASKED: repository("toy-Q8_0.gguf")}).repo("someone/toy-GGUF")
    assert (repo.revision, repo.licence, repo.task) == (COMMIT, "mit", "text-generation")
    assert HubFile("toy-Q8_0.gguf", 1000, SHA) in repo.files
    assert repo.facts["context_length"] == 8192


async def test_sizes_that_are_missing_are_looked_up_in_the_tree() -> None:
    tree = [
        {"type": "directory", "path": "sub", "size": 0},
        {"type": "file", "path": "sub/toy.gguf", "size": 130, "lfs": {"oid": f"sha256:{SHA}", "size": 5000}},
    ]
    pages = {ASKED: repository({"rfilename": "sub/toy.gguf"}), f"{API}/tree/{COMMIT}?recursive=1": tree}
    assert (await hub_with(pages).repo("someone/toy-GGUF")).files == [HubFile("sub/toy.gguf", 5000, SHA)]


@pytest.mark.parametrize("path", ["../secret.gguf", "/etc/x.gguf", "a/../b.gguf", "", 7])
async def test_paths_that_lead_elsewhere_are_not_believed(path: Any) -> None:
    repo = await hub_with({ASKED: repository({"rfilename": path, "size": 1})}).repo("someone/toy-GGUF")
    assert [file.path for file in repo.files] == [".gitattributes"]


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (404, "does not have"),
        (401, "account"),
        (403, "account"),
        (500, "500"),
        (b"<html>", "cannot be read"),
        ([], "no desc"),
    ],
)
async def test_what_the_hub_cannot_answer_is_said(page: Any, why: str) -> None:
    with pytest.raises(HubFailed, match=why):
        await hub_with({ASKED: page}).repo("someone/toy-GGUF")


async def test_a_hub_out_of_reach_is_said_as_such() -> None:
    with pytest.raises(ServerUnreachable):
        await hub_with({ASKED: None}).repo("someone/toy-GGUF")


def test_addresses_of_cards_follow_the_hub_in_the_settings() -> None:
    hub = hub_with({})
    assert hub.address("hub:a/b/resolve/main/c d.gguf") == "https://mirror.test/a/b/resolve/main/c%20d.gguf"
    assert hub.address("models/starter/x.gguf") == "models/starter/x.gguf"
    assert hub.origin("hub:a/b/resolve/main/c.gguf") == "https://mirror.test"
    assert hub.origin("models/starter/x.gguf") == ""
