"""A folder of the person's own as model store: one of the private file system, which has the same interface.

What the browser's own picker and permission do is put in their place on the page and in the workers: the picker gives
that folder, and whether it may be read is what a file beside it says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect
from tests.e2e.cloche_page import ANSWER_MS, Cloche, picture_file
from tests.e2e.conftest import Site, Watch
from tests.e2e.models import PROJECTOR, WEIGHTS, original
from tests.e2e.test_storage_view import begin_download, storage

from toolchain.paths import DIST

FOLDER = "Models on disk"
NAME = "Cloche starter (from the folder)"
# Whether the folder may be read: the browser keeps it, for the page and all workers alike.
PERMISSION = """if (globalThis.FileSystemDirectoryHandle) {
  const isFolder = (handle) => handle.name === 'Models on disk';
  const beside = async (options) => (await navigator.storage.getDirectory()).getFileHandle('permission', options);
  const told = async () => beside().then(async (file) => (await file.getFile()).text(), () => 'prompt');
  const { prototype } = FileSystemDirectoryHandle;
  const { entries, getDirectoryHandle, getFileHandle } = prototype;
  const guard = async (handle) => {
    if (isFolder(handle) && (await told()) !== 'granted') throw new DOMException('Not allowed.', 'NotAllowedError');
  };
  prototype.entries = async function* () {
    await guard(this);
    yield* entries.call(this);
  };
  prototype.getDirectoryHandle = async function (...given) {
    await guard(this);
    return getDirectoryHandle.apply(this, given);
  };
  prototype.getFileHandle = async function (...given) {
    await guard(this);
    return getFileHandle.apply(this, given);
  };
  prototype.queryPermission = async function () {
    return isFolder(this) ? told() : 'granted';
  };
  globalThis.setPermission = async (state) => {
    const file = await (await beside({ create: true })).createWritable();
    await file.write(state);
    await file.close();
  };
  prototype.requestPermission = async function () {
    await globalThis.setPermission('granted');
    return 'granted';
  };
  globalThis.showDirectoryPicker = async () => {
    await globalThis.setPermission('granted');
    return (await navigator.storage.getDirectory()).getDirectoryHandle('Models on disk', { create: true });
  };
}
"""
PUT = """async ([folder, files]) => {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(folder, { create: true });
  const inside = await root.getDirectoryHandle('birds', { create: true });
  for (const [name, url] of files) {
    const file = await (await inside.getFileHandle(name, { create: true })).createWritable();
    await (await fetch(url)).body.pipeTo(file);
  }
}"""
KEPT = """async (folder) => {
  const names = [];
  const walk = async (inside, path) => {
    for await (const [name, entry] of inside.entries()) {
      if (entry.kind === 'directory') await walk(entry, `${path}${name}/`);
      else names.push(path + name);
    }
  };
  const root = await navigator.storage.getDirectory();
  await walk(await root.getDirectoryHandle(folder), '');
  return names.sort();
}"""

SHA256 = """async (path) => {
  let folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('Models on disk');
  for (const step of path.slice(0, -1)) folder = await folder.getDirectoryHandle(step);
  const bytes = await (await (await folder.getFileHandle(path.at(-1))).getFile()).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex();
}"""


@pytest.fixture(scope="module")
def disk(site: Site, browser: Browser, watches: list[Watch]) -> Iterator[Cloche]:
    """The app, and a folder with the starter's files and one that is no model; nothing has been chosen yet."""
    (site.overlay / "assets").mkdir()
    for name in ("downloads", "llamacpp"):
        (worker,) = (DIST / "assets").glob(f"{name}.worker-*.js")
        (site.overlay / "assets" / worker.name).write_text(PERMISSION + worker.read_text(encoding="utf-8"))
    (site.overlay / "torn.gguf").write_bytes(original(WEIGHTS)[:-4000])
    with browser.new_context() as context:
        context.add_init_script(PERMISSION)
        watches.append(Watch(context, site.url))
        cloche = Cloche(context.new_page(), site.url).open()
        files = [(name, f"models/starter/{name}") for name in (WEIGHTS, PROJECTOR)]
        set_permission(cloche, "granted")
        cloche.page.evaluate(PUT, [FOLDER, [*files, ("torn.gguf", "torn.gguf")]])
        yield cloche


def models(cloche: Cloche) -> Locator:
    cloche.page.goto(f"{cloche.address}#/models")
    return cloche.page.get_by_role("region", name="Your own folder of models")


def entry(cloche: Cloche) -> Locator:
    return cloche.page.get_by_role("listitem").get_by_role("article", name=NAME, exact=True)


def set_permission(cloche: Cloche, state: str) -> None:
    cloche.page.evaluate("state => setPermission(state)", state)


def test_where_the_browser_has_no_folders_the_part_says_why(disk: Cloche) -> None:
    disk.page.evaluate("() => { globalThis.picker = showDirectoryPicker; delete globalThis.showDirectoryPicker; }")
    part = models(disk)
    expect(part).to_contain_text("Chrome and Edge on a computer do")
    expect(part.get_by_role("button")).to_have_count(0)
    disk.page.evaluate("() => { globalThis.showDirectoryPicker = picker; }")
    disk.go_home()


def test_a_folder_is_chosen_and_what_lies_there_is_in_the_catalogue(disk: Cloche) -> None:
    part = models(disk)
    part.get_by_role("button", name="Choose a folder").click()
    expect(part).to_contain_text(f'1 model in "{FOLDER}"')
    expect(part).to_contain_text(NAME)
    expect(part).to_contain_text("torn.gguf")
    expect(part).to_contain_text("cut off")
    part.get_by_role("button", name=f"Show {NAME}").click()
    expect(entry(disk)).to_contain_text("in your folder")
    expect(entry(disk)).to_contain_text("pictures")


def test_it_answers_from_the_folder_and_nothing_was_copied_into_the_browser(disk: Cloche) -> None:
    disk.button(f"Load {NAME}").click()
    expect(entry(disk).get_by_text("loaded", exact=True)).to_be_visible(timeout=ANSWER_MS)
    disk.go_home()
    expect(disk.page.locator("#model-line")).to_contain_text(NAME)
    assert disk.ask("Hello") == "Hello! How can I help you?"
    assert {path.split("/")[0] for path in disk.page.evaluate(KEPT, "models")} == {"cloche-starter"}


def test_a_model_in_the_browser_is_moved_there_byte_by_byte(disk: Cloche) -> None:
    page = disk.page
    models(disk)
    file = picture_file(original(WEIGHTS), "wren.gguf", "application/octet-stream")
    page.get_by_label("GGUF files", exact=True).set_input_files(file)
    disk.button("Add to this device").click()
    expect(page.get_by_text("is on this device now")).to_be_visible(timeout=ANSWER_MS)
    page.goto(f"{disk.address}#/storage")
    move = page.get_by_role("button", name=re.compile("^Move .* to the folder$"))
    move.click()
    expect(page.get_by_text(f'lies in the folder "{FOLDER}" now')).to_be_visible(timeout=ANSWER_MS)
    expect(move).to_have_count(0)
    expect(page.get_by_role("region", name="Your own folder of models")).to_contain_text("2 models in")
    assert {path.split("/")[0] for path in page.evaluate(KEPT, "models")} == {"cloche-starter"}
    assert "wren/wren.gguf" in page.evaluate(KEPT, FOLDER)
    moved = page.evaluate(SHA256, ["wren", "wren.gguf"])
    assert moved == hashlib.sha256(original(WEIGHTS)).hexdigest()


def test_a_new_model_is_moved_there_once_it_came_whole_if_the_person_wants_that(disk: Cloche) -> None:
    keep = models(disk).get_by_role("checkbox", name="Keep new models here")
    keep.check()
    begin_download(disk, f"models/starter/{WEIGHTS}", "Kite")
    storage(disk)
    expect(disk.page.get_by_text(f'Kite lies in the folder "{FOLDER}" now')).to_be_visible(timeout=ANSWER_MS)
    expect(disk.page.get_by_role("region", name="Your own folder of models")).to_contain_text("3 models in")
    assert f"kite/{WEIGHTS}" in disk.page.evaluate(KEPT, FOLDER)
    assert {path.split("/")[0] for path in disk.page.evaluate(KEPT, "models")} == {"cloche-starter"}
    models(disk)
    keep.uncheck()


def test_after_a_start_without_permission_it_says_so_and_goes_on_once_it_is_allowed_again(disk: Cloche) -> None:
    set_permission(disk, "prompt")
    disk.page.reload()
    disk.wait_state("error")
    part = models(disk)
    expect(part).to_contain_text(f'allow this page the folder "{FOLDER}" again', timeout=ANSWER_MS)
    expect(disk.alerts).to_contain_text(f'does not let this page read the folder "{FOLDER}" any more')
    disk.page.get_by_role("searchbox", name="Search models").fill("folder")
    expect(entry(disk).get_by_role("button", name="Allow again")).to_be_visible()
    part.get_by_role("button", name="Allow again").click()
    expect(part).to_contain_text("3 models in")
    disk.wait_ready()
    expect(entry(disk).get_by_text("loaded", exact=True)).to_be_visible(timeout=ANSWER_MS)
    disk.go_home()
    assert disk.ask("Hello") == "Hello! How can I help you?"


def test_a_denied_and_a_lost_folder_say_what_to_do(disk: Cloche) -> None:
    part = models(disk)
    set_permission(disk, "denied")
    part.get_by_role("button", name="Look again").click()
    expect(part).to_contain_text("permission was denied")
    set_permission(disk, "granted")
    disk.page.evaluate(
        "async (name) => (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true })", FOLDER
    )
    part.get_by_role("button", name="Look again").click()
    expect(part).to_contain_text("no longer where it was")
