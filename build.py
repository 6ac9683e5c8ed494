#!/usr/bin/env python3
"""Cloche's one command: sets everything up, builds, serves, tests, checks and measures.

Needs Python 3.11 or newer and nothing else. The work is done by py_app/toolchain; this file is the table of verbs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - the message is for the Pythons that are too old
    sys.exit("Cloche needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try python3.12 build.py ...")

sys.path.insert(0, str(Path(__file__).resolve().parent / "py_app"))

from toolchain import setup
from toolchain.errors import BuildError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="build.py", description="Sets up, builds, serves and tests Cloche.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    build = verbs.add_parser("build", help="make the static files in dist/, for any static host")
    build.add_argument("--retry-numpy", action="store_true", help="ask again for the optional numpy")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one verb; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        setup.build(retry_numpy=options.retry_numpy)
    except BuildError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
