"""What `build.py run` prints when it starts to serve."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolchain import serve as serving
from toolchain.errors import BuildError
from toolchain.server import StaticServer


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("home")
    return tmp_path


@pytest.fixture(autouse=True)
def _interrupt_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(server: StaticServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StaticServer, "wait", interrupt)


def start(site: Path, port: int = 0, host: str = "127.0.0.1") -> None:
    serving.serve(host=host, port=port, isolation_headers=True, quiet=True, root=site)


def test_the_address_is_printed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start(site)
    assert re.search(r"^Cloche is at http://localhost:\d+/$", capsys.readouterr().out, re.MULTILINE)


def test_a_taken_port_is_named_and_another_one_used(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StaticServer(site) as other:
        start(site, port=other.port)
        printed = capsys.readouterr().out
        assert f"Port {other.port} cannot be used" in printed
        assert other.url not in printed


def test_a_host_of_another_machine_says_what_to_do(site: Path) -> None:
    with pytest.raises(BuildError, match="check --host"):
        start(site, host="192.0.2.1")


def test_serving_before_building_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"build\.py run"):
        start(tmp_path)


def test_the_relays_addresses_are_printed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    serving.serve(host="127.0.0.1", port=0, isolation_headers=True, quiet=True, vila=True, root=site)
    assert re.search(r"ws://localhost:\d+/\?api_key=KEY .* http://localhost:\d+/v1", capsys.readouterr().out)


def test_the_relay_is_for_this_machine_only(site: Path) -> None:
    with pytest.raises(BuildError, match="this machine only"):
        serving.serve(host="0.0.0.0", port=0, isolation_headers=True, quiet=True, vila=True, root=site)
