"""Headers of GGUF files: sound ones are read, all others are refused quickly and clearly."""

from __future__ import annotations

import random
import struct
import time

import pytest
from tests.unit.cloche.models.gguf_bytes import VALUES, gguf, text, value_of

from cloche.errors import BadModelFile
from cloche.models.gguf_header import MAX_HEADER_BYTES, HeaderIncomplete, read_header


def test_scalars_are_kept_and_lists_only_counted() -> None:
    data = gguf()
    header = read_header("toy.gguf", data, len(data))
    assert header.number("llama.context_length") == 2048
    assert header.lengths == {"tokenizer.ggml.tokens": 3, "tokenizer.ggml.scores": 3}
    assert header.parameters == 128


def test_a_header_that_goes_on_asks_for_more_until_it_is_whole() -> None:
    values = {**VALUES, "tokenizer.ggml.tokens": [f"token{n}" for n in range(100_000)]}
    data = gguf(values)
    steps = [1000]
    header = None
    while header is None and len(steps) < 5:
        try:
            header = read_header("big.gguf", data[: steps[-1]], len(data))
        except HeaderIncomplete as more:
            steps.append(more.needed)
    assert header is not None
    assert header.lengths["tokenizer.ggml.tokens"] == 100_000
    assert sorted(set(steps)) == steps


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04" + bytes(60), "ZIP"),
        (b"<!DOCTYPE html><title>Not found</title>", "web page"),
        (b'{"error": "no"}', "JSON"),
        (struct.pack("<Q", 20) + b'{"a": 1}' + bytes(30), "safetensors"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "pointer"),
        (b"tjgg" + bytes(50), "before 2023"),
        (b"", "not a GGUF"),
        (b"some text", "not a GGUF"),
        (gguf(version=1), "version 1"),
        (gguf(version=99), "version 99"),
        (gguf(cut=10), "cut off"),
        (gguf()[:40], "cut off|claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**40, 1), "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**63), "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62) + bytes(99), "bytes long"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<IIQ", 9, 4, 2**60) + bytes(99), "items"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<IIQ", 9, 9, 3) + bytes(99), "list"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<I", 77) + bytes(99), "type 77"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + 2 * (text("a") + value_of("b")) + bytes(99), "twice"),
        (
            b"GGUF"
            + struct.pack("<IQQ", 3, 1, 0)
            + text("t")
            + struct.pack("<IQQIQ", 2, 2**40, 2**40, 0, 0)
            + b" " * 99,
            "impossible size",
        ),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + text("t") + struct.pack("<IQIQ", 1, 32, 0, 7) + b" " * 200, "place"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + text("t") + struct.pack("<IQIQ", 1, 32, 99, 0) + b" " * 200,
            "not known",
        ),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + text("t") + struct.pack("<I", 4000) + b" " * 200, "dimensions"),
        (gguf({**VALUES, "general.alignment": ("I", 0)}), "alignment"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2) + b"\xff\xfe" + bytes(99), "not text"),
    ],
)
def test_what_is_no_sound_model_is_refused_with_its_reason(data: bytes, why: str) -> None:
    with pytest.raises(BadModelFile, match=why) as refused:
        read_header("chosen.gguf", data, len(data))
    assert refused.value.action
    assert "chosen.gguf" in refused.value.message


def test_a_header_without_end_is_not_read_to_its_end() -> None:
    # A file of a terabyte with one long list after the other: it is asked for up to the limit, and refused there.
    entries = (text(f"list {n}") + struct.pack("<IIQ", 9, 0, 2**22) + bytes(2**22) for n in range(20))
    endless = b"GGUF" + struct.pack("<IQQ", 3, 0, 20) + b"".join(entries)
    asked = [1000]
    with pytest.raises(BadModelFile, match="does not end"):
        while len(asked) < 20:
            try:
                read_header("endless.gguf", endless[: asked[-1]], 2**40)
            except HeaderIncomplete as more:
                asked.append(more.needed)
    assert sorted(set(asked)) == asked
    assert asked[-1] == MAX_HEADER_BYTES


def test_ten_thousand_broken_headers_neither_crash_nor_hang() -> None:
    chance = random.Random(4)  # noqa: S311 - the same mutations each time
    sound = gguf(tensors=3)
    header_bytes = read_header("sound.gguf", sound, len(sound)).header_bytes
    began = time.perf_counter()
    outcomes = {"read": 0, "refused": 0, "more": 0}
    for _ in range(10_000):
        broken = bytearray(sound)
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(header_bytes)
            if chance.random() < 0.5:
                broken[at] = chance.randrange(256)
            else:
                broken[at : at + 8] = struct.pack("<Q", chance.choice((0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)))
        if chance.random() < 0.2:
            del broken[chance.randrange(len(broken)) :]
        given = bytes(broken[: chance.randrange(len(broken) + 1)]) if chance.random() < 0.2 else bytes(broken)
        try:
            read_header("broken.gguf", given, len(broken))
            outcomes["read"] += 1
        except BadModelFile:
            outcomes["refused"] += 1
        except HeaderIncomplete as more:
            outcomes["more" if len(given) < more.needed <= len(broken) else "asked for nonsense"] += 1
    assert min(outcomes.values()) > 100
    assert time.perf_counter() - began < 30
