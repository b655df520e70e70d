"""The program of one seed: random calls of a user in bad weather, then calm; and what must be true meanwhile and at the end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from hashlib import sha256
from random import Random
from typing import Any, TypeAlias

from attrs import define, field

from coinex_proto import (
    BookChanged,
    Event,
    Failed,
    OrderView,
    Replied,
    SdkError,
    Topic,
    coinex,
    coinflex,
    qfex,
)
from coinex_trio.swarm import Swarm
from tests.simulation.drivers import DRIVERS, SHAPES, Program, Shape
from tests.simulation.wire import faults_of, sent_of

VENUES = {"spot": "coinex", "futures": "coinex", "qfex": "qfex", "coinflex": "coinflex"}
MARKETS = {"spot": "BTCUSDT", "futures": "BTCUSDT", "qfex": "AAPL-USD", "coinflex": "XBT/USDT"}
WEATHER = 75.0
"""Seconds of it."""
RECOVERY = 60.0
"""Seconds within which all must be live after it."""
CLOSING = 6.0
"""Seconds for closing in good order beyond that, at most: twice `close_timeout`, and what was begun last over HTTP."""

Call: TypeAlias = Callable[[Any], Any]


@define
class Witness:
    """What a program has seen."""

    asked: int = 0
    ended: Counter[int] = field(factory=Counter)
    """How often each request of `send` has ended."""
    events: Any = field(factory=sha256)
    errors: Counter[str] = field(factory=Counter)
    fills: Counter[object] = field(factory=Counter)
    trades: Counter[object] = field(factory=Counter)
    views: list[OrderView] = field(factory=list)
    strays: list[str] = field(factory=list)
    unknown: int = 0
    """Orders of which nobody knew in the end."""
    calls: Counter[str] = field(factory=Counter)
    """How often the user has placed, changed and cancelled."""
    client: Any = None
    ended_at: float = 0.0

    def see(self, event: Event) -> None:
        """Every event of the client."""
        self.events.update(
            f"{type(event).__name__} {getattr(event, 'topic_key', '')} {getattr(event, 'why', '')}\n".encode()
        )
        match event:
            case coinex.UserTradeUpdate() as trade:
                self.fills[trade.order_id, trade.deal_id] += 1
            case qfex.FillUpdate() as fill:
                self.fills[fill.order_id, fill.trade_id] += 1
            case coinex.TradesUpdate() as trades:
                self.trades.update(trades.trade_ids)

    def note(self, view: object) -> object:
        """A view that a call gave."""
        if isinstance(view, OrderView) and not any(view is known for known in self.views):
            self.views.append(view)
        return view


def topics_of(venue: str) -> tuple[Topic[BookChanged], list[Topic[Any]]]:
    """The book, and everything that the program subscribes besides."""
    market = MARKETS[venue]
    match venue:
        case "spot":
            return coinex.Depth(market), [
                coinex.Trades(market), coinex.Orders(market), coinex.UserTrades(market), coinex.Balances(), coinex.BestQuote(market),
            ]  # fmt: skip
        case "futures":
            return coinex.Depth(market), [
                coinex.Trades(market), coinex.Orders(market), coinex.UserTrades(market), coinex.Positions(), coinex.Ticker(market),
            ]  # fmt: skip
        case "qfex":
            return qfex.Level2(market), [
                qfex.Trades(market),
                qfex.Orders(),
                qfex.Fills(),
                qfex.Balances(),
                qfex.Bbo(market),
            ]
        case _:
            pair = coinflex.ASSETS_2020.pair(market)
            return coinflex.OrderBook(*pair), [coinflex.OwnOrders()]


def placing(venue: str, draw: Random, mid: Decimal) -> Call:
    """An order near the market, sometimes across it."""
    side = draw.choice(("buy", "sell"))
    away = Decimal(draw.choice(("0.9", "0.97", "0.999", "1.001", "1.03", "1.1")))
    price = (mid * away).quantize(Decimal("0.01"))
    market = MARKETS[venue]
    match venue:
        case "spot" | "futures":
            return lambda client: client.place_order(market, side, "limit", "0.01", price)
        case "qfex":
            return lambda client: client.place_order(market, side.upper(), "LIMIT", "1", price)
        case _:
            return lambda client: client.place_order(market, side, "0.01", price.quantize(Decimal(1)))


def modifying(venue: str, view: OrderView, draw: Random) -> Call:
    """Another price, nearby."""
    factor = Decimal(draw.choice(("0.99", "1.01")))
    price = ((view.price or Decimal(1)) * factor).quantize(Decimal("0.01" if venue != "coinflex" else "1"))
    return lambda client: client.modify_order(view, price=price)


def question(venue: str) -> Any:
    """A command that changes nothing."""
    match venue:
        case "spot" | "futures":
            return coinex.Ping()
        case "qfex":
            return qfex.GetUserOrders()
        case _:
            return coinflex.GetOrders()


class User:
    """The user of one seed: what is done with a client, and what must be true after each step."""

    def __init__(self, venue: str, swarm: Swarm, seen: Witness, *, leaves: bool) -> None:
        self._venue, self._swarm, self._seen, self._leaves = venue, swarm, seen, leaves
        self._draw = Random(f"{venue}:{swarm.seed}:program")
        self._book, self._others = topics_of(venue)
        self._market = MARKETS[venue]
        self._acts: tuple[Callable[[], Program], ...] = (
            self._place, self._place, self._place, self._cancel, self._cancel, self._modify, self._resolve, self._send,
            self._list, self._money, self._fill, self._wait, self._turn,
        )  # fmt: skip

    def program(self, client: Any) -> Program:
        """Bad weather, calm, and a market that stands still."""
        swarm, seen, book = self._swarm, self._seen, self._book
        seen.client = client
        client.on(Event)(seen.see)
        client.subscribe(book, *self._others)
        began = swarm.now
        while swarm.now < began + WEATHER:
            yield from self._draw.choice(self._acts)()
            yield self._draw.choice((0.01, 0.3, 2.0, 5.0))
            swarm.check(client, orders=seen.views)
        seen.ended_at = swarm.now
        if self._leaves:
            return
        swarm.calm()
        yield RECOVERY
        late = [str(topic) for topic in (book, *self._others) if not client.trusted(topic)]
        assert not late, f"not live a minute after the faults: {late}"
        swarm.check(client, orders=seen.views)
        bid = self._mid().quantize(Decimal(1))
        module = {"module": self._venue} if VENUES[self._venue] == "coinex" else {}
        swarm.exchange.quote(self._market, bid, bid + 2, **module)
        yield 15.0
        _settled(self._venue, swarm, client, book, seen)

    def _try(self, call: Call, kind: str = "") -> Program:
        """Only what is documented may come out of a call."""
        self._seen.calls[kind] += 1
        try:
            self._seen.note((yield call))
        except (SdkError, TimeoutError) as error:
            self._seen.errors[type(error).__name__] += 1

    def _mid(self) -> Decimal:
        found = market_of(self._venue, self._swarm)
        tops = (found.best(side).split(":")[0] for side in ("buy", "sell"))
        prices = [price for price in map(Decimal, tops) if price]
        return sum(prices, Decimal(0)) / len(prices) if prices else Decimal(100)

    def _open_order(self) -> OrderView | None:
        views = [view for view in self._seen.views if not view.is_final]
        return self._draw.choice(views) if views else None

    def _place(self) -> Program:
        yield from self._try(placing(self._venue, self._draw, self._mid()), "place")

    def _cancel(self) -> Program:
        if (view := self._open_order()) is not None:
            yield from self._try(lambda client: client.cancel_order(view), "cancel")

    def _modify(self) -> Program:
        if (view := self._open_order()) is not None:
            yield from self._try(modifying(self._venue, view, self._draw), "modify")

    def _resolve(self) -> Program:
        if VENUES[self._venue] == "coinex" and (view := self._open_order()) is not None:
            yield from self._try(lambda client: client.resolve(view))

    def _send(self) -> Program:
        seen, number = self._seen, self._seen.asked
        seen.asked += 1

        def ended(event: Replied[Any] | Failed) -> None:
            seen.ended[number] += 1

        def send(client: Any) -> None:
            try:
                client.send(question(self._venue), ended)
            except SdkError:
                seen.ended[number] += 1
                raise

        yield from self._try(send)

    def _list(self) -> Program:
        if VENUES[self._venue] == "coinex":
            yield from self._try(lambda client: client.open_orders(self._market))

    def _money(self) -> Program:
        calls: dict[str, Call] = {
            "spot": lambda client: client.balances(),
            "futures": lambda client: client.positions(),
            "coinflex": lambda client: client.get_balances(),
        }
        if self._venue in calls:
            yield from self._try(calls[self._venue])

    def _fill(self) -> Program:
        for order in self._swarm.exchange.orders(self._market)[:1]:
            self._swarm.exchange.fill(order)
        yield 0.0

    def _wait(self) -> Program:
        yield from self._try(lambda client: client.ready(self._book))

    def _turn(self) -> Program:
        topic = self._others[-1]
        yield from self._try(lambda client: client.unsubscribe(topic))
        yield from self._try(lambda client: client.subscribe(topic))


def market_of(venue: str, swarm: Swarm) -> Any:
    """The exchange's own market."""
    wallet = "futures" if venue in ("futures", "qfex") else "spot"
    markets = swarm.exchange._server.exchange.markets.values()
    return next(market for market in markets if market.spec.name == MARKETS[venue] and market.spec.wallet == wallet)


def _settled(venue: str, swarm: Swarm, client: Any, book: Topic[BookChanged], seen: Witness) -> None:
    """Nothing is on its way any more: now all must be equal."""
    swarm.check(client, orders=seen.views)
    market = market_of(venue, swarm)
    view = client.book(book)
    for side, shown in (("buy", view.bids), ("sell", view.asks)):
        expected = [(Decimal(price), Decimal(size)) for price, size in market.levels(side, 5)]
        assert [tuple(level) for level in list(shown)[:5]] == expected, f"{side}: {list(shown)[:5]}, not {expected}"
    own = {order.order_id: order for order in swarm.placed()}
    known = {order.order_id: order for order in (*seen.views, *client.orders()) if order.order_id is not None}
    for order_id, order in known.items():
        record = own.get(order_id)
        if order.state == "unknown" and not order.has_ended:
            seen.unknown += 1
        elif record is not None and order.state in ("live", "filled"):
            assert order.state == record.state, f"{order} is {record.state}"
            assert order.filled == record.filled, f"{order}: {record.filled} was filled"
    for record in own.values():
        if record.state == "live" and record.market == market.spec.name:
            assert record.order_id in known, f"{record} stands, and the client does not know it"
            state = known[record.order_id].state
            assert state in ("live", "unknown"), f"{record} stands, and the client says {state}"
    seen.strays = [str(order) for order in client.orders() if order.order_id is None]


def _left(swarm: Swarm, seen: Witness, took: float, cancels_within: float) -> None:
    """What a client has said of its orders when it was left is true, and no order stands of which it has not warned."""
    assert took <= cancels_within + CLOSING, f"leaving took {took:.1f} s"
    swarm.calm()
    own = swarm.placed()
    records = {name: record for record in own for name in (record.client_order_id, record.order_id) if name}
    unknown: set[object] = set()
    for order in seen.client.cancelled_on_exit:
        view = order.order
        record = records.get(view.order_id) or records.get(view.client_order_id)
        if order.outcome == "unknown":
            seen.unknown += not view.has_ended
            assert not view.has_ended or record is None or record.state != "live", f"{order}, and {record}"
            unknown |= {view.order_id, view.client_order_id}
        elif order.outcome == "refused":
            assert record is None, f"{order}, and {record}"
        else:
            assert record is not None, f"{order} has never been"
            assert record.state == order.outcome, f"{order}, and {record}"
    for record in own:
        if record.state == "live":
            assert unknown & {record.order_id, record.client_order_id}, f"{record} stands, and nobody was warned"


def run(seed: int, venue: str, driver: str, shape: str = "one") -> Witness:
    """One simulation. Raises `AssertionError` that says what was untrue."""
    swarm = Swarm(seed, VENUES[venue], markets=(MARKETS[venue],), rate=2.0, seconds=WEATHER)  # type: ignore[arg-type]
    seen = Witness()
    threads = frozenset(threading.enumerate())
    form = SHAPES[shape]
    leaves = form.cancels_within is not None
    left_at = DRIVERS[driver](swarm, venue, User(venue, swarm, seen, leaves=leaves).program, form)
    if form.cancels_within is not None:
        _left(swarm, seen, left_at - seen.ended_at, form.cancels_within)
    found = [*_afterwards(venue, swarm, seen, threads, form)]
    assert not found, "; ".join(found)
    seen.events.update(swarm.trace().encode())
    return seen


def _afterwards(
    venue: str, swarm: Swarm, seen: Witness, threads: frozenset[threading.Thread], shape: Shape
) -> Iterator[str]:
    if swarm.open_connections():
        yield f"{swarm.open_connections()} connections are left"
    if left := set(threading.enumerate()) - threads:
        yield f"threads are left: {left}"
    wrong = [number for number in range(seen.asked) if seen.ended[number] != 1]
    if wrong:
        yield f"requests that did not end once: {wrong}"
    twice = [fill for fill, count in seen.fills.items() if count > 1]
    if twice:
        yield f"fills told twice: {twice}"
    again = [trade for trade, count in seen.trades.items() if count > 1]
    if again:
        yield f"trades told twice: {again}"
    yield from faults_of(swarm, venue, shape.sockets)
    for kind, count in sent_of(swarm, venue).items():
        may_be_repeated = kind == "cancel" and shape.cancels_within is not None
        if count > seen.calls[kind] and not may_be_repeated:
            yield f"{count} orders to {kind} were sent for {seen.calls[kind]} calls"
