"""Our engine sees what the native one saw, scenario by scenario."""

from typing import Any

import pytest
from tests.unit.amplifier_engine import engines, recording
from tests.unit.amplifier_engine.scenarios import SCENARIOS

RECORDED = recording.recorded()


def _differences(expected: list[Any], found: list[Any]) -> list[str]:
    pairs = [
        f"native: {native!r}\n  ours: {ours!r}" for native, ours in zip(expected, found, strict=False) if native != ours
    ]
    if len(expected) != len(found):
        pairs.append(f"native: {len(expected)} observations\n  ours: {len(found)}")
    return pairs[:5]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_our_engine_sees_what_the_native_one_saw(name: str) -> None:
    found = recording.observe(engines.OURS, name)
    assert found, "a scenario has to see something"
    assert not (differences := _differences(RECORDED[name], found)), "\n".join(differences)


def test_every_scenario_is_recorded() -> None:
    assert sorted(RECORDED) == sorted(SCENARIOS)


def test_there_are_several_hundred_observations() -> None:
    assert sum(map(len, RECORDED.values())) > 3000


if engines.NATIVE is not None:

    @pytest.mark.parametrize("name", sorted(SCENARIOS))
    def test_recorded_observations_are_those_of_the_native_engine(name: str) -> None:
        assert engines.NATIVE is not None
        fresh = recording.observe(engines.NATIVE, name)
        hint = "make them anew: PYTHONPATH=py_app python -m tests.unit.amplifier_engine.recording"
        assert not (differences := _differences(RECORDED[name], fresh)), "\n".join([hint, *differences])
