"""Files around a document: plain JSON with the pictures inside, or a ZIP with the pictures beside it.

Owns the two packings, their recognition, and the limits that keep a hostile ZIP from filling the memory: sizes are
checked before anything is unpacked, and unpacking never goes beyond the size that a member claims.
"""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
import zlib
from collections.abc import Callable, Mapping

from .document import ArchivedImage, BadFile, Document, read_document

MEMBER = "cloche.json"
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}
MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
MAX_PICTURES_BYTES = 1024 * 1024 * 1024
MAX_MEMBERS = 200_000
#: a document packs to a tenth or so; what packs a thousandfold was made to harm
MAX_RATIO = 200
#: below this size any ratio is harmless
SMALL = 1024 * 1024
ReadImage = Callable[[str], bytes]
Contents = Callable[[ArchivedImage], bytes]


def pack_json(document: Document, read_image: ReadImage) -> bytes:
    """One file of text."""
    images = [
        image.model_copy(update={"data": base64.b64encode(read_image(image.id)).decode()}) for image in document.images
    ]
    return document.model_copy(update={"images": images}).to_json()


def pack_zip(document: Document, read_image: ReadImage) -> bytes:
    """A ZIP; pictures are packed already and stay as they are."""
    images = [
        image.model_copy(update={"file": f"images/{image.id}.{SUFFIXES[image.mime]}"}) for image in document.images
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        text = document.model_copy(update={"images": images}).to_json()
        file.writestr(MEMBER, text, compress_type=zipfile.ZIP_DEFLATED)
        for image in images:
            file.writestr(str(image.file), read_image(image.id), compress_type=zipfile.ZIP_STORED)
    return packed.getvalue()


def unpack(file: bytes) -> tuple[Document, Contents]:
    """The document of a file, and how to get the bytes of its pictures. Raises BadFile."""
    if file.startswith(b"PK\x03\x04"):
        return _unpack_zip(file)
    if len(file) > MAX_DOCUMENT_BYTES:
        raise BadFile(f"The file is {megabytes(len(file))}; up to {megabytes(MAX_DOCUMENT_BYTES)} of text are read.")
    return read_document(file), contents_of_data


def contents_of_data(image: ArchivedImage) -> bytes:
    """The bytes of a picture that stands in the document."""
    try:
        return base64.b64decode(image.data or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadFile(f"The file is damaged: picture {image.id} cannot be read.") from error


def _unpack_zip(file: bytes) -> tuple[Document, Contents]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(file))
        members = {member.filename: member for member in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise BadFile(f"The ZIP file is damaged: {error}.") from error
    if MEMBER not in members:
        raise BadFile(f"This is not a file that Cloche has exported: it holds no {MEMBER}.")
    check_sizes(members)

    def member(name: str) -> bytes:
        if name not in members:
            raise BadFile(f"The file is damaged: {name} is missing.")
        try:
            with archive.open(members[name]) as packed:
                return packed.read(members[name].file_size)
        except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
            raise BadFile(f"The ZIP file is damaged: {name} cannot be unpacked ({error}).") from error

    return read_document(member(MEMBER)), lambda image: member(image.file or "")


def check_sizes(members: Mapping[str, zipfile.ZipInfo]) -> None:
    """Refuse what would unpack to more than there is room for."""
    if len(members) > MAX_MEMBERS:
        raise BadFile(f"The ZIP file holds {len(members):,} files; up to {MAX_MEMBERS:,} are read.")
    text = members[MEMBER].file_size
    if text > MAX_DOCUMENT_BYTES:
        raise BadFile(f"{MEMBER} would unpack to {megabytes(text)}; up to {megabytes(MAX_DOCUMENT_BYTES)} are read.")
    total = sum(member.file_size for member in members.values()) - text
    if total > MAX_PICTURES_BYTES:
        raise BadFile(
            f"The pictures would unpack to {megabytes(total)}; up to {megabytes(MAX_PICTURES_BYTES)} are read."
        )
    for member in members.values():
        if member.file_size > SMALL and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise BadFile(f"{member.filename[:100]} unpacks to {megabytes(member.file_size)} from almost nothing.")


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1_048_576:,.0f} MB"
