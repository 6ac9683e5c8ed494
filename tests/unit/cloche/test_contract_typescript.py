"""The contract in TypeScript."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloche import contract, engine_contract
from cloche.contract_typescript import generate, main, models, typescript
from cloche.shapes import ErrorInfo, Part


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, "string"),
        (bytes, "Uint8Array"),
        (None, "null"),
        (int | None, "number | null"),
        (list[str], "string[]"),
        (list[int | None], "(number | null)[]"),
        (dict[str, Any], "Record<string, unknown>"),
        (list[Part], "Part[]"),
        (ErrorInfo, "ErrorInfo"),
    ],
)
def test_types_are_translated(annotation: Any, expected: str) -> None:
    assert typescript(annotation) == expected


def test_a_type_without_a_translation_is_an_error() -> None:
    with pytest.raises(TypeError):
        typescript(complex)


def test_every_command_event_and_worker_is_in_it() -> None:
    text = generate()
    names = [*contract.COMMANDS, *contract.EVENTS, *engine_contract.WORKERS, *engine_contract.STREAMS]
    for name in names:
        assert f'"{name}":' in text


def test_no_name_belongs_to_two_capabilities() -> None:
    for kind in ("COMMANDS", "EVENTS"):
        names = [name for capability in contract.CAPABILITIES for name in getattr(capability, kind, {})]
        assert len(names) == len(set(names))
    shapes = [shape.__name__ for shape in models()]
    assert len(shapes) == len(set(shapes))


def test_defaults_may_be_left_out_of_parameters_and_never_of_answers() -> None:
    text = generate()
    assert "  images?: NewImage[];" in text
    assert "  siblings: string[];" in text
    assert '  type: "image";' in text


def test_limits_are_repeated_for_forms() -> None:
    assert "temperature: { minimum: 0, maximum: 2 }" in generate()


def test_a_stale_file_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "contract.gen.ts"
    assert main(["--check", "--output", str(output)]) == 1
    assert main(["--output", str(output)]) == 0
    assert main(["--check", "--output", str(output)]) == 0
    output.write_text("old")
    assert main(["--check", "--output", str(output)]) == 1
    assert "stale" in capsys.readouterr().err
