"""CoinEx v2 as the shared core sees it: addresses, sign-in, wire form of requests, meaning of messages.

Source: CoinEx API v2, WebSocket pages; spot and futures are two sockets with two sign-ins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, final

import msgspec
from attrs import evolve, field, frozen

from coinex_proto._wire.endpoint import endpoint_of
from coinex_proto.books.book import Book
from coinex_proto.coinex._decode import decode
from coinex_proto.coinex._feeds import BY_TOPIC, Feed, Module, name_of
from coinex_proto.coinex._order_facts import order_facts
from coinex_proto.coinex._pushes import QUICK_MODELS
from coinex_proto.coinex.book import CoinexBook
from coinex_proto.coinex.commands import Ping, ServerTime, Sign, SocketCommand, Subscribe, Unsubscribe
from coinex_proto.coinex.credentials import Credentials, websocket_text
from coinex_proto.coinex.topics import Depth
from coinex_proto.commands import Command, Outgoing
from coinex_proto.config import Endpoint, Rate
from coinex_proto.dialect import Inbound, Opening
from coinex_proto.errors import UsageError, quoted
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.topics import Topic, is_wide
from coinex_proto.updates import Event, Update

SPOT_URL: Final = "wss://socket.coinex.com/v2/spot"
FUTURES_URL: Final = "wss://socket.coinex.com/v2/futures"


def spot(
    *, credentials: Credentials | None = None, url: str = SPOT_URL, allow_plaintext: bool = False
) -> CoinexDialect:
    """The spot socket, margin included.

    Raises `UsageError` for an address that is none, and for `ws://` to another machine without `allow_plaintext`.
    """
    return _made("spot", credentials, url, allow_plaintext)


def futures(
    *, credentials: Credentials | None = None, url: str = FUTURES_URL, allow_plaintext: bool = False
) -> CoinexDialect:
    """The futures socket. Raises `UsageError` as `spot` does."""
    return _made("futures", credentials, url, allow_plaintext)


def _made(module: Module, credentials: Credentials | None, url: str, allow_plaintext: bool) -> CoinexDialect:
    if credentials is not None and not isinstance(credentials, Credentials):
        raise UsageError(f"credentials must be coinex.Credentials, not {type(credentials).__name__}")
    return CoinexDialect(
        module=module, endpoint=endpoint_of(url, allow_plaintext=allow_plaintext), credentials=credentials
    )


_PING: Final = Ping()
_TIME: Final = ServerTime()
_ENCODER: Final = msgspec.json.Encoder()


@final
@frozen(kw_only=True)
class CoinexDialect:
    """One of the two sockets; made by `spot()` and `futures()`."""

    module: Module
    endpoint: Endpoint
    credentials: Credentials | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Venue and socket."""
        return f"coinex {self.module}"

    @property
    def has_credentials(self) -> bool:
        """Whether private topics can be had."""
        return self.credentials is not None

    @property
    def topics_per_connection(self) -> int | None:
        """No limit is documented."""
        return None

    def without_sign_in(self) -> CoinexDialect:
        """The same socket without credentials."""
        return evolve(self, credentials=None)

    @property
    def limits(self) -> Mapping[str, Rate]:
        """None are documented for the sockets; `Config.requests_per_second` paces topic requests."""
        return {}

    @property
    def ping(self) -> Command[Any] | None:
        """server.ping: WebSocket pings were not answered reliably."""
        return _PING

    @property
    def clock(self) -> Command[int] | None:
        """server.time."""
        return _TIME

    def opening(self, start: Opening) -> Sequence[Command[Any]]:
        """The sign-in, with the time of now signed; nothing without credentials."""
        if self.credentials is None:
            return ()
        timestamp = start.wall_time_ns // 1_000_000
        signed = self.credentials.sign(websocket_text(timestamp))
        return (Sign(access_id=self.credentials.access_id, signed_str=signed, timestamp=timestamp),)

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        """`{"method": …, "params": …, "id": …}`; raises `UsageError` for another venue's command."""
        if not isinstance(command, SocketCommand):
            raise UsageError(f"{type(command).__name__} is no request of the CoinEx sockets")
        method, params = command.wire()
        try:
            text = _ENCODER.encode({"method": method, "params": params, "id": request_id})
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as problem:
            raise UsageError(f"{method}: the params cannot be written as JSON: {quoted(problem)}") from problem
        return Outgoing(text=text, keys=(("id", request_id),))

    plain_pushes: ClassVar[Mapping[str, Any]] = QUICK_MODELS

    decode: ClassVar[staticmethod[[bytes], Sequence[Inbound]]] = staticmethod(decode)

    def subscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """One request a kind; topics for all markets go by themselves, as an empty list.

        Raises `UsageError` for topics of another venue, or that this socket does not have.
        """
        return [
            (
                Subscribe(kind=feed.method, parameter=feed.parameter, values=_values(feed, group, feed.subscribed_as)),
                group,
            )
            for feed, group in self._groups(topics)
        ]

    def unsubscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """One request a kind, by names only, depth too. An empty list, for all, ends single markets of that kind as well."""
        return [
            (Unsubscribe(kind=feed.method, parameter=feed.parameter, values=_values(feed, group, name_of)), group)
            for feed, group in self._groups(topics)
        ]

    def book(self, topic: Topic[Event]) -> Book | None:
        """An empty book for a `Depth`."""
        return CoinexBook(gets_differences=not topic.full) if isinstance(topic, Depth) else None

    def order(self, update: Update) -> Sequence[OrderFact]:
        """What order.update and user_deals.update say of orders."""
        return order_facts(update, is_futures=self.module == "futures")

    def private_check(self, topics: Sequence[Topic[Event]]) -> Sequence[Command[Any]]:
        """These topics once more: the venue acknowledges that as it did the first time, or says that nobody has signed in."""
        return [command for command, _ in self.subscribe(topics)]

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        """Nothing: orders are queried over HTTP."""
        return ()

    def _groups(self, topics: Sequence[Topic[Event]]) -> list[tuple[Feed, tuple[Topic[Event], ...]]]:
        """The topics by feed, in the order of their first mention; those for all markets apart."""
        groups: dict[tuple[str, bool], tuple[Feed, list[Topic[Event]]]] = {}
        for topic in topics:
            feed = self._feed(topic)
            groups.setdefault((feed.method, is_wide(topic.key)), (feed, []))[1].append(topic)
        return [(feed, tuple(group)) for feed, group in groups.values()]

    def _feed(self, topic: Topic[Event]) -> Feed:
        feed = BY_TOPIC.get(type(topic))
        if feed is None:
            raise UsageError(f"{quoted(topic)} is no topic of the CoinEx sockets")
        if self.module not in feed.only_on:
            raise UsageError(f"{topic}: only the {' and '.join(feed.only_on)} socket has this")
        if is_wide(topic.key) and self.module not in feed.all_on:
            raise UsageError(f"{topic}: name each market; the {self.module} socket does not offer all of them at once")
        return feed


def _values(feed: Feed, group: Sequence[Topic[Event]], entry: Callable[[Any], object]) -> tuple[object, ...]:
    return feed.all_as if is_wide(group[0].key) else tuple(map(entry, group))
