"""The static server as a browser meets it: over real connections to a port of its own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from toolchain.http_files import HEADERS_FILE
from toolchain.server import Request, StaticServer

HEADERS = json.loads(HEADERS_FILE.read_text("utf-8"))
DATA = bytes(range(100))


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(server: StaticServer, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=sent)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return Answer(response.status, response.headers, body)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html>home")
    (root / "data.bin").write_bytes(DATA)
    (root / "empty.txt").write_bytes(b"")
    for name in (
        "pyodide.mjs",
        "app.wasm",
        "manifest.webmanifest",
        "model.gguf",
        "some.whl",
        "assets/main-Ab12_x9Z.js",
    ):
        (root / name).write_bytes(b"x")
    (tmp_path / "secret.txt").write_text("outside")
    return root


@pytest.fixture
def server(site: Path) -> Iterator[StaticServer]:
    with StaticServer(site) as running:
        yield running


def test_the_folder_is_its_index_page(server: StaticServer) -> None:
    answer = ask(server, "/")
    assert (answer.status, answer.body) == (200, b"<!doctype html>home")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pyodide.mjs", "text/javascript; charset=utf-8"),
        ("app.wasm", "application/wasm"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("model.gguf", "application/octet-stream"),
        ("some.whl", "application/octet-stream"),
    ],
)
def test_types_are_those_that_browsers_insist_on(server: StaticServer, name: str, expected: str) -> None:
    assert ask(server, f"/{name}").headers["Content-Type"] == expected


@pytest.mark.parametrize(
    ("asked", "content_range", "body"),
    [
        ("bytes=0-9", "bytes 0-9/100", DATA[:10]),
        ("bytes=90-", "bytes 90-99/100", DATA[90:]),
        ("bytes=-5", "bytes 95-99/100", DATA[-5:]),
        ("bytes=-500", "bytes 0-99/100", DATA),
        ("bytes=95-400", "bytes 95-99/100", DATA[95:]),
    ],
)
def test_a_range_gets_exactly_its_bytes(server: StaticServer, asked: str, content_range: str, body: bytes) -> None:
    answer = ask(server, "/data.bin", Range=asked)
    assert (answer.status, answer.headers["Content-Range"], answer.body) == (206, content_range, body)
    assert answer.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_a_range_outside_the_file_is_refused_with_its_size(server: StaticServer, asked: str) -> None:
    answer = ask(server, "/data.bin", Range=asked)
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */100")


@pytest.mark.parametrize("asked", ["bytes=9-0", "bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=a-b"])
def test_a_range_that_is_none_gets_the_whole_file(server: StaticServer, asked: str) -> None:
    answer = ask(server, "/data.bin", Range=asked)
    assert (answer.status, answer.body) == (200, DATA)


def test_a_known_version_is_not_sent_again(server: StaticServer) -> None:
    tag = ask(server, "/data.bin").headers["ETag"]
    again = ask(server, "/data.bin", If_None_Match=f'"other", W/{tag}')
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)


def test_a_changed_file_has_another_version(server: StaticServer, site: Path) -> None:
    tag = ask(server, "/data.bin").headers["ETag"]
    (site / "data.bin").write_bytes(b"changed")
    assert ask(server, "/data.bin", If_None_Match=tag).body == b"changed"


def test_a_download_resumes_only_from_the_same_version(server: StaticServer) -> None:
    tag = ask(server, "/data.bin").headers["ETag"]
    assert ask(server, "/data.bin", Range="bytes=50-", If_Range=tag).status == 206
    assert ask(server, "/data.bin", Range="bytes=50-", If_Range='"older"').body == DATA


def test_head_has_the_headers_of_get_and_no_body(server: StaticServer) -> None:
    answer = ask(server, "/data.bin", "HEAD")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "100", b"")


def test_an_empty_file_is_an_empty_answer(server: StaticServer) -> None:
    answer = ask(server, "/empty.txt")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "0", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/..\\secret.txt",
        "//secret.txt",
        "/data.bin%00.html",
        "/assets/",
        "/assets",
        "/nothing.txt",
    ],
)
def test_nothing_but_the_folders_files_is_found(server: StaticServer, path: str) -> None:
    answer = ask(server, path)
    assert answer.status == 404
    assert b"outside" not in answer.body


def test_a_link_that_leaves_the_folder_is_not_followed(server: StaticServer, site: Path) -> None:
    (site / "link.txt").symlink_to(site.parent / "secret.txt")
    assert ask(server, "/link.txt").status == 404


def test_other_methods_are_refused(server: StaticServer) -> None:
    answer = ask(server, "/data.bin", "POST")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_hashed_assets_are_kept_for_ever_and_all_else_is_asked_again(server: StaticServer) -> None:
    assert "immutable" in ask(server, "/assets/main-Ab12_x9Z.js").headers["Cache-Control"]
    assert ask(server, "/index.html").headers["Cache-Control"] == "no-cache"


def test_every_answer_is_isolated(server: StaticServer) -> None:
    for path in ("/", "/data.bin", "/nothing.txt"):
        headers = ask(server, path).headers
        assert {name: headers[name] for name in HEADERS["isolation"]} == HEADERS["isolation"]


def test_documents_and_scripts_have_their_own_policies(server: StaticServer) -> None:
    policy = "Content-Security-Policy"
    assert ask(server, "/").headers[policy] == HEADERS["document"][policy]
    assert ask(server, "/pyodide.mjs").headers[policy] == HEADERS["worker"][policy]


def test_isolation_headers_can_be_left_out(site: Path) -> None:
    with StaticServer(site, isolation_headers=False) as server:
        headers = ask(server, "/").headers
    assert not any(name in headers for name in HEADERS["isolation"])


def test_an_overlay_shadows_single_files(site: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "data.bin").write_bytes(b"broken")
    with StaticServer(site, overlay=overlay) as server:
        assert ask(server, "/data.bin").body == b"broken"
        assert ask(server, "/index.html").status == 200


def test_the_app_can_live_below_a_sub_path(site: Path) -> None:
    with StaticServer(site, base="/cloche/") as server:
        assert server.url.endswith(f":{server.port}/cloche/")
        assert ask(server, "/cloche/").status == 200
        assert ask(server, "/").status == 404


def test_the_log_tells_every_request(server: StaticServer) -> None:
    ask(server, "/data.bin", Range="bytes=0-9")
    ask(server, "/nothing.txt", "HEAD")
    assert server.requests == [Request("GET", "/data.bin", 206, "bytes=0-9"), Request("HEAD", "/nothing.txt", 404)]


def test_one_connection_carries_many_requests(server: StaticServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for path in ("/data.bin", "/nothing.txt", "/empty.txt", "/"):
        connection.request("GET", path)
        connection.getresponse().read()
        assert connection.sock is not None
    connection.close()


def test_stopping_cuts_open_connections_and_starting_takes_the_same_port(server: StaticServer) -> None:
    port = server.port
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    kept.request("GET", "/")
    kept.getresponse().read()
    server.stop()
    assert kept.sock.recv(1) == b""
    with pytest.raises(OSError, match="refused"):
        ask(server, "/")
    server.start()
    assert (server.port, ask(server, "/").status) == (port, 200)
