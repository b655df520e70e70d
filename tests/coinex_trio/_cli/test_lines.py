"""Events as lines of text."""

import pytest

from coinex_proto import BookChanged, Closed, CloseReason, Event, Ready
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
from coinex_trio import CoinexClient, memory_exchange
from coinex_trio._cli.lines import lines


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
