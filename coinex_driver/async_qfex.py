"""A QFEX client of every driver that awaits: market data and trading under one surface, on two sockets.

A topic goes to the socket that has it, a command to Trade. A driver makes both clients, opens the one of market data when
`_begin_market` says so, and joins their streams. Must not know trio nor asyncio.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from coinex_driver.async_client import AsyncClient
from coinex_driver.awaiting import Awaiting
from coinex_driver.exit_orders import ExitOrder
from coinex_driver.qfex_channels import QfexChannels
from coinex_driver.qfex_orders import by_socket, cancellation, is_over_already, modification, with_client_id
from coinex_proto import (
    BookChanged,
    BookView,
    Command,
    Event,
    Failed,
    OrderView,
    Replied,
    RequestId,
    RequestRefused,
    Sources,
    Statistics,
    Topic,
    TopicStatus,
    Update,
    UsageError,
    qfex,
)
from coinex_proto.checks import check_order, check_topics
from coinex_proto.qfex.http import GetRefdata, HttpCommand, ReferenceData, facts_about, query_about

R = TypeVar("R")
E = TypeVar("E", bound=Event)
T = TypeVar("T")

LOOK_UP_AFTER: Final = 2.0
"""Seconds that `wait` leaves the socket to tell what became of an order, before HTTP is asked, and between two questions."""

MARKET_CLOSED: Final = "REJECTED_MARKET_CLOSED"


class QfexCalls(Protocol):
    """QFEX over HTTP."""

    async def request(self, command: HttpCommand[R]) -> R:
        """The result of a call."""
        ...


class AsyncQfexClient(QfexChannels, Awaiting):
    """Both QFEX sockets; without credentials there is market data only. Base class only."""

    _market: AsyncClient
    _trade: AsyncClient | None
    _sources: Sources
    _http: QfexCalls | None
    """None where no address is known, or the extra `http` is not installed."""
    _has_keys: bool
    """HTTP may be asked about own orders."""
    _reference: ReferenceData | None
    cancelled_on_exit: tuple[ExitOrder, ...]
    """What became of the own orders that were open when the block was left, with `cancel_orders_on_exit`."""

    @abstractmethod
    def _begin_market(self) -> None:
        """Opens the market data socket. Twice is once."""

    def on(self, kind: type[E]) -> Callable[[Callable[[E], T]], Callable[[E], T]]:
        """Decorator: call the function with every event of this class, of either socket."""

        def register(function: Callable[[E], T]) -> Callable[[E], T]:
            for part in self._both():
                part.on(kind)(function)
            return function

        return register

    def on_error(self, handler: Callable[[Event, Exception], object]) -> None:
        """Exceptions of callbacks go to `handler` and the client goes on."""
        for part in self._both():
            part.on_error(handler)

    def subscribe(self, *topics: Topic[E], callback: Callable[[E], object] | None = None) -> None:
        """Subscribe these topics; at any time. The first market topic opens the market data socket."""
        wanted = {status.topic for status in self.topics()}
        done: list[tuple[AsyncClient, tuple[Topic[E], ...]]] = []
        try:
            for part, mine in self._by_part(topics):
                part.subscribe(*mine, callback=callback)
                done.append((part, mine))
        except BaseException:
            for part, mine in done:
                part.unsubscribe(*(topic for topic in mine if topic not in wanted))
            raise

    def unsubscribe(self, *topics: Topic[Event]) -> None:
        """Unsubscribe, and forget the callbacks that `subscribe` was given."""
        for part, mine in self._by_part(topics):
            part.unsubscribe(*mine)

    def send(self, command: Command[R], callback: Callable[[Replied[R] | Failed], object] | None = None) -> RequestId:
        """Send a command on Trade now; the callback gets its one `Replied` or `Failed`. Never waits, never sent again."""
        return self._trading().send(with_client_id(command, self._sources), callback)

    async def request(self, command: Command[R]) -> R:
        """The answer to a command on Trade; raises what `Failed` would carry, or `NotReady` while not connected."""
        return await self._trading().request(with_client_id(command, self._sources))

    def trusted(self, *topics: Topic[Event]) -> bool:
        """Whether all of these are live; none named: all that are subscribed."""
        if topics:
            return all(part.trusted(*mine) for part, mine in self._by_part(topics))
        wanted = [part for part in self._both() if part.topics()]
        return bool(wanted) and all(part.trusted() for part in wanted)

    def age(self, update: Update) -> float | None:
        """Always None: QFEX has no command for its clock."""
        return self._market.age(update)

    def topics(self) -> tuple[TopicStatus, ...]:
        """How each subscribed topic stands, on both sockets."""
        return tuple(status for part in self._both() for status in part.topics())

    def orders(self) -> tuple[OrderView, ...]:
        """Own orders that are not final, as far as they are known."""
        return () if self._trade is None else self._trade.orders()

    async def ready(self, *topics: Topic[Event]) -> None:
        """Returns when signed in and these topics are live; topics that are not subscribed yet are now."""
        check_topics(topics)
        wanted = dict(self._by_part(topics))
        if self._trade is not None:
            wanted.setdefault(self._trade, ())
        for part, mine in (wanted or {self._market: ()}).items():
            await part.ready(*mine)

    async def wait(self, order: OrderView) -> OrderView:
        """The order when it is final; one of unknown state is asked about over HTTP where that can be."""
        trade = self._trading()
        check_order(order)
        while self._can_look_up():
            try:
                found = await self._in_time(LOOK_UP_AFTER, lambda: trade.wait(order))
            except TimeoutError:
                if self._live(order).state == "unknown":
                    await self.look_up_order(order)
                continue
            # The socket lists it no more and cannot tell how it ended.
            return await self.look_up_order(found) if found.state == "unknown" else found
        return await trade.wait(order)

    def book(self, topic: Topic[BookChanged]) -> BookView:
        """A live view of this order book, subscribed if it was not; its numbers raise while it cannot be trusted."""
        view = self._market.book(topic)
        self._begin_market()
        return view

    @property
    def stats(self) -> Statistics:
        """Counters of the Trade socket, or of market data where there are no credentials. See `market_data_stats`."""
        return (self._trade or self._market).stats

    @property
    def market_data_stats(self) -> Statistics:
        """Counters of the market data socket."""
        return self._market.stats

    def stop(self) -> None:
        """End the streams and close both connections in good order; may be called at any moment."""
        for part in self._both():
            part.stop()

    # Trading ----------------------------------------------------------------------------------------------------------

    async def place_order(
        self,
        symbol: str,
        side: str,
        order_type: str,
        quantity: qfex.Number,
        price: qfex.Number | None = None,
        *,
        order_time_in_force: str | None = None,
        take_profit: qfex.Number | None = None,
        stop_loss: qfex.Number | None = None,
        reduce_only: bool | None = None,
        client_order_id: str | None = None,
    ) -> OrderView:
        """Place an order and wait until the venue has accepted it; then `wait(order)` waits for its end.

        Raises `RequestRefused` (`code` is the status of the rejection) or `OutcomeUnknown`; an order that nobody knows about
        stays in `orders()` and is queried. After `load_reference()` a price or quantity that the symbol does not take is a
        `UsageError`, with the exact tick or lot in it, and is not sent.
        """
        order = qfex.AddOrder(
            symbol=symbol,
            side=side,
            order_type=order_type,
            quantity=quantity,
            price=price,
            order_time_in_force=order_time_in_force,
            take_profit=take_profit,
            stop_loss=stop_loss,
            reduce_only=reduce_only,
            client_order_id=client_order_id or "",
        )
        if self._reference is not None:
            self._reference.check(symbol, price=order.price, quantity=order.quantity)
        try:
            return await self.request(order)
        except RequestRefused as refused:
            if refused.code == MARKET_CLOSED and self._reference is not None:
                refused.add_note(self._reference.hours_of(symbol))
            raise

    async def modify_order(
        self,
        order: OrderView,
        *,
        price: qfex.Number | None = None,
        quantity: qfex.Number | None = None,
        take_profit: qfex.Number | None = None,
        stop_loss: qfex.Number | None = None,
        order_type: str | None = None,
        reduce_only: bool | None = None,
    ) -> OrderView:
        """Change an open order and wait for the answer. It may get a new id.

        The venue wants the order's own `order_type` and `reduce_only` with it: as the order was placed unless given here. For an
        order that this program has not placed, `reduce_only` is not known and taken for False.
        """
        check_order(order)
        live = self._live(order)
        command = modification(
            live,
            price=price,
            quantity=quantity,
            take_profit=take_profit,
            stop_loss=stop_loss,
            order_type=order_type,
            reduce_only=reduce_only,
        )
        await self.request(command)
        return self._live(live)

    async def cancel_order(self, order: OrderView | str, symbol: str | None = None) -> OrderView | None:
        """Cancel an order and wait for the answer; the order as it stands then, None when it is not known here.

        By an order's id, `symbol` is needed too. An order of ours that is over already is no error.
        """
        known = self._live(order) if isinstance(order, OrderView) else None
        try:
            await self.request(cancellation(order if known is None else known, symbol))
        except RequestRefused as refused:
            if not is_over_already(refused, known):
                raise
        order_id = order if isinstance(order, str) else None if known is None else known.order_id
        return self._trading()._core.session.orders.find(order_id) or known

    async def cancel_all_orders(self, symbol: str | None = None) -> None:
        """Cancel every open order of the account, in one symbol or in all, and wait for the answer.

        What became of each order says its own view. With nothing to cancel the venue may not answer: `RequestTimedOut`.
        """
        await self.request(qfex.CancelAllOrders(symbol=symbol))

    # Over HTTP --------------------------------------------------------------------------------------------------------

    @property
    def http(self) -> QfexCalls:
        """The same account over HTTP. Raises `UsageError` where no address is known."""
        if self._http is None:
            raise UsageError("http_url is needed: these sockets are not the venue's own")
        return self._http

    async def load_reference(self) -> ReferenceData:
        """Fetches tick and lot sizes, bounds and market hours; from then on `place_order` checks prices and sizes by them."""
        self._reference = ReferenceData(await self.http.request(GetRefdata()))
        return self._reference

    async def look_up_order(self, order: OrderView) -> OrderView:
        """The order as HTTP knows it, by its client id: for one of unknown outcome that the socket cannot tell of.

        `wait` does this by itself. That it is not found proves nothing: then it stays as it was.
        """
        check_order(order)
        live = self._live(order)
        facts = facts_about(live, await self.http.request(query_about(live)))
        self._trading().step(lambda session, now: session.apply_facts(*facts, now=now))
        return self._live(order)

    # ------------------------------------------------------------------------------------------------------------------

    def _live(self, order: OrderView) -> OrderView:
        return self._trading()._core.session.orders.live(order)

    def _can_look_up(self) -> bool:
        return self._http is not None and self._has_keys

    def _both(self) -> tuple[AsyncClient, ...]:
        return (self._market,) if self._trade is None else (self._trade, self._market)

    def _trading(self) -> AsyncClient:
        if self._trade is None:
            raise UsageError("Authentication required: this client was made without credentials")
        return self._trade

    def _by_part(self, topics: Sequence[Topic[E]]) -> list[tuple[AsyncClient, tuple[Topic[E], ...]]]:
        """The topics by the socket that has them; market data begins with its first one."""
        trade, market = by_socket(topics)
        found: list[tuple[AsyncClient, tuple[Topic[E], ...]]] = []
        if trade:
            found.append((self._trading(), trade))
        if market:
            self._begin_market()
            found.append((self._market, market))
        return found

    def _for(self, wanted: Sequence[type[E] | Topic[E]]) -> list[tuple[AsyncClient, tuple[type[E] | Topic[E], ...]]]:
        """Classes of events come from both sockets, topics from their own."""
        topics = [one for one in wanted if isinstance(one, Topic)]
        kinds = tuple(one for one in wanted if not isinstance(one, Topic))
        by_part = dict(self._by_part(topics))
        if kinds or not wanted:
            for part in self._both():
                by_part.setdefault(part, ())
        return [(part, (*mine, *kinds)) for part, mine in by_part.items()]
