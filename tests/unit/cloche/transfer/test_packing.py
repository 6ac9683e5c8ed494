"""The two packings, and what a hostile ZIP cannot do."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable

import pytest
from tests.unit.cloche.scripted import PNG
from tests.unit.cloche.transfer.conversations import CSV, rich_session, samples

from cloche.store.store import Store
from cloche.transfer import dump, packing
from cloche.transfer.document import BadFile, Document
from cloche.transfer.packing import MEMBER, pack_json, pack_zip, unpack


def document() -> Document:
    """A document with a picture."""
    store = Store(":memory:")
    rich_session(store)
    return dump.document(store)


def zipped(**members: bytes) -> bytes:
    """A ZIP of these members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("_", "."), data)
    return packed.getvalue()


@pytest.mark.parametrize("pack", [pack_json, pack_zip])
def test_what_was_packed_comes_out_again(pack: Callable[[Document, packing.Read], bytes]) -> None:
    before = document()
    after, contents = unpack(pack(before, samples))
    assert after.sessions == before.sessions
    assert [contents(one) for one in after.all_bytes()] == [PNG, CSV]


def test_a_zip_of_something_else_is_refused() -> None:
    with pytest.raises(BadFile, match=r"holds no cloche\.json"):
        unpack(zipped(readme_txt=b"Hello"))


def test_a_zip_that_was_cut_off_is_refused() -> None:
    packed = pack_zip(document(), samples)
    for length in (4, len(packed) // 2, len(packed) - 1):
        with pytest.raises(BadFile, match="damaged"):
            unpack(packed[:length])


def test_a_flipped_bit_in_a_member_is_noticed() -> None:
    packed = bytearray(pack_zip(document(), samples))
    packed[packed.index(MEMBER.encode()) + len(MEMBER) + 20] ^= 0x10
    with pytest.raises(BadFile, match="damaged"):
        unpack(bytes(packed))


def test_a_picture_that_is_not_in_the_zip_is_refused() -> None:
    missing = document()
    images = [image.model_copy(update={"file": "images/none.png"}) for image in missing.images]
    text = missing.model_copy(update={"images": images}).to_json()
    after, contents = unpack(zipped(cloche_json=text))
    with pytest.raises(BadFile, match="is missing"):
        contents(after.images[0])


def test_a_member_that_packs_too_well_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(cloche_json=b"{}", images_png=b"\0" * 4_000_000)
    monkeypatch.setattr(zlib, "decompressobj", None)
    with pytest.raises(BadFile, match="from almost nothing"):
        unpack(bomb)


def test_sizes_and_numbers_beyond_the_limits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = zipped(cloche_json=b"0123456789", a_png=b"x" * 11, b_png=b"x" * 11)
    for name, reason in (
        ("MAX_DOCUMENT_BYTES", "would unpack"),
        ("MAX_MEMBERS_BYTES", "members would unpack"),
        ("MAX_MEMBERS", "holds 3 files"),
    ):
        with monkeypatch.context() as changed:
            changed.setattr(packing, name, 2)
            with pytest.raises(BadFile, match=reason):
                unpack(packed)


def test_a_member_that_claims_less_than_it_holds_gives_no_more_than_it_claims() -> None:
    packed = zipped(cloche_json=b"[" * 1000)
    lie = packed.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lie != packed
    with pytest.raises(BadFile, match="damaged"):
        unpack(lie)


def test_text_longer_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_DOCUMENT_BYTES", 10)
    with pytest.raises(BadFile, match="up to 0 MB of text"):
        unpack(b"{" + b" " * 20 + b"}")
