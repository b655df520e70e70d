"""The CoinFLEX client against the local exchange in memory: methods, decimals, lost connections, two streams out of step."""

from __future__ import annotations

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto import (
    Backoff,
    BookChanged,
    Config,
    Event,
    LoginRefused,
    Lost,
    NotReady,
    OrderFact,
    OrderView,
    OutcomeUnknown,
    RequestId,
    RequestRefused,
    RequestTimedOut,
    Restored,
    Topic,
    UsageError,
    coinflex,
)
from coinex_proto.orders.tracker import Orders
from coinex_proto.simulator.hosting.faults import FaultPlan
from coinex_trio import CoinflexClient, memory_exchange, open_client
from coinex_trio._local.coinflex import CoinflexExchange
from coinex_trio.coinflex import credentials_from_env, fetch_assets, fetch_markets

MARKET = "XBT/USDT"
PAIR = coinflex.ASSETS_2020.pair(MARKET)
BOOK, TICKER = coinflex.OrderBook(*PAIR), coinflex.Ticker(*PAIR)


def client(exchange: CoinflexExchange, **options: Any) -> CoinflexClient:
    return CoinflexClient(exchange.credentials, url=exchange.url, network=exchange.network, **options)


@pytest.fixture
def quoted(coinflex_exchange: CoinflexExchange) -> CoinflexExchange:
    """Nobody trades but who is asked to."""
    coinflex_exchange.quote(MARKET, bid="9600", ask="9610", size="2")
    return coinflex_exchange


def test_a_closed_client_takes_no_subscription_any_more(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        pass
    calls: tuple[Callable[[], object], ...] = (
        lambda: cf.watch_orders(MARKET),
        lambda: cf.book(BOOK),
        lambda: cf.place_order(MARKET, "buy", "1", "9000"),
        cf.cancel_all_orders,
        cf.get_balances,
    )
    for call in calls:
        with pytest.raises(UsageError, match=r"closed.*make a new one"):
            call()
    assert cf.topics() == ()


Verb = Callable[[CoinflexClient, Callable[[Event], object]], None]
End = Callable[[CoinflexClient], None]
VERBS: list[tuple[Verb, End, Topic[Event]]] = [
    (lambda c, f: c.watch_orders(MARKET, f), lambda c: c.unwatch_orders(MARKET), BOOK),
    (lambda c, f: c.watch_ticker(PAIR, f), lambda c: c.unwatch_ticker(PAIR), TICKER),
]


@pytest.mark.parametrize(("begin", "end", "topic"), VERBS)
def test_each_method_subscribes_and_its_counterpart_unsubscribes(
    quoted: CoinflexExchange, begin: Verb, end: End, topic: Topic[Event]
) -> None:
    seen: list[Event] = []
    with CoinflexClient(url=quoted.url, network=quoted.network) as cf:
        begin(cf, seen.append)
        cf.ready(topic)
        assert isinstance(seen[-1], topic.event)
        end(cf)
        assert cf.topics() == ()


def test_a_limit_order_is_placed_changed_and_cancelled_in_decimals(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        order = cf.place_order(MARKET, "buy", "0.5", "9500")
        assert (order.state, order.amount, order.price) == ("live", Decimal("0.5"), Decimal(9500))
        (there,) = quoted.orders()
        assert (there.order_id, there.price, there.amount) == (order.order_id, Decimal(9500), Decimal("0.5"))
        assert there.client_order_id == order.client_order_id
        assert cf.get_orders() == (order,)
        cf.modify_order(order, quantity_delta="-0.2", price="9400")
        cf.run(seconds=0.1)
        assert (order.amount, order.remaining, order.price) == (Decimal("0.3"), Decimal("0.3"), Decimal(9400))
        gone = cf.cancel_order(order)
        assert gone.quantity == 3000
        assert cf.wait(order, timeout=5).state == "cancelled"
        assert cf.get_orders() == quoted.orders() == ()


def test_a_fill_reaches_the_order_with_its_price(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        order = cf.place_order(MARKET, "sell", "0.5", "9620")
        quoted.fill(order, "0.2")
        cf.run(seconds=0.1)
        assert (order.filled, order.remaining, order.average_price) == (
            Decimal("0.2"),
            Decimal("0.3"),
            Decimal(9620),
        )
        quoted.fill(order)
        assert cf.wait(order, timeout=5).state == "filled"
        assert cf.get_trade_volume("XBT") == Decimal("0.5")


def test_a_market_order_is_over_at_once(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        bought = cf.place_order(MARKET, "buy", "1.5")
        assert (bought.state, bought.filled) == ("filled", Decimal("1.5"))
        cf.run(seconds=0.1)
        assert bought.average_price == Decimal(9610)
        rest = cf.place_order(MARKET, "buy", "1.5")
        assert (rest.state, rest.filled, rest.remaining) == ("cancelled", Decimal("0.5"), Decimal(1))
        by_total = cf.place_order(MARKET, "sell", total="960")
        cf.run(seconds=0.1)
        assert (by_total.state, by_total.filled) == ("filled", Decimal("0.1"))


def test_balances_and_estimates_are_decimals(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        cf.place_order(MARKET, "buy", "0.5", "9500")
        balances = {balance.asset: balance for balance in cf.get_balances()}
        assert (balances["USDT"].available, balances["USDT"].reserved) == (Decimal(995250), Decimal(4750))
        assert balances["XBT"].total == Decimal(100)
        estimate = cf.estimate_market_order(MARKET, "sell", quantity="0.25")
        assert (estimate.quantity, estimate.total) == (Decimal("0.25"), Decimal(2400))
        assert cf.estimate_market_order(MARKET, "buy", total="961").quantity == Decimal("0.1")
        assert [order.id for order in cf.cancel_all_orders().orders]
        assert cf.get_orders() == ()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((MARKET, "buy", "0.00001", "9500"), {}),
        ((MARKET, "buy", "1", "9500.00001"), {}),
        ((MARKET, "buy", 0.5, "9500"), {}),
        ((MARKET, "buy", "-1", "9500"), {}),
        ((MARKET, "BUY", "1", "9500"), {}),
        ((MARKET, "buy"), {}),
        ((MARKET, "buy", "1"), {"total": "5"}),
        ((MARKET, "buy", None, "9500"), {"total": "5"}),
        ((MARKET, "buy", "1"), {"post_only": True}),
        ((MARKET, "buy", "1", "9500"), {"persist": "maybe"}),
        ((MARKET, "buy", "1", "9500"), {"tonce": 0}),
        (("XBTUSDT", "buy", "1", "9500"), {}),
        (("DOGE/USDT", "buy", "1", "9500"), {}),
        (((63488,), "buy", "1", "9500"), {}),
        ((63488, "buy", "1", "9500"), {}),
        ((MARKET, ["buy"], "1", "9500"), {}),
    ],
)
def test_an_order_that_cannot_be_right_never_leaves(quoted: CoinflexExchange, arguments: Any, options: Any) -> None:
    with client(quoted) as cf:
        sent = cf.stats.bytes_out
        with pytest.raises(UsageError):
            cf.place_order(*arguments, **options)
        assert cf.stats.bytes_out == sent
        assert cf.orders() == ()


@pytest.mark.parametrize(
    ("arguments", "options", "code"),
    [
        ((MARKET, "buy", "1", "9610"), {"post_only": True}, 9),
        ((MARKET, "buy", "1000", "9500"), {}, 4),
        (("ETH/USDT", "buy", "1", "200"), {}, 1),
    ],
)
def test_a_refusal_has_the_code_and_ends_the_order(
    quoted: CoinflexExchange, arguments: Any, options: Any, code: int
) -> None:
    with client(quoted) as cf:
        with pytest.raises(RequestRefused) as caught:
            cf.place_order(*arguments, **options)
        assert caught.value.code == code
        assert cf.orders() == ()


def test_a_tonce_is_higher_than_all_before(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        names = [cf.place_order(MARKET, "buy", "0.1", "9000").client_order_id for _ in range(5)]
    tonces = [int(name or 0) for name in names]
    assert tonces == sorted(set(tonces))
    assert tonces[0] > 1_700_000_000_000_000


def test_an_order_that_ends_with_the_connection_does_so(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        cf.place_order(MARKET, "buy", "0.1", "9000", persist=False)
        cf.place_order(MARKET, "buy", "0.1", "9000")
        assert len(quoted.orders()) == 2
    assert len(quoted.orders()) == 1


def test_immediate_or_cancel_keeps_what_has_traded(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        order = cf.place_order(MARKET, "buy", "3", "9610", persist="fill_or_kill")
        cf.run(seconds=0.1)
        assert (order.state, order.filled, order.remaining) == ("cancelled", Decimal(2), Decimal(1))


@pytest.mark.parametrize("order", ["7", None, 7.0, [7]])
def test_what_is_no_order_is_refused_and_nothing_leaves(quoted: CoinflexExchange, order: Any) -> None:
    with client(quoted) as cf:
        sent = cf.stats.bytes_out
        for method in (cf.cancel_order, lambda view: cf.modify_order(view, price="1")):
            with pytest.raises(UsageError, match="place_order"):
                method(order)
        assert cf.stats.bytes_out == sent


def test_an_order_that_nobody_knows_cannot_be_named(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        cf.send(coinflex.PlaceOrder(base=PAIR[0], counter=PAIR[1], quantity=1, price=10_000))
        (nameless,) = cf.orders()
        with pytest.raises(UsageError, match="market and side"):
            cf.modify_order(nameless, price="1")
        with pytest.raises(UsageError, match="no id yet"):
            cf.cancel_order(nameless)
        cf.run(seconds=0.1)
        cf.cancel_order(quoted.orders()[0].order_id)  # type: ignore[arg-type]  # a CoinFLEX id is an int


# The connection -------------------------------------------------------------------------------------------------------------


def test_a_book_is_not_trusted_while_the_connection_is_down_and_is_whole_after(quoted: CoinflexExchange) -> None:
    events: list[Event] = []
    with client(quoted) as cf:
        cf.on(Lost)(events.append)
        cf.on(Restored)(events.append)
        cf.ready(BOOK, coinflex.OwnOrders())
        quoted.drop()
        cf.run(seconds=0.05)
        assert not cf.trusted(BOOK)
        quoted.quote(MARKET, bid="9700", ask="9710")
        cf.run(seconds=60)
        assert cf.trusted(BOOK, coinflex.OwnOrders())
        assert cf.book(BOOK).best_bid == (Decimal(9700), Decimal(1))
        assert [type(event) for event in events] == [Lost, Restored, Restored]


def test_an_order_whose_answer_was_lost_is_found_again(quoted: CoinflexExchange) -> None:
    with client(quoted, config=Config(request_timeout=1.0)) as cf:
        quoted._server.inject("on PlaceOrder lose-answer")
        quoted._server.inject("on OrderOpened lose")
        with pytest.raises((OutcomeUnknown, RequestTimedOut)):
            cf.place_order(MARKET, "buy", "0.5", "9500")
        cf.run(seconds=20)
        (order,) = cf.orders()
        assert (order.state, order.order_id) == ("live", quoted.orders()[0].order_id)
        assert len(quoted.orders()) == 1


def test_a_wrong_passphrase_is_refused_at_once(quoted: CoinflexExchange) -> None:
    wrong = coinflex.Credentials(quoted.user_id, quoted.cookie, "wrong")
    with pytest.raises(LoginRefused, match="code 7"), CoinflexClient(wrong, url=quoted.url, network=quoted.network):
        pass


def test_queries_wait_for_the_rate_limit_and_orders_never_do(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        began = cf._network.now()
        for _ in range(12):
            cf.get_balances()
        assert cf._network.now() - began >= 10
        sent = 0
        with pytest.raises(NotReady) as caught:
            for _ in range(150):
                cf.send(coinflex.PlaceOrder(base=PAIR[0], counter=PAIR[1], quantity=1, price=10_000))
                sent += 1
        assert sent == 100
        assert caught.value.retry_after is not None
        cf.run(seconds=1)
        assert len(quoted.orders()) == 100


def test_the_connection_is_kept_by_pings(quoted: CoinflexExchange) -> None:
    with client(quoted) as cf:
        cf.run(seconds=300)
        assert cf.stats.pings >= 14
        assert cf.stats.reconnects == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 5), st.integers(1, 30)), min_size=5, max_size=25))
def test_whatever_the_streams_do_the_book_and_the_orders_are_the_exchanges(
    seed: int, steps: list[tuple[int, int]]
) -> None:
    """Replies and notices are held up by chance; at rest book, orders and balances agree with the exchange."""
    exchange = memory_exchange("coinflex", seed=seed, rate=20)
    with client(exchange) as cf:
        cf.subscribe(BOOK, coinflex.OwnOrders())
        views: list[OrderView] = []
        refused: list[int | str | None] = []
        for choice, size in steps:
            live = [view for view in views if not view.is_final and view.order_id is not None]
            try:
                if choice <= 2 or not live:
                    side: Literal["buy", "sell"] = "buy" if size % 2 else "sell"
                    price = None if choice == 2 else 9600 + (size - 15) * (1 if side == "buy" else -1)
                    views.append(cf.place_order(MARKET, side, Decimal(size) / 100, price))
                elif choice == 3:
                    cf.cancel_order(live[0])
                elif choice == 4:
                    cf.modify_order(live[-1], quantity_delta=Decimal(size - 15) / 100 or "0.01")
                else:
                    cf.run(seconds=size / 10)
            except RequestRefused as refusal:
                refused.append(refusal.code)
        assert set(refused) <= {1, 8}
        exchange._server.crowds.wake(MARKET, 0).is_quiet = True
        cf.run(seconds=1)
        book, there = cf.book(BOOK), exchange._server.exchange.markets[MARKET].book
        ours = [(int(price), int(size * 10_000)) for price, size in (*book.bids, *book.asks)]
        theirs = [(level.price, level.lots) for side in (there.bids, there.asks) for level in side]
        assert ours == theirs
        open_there = {order.order_id: order.remaining for order in exchange.orders()}
        assert {view.order_id: view.remaining for view in cf.orders()} == open_there
        assert all(view.is_final or view.order_id in open_there for view in views)
        assert cf.stats.checksums_failed == 0


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(
        [
            "every 2s drop",
            "every 4s silence",
            "10% of reply lose",
            "every 3s stall 1\non connect every 2 http 503",
            "every 5s drop mid-frame\n5% of PlaceOrder lose-answer\n5% of CancelOrder lose-answer",
        ]
    ),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 30)), min_size=5, max_size=25),
)
def test_whatever_breaks_a_trusted_book_is_the_exchanges_and_an_order_is_right_or_unknown(
    seed: int, faults: str, steps: list[tuple[int, int]]
) -> None:
    """Lines break and answers are lost; nothing is ever sent twice."""
    exchange = memory_exchange("coinflex", seed=seed, rate=20, faults=faults)
    server = exchange._server
    config = Config(retry_first=True, request_timeout=1.0, backoff=Backoff(first=0.1, ceiling=0.2))
    with client(exchange, config=config) as cf:
        cf.subscribe(BOOK, coinflex.OwnOrders())
        for choice, size in steps:
            live = [view for view in cf.orders() if view.order_id is not None]
            try:
                if choice <= 1 or not live:
                    cf.place_order(MARKET, "buy" if size % 2 else "sell", Decimal(size) / 100, 9600 + size - 15)
                elif choice == 2:
                    cf.cancel_order(live[0])
                else:
                    cf.run(seconds=size / 10)
            except (NotReady, RequestRefused, OutcomeUnknown, RequestTimedOut):
                cf.run(seconds=0.5)
        server._faults.plan = FaultPlan((), now=server.now, seed=0)
        server.crowds.wake(MARKET, server.now).is_quiet = True
        cf.run(seconds=60)
        book, there = cf.book(BOOK), server.exchange.markets[MARKET].book
        ours = [(int(price), int(size * 10_000)) for price, size in (*book.bids, *book.asks)]
        assert ours == [(level.price, level.lots) for side in (there.bids, there.asks) for level in side]
        standing = {order.order_id: order.remaining for order in exchange.orders()}
        views = cf.orders()
        assert {view.order_id: view.remaining for view in views if view.state != "unknown"} == standing
        assert len({order.client_order_id for order in exchange.orders()}) == len(standing)


# Elsewhere ------------------------------------------------------------------------------------------------------------


def test_the_tables_come_over_http(quoted: CoinflexExchange) -> None:
    assets = fetch_assets(quoted.http_url, network=quoted.network)
    assert assets.pair(MARKET) == PAIR
    markets = fetch_markets(quoted.http_url, network=quoted.network)
    assert markets[PAIR].tick == 10_000
    quoted.refuse("/assets/", 503)
    with pytest.raises(RequestRefused) as caught:
        fetch_assets(quoted.http_url, network=quoted.network)
    assert (caught.value.code, caught.value.retryable) == (503, True)


async def test_a_trio_program_uses_topics_and_commands(autojump_clock: object) -> None:
    exchange = memory_exchange("coinflex", rate=20)
    dialect = coinflex.live(credentials=exchange.credentials, url=exchange.url)
    async with open_client(dialect, network=exchange.network) as cf:
        await cf.ready(BOOK, coinflex.Balances())
        async for event in cf.events(BOOK):
            assert isinstance(event, BookChanged)
            assert event.market == "63488/65283"
            break
        estimate = await cf.request(coinflex.EstimateMarketOrder(base=PAIR[0], counter=PAIR[1], quantity=100))
        assert estimate.quantity == 100


def test_the_environment_gives_credentials(
    monkeypatch: pytest.MonkeyPatch, coinflex_exchange: CoinflexExchange
) -> None:
    exchange = coinflex_exchange
    for name in ("USER_ID", "COOKIE", "PASSPHRASE", "PRIVATE_KEY"):
        monkeypatch.delenv(f"COINFLEX_{name}", raising=False)
    with pytest.raises(UsageError, match=r"COINFLEX_USER_ID and COINFLEX_COOKIE and COINFLEX_PASSPHRASE"):
        credentials_from_env()
    monkeypatch.setenv("COINFLEX_USER_ID", "me")
    monkeypatch.setenv("COINFLEX_COOKIE", exchange.cookie)
    key = coinflex.private_key_of(exchange.user_id, exchange.passphrase)
    monkeypatch.setenv("COINFLEX_PRIVATE_KEY", "not base64!")
    with pytest.raises(UsageError, match="must be a number"):
        credentials_from_env()
    monkeypatch.setenv("COINFLEX_USER_ID", str(exchange.user_id))
    with pytest.raises(UsageError, match="base64") as caught:
        credentials_from_env()
    assert "not base64" not in str(caught.value)
    monkeypatch.setenv("COINFLEX_PRIVATE_KEY", base64.b64encode(key).decode())
    with CoinflexClient.from_env(url=exchange.url, network=exchange.network) as cf:
        assert cf.get_balances()
    monkeypatch.setenv("COINFLEX_PASSPHRASE", exchange.passphrase)
    assert credentials_from_env() == exchange.credentials


def test_the_exchange_does_what_a_test_wants(coinflex_exchange: CoinflexExchange) -> None:
    exchange = coinflex_exchange
    order = exchange.place(MARKET, "buy", price="9000", amount="1")
    assert (order.side, order.price, order.remaining) == ("buy", Decimal(9000), Decimal(1))
    exchange.fill(order, "0.5")
    assert exchange.orders(MARKET)[0].remaining == Decimal("0.5")
    assert exchange.orders("ETH/USDT") == ()
    with client(exchange) as cf:
        (view,) = cf.get_orders()
        assert view.remaining == Decimal("0.5")
        exchange.trade(MARKET, "sell", "0.1")
        exchange.refuse("GetOrders", 8)
        with pytest.raises(RequestRefused):
            cf.get_orders()
        exchange.skew_clock(5)
        exchange.stall(2)
        began = exchange.network.now()
        cf.get_balances()
        assert exchange.network.now() - began >= 2
    with pytest.raises(UsageError, match="has not told its id"):
        exchange.fill(order_without_id())


def order_without_id() -> OrderView:
    """As it is while it is being sent."""
    orders = Orders()
    return orders.sending(OrderFact(client_order_id="1"), RequestId(1), 0.0)
