"""What the page knows of a person's packages, and the commands about them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..commands import Command, NoParams
from ..shapes import Model

MAX_WHEEL_BYTES = 32 * 1024 * 1024


class PackageInfo(Model):
    """A package that is there. `origin` is where it came from, "" for a file; `size` in bytes.

    `missing` names what it needs and what is not there; `error` says why it cannot be imported.
    """

    name: str
    version: str
    origin: str
    size: int
    imports: list[str]
    missing: list[str]
    error: str = ""


class WheelFile(Model):
    """A wheel `<name>-<version>-py3-none-any.whl` of the person's."""

    name: str = Field(max_length=300)
    bytes: Annotated[bytes, Field(max_length=MAX_WHEEL_BYTES)]


class PackageRequest(Model):
    """A requirement such as `attrs` or `rich>=13`, to be got with all that it needs from a package index.

    `index_url` "" is micropip's own index, PyPI.
    """

    requirement: str = Field(min_length=1, max_length=300)
    index_url: str = Field(default="", max_length=1000)


class PackageRef(Model):
    """Names a package."""

    name: str


class PackagesAdded(Model):
    """The packages that were added; none where `needs` names an origin that the person must open first."""

    added: list[str]
    needs: str = ""


COMMANDS: dict[str, Command] = {
    "packages.list": Command(NoParams, list[PackageInfo]),
    "packages.add": Command(WheelFile, PackagesAdded),
    "packages.fetch": Command(PackageRequest, PackagesAdded),
    "packages.remove": Command(PackageRef, None),
}
