"""QFEX awaited: two sockets under one surface, orders from placing to their end, and what HTTP knows of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_driver.async_qfex import LOOK_UP_AFTER
from coinex_proto import Event, NotReady, OrderChanged, OrderView, Ready, Replied, RequestRefused, UsageError, qfex
from coinex_proto.qfex import http
from tests.coinex_driver.awaited import Case, now, run

SYMBOL = "AAPL-USD"
BBO = qfex.Bbo(SYMBOL)
BOOK = qfex.Level2(SYMBOL)


def opened(main: Callable[[Case, Any], Awaitable[None]], **options: Any) -> None:
    case = Case("qfex")

    async def all_of_it() -> None:
        async with case.open(**options) as client:
            await main(case, client)

    run(all_of_it)


# Two sockets ----------------------------------------------------------------------------------------------------------


def test_a_topic_goes_to_the_socket_that_has_it_and_market_data_opens_with_its_first() -> None:
    async def main(_: Case, client: Any) -> None:
        assert [status.topic for status in client.topics()] == [qfex.Fills()], "the average price needs them"
        assert client.market_data_stats.messages == 0
        client.subscribe(BBO, qfex.Positions())
        await client.ready()
        await client.ready(BBO, qfex.Positions())
        assert client.trusted(BBO)
        assert client.trusted(BBO, qfex.Positions())
        assert client.trusted()
        assert {status.topic for status in client.topics()} == {qfex.Fills(), qfex.Positions(), BBO}
        assert client.market_data_stats.messages > 0
        assert client.stats is not client.market_data_stats
        client.unsubscribe(BBO)
        assert {status.topic for status in client.topics()} == {qfex.Fills(), qfex.Positions()}

    opened(main)


def test_of_topics_that_one_socket_refuses_none_is_subscribed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(_: Case, client: Any) -> None:
        def refuse(*topics: Any, callback: Any = None) -> None:
            raise UsageError("no")

        monkeypatch.setattr(client._market, "subscribe", refuse)
        with pytest.raises(UsageError, match="no"):
            client.subscribe(qfex.Positions(), qfex.Fills(), BBO)
        assert [status.topic for status in client.topics()] == [qfex.Fills()], "as before"

    opened(main)


def test_the_first_book_opens_market_data() -> None:
    async def main(_: Case, client: Any) -> None:
        view = client.book(BOOK)
        await asyncio.sleep(5.0)
        assert view.best_bid == (D(100), D(5))

    opened(main)


def test_a_client_is_trusted_only_with_both_of_its_sockets() -> None:
    async def main(case: Case, client: Any) -> None:
        await client.ready(BBO, qfex.Fills())
        assert client.trusted()
        case.exchange.drop()
        await asyncio.sleep(0.001)
        assert not client.trusted()
        assert not client.trusted(BBO)
        assert not client.trusted(qfex.Fills())

    opened(main)


def test_without_credentials_there_is_market_data_and_nothing_of_an_account() -> None:
    async def main(_: Case, client: Any) -> None:
        assert not client.trusted(), "nothing is subscribed"
        await client.ready()
        await client.ready(BBO)
        assert client.trusted()
        assert client.orders() == ()
        assert client.stats is client.market_data_stats
        calls: tuple[Callable[[], object], ...] = (
            lambda: client.send(qfex.GetUserOrders()),
            lambda: client.subscribe(qfex.Fills()),
            lambda: client.trusted(qfex.Fills()),
        )
        for call in calls:
            with pytest.raises(UsageError, match="Authentication required"):
                call()
        with pytest.raises(UsageError, match="Authentication required"):
            await client.request(qfex.GetUserOrders())
        with pytest.raises(UsageError, match="Authentication required"):
            await client.place_order(SYMBOL, "BUY", "LIMIT", 1, 1)

    opened(main, is_signed=False)


def test_topics_of_both_sockets_are_subscribed_together_or_not_at_all() -> None:
    async def main(_: Case, client: Any) -> None:
        client.subscribe(qfex.Fills(), qfex.Positions())
        with pytest.raises(UsageError):
            client.subscribe(qfex.Positions(), qfex.StopOrders(), BOOK, qfex.Level2(SYMBOL, 1), callback="no function")
        assert {status.topic for status in client.topics()} == {qfex.Fills(), qfex.Positions()}

    opened(main)


def test_callbacks_hear_of_both_sockets_and_so_do_handlers_of_their_errors() -> None:
    async def main(_: Case, client: Any) -> None:
        got: list[Event] = []
        errors: list[Exception] = []

        def seen(update: qfex.BboUpdate) -> None:
            got.append(update)
            raise ValueError("mine")

        assert client.on(qfex.BboUpdate)(seen) is seen
        client.on_error(lambda _, error: errors.append(error))
        ready: list[Event] = []
        client.on(Ready)(ready.append)
        client.on(OrderChanged)(seen)
        await client.ready(BBO)
        await client.place_order(SYMBOL, "BUY", "LIMIT", 1, 99)
        await asyncio.sleep(0.1)
        assert {type(update) for update in got} == {qfex.BboUpdate, OrderChanged}
        assert len(errors) == len(got)
        assert len(ready) == 1, "that of market data; trading was ready before"
        assert client.age(got[0]) is None

    opened(main)


def test_a_book_opens_market_data_and_keeps_itself() -> None:
    async def main(_: Case, client: Any) -> None:
        book = client.book(BOOK)
        await client.ready(BOOK)
        assert (book.best_bid, book.best_ask) == ((D(100), D(5)), (D(101), D(5)))

    opened(main)


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        ((BBO,), {qfex.BboUpdate}),
        ((OrderChanged,), {OrderChanged}),
        ((BBO, OrderChanged), {qfex.BboUpdate, OrderChanged}),
    ],
)
def test_a_stream_brings_topics_from_their_socket_and_classes_from_both(wanted: Any, kinds: set[type[Any]]) -> None:
    async def main(case: Case, client: Any) -> None:
        await client.ready(BBO)
        got: set[type[Any]] = set()
        async with client.events(*wanted) as events:
            await client.place_order(SYMBOL, "BUY", "LIMIT", 1, 99)
            case.exchange.quote(SYMBOL, "100", "102", "5")
            async with asyncio.timeout(60.0):
                async for event in events:
                    got.add(type(event))
                    if got == kinds:
                        break
        assert got == kinds

    opened(main)


def test_stop_ends_both_connections() -> None:
    async def main(_: Case, client: Any) -> None:
        await client.ready(BBO)
        client.stop()
        await asyncio.sleep(10.0)
        assert not client.trusted()
        with pytest.raises(NotReady):
            client.send(qfex.GetUserOrders())

    opened(main)


# Orders ---------------------------------------------------------------------------------------------------------------


def test_an_order_is_placed_changed_and_cancelled_and_its_view_follows() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await client.place_order(SYMBOL, "BUY", "LIMIT", "1", "99", client_order_id="mine")
        assert (order.state, order.client_order_id, order.price, order.amount) == ("live", "mine", D(99), D(1))
        shown = order.snapshot()
        changed = await client.modify_order(shown, price="98")
        assert (changed.price, shown.price) == (D(98), D(99))
        assert client.orders() == (changed,)
        ended = await client.cancel_order(changed)
        assert ended.state == "cancelled"
        assert (await client.cancel_order(ended)).state == "cancelled", "one that is over already is no error"
        with pytest.raises(RequestRefused) as caught:
            await client.cancel_order("no such id", SYMBOL)
        assert caught.value.code == "NO_SUCH_ORDER"
        with pytest.raises(UsageError):
            await client.modify_order("7", price=1)

    opened(main)


def test_an_order_is_cancelled_by_its_id_too() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await client.place_order(SYMBOL, "BUY", "LIMIT", "1", "99")
        found = await client.cancel_order(order.order_id, SYMBOL)
        assert (found.order_id, found.state) == (order.order_id, "cancelled")
        with pytest.raises(UsageError, match="needs the symbol"):
            await client.cancel_order(order.order_id)

    opened(main)


def test_all_orders_are_cancelled_at_once() -> None:
    async def main(case: Case, client: Any) -> None:
        for price in ("99", "98"):
            await client.place_order(SYMBOL, "BUY", "LIMIT", "1", price)
        assert await client.cancel_all_orders() is None
        await asyncio.sleep(1.0)
        assert (case.exchange.orders(), client.orders()) == ((), ())

    opened(main)


def test_every_order_gets_a_client_id_and_every_reply_comes_to_its_callback() -> None:
    async def main(_: Case, client: Any) -> None:
        got: list[Any] = []
        client.send(qfex.AddOrder(symbol=SYMBOL, side="BUY", order_type="LIMIT", quantity=1, price=99), got.append)
        await asyncio.sleep(1.0)
        (reply,) = got
        assert isinstance(reply, Replied)
        assert isinstance(reply.result, OrderView)
        assert len(reply.result.client_order_id or "") == 32

    opened(main)


def test_an_order_is_waited_for_to_its_end() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await client.place_order(SYMBOL, "BUY", "LIMIT", "1", "99")
        waiting = asyncio.ensure_future(client.wait(order))
        await asyncio.sleep(3 * LOOK_UP_AFTER)
        assert not waiting.done()
        case.exchange.fill(order)
        ended = await waiting
        assert (ended.state, ended.average_price) == ("filled", D(99))
        with pytest.raises(UsageError):
            await client.wait("7")

    opened(main)


# Over HTTP ------------------------------------------------------------------------------------------------------------


class Calls:
    """Stands for HTTP: gives these answers, and keeps what was asked when."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[Any, float]] = []

    async def request(self, command: Any) -> Any:
        self.asked.append((command, now()))
        return self.answers.pop(0)


def row(order: Any, status: str) -> http.HistoricOrder:
    return http.HistoricOrder(
        order_id=order.order_id,
        symbol=SYMBOL,
        side="BUY",
        client_order_id=order.client_order_id,
        quantity=D(1),
        filled_qty=D(0),
        terminal_status=status,
    )


def test_what_the_symbol_does_not_take_is_refused_once_the_reference_data_are_loaded() -> None:
    instrument = http.Instrument(symbol=SYMBOL, status="ACTIVE", tick_size=D("0.5"), lot_size=D(1))

    async def main(case: Case, client: Any) -> None:
        client._http = Calls(http.Refdata(data=(instrument,)))
        loaded = await client.load_reference()
        assert loaded.instruments[SYMBOL] is instrument
        assert isinstance(client._http.asked[0][0], http.GetRefdata)
        with pytest.raises(UsageError, match=r"no multiple of the tick size 0\.5"):
            await client.place_order(SYMBOL, "BUY", "LIMIT", 1, "99.25")
        assert case.exchange.orders() == ()
        case.exchange.refuse("add_order", "REJECTED_MARKET_CLOSED")
        with pytest.raises(RequestRefused) as caught:
            await client.place_order(SYMBOL, "BUY", "LIMIT", 1, "99.5")
        assert any("it trades" in note for note in getattr(caught.value, "__notes__", ()))
        assert (await client.place_order(SYMBOL, "BUY", "LIMIT", 1, "99.5")).state == "live"

    opened(main)


def test_without_reference_data_a_refusal_has_no_note_of_hours() -> None:
    async def main(case: Case, client: Any) -> None:
        case.exchange.refuse("add_order", "REJECTED_MARKET_CLOSED")
        with pytest.raises(RequestRefused) as caught:
            await client.place_order(SYMBOL, "BUY", "LIMIT", 1, "99.5")
        assert not any("it trades" in note for note in getattr(caught.value, "__notes__", ()))

    opened(main)


def test_an_order_is_looked_up_over_http_and_the_view_follows() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await client.place_order(SYMBOL, "BUY", "LIMIT", "1", "99")
        client._http = Calls(http.HistoricOrders(data=(row(order, "CANCELLED"),)), http.HistoricOrders())
        found = await client.look_up_order(order.snapshot())
        assert (found.order_id, found.state) == (order.order_id, "cancelled")
        assert (await client.look_up_order(found)).state == "cancelled", "not found proves nothing"
        with pytest.raises(UsageError):
            await client.look_up_order("7")

    opened(main)


def test_where_no_address_of_http_is_known_it_says_what_is_needed() -> None:
    async def main(_: Case, client: Any) -> None:
        client._http = None
        with pytest.raises(UsageError, match="http_url is needed"):
            client.http  # noqa: B018
        with pytest.raises(UsageError, match="http_url is needed"):
            await client.load_reference()

    opened(main)


def test_an_order_of_unknown_outcome_is_asked_about_over_http_while_it_is_waited_for() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await client.place_order(SYMBOL, "BUY", "LIMIT", "1", "99")
        nothing = http.HistoricOrders()
        client._http, client._has_keys = Calls(nothing, http.HistoricOrders(data=(row(order, "CANCELLED"),))), True
        case.exchange.inject("on connect every 1 http 503")
        case.exchange.drop()
        await asyncio.sleep(0.01)
        assert order.state == "unknown"
        began = now()
        assert (await client.wait(order)).state == "cancelled"
        assert [at - began for _, at in client._http.asked] == pytest.approx([LOOK_UP_AFTER, 2 * LOOK_UP_AFTER])

    opened(main)


def test_an_order_that_stands_is_not_asked_about_over_http() -> None:
    async def main(case: Case, client: Any) -> None:
        client._http, client._has_keys = Calls(), True
        order = await client.place_order(SYMBOL, "BUY", "LIMIT", "1", "99")
        waiting = asyncio.ensure_future(client.wait(order))
        await asyncio.sleep(3 * LOOK_UP_AFTER)
        case.exchange.fill(order)
        assert (await waiting).state == "filled"
        assert client._http.asked == []

    opened(main)
