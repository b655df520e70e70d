"""What a user's type checker sees; mypy checks this file with the rest, nothing runs it.

Each function is a claim: it stops type-checking when the surface loses a type. A comment that ignores an error is a claim
too, since an ignore that is not needed is an error.
"""

from __future__ import annotations

from typing import Any, Literal, assert_type

import attrs

from coinex_proto import (
    BookChanged,
    BookView,
    Callbacks,
    Command,
    Event,
    Failed,
    Lost,
    OrderView,
    Registration,
    Replied,
    RequestId,
    Topic,
    coinex,
)
from coinex_proto.coinex import http
from coinex_trio import (
    BlockingClient,
    Client,
    CoinexClient,
    Events,
    EventStream,
    TrioCoinexClient,
    open_client,
    open_coinex,
    run,
)


def topics_bring_their_events(client: BlockingClient) -> None:
    assert_type(client.events(coinex.Ticker("BTCUSDT")), Events[coinex.TickerUpdate])
    assert_type(client.events(coinex.Depth("BTCUSDT")), Events[BookChanged])
    assert_type(client.events(Lost), Events[Lost])
    assert_type(next(client.latest(coinex.Ticker("BTCUSDT"))), coinex.TickerUpdate)
    for update in client.events(coinex.Trades("BTCUSDT"), seconds=1):
        assert_type(update, coinex.TradesUpdate)


def topics_of_several_kinds_go_together(client: BlockingClient) -> None:
    client.subscribe(coinex.Ticker("BTCUSDT"), coinex.Depth("BTCUSDT"))
    client.subscribe(*map(coinex.Ticker, ["BTCUSDT", "ETHUSDT"]))
    client.unsubscribe(coinex.Ticker("BTCUSDT"), coinex.Depth("BTCUSDT"))
    assert_type(client.trusted(coinex.Ticker(), coinex.Orders()), bool)
    wide: Topic[Event] = coinex.Ticker("BTCUSDT")
    client.subscribe(wide)


def callbacks_get_the_event_of_their_topic(client: BlockingClient) -> None:
    def of_ticker(update: coinex.TickerUpdate) -> None: ...

    def of_anything(event: Event) -> int:
        return len(repr(event))

    client.subscribe(coinex.Ticker("BTCUSDT"), callback=of_ticker)
    client.subscribe(coinex.Ticker("BTCUSDT"), callback=of_anything)
    client.subscribe(coinex.Ticker("BTCUSDT"), callback=lambda t: print(t.last))
    client.subscribe(coinex.Depth("BTCUSDT"), callback=of_ticker)  # type: ignore[arg-type]


def handlers_get_the_event_of_their_class(client: CoinexClient) -> None:
    @client.on(Lost)
    def right(event: Lost) -> None: ...

    @client.on(Lost)  # type: ignore[arg-type]
    def wrong(event: BookChanged) -> None: ...

    client.on_error(lambda event, error: print(event, error))


def requests_give_their_result(client: BlockingClient) -> None:
    assert_type(client.request(coinex.ServerTime()), int)
    assert_type(client.request(coinex.Raw("server.time", {})), Any)
    assert_type(client.send(coinex.ServerTime()), RequestId)

    def outcome(event: Replied[int] | Failed) -> None: ...

    def other(event: Replied[BookView] | Failed) -> None: ...

    client.send(coinex.ServerTime(), outcome)
    client.send(coinex.ServerTime(), other)  # type: ignore[arg-type]


def a_command_that_places_an_order_gives_a_view(client: BlockingClient, place: Command[OrderView]) -> None:
    order = client.request(place)
    assert_type(order, OrderView)
    assert_type(client.wait(order), OrderView)


def the_verbs_of_coinex_know_their_events(client: CoinexClient) -> None:
    client.subscribe_ticker("BTCUSDT", lambda t: print(t.last))
    client.subscribe_depth("BTCUSDT", 20, "0", lambda d: print(d.book.best_bid))
    client.subscribe_trades("BTCUSDT", lambda t: print(t.deal_list))
    client.subscribe_balance(lambda b: print(b.ccy))
    client.subscribe_user_order(lambda o: print(o.order.order_id))
    client.subscribe_user_deals(lambda d: print(d.deal_id))
    client.subscribe_ticker("BTCUSDT", lambda t: print(t.lats))  # type: ignore[attr-defined]
    assert_type(client.ping(), float)
    assert_type(client.server_time(), int)
    assert_type(client.book(coinex.Depth("BTCUSDT")), BookView)
    CoinexClient("margin")  # type: ignore[arg-type]
    with client as entered:
        assert_type(entered, CoinexClient)
    run(client, client, seconds=1)


async def the_trio_client_has_the_same_types(client: Client) -> None:
    assert_type(await client.request(coinex.ServerTime()), int)
    assert_type(client.events(coinex.Ticker("BTCUSDT")), EventStream[coinex.TickerUpdate])
    assert_type(client.latest(coinex.Depth("BTCUSDT")), EventStream[BookChanged])
    assert_type(client.book(coinex.Depth("BTCUSDT")), BookView)
    async for event in client.events(coinex.Ticker("BTCUSDT"), coinex.Ticker("ETHUSDT")):
        assert_type(event, coinex.TickerUpdate)
    async with open_client(coinex.spot()) as opened:
        assert_type(opened, Client)


async def the_trio_client_of_coinex_has_the_methods_of_the_blocking_one(client: TrioCoinexClient) -> None:
    client.subscribe_ticker("BTCUSDT", lambda t: print(t.last))
    client.subscribe_ticker("BTCUSDT", lambda t: print(t.lats))  # type: ignore[attr-defined]
    order = await client.place_order("BTCUSDT", "buy", "limit", "1", "2")
    assert_type(order, OrderView)
    assert_type(await client.wait(order), OrderView)
    assert_type(await client.cancel_order(order), OrderView)
    assert_type(await client.open_orders(), tuple[OrderView, ...])
    assert_type((await client.balances())["BTC"], coinex.BalanceUpdate)
    assert_type(await client.ping(), float)
    await client.place_order("BTCUSDT", "hold", "limit", "1", "2")  # type: ignore[arg-type]
    async with open_coinex("futures", None, backfill=True) as opened:
        assert_type(opened, TrioCoinexClient)
    open_coinex("margin")  # type: ignore[arg-type]


def callbacks_can_be_made_before_the_client() -> None:
    callbacks = Callbacks()
    assert_type(callbacks.add(coinex.Ticker("BTCUSDT"), print), Registration)
    BlockingClient(coinex.futures(), callbacks=callbacks)


def spot_and_futures_over_http_differ_where_the_venue_does() -> None:
    order = http.spot.PutOrder(market="A", side="buy", type="limit", amount=1, price=2, ccy=None)
    assert_type(order.market_type, Literal["SPOT", "MARGIN"])
    assert_type(http.parse(order, 200, b""), http.spot.SpotOrder)
    assert_type(http.parse(http.futures.ListPendingOrder(), 200, b""), http.Page[http.futures.FuturesOrder])
    assert_type(attrs.evolve(order, price="3"), http.spot.PutOrder)
    http.futures.PutOrder(market="A", side="buy", type="limit", amount=1, ccy="A")  # type: ignore[call-arg]
    http.futures.CancelOrder(market="A", market_type="SPOT", order_id=1)  # type: ignore[arg-type]
    http.spot.PutMultiOrder(orders=(http.spot.CancelOrder(market="A", order_id=1),))  # type: ignore[arg-type]


def misspelt_names_are_errors() -> None:
    import coinex_trio

    coinex_trio.CoinexCleint  # type: ignore[attr-defined]  # noqa: B018
