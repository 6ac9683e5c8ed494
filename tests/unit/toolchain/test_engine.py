"""What the engine is compiled from, and when a file is compiled again."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from toolchain import engine
from toolchain.engine_licences import UPSTREAM, ZIG, write_licences
from toolchain.engine_units import KERNELS, MISSING, SHARED_WORK, Trees, Unit, kernels, units
from toolchain.errors import BuildError


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    """A few of upstream's files, and Zig's library without any."""
    made = Trees(tmp_path / "llama", tmp_path / "zig", tmp_path / "headers")
    folders = ("ggml/src", "ggml/src/ggml-cpu", "src", "src/models", "tools/mtmd", "tools/mtmd/models", "common")
    for folder in (*folders, "common/jinja", "common/parsers", "vendor/hash", "vendor/hash/sha256"):
        (made.llama / folder).mkdir(parents=True)
    for name in (
        "src/models/a.cpp",
        "src/models/b.cpp",
        "ggml/src/ggml.c",
        "common/arg.cpp",
        "ggml/src/ggml-cpu/repack.cpp",
    ):
        (made.llama / name).write_text("")
    made.headers.mkdir()
    return made


def test_small_files_are_compiled_together_each_once(trees: Trees) -> None:
    texts = [unit.path.read_text() for unit in units(trees, "1.2.3") if unit.name.startswith("src_models")]
    assert sorted(line for text in texts for line in text.split()[1::2]) == [
        '"src/models/a.cpp"',
        '"src/models/b.cpp"',
    ]


def test_what_the_page_has_no_use_for_and_what_we_have_in_its_place_is_left_out(trees: Trees) -> None:
    names = [unit.name for unit in units(trees, "1.2.3")]
    assert "ggml/src/ggml.c" in names
    assert "repack.cpp" in names
    assert not {"common/arg.cpp", "ggml/src/ggml-cpu/repack.cpp", *KERNELS} & set(names)


def test_kernels_are_compiled_with_relaxed_simd_and_without(trees: Trees) -> None:
    relaxed, plain = kernels(trees, "1.2.3")
    assert [unit.name for unit in relaxed] == [unit.name for unit in plain] == list(KERNELS)
    for with_it, without in zip(relaxed, plain, strict=True):
        assert set(with_it.flags) - set(without.flags) == {"-mrelaxed-simd"}
    assert len({unit.object_name for unit in (*relaxed, *plain)}) == 2 * len(KERNELS)


def test_the_work_that_threads_share_is_compiled_for_it(trees: Trees) -> None:
    (trees.llama / SHARED_WORK).write_text("")
    sharing = [unit.name for unit in units(trees, "1.2.3") if "-fopenmp" in unit.flags]
    assert sharing == [SHARED_WORK]


def test_messages_name_no_folder_of_this_machine(trees: Trees) -> None:
    (unit, *_) = units(trees, "1.2.3")
    assert f"-ffile-prefix-map={trees.llama}=llama.cpp" in unit.flags


def test_a_file_is_compiled_again_when_it_or_its_flags_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "OBJECTS", tmp_path)
    (tmp_path / "a.c").write_text("one")
    unit = Unit(tmp_path, "a.c", ("clang", "-O3"))
    assert not engine.is_fresh(unit, "")
    (tmp_path / "a.c.o").write_bytes(b"")
    (tmp_path / "a.c.stamp").write_text(engine.stamp(unit, ""))
    assert engine.is_fresh(unit, "")
    assert not engine.is_fresh(replace(unit, flags=("clang", "-Os")), "")
    (tmp_path / "a.c").write_text("two")
    assert not engine.is_fresh(unit, "")


def test_only_files_that_include_our_headers_are_compiled_again_when_those_change(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("")
    theirs = Unit(tmp_path, "a.c", ("clang",))
    given_ours = Unit(tmp_path, "a.c", ("clang", "-include", str(MISSING)))
    assert engine.stamp(theirs, "before") == engine.stamp(theirs, "after")
    assert engine.stamp(given_ours, "before") != engine.stamp(given_ours, "after")


@pytest.mark.skipif(not engine.is_built(), reason="the engine of these sources has not been built")
def test_the_engine_is_the_same_on_every_machine() -> None:
    """After a change of engine/ or of its lock, what `record` says goes into the file."""
    assert engine.record() == engine.RECORD.read_text("utf-8")


def test_the_lock_has_one_source_and_one_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FOLDER", tmp_path)
    source, compiler = engine.locks()
    assert source.read_text().startswith("llama-cpp-python==")
    assert compiler.read_text().startswith("ziglang==")
    assert all("--hash=sha256:" in path.read_text() for path in (source, compiler))


def test_sources_are_unpacked_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SOURCE", tmp_path / "source")
    packed = io.BytesIO()
    names = [*(f"{engine.LLAMA}/{part}/a.cpp" for part in engine.SOURCE_PARTS), f"{engine.LLAMA}/docs/a.md"]
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in names:
            info = tarfile.TarInfo(f"llama-1.0/{name}")
            info.size = 5000
            tar.addfile(info, io.BytesIO(bytes(5000)))
    cut, whole = tmp_path / "cut.tar", tmp_path / "whole.tar"
    last = packed.getvalue().rindex(names[-2].encode())
    cut.write_bytes(packed.getvalue()[: last + 2000])
    whole.write_bytes(packed.getvalue())
    with pytest.raises(tarfile.ReadError):
        engine.unpack(cut)
    assert not engine.SOURCE.exists()
    engine.unpack(whole)
    found = [path.relative_to(engine.SOURCE).as_posix() for path in engine.SOURCE.rglob("*") if path.is_file()]
    assert sorted(found) == sorted(names[:-1])


def test_licences_are_gathered_from_files_and_comments(tmp_path: Path) -> None:
    llama, zig = tmp_path / "llama", tmp_path / "zig"
    for folder, parts in ((llama, UPSTREAM), (zig, ZIG)):
        for part in parts:
            path = folder / part.path
            path.parent.mkdir(parents=True, exist_ok=True)
            wording = f"{part.start} by {part.name}"
            path.write_text(f"code\n/*\n{wording}\n*/\nmore code" if part.start else wording)
    (llama / "vendor/nlohmann").mkdir()
    target = tmp_path / "licences.json"
    write_licences(llama, zig, target)
    texts = {notice["name"]: notice["text"] for notice in json.loads(target.read_text())}
    assert texts == {part.name: f"{part.start} by {part.name}".strip() for part in (*UPSTREAM, *ZIG)}

    (llama / "vendor/novelty").mkdir()
    with pytest.raises(BuildError, match="novelty"):
        write_licences(llama, zig, target)
    (llama / "vendor/novelty").rmdir()
    (llama / "LICENSE").unlink()
    with pytest.raises(BuildError, match=r"The licence of llama.cpp .* is not where it was"):
        write_licences(llama, zig, target)
