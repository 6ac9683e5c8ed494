"""The clock: the time here and in other time zones.

Owns the wording. The rules of the zones come from the host: a browser has them all, Python in a tab has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from ..host.base import Host
from .tool import FunctionTool, ToolFault, tool


def clock_tools(host: Host, now: Callable[[], float] = time.time) -> list[FunctionTool]:
    """The clock, and the clock of elsewhere."""

    @tool(access="read")
    def clock() -> str:
        """Tell the date and the time here and now."""
        local, _ = there("", now(), host)
        return f"{local:%Y-%m-%d %H:%M}"

    @tool(access="read")
    def clock_in(zone: Annotated[str, Field(min_length=1, max_length=64)]) -> str:
        """Tell the date and the time in another time zone.

        Args:
            zone: a name such as "Europe/Berlin", "America/New_York" or "UTC"
        """
        local, where = there(zone, now(), host)
        return f"{local:%H:%M} on {local:%A}, {local.day} {local:%B %Y} ({where})"

    return [clock, clock_in]


def there(zone: str, moment: float, host: Host) -> tuple[datetime, str]:
    """Date and time at a moment and the name of the zone; "" is the zone of this machine."""
    try:
        name, minutes = host.time_zone(zone, moment)
    except ValueError as error:
        raise ToolFault(
            f"There is no time zone '{zone}'. Names look like Europe/Berlin or America/New_York."
        ) from error
    return datetime.fromtimestamp(moment, UTC) + timedelta(minutes=minutes), f"{name}, UTC{offset(minutes)}"


def offset(minutes: int) -> str:
    """The distance from UTC as people write it."""
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    hours, rest = divmod(minutes, 60)
    return f"{sign}{hours}:{rest:02}" if rest else f"{sign}{hours}"
