"""What the terminal shows for a state, at several widths; the states come from a local exchange in the same process."""

import io
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from coinex_proto import BookChanged, Closed, CloseReason, Event, Lost, Ready, Restored, Retrying, Statistics, Topic
from coinex_proto.coinex import (
    Balances,
    BalanceUpdate,
    Depth,
    Orders,
    OrderUpdate,
    Ticker,
    TickerUpdate,
    Trades,
    TradesUpdate,
    UserTrades,
    UserTradeUpdate,
)
from coinex_trio import CoinexClient, local_exchange
from coinex_trio._cli.lines import lines
from coinex_trio._cli.screens import SCREENS, clock, screen
from coinex_trio._cli.seen import Seen
from coinex_trio._cli.terminal import alike, named, short


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """What one second at a local exchange brings, an own order that is filled and one that stays included."""
    found: list[Event] = []
    with local_exchange(seed=4, rate=20.0) as exchange:
        client = CoinexClient(url=exchange.url, credentials=exchange.credentials)
        client.on(Event)(found.append)
        client.subscribe(Ticker("BTCUSDT"), Depth("BTCUSDT", 20), Trades("BTCUSDT"), Orders(), UserTrades(), Balances())
        with client:
            client.run(seconds=0.3)
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


def test_the_ladder_shows_prices_that_are_aligned_and_that_they_are_proved(events: list[Event]) -> None:
    text = drawn("book", seen_of(events))
    assert "  proved" in text
    rows = [line for line in text.splitlines() if "│" in line]
    assert len(rows) > 10
    assert {line.index("│") for line in rows} == {rows[0].index("│")}
    assert "█" in rows[0]


def test_a_narrow_terminal_still_says_whether_the_book_is_proved(events: list[Event]) -> None:
    assert "proved" in drawn("book", seen_of(events), 20)


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
    times = [at_ms for _, at_ms, *_ in seen.trades]
    assert times == sorted(times, reverse=True)
    assert clock(times[0]) in drawn("trades", seen)


def test_d13_a_time_that_no_calendar_has_is_shown_as_its_number() -> None:
    assert clock(0) == "00:00:00.000"
    assert clock(-5) == "-5"
    assert clock(10**18) == str(10**18)


def test_the_rate_is_taken_over_the_last_seconds() -> None:
    seen = Seen(Statistics())
    assert seen.rate(0.0) == 0.0
    seen.stats.messages = 30
    assert seen.rate(1.0) == 30.0
    assert seen.rate(2.0) == 15.0
    for second in range(3, 10):
        assert seen.rate(float(second)) < 15.0


def test_each_event_has_its_line_of_text(events: list[Event]) -> None:
    for kind, beginning in (
        (TickerUpdate, "ticker BTCUSDT last"),
        (BookChanged, "book BTCUSDT bid"),
        (TradesUpdate, "trade BTCUSDT"),
        (BalanceUpdate, "balance "),
        (OrderUpdate, "order "),
        (UserTradeUpdate, "own trade BTCUSDT buy 0.5 at 50000"),
        (Ready, "connected"),
    ):
        written: list[str] = []
        writers = lines(written.append)
        for event in events:
            if isinstance(event, kind):
                writers.dispatch(event)
        assert written, kind
        assert all(text.startswith(beginning) for text in written)


def test_x17_control_characters_of_the_peer_do_not_reach_the_terminal() -> None:
    written: list[str] = []
    lines(written.append).dispatch(Closed(reason=CloseReason(code=1000, text="\x1b[2J\nboo")))
    assert written == ["closed: \ufffd[2J\ufffdboo (1000)"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("60000", "60000"),
        ("60000.10", "60000.1"),
        ("0.000000001", "0"),
        ("1E+3", "1000"),
        ("1E+99", "1E+99"),
        ("-0.50", "-0.5"),
        ("NaN", "NaN"),
    ],
)
def test_numbers_are_written_without_exponent_and_without_zeros_at_the_end(number: str, text: str) -> None:
    assert short(Decimal(number)) == text


def test_numbers_of_a_column_have_as_many_decimals_each() -> None:
    assert alike([Decimal("1.5"), Decimal(20), Decimal("0.25")]) == ["1.50", "20.00", "0.25"]
    assert alike([Decimal(1), Decimal("1E+99")]) == ["1", "1E+99"]
    assert alike([]) == []
    assert short(None) == "–"


def test_a_topic_is_named_by_its_kind_and_market() -> None:
    assert named(Trades("BTCUSDT")) == "Trades BTCUSDT"
    assert named(Ticker()) == "Ticker of all"
