"""The blocking QFEX client: market data and trading under one surface, on two sockets.

MDS opens with the first market topic, Trade with credentials. Every call that waits keeps both going. Trio programs use
`open_client` with `qfex.mds()` and `qfex.trade()`. Must not import trio.
"""

from __future__ import annotations

import math
import os
import ssl
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, final

from coinex_driver.arguments import check_interval, check_seconds
from coinex_driver.exit_orders import ExitOrder, check_exit_seconds
from coinex_driver.qfex_orders import by_socket, cancellation, with_client_id
from coinex_proto import (
    BookChanged,
    BookView,
    Callbacks,
    Command,
    Config,
    Event,
    Failed,
    OrderView,
    Replied,
    RequestId,
    Statistics,
    Topic,
    TopicStatus,
    Update,
    UsageError,
    qfex,
)
from coinex_proto.checks import check_order, check_topics
from coinex_trio._facades.exit_orders import cancel_on_exit
from coinex_trio._facades.qfex_events import SLICE, QfexEvents
from coinex_trio._facades.qfex_orders import QfexTrading
from coinex_trio.blocking import BlockingClient, run
from coinex_trio.network import SYSTEM, Network

if TYPE_CHECKING:
    from coinex_proto.qfex.http import ReferenceData
    from coinex_trio.qfex_http import QfexHttp

R = TypeVar("R")
E = TypeVar("E", bound=Event)
T = TypeVar("T")

PUBLIC_KEY: Final = "QFEX_PUBLIC_KEY"
SECRET_KEY: Final = "QFEX_SECRET_KEY"
ACCOUNT_ID: Final = "QFEX_ACCOUNT_ID"
HTTP_URLS: Final = {qfex.TRADE_URL: "https://api.qfex.com"}
"""By the address of the Trade socket."""
LOOK_UP_AFTER: Final = 2.0
"""Seconds that `wait` leaves the socket to tell what became of an order, before HTTP is asked, and between two questions."""


@final
class QfexClient(QfexTrading):
    """Both QFEX sockets. Without credentials it has market data only.

    Has the methods of `BlockingClient`; a topic goes to the socket that has it, a command to Trade. Orders without a
    `client_order_id` are given one, so that their answers are found.
    """

    def __init__(
        self,
        credentials: qfex.HmacCredentials | qfex.JwtCredentials | None = None,
        account_id: str | None = None,
        *,
        cancel_on_disconnect: bool = False,
        mds_url: str = qfex.MDS_URL,
        trade_url: str = qfex.TRADE_URL,
        http_url: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
        allow_plaintext: bool = False,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008  (frozen)
        ssl_context: ssl.SSLContext | None = None,
        network: Network = SYSTEM,
        background: bool = False,
        check_orders_every: float | None = None,
        cancel_orders_on_exit: float | None = None,
    ) -> None:
        """Nothing is opened yet. `account_id`: a subaccount. `cancel_on_disconnect`: read what `qfex.trade` says of it.

        `http_url`: where HTTP goes, with the extra `http`; not said: the venue's own address where `trade_url` is the venue's.
        `check_orders_every`: so often (seconds) the venue's list of open orders is compared with the orders known here; what
        differs is an `OrderChanged`, and counted in `stats.order_differences`.

        `cancel_orders_on_exit`: so many seconds, when the client is left or closed in whatever way, for cancelling every
        own order that it knows to be open (those of other programs that it has seen too); `cancelled_on_exit` says what
        became of each.
        """
        check_exit_seconds(cancel_orders_on_exit)
        self.cancelled_on_exit: tuple[ExitOrder, ...] = ()
        """What became of the own orders that were open when the client was left, with `cancel_orders_on_exit`."""
        self._cancel_within = cancel_orders_on_exit
        check_interval(check_orders_every, has_credentials=credentials is not None)
        self._http_url = http_url if http_url is not None else HTTP_URLS.get(trade_url)
        self._http_options: dict[str, Any] = {
            "credentials": credentials if isinstance(credentials, qfex.HmacCredentials) else None,
            "account_id": account_id,
            "config": config,
            "ssl_context": ssl_context,
            "allow_plaintext": allow_plaintext,
            "network": network,
        }
        self._http: QfexHttp | None = None
        self._reference: ReferenceData | None = None

        def made(dialect: qfex.MdsDialect | qfex.TradeDialect) -> BlockingClient:
            return BlockingClient(
                dialect,
                callbacks=callbacks,
                config=config,
                ssl_context=ssl_context,
                network=network,
                background=background,
            )

        self._sources = network.sources
        self._now = network.now
        self._market = made(qfex.mds(url=mds_url, headers=headers, allow_plaintext=allow_plaintext))
        self._trade: BlockingClient | None = None
        if credentials is None:
            if cancel_on_disconnect or account_id is not None:
                raise UsageError("account_id and cancel_on_disconnect need credentials")
            return
        self._trade = made(
            qfex.trade(
                credentials,
                account_id,
                cancel_on_disconnect=cancel_on_disconnect,
                url=trade_url,
                headers=headers,
                allow_plaintext=allow_plaintext,
            )
        )
        # Order responses hold no price of a fill: without this an order would have no average price.
        self._trade.subscribe(qfex.Fills())
        self._trade.step(lambda session, now: session.compare_orders_every(check_orders_every, now))
        self._market._siblings = (weakref.ref(self._trade),)
        self._trade._siblings = (weakref.ref(self._market),)

    @classmethod
    def from_env(cls, **options: Any) -> Self:
        """With the keys of QFEX_PUBLIC_KEY and QFEX_SECRET_KEY, and QFEX_ACCOUNT_ID if it is set; `options` as usual.

        Raises `UsageError` naming what is missing.
        """
        missing = [name for name in (PUBLIC_KEY, SECRET_KEY) if not os.environ.get(name)]
        if missing:
            raise UsageError(f"set {' and '.join(missing)} in the environment")
        credentials = qfex.HmacCredentials(os.environ[PUBLIC_KEY], os.environ[SECRET_KEY])
        options.setdefault("account_id", os.environ.get(ACCOUNT_ID) or None)
        return cls(credentials, **options)

    # What BlockingClient has ------------------------------------------------------------------------------------------

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
        done: list[tuple[BlockingClient, tuple[Topic[E], ...]]] = []
        try:
            for part, mine in self._by_part(topics):
                part.subscribe(*mine, callback=callback)
                done.append((part, mine))
        except BaseException:
            for part, mine in done:
                part.unsubscribe(*(topic for topic in mine if topic not in wanted))
            raise
        self._begin_market()

    def unsubscribe(self, *topics: Topic[Event]) -> None:
        """Unsubscribe, and forget the callbacks that `subscribe` was given."""
        for part, mine in self._by_part(topics):
            part.unsubscribe(*mine)

    def send(self, command: Command[R], callback: Callable[[Replied[R] | Failed], object] | None = None) -> RequestId:
        """Send a command on Trade now; the callback gets its one `Replied` or `Failed`. Never waits, never sent again."""
        return self._trading().send(with_client_id(command, self._sources), callback)

    def request(self, command: Command[R]) -> R:
        """The answer to a command on Trade; raises what `Failed` would carry, or `NotReady` while not connected."""
        self._begin_market()
        return self._trading().request(with_client_id(command, self._sources))

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

    def ready(self, *topics: Topic[Event], timeout: float = 10.0) -> None:
        """Returns when signed in and these topics are live; raises `TimeoutError`, or what the venue said."""
        check_seconds(timeout)
        check_topics(topics)
        until = self._now() + timeout
        wanted = dict(self._by_part(topics))
        for part in self._begun():
            wanted.setdefault(part, ())
        for part, mine in wanted.items():
            part.ready(*mine, timeout=max(0.0, until - self._now()))

    def wait(self, order: OrderView, timeout: float = math.inf) -> OrderView:
        """The order when it is final; raises `TimeoutError`."""
        check_order(order)
        check_seconds(timeout)
        self._begin_market()
        trade, until = self._trading(), self._now() + timeout
        while True:
            try:
                found = trade.wait(order, min(until - self._now(), LOOK_UP_AFTER) if self._can_look_up() else timeout)
                # The socket lists it no more and cannot tell how it ended.
                return self.look_up_order(found) if found.state == "unknown" and self._can_look_up() else found
            except TimeoutError:
                if self._now() >= until or not self._can_look_up():
                    raise
            if self._live(order).state == "unknown":
                self.look_up_order(order)

    # Over HTTP --------------------------------------------------------------------------------------------------------

    @property
    def http(self) -> QfexHttp:
        """The same account over HTTP; made when it is first asked for. Raises `UsageError` where no address is known."""
        if self._http is None:
            from coinex_trio.qfex_http import QfexHttp

            if self._http_url is None:
                raise UsageError("http_url is needed: these sockets are not the venue's own")
            self._http = QfexHttp(url=self._http_url, **self._http_options)
            core = self._market._core  # both are stopped together
            self._http.end_with(lambda: core.stops_by)
        return self._http

    def load_reference(self) -> ReferenceData:
        """Fetches tick and lot sizes, bounds and market hours; from then on `place_order` checks prices and sizes by them."""
        from coinex_proto.qfex.http import GetRefdata, ReferenceData

        self._reference = ReferenceData(self.http.request(GetRefdata()))
        return self._reference

    def look_up_order(self, order: OrderView) -> OrderView:
        """The order as HTTP knows it, by its client id: for one of unknown outcome that the socket cannot tell of.

        `wait` does this by itself. That it is not found proves nothing: then it stays as it was.
        """
        from coinex_proto.qfex.http import facts_about, query_about

        live = self._live(order)
        facts = facts_about(live, self.http.request(query_about(live)))
        trade = self._trading()
        trade._change(lambda: trade._core.session.apply_facts(*facts, now=self._now()))
        return self._live(order)

    def _live(self, order: OrderView) -> OrderView:
        check_order(order)
        trade = self._trading()
        return trade._inspect(lambda: trade._live_order(order))

    def _can_look_up(self) -> bool:
        """With an address, with keys that sign, and with the extra `http`."""
        if self._http_url is None or self._http_options["credentials"] is None:
            return False
        try:
            _ = self.http
        except ImportError:
            return False
        return True

    def run(self, seconds: float = math.inf) -> None:
        """Read, keep the connections alive and call callbacks for so long, or until `stop()`."""
        check_seconds(seconds)
        parts = self._begun()
        if parts and parts[0]._worker is not None:
            for part in parts:
                part._check_unclosed()
            self._run_background(self._now() + seconds)
        else:
            run(self, seconds=seconds)

    def events(self, *wanted: type[E] | Topic[E], seconds: float = math.inf) -> QfexEvents[E]:
        """Every event of these classes and topics, in order for each socket; nothing named: every event there is."""
        check_seconds(seconds)
        parts = self._for(wanted)
        return QfexEvents([part.events(*mine) for part, mine in parts], self._open, seconds)

    def latest(self, *topics: Topic[E], seconds: float = math.inf) -> QfexEvents[E]:
        """The newest event of each topic; what was replaced before it was taken is counted in `.skipped`."""
        check_seconds(seconds)
        parts = self._by_part(topics) or [(self._market, topics)]  # which refuses to have none named
        return QfexEvents([part.latest(*mine) for part, mine in parts], self._open, seconds)

    def book(self, topic: Topic[BookChanged], timeout: float = 10.0) -> BookView:
        """A snapshot of this order book as soon as it is trusted, else `BookNotTrusted`; subscribed if it was not."""
        return self._market.book(topic, timeout)

    @property
    def stats(self) -> Statistics:
        """Counters of the Trade socket, or of market data where there are no credentials. See `market_data_stats`."""
        return (self._trade or self._market).stats

    @property
    def market_data_stats(self) -> Statistics:
        """Counters of the market data socket."""
        return self._market.stats

    def stop(self) -> None:
        """End `run()` and the streams and close both connections in good order; may be called in a callback."""
        for part in self._both():
            part.stop()

    def close(self) -> None:
        """Close both in good order; twice is once. In a callback it is `stop()`."""
        try:
            seconds, trade = self._cancel_within, self._trade
            if seconds is not None and trade is not None and trade._may_cancel_on_exit():
                self._cancel_within = None
                cancel_on_exit(trade, lambda order: cancellation(order, None), seconds, self._left)
        finally:
            self._close()

    def _left(self, orders: tuple[ExitOrder, ...]) -> None:
        self.cancelled_on_exit = orders

    def _close(self) -> None:
        if self._http is not None:
            self._http.close()
        parts = self._both()
        for part in parts:
            part._siblings = ()
        for number, part in enumerate(parts, 1):
            try:
                part.close()
            except BaseException:
                for rest in parts[number:]:
                    rest.close()
                raise

    def __enter__(self) -> Self:
        for part in self._both():
            part._check_may_begin()
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for part in self._both():
                part._mute()
        self.close()

    # ------------------------------------------------------------------------------------------------------------------

    def _both(self) -> tuple[BlockingClient, ...]:
        return (self._market,) if self._trade is None else (self._trade, self._market)

    def _begun(self) -> list[BlockingClient]:
        """Trade, and market data once something of it is subscribed."""
        return [part for part in self._both() if part is not self._market or part._is_entered or part.topics()]

    def _open(self) -> None:
        """Signed in, and connected to market data where something of it is subscribed."""
        for part in self._begun():
            part._open()

    def _sockets(self) -> Sequence[BlockingClient]:
        return self._begun()

    def _trading(self) -> BlockingClient:
        if self._trade is None:
            raise UsageError("Authentication required: this client was made without credentials")
        return self._trade

    def _by_part(self, topics: Sequence[Topic[E]]) -> list[tuple[BlockingClient, tuple[Topic[E], ...]]]:
        """The topics by the socket that has them; market data begins with its first one."""
        trade, market = by_socket(topics)
        found: list[tuple[BlockingClient, tuple[Topic[E], ...]]] = []
        if trade:
            found.append((self._trading(), trade))
        if market:
            found.append((self._market, market))
        return found

    def _begin_market(self) -> None:
        """Once something of it is subscribed, every call that waits opens and drives the market data socket too."""
        if not self._market._is_entered and self._trade is not None and self._market.topics():
            self._market._is_entered = True
            if self._market._worker is not None:
                self._market._worker.start()

    def _for(self, wanted: Sequence[type[E] | Topic[E]]) -> list[tuple[BlockingClient, tuple[type[E] | Topic[E], ...]]]:
        """Classes of events come from both sockets, topics from their own."""
        topics = [one for one in wanted if isinstance(one, Topic)]
        kinds = tuple(one for one in wanted if not isinstance(one, Topic))
        by_part = dict(self._by_part(topics))
        if kinds or not wanted:
            for part in self._both():
                by_part.setdefault(part, ())
        return [(part, (*mine, *kinds)) for part, mine in by_part.items()]

    def _run_background(self, until: float) -> None:
        """Hands out what both threads bring, one after the other."""
        while (alive := [part for part in self._begun() if not part._core.is_over]) and self._now() < until:
            for part in alive:
                part._run_background(min(until, self._now() + SLICE))
        for part in self._begun():
            if part._core.is_over and part._core.error is not None:
                raise part._core.error
