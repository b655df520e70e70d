"""When a market of QFEX trades: of one symbol out of its reference data, else what its kind is commonly known to keep.

Outside these hours a quiet feed is no fault, and an order may be rejected with REJECTED_MARKET_CLOSED. Source: OpenAPI files
of the venue (`market_hours` of `refdata`: a time zone, and open and close for each weekday). The hours by kind are those of
the markets that the perpetuals follow, extended hours included: a guess, used only where nothing better is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from coinex_proto.errors import PayloadError

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY: Final = 24 * 60
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::\d\d)?", re.ASCII)
_PLACE: Final = "America/New_York"

Span = tuple[int, int]
"""Minutes of a day: from, to."""


@final
@frozen
class MarketHours:
    """The hours of a week, in the market's own time zone."""

    tz: str
    days: tuple[tuple[Span, ...], ...]
    """Of each weekday, Monday first."""

    @classmethod
    def of(cls, said: Mapping[str, Any] | None) -> MarketHours | None:
        """As reference data says them; None for what cannot be understood: then nothing is known."""
        if not said or not isinstance(said.get("tz"), str):
            return None
        by_name = {name.lower()[:3]: value for name, value in said.items()}
        try:
            days = tuple(_spans(by_name.get(name[:3])) for name in WEEKDAYS)
            ZoneInfo(said["tz"])
        except (PayloadError, ValueError, ZoneInfoNotFoundError):
            return None
        return cls(said["tz"], days)

    def is_open(self, wall_time: float) -> bool:
        """Whether the market trades at this time (Unix seconds)."""
        local = datetime.fromtimestamp(wall_time, UTC).astimezone(ZoneInfo(self.tz))
        minute = local.hour * 60 + local.minute
        today, before = self.days[local.weekday()], self.days[local.weekday() - 1]
        return any(begin <= minute < end for begin, end in today) or any(minute < end - DAY for _, end in before)

    def next_open(self, wall_time: float) -> datetime | None:
        """When it opens next, in its own time zone; None when it is open, or never."""
        if self.is_open(wall_time):
            return None
        local = datetime.fromtimestamp(wall_time, UTC).astimezone(ZoneInfo(self.tz))
        for ahead in range(8):
            day = (local + timedelta(days=ahead)).replace(hour=0, minute=0, second=0, microsecond=0)
            for begin, _ in self.days[day.weekday()]:
                at = day + timedelta(minutes=begin)
                if at > local:
                    return at
        return None


def _spans(said: Any) -> tuple[Span, ...]:
    """Of one weekday: none when it is left out, null, or opens and closes at once. Raises PayloadError."""
    if not said:
        return ()
    if isinstance(said, list):
        return tuple(span for each in said for span in _spans(each))
    if not isinstance(said, Mapping):
        raise PayloadError("no hours")
    if said.get("open") is None or said.get("close") is None:
        return ()
    begin, end = _minutes(said["open"]), _minutes(said["close"])
    return () if begin == end else ((begin, end if end > begin else end + DAY),)


def _minutes(text: object) -> int:
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[1]) * 60 + int(match[2]) > DAY:
        raise PayloadError("no time of day")
    return int(match[1]) * 60 + int(match[2])


_EVENING: Final = ((18 * 60, DAY),)
_BROKEN: Final = ((0, 17 * 60), (18 * 60, DAY))
_WHOLE: Final = ((0, DAY),)
_FRIDAY: Final = ((0, 17 * 60),)
_STOCKS: Final = ((4 * 60, 20 * 60),)

CLASSES: Final[Mapping[str, MarketHours]] = {
    "equity": MarketHours(_PLACE, (*(_STOCKS,) * 5, (), ())),
    "index": MarketHours(_PLACE, (*(_BROKEN,) * 4, _FRIDAY, (), _EVENING)),
    "commodity": MarketHours(_PLACE, (*(_BROKEN,) * 4, _FRIDAY, (), _EVENING)),
    "fx": MarketHours(_PLACE, (*(_WHOLE,) * 4, _FRIDAY, (), ((17 * 60, DAY),))),
}
"""Hours by kind of symbol: stocks with extended hours; futures with their daily pause; currencies all week."""

_CURRENCIES: Final = frozenset({"EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "KRW", "CNH"})
_METALS_AND_OIL: Final = frozenset({"XAU", "XAG", "XPT", "XPD", "WTI", "BRENT", "CL", "NG", "COPPER"})
_INDEX: Final = re.compile(r"[A-Z]{2,3}\d{2,4}", re.ASCII)


def class_of(symbol: str) -> str:
    """The kind of a symbol, by its name: equity, index, commodity or fx."""
    base = symbol.rpartition("-")[0] or symbol
    if base in _CURRENCIES:
        return "fx"
    if base in _METALS_AND_OIL:
        return "commodity"
    return "index" if _INDEX.fullmatch(base) else "equity"


def is_open(symbol_class: str, wall_time: float) -> bool:
    """Whether markets of this kind trade at this time (Unix seconds); True for a kind that is not known."""
    hours = CLASSES.get(symbol_class)
    return hours is None or hours.is_open(wall_time)
