"""Who is asked: a model of a provider, with the transport that reaches it.

Owns this one pair of facts and way, which registry.py makes and the agent uses.
"""

from __future__ import annotations

from typing import NamedTuple

from .base import Transport


class Speaker(NamedTuple):
    """`id` is the provider's, `name` what people call it, `model` the model's id ("" while it is not known yet)."""

    id: str
    name: str
    remote: bool
    transport: Transport

    @property
    def model(self) -> str:
        """The model that answers."""
        card = self.transport.card
        return card.id if card else ""
