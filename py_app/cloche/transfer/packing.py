"""Files around a document: plain JSON with all bytes inside, or a ZIP with pictures, files and packages beside it.

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

from .document import ArchivedBytes, ArchivedFile, ArchivedImage, BadFile, Document, read_document

MEMBER = "cloche.json"
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}
MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
MAX_MEMBERS_BYTES = 1024 * 1024 * 1024
MAX_MEMBERS = 200_000
#: a document packs to a tenth or so; what packs a thousandfold was made to harm
MAX_RATIO = 200
#: below this size any ratio is harmless
SMALL = 1024 * 1024
Read = Callable[[ArchivedBytes], bytes]
Contents = Callable[[ArchivedBytes], bytes]


def pack_json(document: Document, read: Read) -> bytes:
    """One file of text."""
    return document.with_bytes(lambda one: {"data": base64.b64encode(read(one)).decode()}).to_json()


def pack_zip(document: Document, read: Read) -> bytes:
    """A ZIP; pictures and packages are packed already and stay as they are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        document = document.with_bytes(lambda one: {"file": member_of(one)})
        file.writestr(MEMBER, document.to_json(), compress_type=zipfile.ZIP_DEFLATED)
        for one in document.all_bytes():
            kind = zipfile.ZIP_DEFLATED if isinstance(one, ArchivedFile) else zipfile.ZIP_STORED
            file.writestr(str(one.file), read(one), compress_type=kind)
    return packed.getvalue()


def member_of(one: ArchivedBytes) -> str:
    """The name of the member that holds its bytes."""
    if isinstance(one, ArchivedImage):
        return f"images/{one.id}.{SUFFIXES[one.mime]}"
    return f"files/{one.id}" if isinstance(one, ArchivedFile) else f"packages/{one.id}.whl"


def unpack(file: bytes) -> tuple[Document, Contents]:
    """The document of a file, and how to get the bytes of its pictures. Raises BadFile."""
    if file.startswith(b"PK\x03\x04"):
        return _unpack_zip(file)
    if len(file) > MAX_DOCUMENT_BYTES:
        raise BadFile(f"The file is {megabytes(len(file))}; up to {megabytes(MAX_DOCUMENT_BYTES)} of text are read.")
    return read_document(file), contents_of_data


def contents_of_data(one: ArchivedBytes) -> bytes:
    """The bytes of what stands in the document."""
    try:
        return base64.b64decode(one.data or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadFile(f"The file is damaged: the bytes of {one.id} cannot be read.") from error


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

    return read_document(member(MEMBER)), lambda one: member(one.file or "")


def check_sizes(members: Mapping[str, zipfile.ZipInfo]) -> None:
    """Refuse what would unpack to more than there is room for."""
    if len(members) > MAX_MEMBERS:
        raise BadFile(f"The ZIP file holds {len(members):,} files; up to {MAX_MEMBERS:,} are read.")
    text = members[MEMBER].file_size
    if text > MAX_DOCUMENT_BYTES:
        raise BadFile(f"{MEMBER} would unpack to {megabytes(text)}; up to {megabytes(MAX_DOCUMENT_BYTES)} are read.")
    total = sum(member.file_size for member in members.values()) - text
    if total > MAX_MEMBERS_BYTES:
        raise BadFile(f"Its members would unpack to {megabytes(total)}; up to {megabytes(MAX_MEMBERS_BYTES)} are read.")
    for member in members.values():
        if member.file_size > SMALL and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise BadFile(f"{member.filename[:100]} unpacks to {megabytes(member.file_size)} from almost nothing.")


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1_048_576:,.0f} MB"
