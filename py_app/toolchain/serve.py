"""The serving end of `build.py run` and `build.py serve`: picks a port, prints the address, serves until Ctrl-C.

With `vila` the relay (py_app/relay) takes part. It needs a package of .venv, whose Python is this one's version.
"""

from __future__ import annotations

import site
import sysconfig
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.paths import DIST, VENV
from toolchain.progress import say
from toolchain.server import Gateway, Request, StaticServer

FIRST_ERROR_STATUS = 400
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(*, host: str, port: int, isolation_headers: bool, quiet: bool, vila: bool = False, root: Path = DIST) -> None:
    """Serves dist/ until the person stops it."""
    if not (root / "index.html").exists():
        raise BuildError("There is nothing to serve yet: dist/ is missing.", todo="run `python3 build.py run`.")
    server = StaticServer(
        root,
        host=host,
        port=port,
        isolation_headers=isolation_headers,
        on_request=None if quiet else _report,
        gateway=_relay(host) if vila else None,
    )
    _listen(server)
    say(f"\nCloche is at {server.url}")
    if vila:
        address = server.url.replace("http://", "ws://")
        say(f"Programs on this machine ask it at {address}?api_key=KEY (VILA) and {server.url}v1 (OpenAI).")
        say("Keys are made in the app, under Share. The tab must stay open: its model answers.")
    if not quiet:
        say("Stop with Ctrl-C.")
    try:
        server.wait()
    except KeyboardInterrupt:
        say("\nStopped. What you did in Cloche is kept by your browser.")
    finally:
        server.stop()


def _relay(host: str) -> Gateway:
    """The relay, for this machine only."""
    if host not in LOOPBACK:
        raise BuildError(
            f"--vila and --host {host} do not go together: the relay answers this machine only.",
            todo="leave out --host; for other machines forward the port, as `ssh -L` does.",
        )
    site.addsitedir(sysconfig.get_path("purelib", vars={"base": str(VENV), "platbase": str(VENV)}))
    from relay.gateway import Relay

    return Relay()


def _listen(server: StaticServer) -> None:
    """Takes the wished port, or any free one when another program has it."""
    wished = server.port
    try:
        server.start()
    except OSError as taken:
        server.port = 0
        try:
            server.start()
        except OSError as error:
            raise BuildError(
                f"No port of {server.host} could be opened.", why=str(error), todo="check --host, or leave it out."
            ) from error
        say(f"Port {wished} cannot be used ({taken.strerror}), so this is another one.")


def _report(request: Request) -> None:
    """Only what went wrong is worth a line."""
    if request.status >= FIRST_ERROR_STATUS:
        say(f"  {request.status} {request.method} {request.path}")
