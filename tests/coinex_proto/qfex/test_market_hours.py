"""When markets trade, by reference data and by kind."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from coinex_proto.qfex.market_hours import CLASSES, MarketHours, class_of, is_open

NEW_YORK = ZoneInfo("America/New_York")


def at(day: int, hour: int, minute: int = 0) -> float:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=NEW_YORK).timestamp()


@pytest.mark.parametrize(
    ("kind", "day", "hour", "opened"),
    [
        ("equity", 23, 10, True),
        ("equity", 23, 3, False),
        ("equity", 23, 20, False),
        ("equity", 28, 12, False),
        ("index", 23, 17, False),
        ("index", 23, 18, True),
        ("index", 27, 18, False),
        ("commodity", 29, 18, True),
        ("fx", 29, 16, False),
        ("fx", 29, 17, True),
        ("fx", 25, 17, True),
        ("of next year", 28, 12, True),
    ],
)
def test_a_kind_of_market_has_its_hours(kind: str, day: int, hour: int, opened: bool) -> None:
    assert is_open(kind, at(day, hour)) is opened


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("AAPL-USD", "equity"),
        ("BRK.B-USD", "equity"),
        ("US500-USD", "index"),
        ("XAU-USD", "commodity"),
        ("EUR-USD", "fx"),
    ],
)
def test_a_symbol_is_of_a_kind(symbol: str, kind: str) -> None:
    assert class_of(symbol) == kind


def test_reference_data_says_the_hours_in_a_time_zone_with_its_summer_time() -> None:
    hours = MarketHours.of({"tz": "America/New_York", "monday": {"open": "09:30", "close": "16:00"}})
    assert hours is not None
    assert [hours.is_open(at(23, 9, 29)), hours.is_open(at(23, 9, 30)), hours.is_open(at(23, 16))] == [
        False,
        True,
        False,
    ]
    summer = datetime(2026, 7, 6, 9, 30, tzinfo=NEW_YORK).timestamp()
    assert hours.is_open(summer)
    opens = hours.next_open(at(24, 12))
    assert opens is not None
    assert (opens.day, opens.hour, opens.minute) == (30, 9, 30)
    assert hours.next_open(at(23, 12)) is None


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    hours = MarketHours.of({"tz": "America/New_York", "Mon": {"open": "22:00", "close": "02:00"}})
    assert hours is not None
    assert [hours.is_open(at(23, 1)), hours.is_open(at(23, 23)), hours.is_open(at(24, 1))] == [False, True, True]
    assert not hours.is_open(at(24, 2))


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        {"tz": 7},
        {"tz": "Nowhere/At_All"},
        {"tz": "UTC", "monday": 7},
        {"tz": "UTC", "monday": {"open": "x", "close": "y"}},
    ],
)
def test_hours_that_cannot_be_understood_are_not_known(said: Any) -> None:
    assert MarketHours.of(said) is None


def test_a_day_without_hours_is_closed_and_a_market_without_days_never_opens() -> None:
    hours = MarketHours.of({"tz": "UTC", "monday": None, "tuesday": {"open": None, "close": None}, "friday": []})
    assert hours is not None
    assert hours.next_open(at(23, 10)) is None


STOCKS, BROKEN, FRIDAY = "04:00-20:00", "00:00-17:00 18:00-24:00", "00:00-17:00"


@pytest.mark.parametrize(
    ("kind", "week"),
    [
        ("equity", [*[STOCKS] * 5, "", ""]),
        ("index", [*[BROKEN] * 4, FRIDAY, "", "18:00-24:00"]),
        ("commodity", [*[BROKEN] * 4, FRIDAY, "", "18:00-24:00"]),
        ("fx", [*["00:00-24:00"] * 4, FRIDAY, "", "17:00-24:00"]),
    ],
)
def test_the_hours_of_each_kind_are_those_of_the_markets_that_it_follows(kind: str, week: list[str]) -> None:
    found = [
        " ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in day) for day in CLASSES[kind].days
    ]
    assert found == week


def test_every_kind_has_a_row() -> None:
    assert list(CLASSES) == ["equity", "index", "commodity", "fx"]
    assert {hours.tz for hours in CLASSES.values()} == {"America/New_York"}


@pytest.mark.parametrize(
    ("kind", "now", "opens"),
    [
        ("equity", (23, 10), None),
        ("equity", (23, 3, 59), (23, 4)),
        ("equity", (23, 20), (24, 4)),
        ("equity", (27, 20), (30, 4)),
        ("index", (23, 17), (23, 18)),
        ("index", (27, 17), (29, 18)),
        ("fx", (28, 0), (29, 17)),
    ],
)
def test_a_closed_market_opens_next_at_the_beginning_of_its_next_hours(
    kind: str, now: tuple[int, ...], opens: tuple[int, ...] | None
) -> None:
    found = CLASSES[kind].next_open(at(*now))
    assert (None if found is None else found.timestamp()) == (None if opens is None else at(*opens))
    assert found is None or str(found.tzinfo) == "America/New_York"


def test_a_market_of_one_day_a_week_opens_a_week_later_and_one_without_days_never() -> None:
    weekly = MarketHours.of({"tz": "America/New_York", "monday": {"open": "09:30", "close": "16:00"}})
    assert weekly is not None
    opens = weekly.next_open(at(23, 16))
    assert opens is not None
    assert opens.timestamp() == at(30, 9, 30)
    never = MarketHours.of({"tz": "America/New_York"})
    assert never is not None
    assert never.next_open(at(23, 16)) is None


def test_hours_are_cut_at_their_minutes_and_may_be_several_a_day_and_over_midnight() -> None:
    said = {"tz": "UTC", "monday": [{"open": "1:05", "close": "02:10:00"}, {"open": "23:00", "close": "00:30"}]}
    hours = MarketHours.of(said)
    assert hours is not None
    assert hours.days[0] == ((65, 130), (23 * 60, 24 * 60 + 30))
    assert MarketHours.of({"tz": "UTC", "monday": {"open": "00:00", "close": "24:00"}}) is not None
    assert MarketHours.of({"tz": "UTC", "monday": {"open": "00:00", "close": "24:01"}}) is None
    assert MarketHours.of({"tz": "UTC", "monday": {"open": "10:00", "close": None}}).days[0] == ()  # type: ignore[union-attr]
