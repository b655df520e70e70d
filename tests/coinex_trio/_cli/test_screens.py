"""What the terminal shows for a state, at several widths; the states come from a local exchange in the same process."""

import io
from typing import Any

import pytest
from rich.console import Console

from coinex_proto import Closed, CloseReason, Event, Lost, Ready, Restored, Retrying, Statistics, Topic
from coinex_proto.coinex import (
    Balances,
    Depth,
    Orders,
    Ticker,
    Trades,
    UserTrades,
)
from coinex_trio import CoinexClient, memory_exchange
from coinex_trio._cli.screens import SCREENS, clock, screen, spark
from coinex_trio._cli.seen import Seen
from coinex_trio._cli.view import HELP, View


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """What one second at a local exchange brings, an own order that is filled and one that stays included."""
    found: list[Event] = []
    exchange = memory_exchange(seed=4, rate=20.0)
    client = CoinexClient(network=exchange.network, credentials=exchange.credentials)
    client.on(Event)(found.append)
    client.subscribe(Ticker("BTCUSDT"), Depth("BTCUSDT", 20), Trades("BTCUSDT"), Orders(), UserTrades(), Balances())
    with client:
        client.run(seconds=0.5)
        exchange.fill(exchange.place("BTCUSDT", "buy", "50000", "0.5"))
        exchange.place("BTCUSDT", "sell", "70000", "0.25")
        client.run(seconds=0.5)
        return list(found)


def seen_of(events: list[Event]) -> Seen:
    seen = Seen(Statistics())
    for event in events:
        seen.take(event)
    return seen


def drawn(what: str, seen: Seen, width: int = 80, height: int = 24) -> str:
    out = Console(file=io.StringIO(), width=width, height=height, markup=False, color_system=None)
    with out.capture() as capture:
        out.print(screen(what, seen, width, height, 1.0))
    return capture.get()


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("what", sorted(SCREENS))
def test_no_line_is_wider_than_the_terminal_and_no_screen_higher(events: list[Event], what: str, width: int) -> None:
    text = drawn(what, seen_of(events), width)
    assert max(map(len, text.splitlines())) <= width
    assert len(text.splitlines()) <= 24 + 6 * (width < 80)


@pytest.mark.parametrize("what", sorted(SCREENS))
def test_before_anything_has_come_it_says_so(what: str) -> None:
    text = drawn(what, Seen(Statistics()))
    assert "waiting" in text or "nothing has changed yet" in text
    assert "connecting" in text


def test_the_ladder_shows_prices_that_are_aligned_and_that_they_are_verified(events: list[Event]) -> None:
    text = drawn("book", seen_of(events))
    assert "  verified" in text
    rows = [line for line in text.splitlines() if "│" in line]
    assert len(rows) > 10
    assert {line.index("│") for line in rows} == {rows[0].index("│")}
    assert "█" in rows[0]


def test_a_narrow_terminal_still_says_whether_the_book_is_verified(events: list[Event]) -> None:
    assert "verified" in drawn("book", seen_of(events), 20)


def test_a_lost_book_stays_visible_and_says_that_it_is_not_trusted(events: list[Event]) -> None:
    seen = seen_of(events)
    depth: Topic[Any] = Depth("BTCUSDT", 20)
    seen.take(Lost(topics=(depth,), since=1.0, why="the peer has gone"))
    seen.take(Closed(reason=CloseReason(code=1006, text="gone")))
    text = drawn("book", seen)
    assert "NOT TRUSTED: the peer has gone" in text
    assert "closed: gone" in text
    seen.take(Retrying(attempt=2, at=9.0))
    assert "attempt 2" in drawn("book", seen)
    seen.take(Ready())
    seen.take(Restored(topics=(depth,), since=1.0, until=2.0, why="the peer has gone"))
    text = drawn("book", seen)
    assert "NOT TRUSTED" not in text
    assert "connected" in text


def test_the_account_shows_balances_open_orders_and_own_trades(events: list[Event]) -> None:
    text = drawn("account", seen_of(events), 100, 40)
    assert "USDT" in text
    assert "70000" in text
    assert "50000" in text
    assert "sell" in text


def test_trades_are_newest_first_with_the_time_of_day(events: list[Event]) -> None:
    seen = seen_of(events)
    times = [at_ms or 0 for _, at_ms, *_ in seen.trades]
    assert times == sorted(times, reverse=True)
    assert clock(times[0]) in drawn("trades", seen)


def test_d13_a_time_that_no_calendar_has_is_shown_as_its_number() -> None:
    assert clock(0) == "00:00:00.000"
    assert clock(-5) == "-5"
    assert clock(10**18) == str(10**18)


def test_a_spark_line_goes_from_the_lowest_block_to_the_highest_and_shows_its_direction() -> None:
    line = spark([1.0, 2.0, 3.0, 8.0], 10)
    assert (line.plain, line.style) == ("▁▂▃█", "green")
    assert spark([8.0, 1.0], 10).style == "red"
    assert spark([5.0, 5.0], 10).plain == "▁▁"
    assert spark([1.0, 2.0, 3.0], 2).plain == "▁█"
    for prices, width in (([], 5), ([1.0], 5), ([1.0, 2.0], 0), ([1.0, 2.0], -3)):
        assert spark(prices, width).plain == ""


def test_one_market_of_several_is_shown_alone_at_a_depth_of_ones_own(events: list[Event]) -> None:
    seen = seen_of(events)
    view = View(what="book", markets=("BTCUSDT", "ETHUSDT"), market="BTCUSDT", rows=3, takes_keys=True)
    out = Console(file=io.StringIO(), width=120, height=24, markup=False, color_system=None)
    with out.capture() as capture:
        out.print(screen("book", seen, 120, 24, 1.0, view))
    assert len([line for line in capture.get().splitlines() if "│" in line]) == 3
    assert "depth 3 · BTCUSDT of 2" in capture.get()
    assert "q quit, ? keys" in capture.get()
    with out.capture() as capture:
        out.print(screen("book", seen, 120, 24, 1.0, view.pressed("2").pressed("?")))
    assert "waiting for the first whole book" in capture.get()
    assert "n p market" in capture.get()


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_keys_are_all_listed_within_the_terminal_however_long_the_book_is(events: list[Event], width: int) -> None:
    view = View(what="book", markets=("BTCUSDT",), takes_keys=True, shows_keys=True)
    out = Console(file=io.StringIO(), width=width, height=24, markup=False, color_system=None)
    with out.capture() as capture:
        out.print(screen("book", seen_of(events), width, 24, 1.0, view))
    assert [key for key in HELP if key not in capture.get()] == []
    assert len(capture.get().splitlines()) <= 24


def test_the_footer_says_in_a_word_whether_all_can_be_trusted(events: list[Event]) -> None:
    seen = seen_of(events)
    seen.take(Ready())
    assert "connected, live" in drawn("ticker", seen)
    seen.take(Lost(topics=(Ticker("BTCUSDT"),), since=1.0, why="nothing heard"))
    text = drawn("ticker", seen)
    assert "connected, 1 LOST: nothing heard" in text
    assert "BTCUSDT LOST" in text


def test_a_second_has_one_price_on_the_spark_line(events: list[Event]) -> None:
    seen = seen_of(events)
    seconds = [at for at, _ in seen.prices["BTCUSDT"]]
    assert seconds == sorted(set(seconds))
    assert len(seconds) in {1, 2}
