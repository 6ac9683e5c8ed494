"""The card says what was measured, and the shipped card is true of the shipped files."""

import json
from pathlib import Path

from starter_model import card
from starter_model.cases import all_cases

SHIPPED = Path(__file__).parents[3] / "public" / "models" / "starter"


def test_every_kind_of_case_has_a_figure() -> None:
    figures: card.Figures = {}
    for case in all_cases(8):
        right, count = figures.get(case.kind, [0, 0])
        figures[case.kind] = [right + 1, count + 1]
    rows = card.rows(figures)
    labelled = {f"{group}: {kind}" for group, labels, _ in card.GROUPS for kinds in labels.values() for kind in kinds}
    assert labelled == set(figures)
    assert all(row["value"] == 1 for row in rows)


def test_the_shipped_card_names_the_shipped_files() -> None:
    shipped = json.loads((SHIPPED / "card.json").read_text("utf-8"))
    names = [file["name"] for file in shipped["files"]]
    assert shipped["files"] == card.files((SHIPPED / names[0], SHIPPED / names[1]))
    assert sum(file["size"] for file in shipped["files"]) <= 16_000_000
