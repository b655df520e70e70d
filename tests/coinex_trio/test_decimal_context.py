"""A program may compute with two digits, trap what is inexact, or round its own way: that is never ours."""

import decimal
from collections.abc import Iterator
from contextlib import nullcontext
from decimal import (
    ROUND_CEILING,
    ROUND_UP,
    Clamped,
    Context,
    Decimal,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Rounded,
    Subnormal,
)
from functools import partial
from typing import Literal, TypeAlias

import pytest

from coinex_proto import coinex, qfex
from coinex_trio import (
    CoinexClient,
    CoinflexClient,
    QfexClient,
    local_exchange,
    memory_exchange,
)
from coinex_trio._cli.terminal import short
from tests.coinex_trio._cli.program import coinex as command

CONTEXTS = {
    "two digits": Context(prec=2),
    "everything trapped": Context(
        prec=2, rounding=ROUND_CEILING, traps=[Inexact, Rounded, InvalidOperation, Subnormal, Clamped]
    ),
    "floats trapped, small letters": Context(prec=2, Emax=1, Emin=-1, capitals=0, clamp=1, traps=[FloatOperation]),
    "nothing trapped, rounded up": Context(prec=1, rounding=ROUND_UP, Emax=2, Emin=-2, traps=[]),
}


@pytest.fixture(params=list(CONTEXTS.values()), ids=list(CONTEXTS), autouse=True)
def _context(request: pytest.FixtureRequest) -> Iterator[None]:
    """In this thread, and in those that are started meanwhile."""
    before, of_threads = decimal.getcontext(), decimal.DefaultContext.copy()
    wanted: Context = request.param
    try:
        decimal.setcontext(wanted.copy())
        take_over(wanted)
        yield
    finally:
        decimal.setcontext(before)
        take_over(of_threads)


def take_over(context: Context) -> None:
    default = decimal.DefaultContext
    default.prec, default.rounding = context.prec, context.rounding
    default.Emin, default.Emax = context.Emin, context.Emax
    default.capitals, default.clamp = context.capitals, context.clamp
    for signal, is_trapped in context.traps.items():
        default.traps[signal] = is_trapped


Venue: TypeAlias = Literal["coinex", "qfex", "coinflex"]

EXCHANGES: dict[str, tuple[Venue, str, str, str, str]] = {
    "coinex": ("coinex", "BTCUSDT", "61234.56", "61299.99", "1.23456789"),
    "qfex": ("qfex", "AAPL-USD", "201.37", "202.49", "12.345"),
    "coinflex": ("coinflex", "XBT/USDT", "50123", "50199", "1.2345"),
}


@pytest.mark.parametrize("venue", EXCHANGES)
def test_a_local_exchange_places_lists_and_fills_to_the_digit(venue: str) -> None:
    name, market, bid, ask, amount = EXCHANGES[venue]
    exchange = memory_exchange(name, seed=1)
    exchange.quote(market, bid=bid, ask=ask)
    for price, size in ((bid, amount), (Decimal(bid), Decimal(amount))):
        placed = exchange.place(market, "buy", price, size)
        assert (placed.price, placed.amount, placed.remaining) == (Decimal(bid), Decimal(amount), Decimal(amount))
        assert placed in exchange.orders()
        exchange.fill(placed)
    exchange.trade(market, "sell", amount)
    assert exchange.orders() == ()
    exchange.advance(10)


def test_a_coinex_client_sees_books_orders_and_balances_to_the_digit() -> None:
    exchange = memory_exchange(seed=1)
    with CoinexClient(network=exchange.network, credentials=exchange.credentials) as cx:
        exchange.quote("BTCUSDT", bid="61234.56", ask="61299.99")
        book = cx.book(coinex.Depth("BTCUSDT"))
        cx.run(seconds=1)
        assert (str(book.mid), str(book.spread)) == ("61267.275", "65.43")
        order = cx.place_order("BTCUSDT", "buy", "limit", "1.2345", price="61234.56")
        cx.run(seconds=1)
        assert str(order.remaining) == "1.2345"
        exchange.fill(cx.orders()[0])
        assert cx.wait(order, timeout=10).state == "filled"
        assert str(order.average_price) == "61234.56"
        assert len(str(cx.balances()["USDT"].available)) > 4


def test_a_qfex_client_trades_to_the_digit() -> None:
    exchange = memory_exchange("qfex", seed=1)
    with QfexClient(exchange.credentials, network=exchange.network) as qx:
        exchange.quote("AAPL-USD", bid="201.37", ask="202.49")
        book = qx.book(qfex.Level2("AAPL-USD"))
        qx.run(seconds=1)
        assert book.mid == Decimal("201.93")
        order = qx.place_order("AAPL-USD", "BUY", "LIMIT", price="201.37", quantity="1.5")
        qx.run(seconds=1)
        exchange.fill(exchange.orders()[0])
        assert qx.wait(order, timeout=10).state == "filled"
        assert order.average_price == Decimal("201.37")


def test_a_coinflex_client_trades_to_the_digit() -> None:
    exchange = memory_exchange("coinflex", seed=1)
    with CoinflexClient(exchange.credentials, network=exchange.network) as fx:
        exchange.quote("XBT/USDT", bid="50123", ask="50199")
        order = fx.place_order("XBT/USDT", "buy", "1.2345", "50123")
        fx.run(seconds=1)
        (placed,) = exchange.orders()
        assert (placed.price, placed.amount) == (Decimal(50123), Decimal("1.2345"))
        exchange.fill(placed)
        fx.run(seconds=1)
        assert order.state == "filled"


def test_the_command_line_shows_the_exchanges_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = memory_exchange(seed=2)
    with monkeypatch.context() as patch:
        patch.setattr("coinex_trio._cli.demo.local_exchange", lambda *_, **__: nullcontext(in_memory))
        patch.setattr("coinex_trio._cli.demo.CoinexClient", partial(CoinexClient, network=in_memory.network))
        done = command("demo", "--seconds", "10")
    assert (done.returncode, done.stderr) == (0, "")
    with local_exchange(seed=2, rate=20) as exchange:
        exchange.quote("BTCUSDT", bid="61234.56", ask="61299.99")
        url = ("--url", exchange.url)
        lines = command("watch", "book", "BTCUSDT", *url, until=lambda out: "\n" in out)
        assert "bid 6" in lines.stdout
        assert lines.stderr == ""
        assert "BTCUSDT" in command("ticker", "BTCUSDT", "--url", exchange.http_url).stdout
    assert short(Decimal("61234.123456785"), 8) == "61234.12345678"
