"""HTTP beside the socket of one blocking client: own orders, and what is asked for after a loss.

What is asked and what the answers prove is decided in `coinex_proto.coinex.http`; here it is run in the calling thread.
Must not know trio, and imports httpx2 only when HTTP is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar, final
from urllib.parse import urlsplit
from weakref import ref

from coinex_driver.log import LOG
from coinex_driver.reentry import CURRENT_THREAD
from coinex_proto import (
    BackfillStarted,
    Event,
    Lost,
    NotReady,
    OrderView,
    OutcomeUnknown,
    RequestTimedOut,
    Restored,
    SdkError,
    Session,
    Topic,
    coinex,
)

if TYPE_CHECKING:
    from coinex_proto.coinex.http import Backfill, BalanceSheet, Desk, PositionSheet
    from coinex_proto.coinex.http.futures import Position
    from coinex_trio.coinex import CoinexClient, Module
    from coinex_trio.http import BlockingHttp

E = TypeVar("E", bound=Event)
T = TypeVar("T")
S = TypeVar("S", "BalanceSheet", "PositionSheet")

ASK_AGAIN: Final = 2.0
"""Seconds between two queries about an order that is waited for and that pushes cannot tell of."""

VENUE_HOSTS: Final = ("socket.coinex.com",)
"""Where sockets and HTTP have different hosts."""


def http_url_of(socket_url: str | None) -> str | None:
    """The HTTP address that belongs to a socket's; None: the venue's own.

    Another host than the venue's is a local exchange or a proxy: then HTTP is asked there too, so that no order goes to
    the venue by a program that is tested elsewhere.
    """
    if socket_url is None:
        return None
    parts = urlsplit(socket_url)
    if parts.hostname in VENUE_HOSTS:
        return None
    path = parts.path.rstrip("/").removesuffix("/spot").removesuffix("/futures")
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}{path}"


@final
class Together:
    """What one `CoinexClient` does over HTTP."""

    def __init__(self, client: CoinexClient, module: Module, make_http: Callable[[], BlockingHttp]) -> None:
        self._client_of = ref(client)  # a dropped client must go at once, and say that it was not closed
        self._module: Module = module
        self._make_http = make_http
        self._has_http = False
        self._followed: set[coinex.Orders] = set()
        self._has_backfill = False
        self._backfill: Backfill | None = None
        self._balances: BalanceSheet | None = None
        self._positions: PositionSheet | None = None

    @property
    def _client(self) -> CoinexClient:
        client = self._client_of()
        assert client is not None, "only its client calls it"
        return client

    @cached_property
    def http(self) -> BlockingHttp:
        """Made when it is first used. Raises `UsageError` where the extra `http` is not installed, and after the end."""
        self._client._check_unclosed()  # nobody would close what is made now
        http = self._make_http()
        self._has_http = True
        return http

    @property
    def can_ask(self) -> bool:
        """Whether the extra `http` is installed."""
        try:
            _ = self.http
        except ImportError:
            return False
        return True

    @cached_property
    def desk(self) -> Desk:
        """The own orders; from now on they are asked about after each loss."""
        from coinex_proto.coinex.http import Desk

        _ = self.http
        desk = Desk(self._step, self._module)
        if not self._has_backfill:
            own = self._client._core.own  # not those that other clients share
            self._step(lambda _, __: own.add(Restored, self._settle_after))
        return desk

    def _step(self, work: Callable[[Session, float], T], /) -> T:
        return self._client.step(work)

    def close(self) -> None:
        """Ends the HTTP connections, where there are any."""
        if self._has_http:
            self.http.close()

    # Own orders -------------------------------------------------------------------------------------------------------

    def follow(self, market: str) -> None:
        """Returns when the pushes of own orders in this market are live: at once but for the first time.

        Raises `NotReady` when they are not: an order that nobody can follow is not sent.
        """
        client = self._client
        client._core.check_not_over()
        self._read_what_has_come()
        wanted = {status.topic for status in client.topics()}
        topic = coinex.Orders() if coinex.Orders() in wanted else coinex.Orders(market)
        if not client.trusted(topic):
            if topic in self._followed or CURRENT_THREAD.is_waiting:
                raise NotReady(
                    f"no order was sent: its pushes ({topic}) are not live now; wait for Restored, or call ready({topic}) "
                    "before the first order"
                )
            self._hold(topic)
            self._wait_until_live(topic)
        self._hold(topic)
        self._followed.add(topic)

    def _hold(self, topic: coinex.Orders) -> None:
        self._client.step(lambda session, now: session.hold(topic, holder=self, now=now))

    def _wait_until_live(self, topic: coinex.Orders) -> None:
        try:
            self._client.ready(topic)
        except TimeoutError as late:
            raise NotReady(f"no order was sent: {late}") from late

    # What the account holds -------------------------------------------------------------------------------------------

    def balances(self) -> Mapping[str, coinex.BalanceUpdate]:
        """From the sheet, made current first if need be."""
        if self._balances is None:
            from coinex_proto.coinex.http import BalanceSheet

            sheet = BalanceSheet(self._step, self._module)
            self._balances = self._fed(sheet, coinex.Balances(), sheet.take)
        return self._current(self._balances, coinex.Balances()).balances

    def positions(self) -> Mapping[str, Position]:
        """From the sheet, made current first if need be."""
        if self._positions is None:
            from coinex_proto.coinex.http import PositionSheet

            sheet = PositionSheet(self._step, self._module)
            self._positions = self._fed(sheet, coinex.Positions(), sheet.take)
        return self._current(self._positions, coinex.Positions()).positions

    def open_orders(self, market: str | None) -> tuple[OrderView, ...]:
        """As the venue lists them, on the tracker."""
        topic = coinex.Orders(market)
        self._client.ready(topic)
        self._hold(topic)
        self.http.ask(self.desk.open_orders(market))
        self._let_pushes_in()
        return tuple(order for order in self._client.orders() if market in (None, order.market))

    def _fed(self, sheet: S, topic: Topic[E], take: Callable[[E], None]) -> S:
        """The sheet gets the pushes where the session lives, and the topic is wanted from now on."""
        core = self._client._core

        def feed() -> None:
            core.hold((topic,), sheet, _nothing)
            core.stream_callbacks.add(topic, take)
            core.stream_callbacks.add(Lost, sheet.lost)

        self._client.step(lambda _, __: feed())
        return sheet

    def _current(self, sheet: S, topic: coinex.Balances | coinex.Positions) -> S:
        self._read_what_has_come()
        if not (sheet.is_current and self._client.trusted(topic)):
            self._client.ready(topic)
            self.http.ask(sheet.ask())
            self._let_pushes_in()
        if not sheet.is_current:
            raise NotReady(f"{topic}: the pushes were lost while the account was asked for; ask again")
        return sheet

    def _read_what_has_come(self) -> None:
        """A script that slept must not go by the past. In a callback everything is read already."""
        client = self._client
        if not CURRENT_THREAD.is_waiting:
            client._open()
            client._catch_up(client._core.now() + client._core.config.request_timeout)

    def _let_pushes_in(self) -> None:
        """Everything that was pushed before the answer is in when the socket has answered a ping sent after it."""
        try:
            self._client.request(coinex.Ping())
        except (NotReady, OutcomeUnknown, RequestTimedOut) as lost:
            raise NotReady(f"the pushes were lost while the account was asked for; ask again ({lost})") from lost

    def can_hear_of(self, order: OrderView) -> bool:
        """Whether pushes will tell what becomes of this order. For the thread that drives the session."""
        core = self._client._core
        topics = (coinex.Orders(), coinex.Orders(order.market)) if order.market else (coinex.Orders(),)
        return order.state != "unknown" and any(core.trusted(topic) for topic in topics)

    def try_to_find_out(self, order: OrderView, timeout: float) -> None:
        """Asks about an order; where that fails for now, the order stays as it is and may be asked about again.

        Raises what asking again cannot mend: refused credentials, for example.
        """
        try:
            self.http.ask(self.desk.find_out(order), timeout=timeout)
        except TimeoutError:
            return  # nothing was learnt: whoever waits looks at the time
        except SdkError as error:
            if not getattr(error, "retryable", False):
                raise
            LOG.info("coinex: an order could not be asked about for now: %s", type(error).__name__)

    # After a loss -----------------------------------------------------------------------------------------------------

    def fill_gaps(self) -> None:
        """From now on what was missed is asked for after each `Restored`. Raises `UsageError` without the extra `http`."""
        from coinex_proto.coinex.http import Backfill

        core = self._client._core
        self._has_backfill = True
        self._backfill = Backfill(self._step, self._module, self.desk)
        core.hold((), self._backfill, _nothing)
        core.stream_callbacks.add_any(
            (coinex.TradesUpdate, coinex.UserTradeUpdate, coinex.OrderUpdate), self._backfill.see
        )
        core.own.add(Restored, self._announce)
        core.own.add(BackfillStarted, self._fill)

    def _announce(self, event: Restored) -> None:
        """The queries come when everything that was pushed before is handed out: so nothing comes twice."""
        from coinex_proto.coinex.http import BACKFILLED

        topics = tuple(topic for topic in event.topics if isinstance(topic, BACKFILLED))
        if topics:
            started = BackfillStarted(topics=topics, since=event.since, until=event.until)
            self._step(lambda session, now: session.note(started, now))

    def _fill(self, event: BackfillStarted) -> None:
        assert self._backfill is not None
        for topic in event.topics:
            self.http.ask(self._backfill.fill(topic, event.since, event.until))

    def _settle_after(self, event: Restored) -> None:
        if not any(isinstance(topic, coinex.Orders) for topic in event.topics):
            return
        try:
            self.http.ask(self.desk.settle())
        except SdkError as error:
            # They stay `unknown`, which is true; wait() and find_out() ask again.
            LOG.warning("coinex: orders of unknown state could not be asked about: %s", error)


def _nothing() -> None:
    """A sheet needs no word when its client stops."""
