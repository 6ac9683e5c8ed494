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
from toolchain.background import engine_in_background
from toolchain.bench import run_bench
from toolchain.check import run_checks
from toolchain.errors import BuildError
from toolchain.progress import say
from toolchain.serve import serve
from toolchain.server import DEFAULT_PORT
from toolchain.starter import run_starter
from toolchain.suites import NAMES, Count, in_browser, run_suites
from toolchain.webllm import run_webllm

EPILOG = """
Everything that is made lies in .venv, node_modules, .build and dist; deleting them is safe, they are made again.
numpy is optional: it is fetched once from Pyodide's distribution host; `build.py build --retry-numpy` tries again.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="build.py", description="Sets up, builds, serves and tests Cloche.", epilog=EPILOG
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser("run", help="set up, build, serve and print the address")
    build = verbs.add_parser("build", help="make the static files in dist/, for any static host")
    server = verbs.add_parser("serve", help="serve dist/ as it is")
    test = verbs.add_parser("test", help="set up, build and run the tests")
    verbs.add_parser("check", help="style, types and generated files")
    bench = verbs.add_parser("bench", help="measure everything, or the parts that are named")
    verbs.add_parser("engine", help="compile Cloche's own engine, several times faster than wllama on a processor")
    verbs.add_parser(
        "starter", help="make the starter model: --train, --smoke, --evaluate, --export; see its --help", add_help=False
    )
    verbs.add_parser("webllm", help="make the library with which WebLLM runs the starter model in tests")
    for verb in (run, server):
        verb.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        verb.add_argument("--port", type=int, default=DEFAULT_PORT, help="port (default: %(default)s, else a free one)")
        verb.add_argument("--quiet", action="store_true", help="print only the address")
        verb.add_argument(
            "--no-isolation-headers",
            dest="isolation_headers",
            action="store_false",
            help="leave out COOP, COEP and CORP, as many static hosts do",
        )
        verb.add_argument(
            "--vila",
            action="store_true",
            help="let programs on this machine ask the open tab's model: VILA streaming protocol, OpenAI's API",
        )
    run.add_argument(
        "--no-engine", dest="engine", action="store_false", help="do not compile the faster engine in the background"
    )
    build.add_argument("--retry-numpy", action="store_true", help="ask again for the optional numpy")
    test.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(NAMES)}")
    test.epilog = (
        "Arguments after -- go to pytest and vitest: build.py test e2e -- -k camera. Files named there run alone."
    )
    bench.add_argument("parts", nargs="*", metavar="PART", help="`build.py bench -- --help` names them")
    bench.epilog = "Arguments after -- go to the benchmark: build.py bench engine -- --json FILE."
    return top


def perform(options: argparse.Namespace, extra: list[str]) -> int:
    """Does what one verb promises; the exit code."""
    match options.verb:
        case "run":
            setup.build()
            with engine_in_background(wanted=options.engine, quiet=options.quiet):
                _serve(options)
        case "serve":
            if options.vila:
                setup.set_up_python()
            _serve(options)
        case "build":
            setup.build_engine()
            setup.build(retry_numpy=options.retry_numpy)
        case "test":
            if in_browser(options.suites):
                setup.build_engine()
                setup.build()
            else:
                setup.set_up()
            return 1 if run_suites(options.suites, extra).failed else 0
        case "check":
            setup.set_up()
            count = Count(*run_checks())
            say(f"\n{count}")
            return 1 if count.failed else 0
        case "bench":
            setup.build()
            return run_bench([*options.parts, *extra])
        case "engine":
            setup.build_engine()
        case "starter":
            return run_starter(extra)
        case "webllm":
            return run_webllm()
    return 0


def _serve(options: argparse.Namespace) -> None:
    serve(
        host=options.host,
        port=options.port,
        isolation_headers=options.isolation_headers,
        quiet=options.quiet,
        vila=options.vila,
    )


def main(arguments: list[str]) -> int:
    """Splits off what is meant for other tools, runs the verb and turns errors into sentences."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    own, extra = arguments[:at], arguments[at + 1 :]
    if own[:1] == ["starter"]:
        own, extra = own[:1], [*own[1:], *extra]
    try:
        return perform(parser().parse_args(own), extra)
    except BuildError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
