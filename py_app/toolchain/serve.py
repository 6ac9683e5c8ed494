"""The serving end of `build.py run` and `build.py serve`: picks a port, prints the address, serves until Ctrl-C."""

from __future__ import annotations

from pathlib import Path

from toolchain.errors import BuildError
from toolchain.paths import DIST
from toolchain.progress import say
from toolchain.server import Request, StaticServer

FIRST_ERROR_STATUS = 400


def serve(*, host: str, port: int, isolation_headers: bool, quiet: bool, root: Path = DIST) -> None:
    """Serves dist/ until the person stops it."""
    if not (root / "index.html").exists():
        raise BuildError("There is nothing to serve yet: dist/ is missing.", todo="run `python3 build.py run`.")
    server = StaticServer(
        root, host=host, port=port, isolation_headers=isolation_headers, on_request=None if quiet else _report
    )
    _listen(server)
    say(f"\nCloche is at {server.url}")
    if not quiet:
        say("Stop with Ctrl-C.")
    try:
        server.wait()
    except KeyboardInterrupt:
        say("\nStopped. What you did in Cloche is kept by your browser.")
    finally:
        server.stop()


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
