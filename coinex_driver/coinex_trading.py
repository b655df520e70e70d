"""HTTP beside the socket of one CoinEx client: own orders, what the account holds, and what was missed after a loss.

Without I/O: each method is a generator that yields what a driver must do (`Action`) and is sent what came of it, or thrown
its error. What is sent and what the answers prove is decided in `coinex_proto.coinex.http`. Must not know trio, sockets or
threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias, TypeVar, final
from weakref import ref

from attrs import frozen

from coinex_driver.client_base import ClientBase
from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_facade import Module
from coinex_proto import (
    BackfillStarted,
    Command,
    Event,
    Lost,
    NotReady,
    OrdersQueried,
    OrderView,
    OutcomeUnknown,
    RequestTimedOut,
    Restored,
    SdkError,
    Session,
    Topic,
    coinex,
)
from coinex_proto.coinex.http import (
    BACKFILLED,
    Backfill,
    BalanceHoldings,
    HttpCommands,
    Number,
    OrderEntry,
    OrderType,
    PositionHoldings,
    Side,
    StpMode,
    is_from_gateway,
)
from coinex_proto.coinex.http.futures import Position

E = TypeVar("E", bound=Event)
T = TypeVar("T")
H = TypeVar("H", BalanceHoldings, PositionHoldings)


@frozen
class CatchUp:
    """Take in what the socket has received; send whether this caller may wait (a callback may not)."""


@frozen
class BecomeLive:
    """Subscribe these topics and wait until they are live. `TimeoutError` when they are not in time."""

    topics: tuple[Topic[Any], ...]


@frozen
class SendRequest:
    """Send this over the socket, and send its result."""

    command: Command[Any]


@frozen
class RunHttp:
    """Run these HTTP commands, and send what they return. `TimeoutError` when that takes too long."""

    commands: HttpCommands[Any]
    timeout: float = math.inf


@frozen
class WaitUntil:
    """Wait until it is done or it is so late. Evaluated wherever the session lives."""

    is_done: Callable[[], bool]
    until: float


@frozen
class Pause:
    """Let so much time pass, without driving the session."""

    seconds: float


Action: TypeAlias = CatchUp | BecomeLive | SendRequest | RunHttp | WaitUntil | Pause
Actions: TypeAlias = Generator[Action, Any, T]


@final
class CoinexTrading:
    """What one CoinEx client does over HTTP."""

    def __init__(self, client: ClientBase, core: ClientCore, module: Module) -> None:
        self._client_of = ref(client)  # a dropped client must go at once, and say that it was not closed
        self._core = core
        self._module: Module = module
        self._orders = OrderEntry(self._step, module)
        self._backfill = Backfill(self._step, module, self._orders)
        self._followed: set[coinex.Orders] = set()
        self._balances: BalanceHoldings | None = None
        self._positions: PositionHoldings | None = None
        self._is_refused = False
        """The venue has refused to tell about orders, and not just for now."""

    @property
    def _client(self) -> ClientBase:
        client = self._client_of()
        assert client is not None, "only its client calls it"
        return client

    def _step(self, work: Callable[[Session, float], T], /) -> T:
        return self._client.step(work)

    # Own orders -------------------------------------------------------------------------------------------------------

    def place_order(
        self,
        market: str,
        side: Side,
        type: OrderType,  # noqa: A002  (the wire's word)
        amount: Number,
        price: Number | None,
        *,
        client_id: str,
        ccy: str | None,
        is_hide: bool | None,
        stp_mode: StpMode | None,
    ) -> Actions[OrderView]:
        """Places an order, once, where its pushes are live."""
        command = self._orders.order(
            market, side, type, amount, price, client_id=client_id, ccy=ccy, is_hide=is_hide, stp_mode=stp_mode
        )
        yield from self._follow(market)
        view: OrderView = yield RunHttp(self._orders.place(command))
        return view

    def cancel_order(self, order: OrderView) -> Actions[OrderView]:
        """Cancels an order, or looks up what became of it."""
        view: OrderView = yield RunHttp(self._orders.cancel(order))
        return view

    def modify_order(self, order: OrderView, amount: Number | None, price: Number | None) -> Actions[OrderView]:
        """Changes an order."""
        view: OrderView = yield RunHttp(self._orders.modify(order, amount=amount, price=price))
        return view

    def resolve(self, order: OrderView) -> Actions[OrderView]:
        """Asks what became of an order."""
        view: OrderView = yield RunHttp(self._orders.resolve(order))
        return view

    def wait(self, order: OrderView, timeout: float) -> Actions[OrderView]:
        """Waits for the end of an order: pushes tell, and queries while no push can come. Raises `TimeoutError`."""
        core = self._core
        live = core.session.orders.live(order)
        until = core.now() + timeout
        while not live.is_final:
            now = core.now()
            query_at = core.session.next_order_query(live)
            if now >= until:
                raise TimeoutError(f"the order is {live.state} after {timeout:g} s")
            if self._is_pushed(live):
                yield WaitUntil(lambda: live.is_final or not self._is_pushed(live), until)
            elif now < query_at:
                yield WaitUntil(lambda: live.is_final or self._is_pushed(live), min(until, query_at))
            else:
                yield from self._try_to_resolve(live, until - now)
        return live

    def open_orders(self, market: str | None) -> Actions[tuple[OrderView, ...]]:
        """Every own order that is open at the venue."""
        topic = coinex.Orders(market)
        yield BecomeLive((topic,))
        self._hold(topic)
        yield RunHttp(self._orders.open_orders(market))
        yield from self._let_pushes_in()
        return tuple(order for order in self._client.orders() if market in (None, order.market))

    def _follow(self, market: str) -> Actions[None]:
        """Returns when the pushes of own orders in this market are live: at once but for the first time.

        Raises `NotReady` when they are not: an order that nobody can follow is not sent.
        """
        self._core.check_not_over()
        may_wait = yield CatchUp()
        topics = {status.topic for status in self._client.topics()}
        topic = coinex.Orders() if coinex.Orders() in topics else coinex.Orders(market)
        if not self._client.trusted(topic):
            if topic in self._followed or not may_wait:
                raise NotReady(
                    f"no order was sent: its pushes ({topic}) are not live now; wait for Restored, or call ready({topic}) "
                    "before the first order"
                )
            self._hold(topic)
            try:
                yield BecomeLive((topic,))
            except TimeoutError as late:
                raise NotReady(f"no order was sent: {late}") from late
        self._hold(topic)
        self._followed.add(topic)

    def _hold(self, topic: coinex.Orders) -> None:
        self._step(lambda session, now: session.hold(topic, holder=self, now=now))

    def _is_pushed(self, order: OrderView) -> bool:
        """Whether pushes will tell what becomes of this order."""
        return order.state != "unknown" and self._has_pushes(order)

    def _has_pushes(self, order: OrderView) -> bool:
        topics = (coinex.Orders(), coinex.Orders(order.market)) if order.market else (coinex.Orders(),)
        return any(self._core.trusted(topic) for topic in topics)

    def _try_to_resolve(self, order: OrderView, timeout: float) -> Actions[None]:
        """Asks about an order; where that fails for now, the order stays as it is and may be asked about again.

        Raises what asking again cannot mend: refused credentials, for example.
        """
        try:
            yield RunHttp(self._orders.resolve(order), timeout)
        except TimeoutError:
            return  # nothing is known: whoever waits looks at the time
        except SdkError as error:
            if not _is_passing(error):
                raise
            self._core.inform(f"an order could not be asked about for now: {type(error).__name__}")

    # What the account holds -------------------------------------------------------------------------------------------

    def balances(self) -> Actions[Mapping[str, coinex.BalanceUpdate]]:
        """Own balances, queried first if need be."""
        if self._balances is None:
            holdings = BalanceHoldings(self._step, self._module)
            self._balances = self._fed(holdings, coinex.Balances(), holdings.take)
        current = yield from self._current(self._balances, coinex.Balances())
        return current.balances

    def positions(self) -> Actions[Mapping[str, Position]]:
        """Own positions, queried first if need be."""
        if self._positions is None:
            holdings = PositionHoldings(self._step, self._module)
            self._positions = self._fed(holdings, coinex.Positions(), holdings.take)
        current = yield from self._current(self._positions, coinex.Positions())
        return current.positions

    def _fed(self, holdings: H, topic: Topic[E], take: Callable[[E], None]) -> H:
        """They get the pushes where the session lives, and the topic is wanted from now on."""
        core = self._core

        def feed() -> None:
            core.hold((topic,), holdings, _at_the_end)
            core.stream_callbacks.add(topic, take)
            core.stream_callbacks.add(Lost, holdings.lost)

        self._step(lambda _, __: feed())
        return holdings

    def _current(self, holdings: H, topic: coinex.Balances | coinex.Positions) -> Actions[H]:
        yield CatchUp()
        if not (holdings.is_current and self._client.trusted(topic)):
            yield BecomeLive((topic,))
            yield RunHttp(holdings.query())
            yield from self._let_pushes_in()
        if not holdings.is_current:
            raise NotReady(f"{topic}: the pushes were lost while the account was asked for; ask again")
        return holdings

    def _let_pushes_in(self) -> Actions[None]:
        """Everything that was pushed before the answer is in when the socket has answered a ping sent after it."""
        try:
            yield SendRequest(coinex.Ping())
        except (NotReady, OutcomeUnknown, RequestTimedOut) as lost:
            raise NotReady(f"the pushes were lost while the account was asked for; ask again ({lost})") from lost

    # After a loss -----------------------------------------------------------------------------------------------------

    def watch(
        self, perform: Callable[[Actions[None]], object], *, backfill: bool, check_orders_every: float | None = None
    ) -> None:
        """From now on `perform` gets what is to be done after each `Restored`, and when orders are in doubt; in a callback."""
        core = self._core
        own = core.own  # not those that other clients share
        own.add(OrdersQueried, lambda event: perform(self._query(event)))
        core.session.compare_orders_every(check_orders_every, core.now())
        core.session.query_orders_elsewhere(core.now())
        if backfill:
            own.add(Restored, self._announce)
            own.add(BackfillStarted, lambda event: perform(self._recover(event)))
        else:
            own.add(Restored, lambda event: perform(self._resolve_after(event)))

    def next_round(self) -> float | None:
        """When the venue may be asked about orders of unknown state that pushes can be trusted to tell of afterwards."""
        session = self._core.session
        if self._is_refused:
            return None
        unknown = [order for order in session.orders.open() if order.state == "unknown" and self._has_pushes(order)]
        return min((session.next_order_query(order) for order in unknown), default=None)

    def resolve_unknown(self) -> Actions[None]:
        """Asks about the orders of unknown state."""
        try:
            yield RunHttp(self._orders.resolve_unknown())
        except SdkError as error:
            # They stay `unknown`, which is true; wait() and resolve() ask again.
            self._is_refused = not _is_passing(error)
            self._core.warn(f"orders of unknown state could not be asked about: {error}")

    def _query(self, event: OrdersQueried) -> Actions[None]:
        if not event.is_whole_list:
            yield from self.resolve_unknown()
            return
        try:
            yield RunHttp(self._orders.compare_open())
        except SdkError as error:
            self._core.warn(f"the open orders could not be compared: {error}")

    def _resolve_after(self, event: Restored) -> Actions[None]:
        if any(isinstance(topic, coinex.Orders) for topic in event.topics):
            self._is_refused = False
            yield from self.resolve_unknown()

    def _announce(self, event: Restored) -> None:
        """The queries come when everything that was pushed before is handed out: so nothing comes twice."""
        self._is_refused = False
        topics = tuple(topic for topic in event.topics if isinstance(topic, BACKFILLED))
        if topics:
            started = BackfillStarted(topics=topics, since=event.since, until=event.until)
            self._step(lambda session, now: session.note(started, now))

    def _recover(self, event: BackfillStarted) -> Actions[None]:
        for topic in event.topics:
            yield RunHttp(self._backfill.recover(topic, event.since, event.until))


def _is_passing(error: SdkError) -> bool:
    """A gateway's answer says nothing about the key: a 403 of one that restarts passes."""
    return bool(getattr(error, "retryable", False)) or is_from_gateway(error)


def _at_the_end() -> None:
    """Holdings need no word when their client stops."""
