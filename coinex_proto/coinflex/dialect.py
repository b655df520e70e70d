"""CoinFLEX v1 as the shared core sees it: addresses, sign-in, wire form of requests, meaning of messages.

Source: CoinFLEX API v1, WebSocket. The venue is believed to be switched off for good; the local exchange speaks the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

import msgspec
from attrs import evolve, field, frozen

from coinex_proto._wire.endpoint import endpoint_of
from coinex_proto.books.book import Book
from coinex_proto.coinflex._command import MAX_INTEGER, ORDERS_BUCKET, QUERIES_BUCKET, CoinflexCommand, Raw
from coinex_proto.coinflex._decode import decode
from coinex_proto.coinflex._orders import order_facts
from coinex_proto.coinflex._own_commands import Authenticate, UnwatchOrders, UnwatchTicker, WatchOrders, WatchTicker
from coinex_proto.coinflex.assets import ASSETS_2020, Assets
from coinex_proto.coinflex.book import CoinflexBook
from coinex_proto.coinflex.credentials import Credentials
from coinex_proto.coinflex.queries import GetBalances, GetOrders, GetTradeVolume
from coinex_proto.coinflex.topics import Balances, OrderBook, OwnOrders, Ticker, TradeVolume
from coinex_proto.commands import Command, Outgoing
from coinex_proto.config import Endpoint, Rate
from coinex_proto.dialect import Inbound, Opening
from coinex_proto.errors import UsageError, quoted
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

LIVE_URL: Final = "wss://api.coinflex.com/v1"
STAGING_URL: Final = "wss://stgapi.coinflex.com/v1"

_LIMITS: Final[Mapping[str, Rate]] = {
    ORDERS_BUCKET: Rate(100.0, 100.0),
    QUERIES_BUCKET: Rate(0.5, 5.0),
}
"""200 order commands a second and user, 10 queries in 10 s and session. A full bucket and its refill meanwhile make up
the venue's number in any window; how it counts is not documented."""

_ENCODER: Final = msgspec.json.Encoder()


def live(
    *,
    credentials: Credentials | None = None,
    assets: Assets = ASSETS_2020,
    url: str = LIVE_URL,
    allow_plaintext: bool = False,
) -> CoinflexDialect:
    """The exchange. `assets`: what `/assets/` says; decimals are made by it.

    Raises `UsageError` for an address that is none, and for `ws://` to another machine without `allow_plaintext`.
    """
    return _made(credentials, assets, url, allow_plaintext)


def staging(
    *,
    credentials: Credentials | None = None,
    assets: Assets = ASSETS_2020,
    url: str = STAGING_URL,
    allow_plaintext: bool = False,
) -> CoinflexDialect:
    """The exchange's own test system. Raises `UsageError` as `live` does."""
    return _made(credentials, assets, url, allow_plaintext)


def _made(credentials: Credentials | None, assets: Assets, url: str, allow_plaintext: bool) -> CoinflexDialect:
    if credentials is not None and not isinstance(credentials, Credentials):
        raise UsageError(f"credentials must be coinflex.Credentials, not {type(credentials).__name__}")
    if not isinstance(assets, Assets):
        raise UsageError(f"assets must be coinflex.Assets, not {type(assets).__name__}")
    endpoint = endpoint_of(url, allow_plaintext=allow_plaintext)
    return CoinflexDialect(endpoint=endpoint, credentials=credentials, assets=assets)


@final
@frozen(kw_only=True)
class CoinflexDialect:
    """The one socket; made by `live()` and `staging()`."""

    endpoint: Endpoint
    credentials: Credentials | None = field(default=None, repr=False)
    assets: Assets = field(default=ASSETS_2020, repr=False)

    @property
    def name(self) -> str:
        """The venue."""
        return "coinflex"

    @property
    def has_credentials(self) -> bool:
        """Whether private topics and commands can be had."""
        return self.credentials is not None

    @property
    def topics_per_connection(self) -> int | None:
        """No limit is documented."""
        return None

    def without_sign_in(self) -> CoinflexDialect:
        """The same socket without credentials."""
        return evolve(self, credentials=None)

    @property
    def limits(self) -> Mapping[str, Rate]:
        """Orders and queries."""
        return _LIMITS

    @property
    def ping(self) -> Command[Any] | None:
        """A WebSocket ping: there is no other."""
        return None

    @property
    def clock(self) -> Command[int] | None:
        """The venue tells no time."""
        return None

    def opening(self, start: Opening) -> Sequence[Command[Any]] | None:
        """The sign-in, with the server's nonce signed; nothing without credentials."""
        if self.credentials is None:
            return ()
        if start.challenge is None:
            return None
        nonce, r, s = self.credentials.answer(start.challenge, start.random_bytes)
        return (
            Authenticate(
                user_id=self.credentials.user_id, cookie=self.credentials.cookie, nonce=nonce, signature=(r, s)
            ),
        )

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        """`{"tag": …, "method": …, …}`; raises `UsageError` for another venue's command, and what JSON cannot say."""
        if isinstance(command, Raw):
            return self._raw(command, request_id)
        if not isinstance(command, CoinflexCommand):
            raise UsageError(f"{type(command).__name__} is no request of CoinFLEX")
        message = {"tag": request_id, "method": command.method, **command.params()}
        return _outgoing(message, request_id, command.bucket, may_wait=command.may_wait)

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        """Replies and notices; `Unrecognised` for what cannot be read."""
        return decode(payload, self.assets)

    def subscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """One request a topic, each with the present state as its answer.

        Raises `UsageError` for topics of another venue, and for a book whose base asset the table does not have.
        """
        return [(self._start(topic), (topic,)) for topic in topics]

    def unsubscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """One request a watched topic; private notices cannot be ended."""
        found: list[tuple[Command[Any], Sequence[Topic[Event]]]] = []
        for topic in topics:
            if isinstance(topic, OrderBook):
                found.append((UnwatchOrders(base=topic.base, counter=topic.counter), (topic,)))
            elif isinstance(topic, Ticker):
                found.append((UnwatchTicker(base=topic.base, counter=topic.counter), (topic,)))
        return found

    def book(self, topic: Topic[Event]) -> Book | None:
        """An empty book for an `OrderBook`."""
        if not isinstance(topic, OrderBook):
            return None
        return CoinflexBook(amount_places=self.assets.named(topic.base).places)

    def order(self, update: Update) -> Sequence[OrderFact]:
        """What own notices and replies say of orders."""
        return order_facts(update, self.assets)

    def private_check(self, topics: Sequence[Topic[Event]]) -> Sequence[Command[Any]]:
        """GetBalances: its answer is an update of `Balances` as well."""
        return (GetBalances(),)

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        """GetOrders tells which of them stand. One that does not was filled, cancelled or never taken: it stays unknown."""
        return (GetOrders(),)

    def _start(self, topic: Topic[Event]) -> Command[Any]:
        make = _STARTS.get(type(topic))
        if make is None:
            raise UsageError(f"{quoted(topic)} is no topic of CoinFLEX")
        if isinstance(topic, OrderBook):
            self.assets.named(topic.base)
        return make(topic)

    def _raw(self, command: Raw, request_id: RequestId) -> Outgoing:
        if command.needs_credentials and not self.has_credentials:
            raise UsageError(f"Authentication required: {command.request['method']} needs credentials for {self.name}")
        message = {"tag": request_id, **{name: value for name, value in command.request.items() if name != "tag"}}
        return _outgoing(message, request_id, command.bucket, may_wait=command.may_wait)


_STARTS: Final[Mapping[type[Topic[Any]], Callable[[Any], Command[Any]]]] = {
    OrderBook: lambda topic: WatchOrders(base=topic.base, counter=topic.counter),
    Ticker: lambda topic: WatchTicker(base=topic.base, counter=topic.counter),
    OwnOrders: lambda _: GetOrders(),
    Balances: lambda _: GetBalances(),
    TradeVolume: lambda topic: GetTradeVolume(asset=topic.asset),
}


def _outgoing(message: Mapping[str, object], request_id: RequestId, bucket: str | None, *, may_wait: bool) -> Outgoing:
    if request_id > MAX_INTEGER:
        raise UsageError("the tags of this venue have 63 bits, and they are used up")
    try:
        text = _ENCODER.encode(message)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as problem:
        raise UsageError(f"{message['method']}: cannot be written as JSON: {quoted(problem)}") from problem
    return Outgoing(text=text, keys=(("tag", request_id),), bucket=bucket, may_wait=may_wait)
