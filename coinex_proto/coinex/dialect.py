"""CoinEx v2 as the shared core sees it: addresses, sign-in, wire form of requests, meaning of messages.

Source: CoinEx API v2, WebSocket pages; spot and futures are two sockets with two sign-ins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, final

import msgspec
from attrs import field, frozen

from coinex_proto._wire.endpoint import endpoint_of
from coinex_proto.books.book import Book
from coinex_proto.coinex._decode import decode
from coinex_proto.coinex._order_facts import order_facts
from coinex_proto.coinex._lenient import NOTICE_CHANNEL
from coinex_proto.coinex.book import CoinexBook
from coinex_proto.coinex.commands import Ping, ServerTime, Sign, SocketCommand, Subscribe, Unsubscribe
from coinex_proto.coinex.credentials import Credentials, websocket_text
from coinex_proto.coinex.topics import (
    Balances,
    BestQuote,
    Depth,
    Index,
    Notices,
    Orders,
    Positions,
    Premium,
    StopOrders,
    Ticker,
    Trades,
    UserTrades,
)
from coinex_proto.commands import Command, Outgoing
from coinex_proto.config import Endpoint, Rate
from coinex_proto.dialect import Opening
from coinex_proto.errors import UsageError, quoted
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

SPOT_URL: Final = "wss://socket.coinex.com/v2/spot"
FUTURES_URL: Final = "wss://socket.coinex.com/v2/futures"

Module: TypeAlias = Literal["spot", "futures"]


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


@frozen(kw_only=True)
class _Kind:
    """How one class of topics is asked for."""

    method: str
    parameter: str = "market_list"
    all_on: tuple[Module, ...] = ("spot", "futures")
    """Where an empty list means all."""
    only_on: tuple[Module, ...] = ("spot", "futures")


_KINDS: Final[Mapping[type[Topic[Any]], _Kind]] = {
    Ticker: _Kind(method="state"),
    Depth: _Kind(method="depth"),
    Trades: _Kind(method="deals"),
    BestQuote: _Kind(method="bbo"),
    Index: _Kind(method="index", all_on=("futures",)),
    Premium: _Kind(method="premium", only_on=("futures",)),
    Orders: _Kind(method="order"),
    StopOrders: _Kind(method="stop"),
    UserTrades: _Kind(method="user_deals"),
    Positions: _Kind(method="position", only_on=("futures",)),
    Balances: _Kind(method="balance", parameter="ccy_list"),
    Notices: _Kind(method="notice", parameter="channels"),
}

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

    decode = staticmethod(decode)

    def subscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """One request a kind; topics for all markets go by themselves, as an empty list.

        Raises `UsageError` for topics of another venue, or that this socket does not have.
        """
        return [
            (Subscribe(kind=kind.method, parameter=kind.parameter, values=_values(group, _wish)), group)
            for kind, group in self._groups(topics)
        ]

    def unsubscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """One request a kind, by names only, depth too. An empty list, for all, ends single markets of that kind as well."""
        return [
            (Unsubscribe(kind=kind.method, parameter=kind.parameter, values=_values(group, _name)), group)
            for kind, group in self._groups(topics)
        ]

    def book(self, topic: Topic[Event]) -> Book | None:
        """An empty book for a `Depth`."""
        return CoinexBook(gets_differences=not topic.full) if isinstance(topic, Depth) else None

    def order(self, update: Update) -> Sequence[OrderFact]:
        """What order.update and user_deals.update say of orders."""
        return order_facts(update, is_futures=self.module == "futures")

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        """Nothing: orders are asked for over HTTP."""
        return ()

    def _groups(self, wanted: Sequence[Topic[Event]]) -> list[tuple[_Kind, tuple[Topic[Event], ...]]]:
        """The topics by kind, in the order of their first mention; those for all markets apart, with the empty list."""
        groups: dict[tuple[str, bool], tuple[_Kind, list[Topic[Event]]]] = {}
        for topic in wanted:
            kind = self._kind(topic)
            groups.setdefault((kind.method, _is_all(topic)), (kind, []))[1].append(topic)
        return [(kind, tuple(group)) for kind, group in groups.values()]

    def _kind(self, topic: Topic[Event]) -> _Kind:
        kind = _KINDS.get(type(topic))
        if kind is None:
            raise UsageError(f"{quoted(topic)} is no topic of the CoinEx sockets")
        if self.module not in kind.only_on:
            raise UsageError(f"{topic}: only the {' and '.join(kind.only_on)} socket has this")
        if _is_all(topic) and self.module not in kind.all_on:
            raise UsageError(f"{topic}: name each market; the {self.module} socket does not offer all of them at once")
        return kind


def _is_all(topic: Topic[Event]) -> bool:
    # Notices are one thing with one channel, though their key names no market.
    return topic.key[1] is None and not isinstance(topic, Notices)


def _values(group: Sequence[Topic[Event]], written: Callable[[Topic[Event]], object]) -> tuple[object, ...]:
    """An empty list stands for all."""
    return () if _is_all(group[0]) else tuple(map(written, group))


def _name(topic: Topic[Event]) -> object:
    return NOTICE_CHANNEL if isinstance(topic, Notices) else topic.key[1]


def _wish(topic: Topic[Event]) -> object:
    if isinstance(topic, Depth):
        return topic.market, topic.limit, topic.interval, topic.full
    return _name(topic)
