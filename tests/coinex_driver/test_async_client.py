"""What is awaited of a client: an answer, being live, the end of an order, a book; and what comes out when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_asyncio import Client, open_client
from coinex_asyncio.client import made, opened
from coinex_proto import Config, Event, NotReady, OrderView, RequestRefused, UsageError, coinex, coinflex, qfex
from tests.coinex_asyncio.venue import AsyncioNetwork, virtually
from tests.coinex_driver.awaited import Case, now, run

BBO = qfex.Bbo("AAPL-USD")
BOOK = qfex.Level2("AAPL-USD")


def on_market_data(main: Callable[[Case, Any], Awaitable[None]]) -> None:
    """`main` with a client of QFEX's market data."""
    case = Case("qfex")

    async def all_of_it() -> None:
        async with open_client(qfex.mds(), network=case.exchange.network) as client:
            await main(case, client)

    run(all_of_it)


def on_coinflex(main: Callable[[Case, Any], Awaitable[None]]) -> None:
    """`main` with a client that is signed in."""
    case = Case("coinflex")

    async def all_of_it() -> None:
        async with case.open() as client:
            await main(case, client)

    run(all_of_it)


def test_a_request_gives_its_answer_or_raises_the_refusal() -> None:
    async def main(_: Case, client: Any) -> None:
        assert (await client.request(coinflex.GetBalances())).balances
        with pytest.raises(RequestRefused):
            await client.request(coinflex.CancelOrder(id=7))

    on_coinflex(main)


def test_without_a_connection_a_request_is_refused_at_once() -> None:
    async def main(case: Case, client: Any) -> None:
        case.exchange.drop()
        await asyncio.sleep(0.001)
        at = now()
        with pytest.raises(NotReady):
            await client.request(coinflex.GetBalances())
        assert now() == at

    on_coinflex(main)


def test_ready_subscribes_what_is_not_and_returns_when_it_is_live() -> None:
    async def main(_: Case, client: Any) -> None:
        assert client.topics() == ()
        await client.ready(BBO)
        assert client.trusted(BBO)
        assert [status.topic for status in client.topics()] == [BBO]
        at = now()
        await client.ready(BBO)
        assert now() == at, "it is live already"

    on_market_data(main)


def test_ready_lets_others_run_even_when_there_is_nothing_to_wait_for() -> None:
    async def main(_: Case, client: Any) -> None:
        ran: list[int] = []
        asyncio.get_running_loop().call_soon(ran.append, 1)
        await client.ready()
        assert ran

    on_market_data(main)


def test_an_order_is_waited_for_to_its_end_and_the_view_is_the_live_one() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await case.buy(client)
        shown = order.snapshot()
        waiting = asyncio.ensure_future(client.wait(shown))
        await asyncio.sleep(5.0)
        assert not waiting.done()
        case.exchange.fill(order)
        ended = await waiting
        assert isinstance(ended, OrderView)
        assert (ended.state, shown.state) == ("filled", "live")
        with pytest.raises(UsageError):
            await client.wait("7")

    on_coinflex(main)


def test_a_book_is_subscribed_by_reading_it_and_keeps_itself() -> None:
    async def main(_: Case, client: Any) -> None:
        book = client.book(BOOK)
        assert not book.trusted
        await client.ready(BOOK)
        assert [status.topic for status in client.topics()] == [BOOK]
        assert (book.best_bid, book.best_ask) == ((D(100), D(5)), (D(101), D(5)))
        assert client.book(BOOK).best_bid == book.best_bid
        with pytest.raises(UsageError, match="has no book"):
            client.book(BBO)
        assert [status.topic for status in client.topics()] == [BOOK], "a mistake subscribes nothing"

    on_market_data(main)


def test_a_client_that_a_callback_stops_before_it_was_ready_is_opened_all_the_same_and_one_whose_callback_raises_is_not() -> (
    None
):
    reached: list[str] = []

    async def main(callback: Callable[[Any], Callable[[Event], object]], name: str) -> None:
        network = AsyncioNetwork()
        network.failures = [ConnectionRefusedError(111, "Connection refused")]
        dialect = coinex.spot(url="ws://127.0.0.1/")
        client = Client(*made(dialect, None, Config(retry_first=True), None, network))
        client.on(Event)(callback(client))
        async with opened(client, client._io):
            reached.append(name)

    def failing(_: Event) -> None:
        raise LookupError("a bug")

    virtually(lambda: main(lambda client: lambda _: client.stop(), "stopped"))
    with pytest.raises(LookupError, match="a bug"):
        virtually(lambda: main(lambda _: failing, "failed"))
    assert reached == ["stopped"]
