"""The MDS socket of QFEX as the shared core sees it: market data without sign-in.

Source: QFEX documentation, MDS pages; what is only known from other clients says so where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

from attrs import frozen

from coinex_proto.books.book import Book
from coinex_proto.commands import Command, Outgoing
from coinex_proto.config import Endpoint, Rate
from coinex_proto.dialect import Inbound, Opening
from coinex_proto.errors import UsageError, quoted
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.qfex._mds.book import QfexBook
from coinex_proto.qfex._mds.decode import decode
from coinex_proto.qfex._mds.subscription import MarketSubscription, keys_of
from coinex_proto.qfex._mds.updates import ALL
from coinex_proto.qfex._messages import Headers, Requests, checked_endpoint, text_of
from coinex_proto.qfex._raw import Raw
from coinex_proto.qfex.topics import MARKET_FEEDS, Candles, Level2, Level2All
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

MDS_URL: Final = "wss://mds.qfex.com"
MDS_UAT_URL: Final = "wss://mds.qfex.io"
"""The test environment: same protocol, no real money."""


def mds(*, url: str = MDS_URL, headers: Headers = (), allow_plaintext: bool = False) -> MdsDialect:
    """The market data socket; it needs no sign-in. `headers` go into the WebSocket upgrade.

    Raises `UsageError` for an address or a header that cannot be, and for `ws://` to another machine without
    `allow_plaintext`.
    """
    return MdsDialect(endpoint=checked_endpoint(url, headers, allow_plaintext))


@final
@frozen(kw_only=True)
class MdsDialect:
    """The market data socket; made by `mds()`."""

    endpoint: Endpoint

    @property
    def name(self) -> str:
        """Venue and socket."""
        return "qfex mds"

    @property
    def has_credentials(self) -> bool:
        """There is nothing private here."""
        return False

    @property
    def limits(self) -> Mapping[str, Rate]:
        """None are documented; `Config.requests_per_second` limits the rate of topic requests."""
        return {}

    @property
    def ping(self) -> Command[Any] | None:
        """A WebSocket ping: there is no JSON one."""
        return None

    @property
    def clock(self) -> Command[int] | None:
        """The venue tells no time."""
        return None

    def opening(self, start: Opening) -> Sequence[Command[Any]]:
        """Nothing."""
        return ()

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        """The fields at the top level; that subscriptions are acknowledged at all is not documented."""
        if isinstance(command, Raw):
            message: dict[str, object] = {"type": command.type, **command.params}
        elif isinstance(command, MarketSubscription):
            message = command.message()
        else:
            raise UsageError(f"{type(command).__name__} is no request of the QFEX market data socket")
        return Outgoing(text=text_of(message), keys=keys_of(message), is_reply_optional=True)

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        """Updates and acknowledgements; `Unrecognised` for what cannot be read."""
        return decode(payload)

    def subscribe(self, topics: Sequence[Topic[Event]]) -> Requests:
        """One request a channel and interval; all symbols by themselves. Raises `UsageError` for account topics."""
        return _market_requests("subscribe", topics)

    def unsubscribe(self, topics: Sequence[Topic[Event]]) -> Requests:
        """As `subscribe`."""
        return _market_requests("unsubscribe", topics)

    def book(self, topic: Topic[Event]) -> Book | None:
        """An empty book for a `Level2`."""
        return QfexBook() if isinstance(topic, Level2) else None

    def order(self, update: Update) -> Sequence[OrderFact]:
        """Nothing."""
        return ()

    def private_check(self, topics: Sequence[Topic[Event]]) -> Sequence[Command[Any]]:
        """Nothing: this socket has no private topics."""
        return ()

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        """Nothing."""
        return ()


def _market_requests(kind: str, topics: Sequence[Topic[Event]]) -> Requests:
    groups: dict[tuple[str, object, bool], list[Topic[Event]]] = {}
    for topic in topics:
        model = MARKET_FEEDS.get(type(topic))
        if model is None:
            raise UsageError(f"{quoted(topic)} is no topic of the QFEX market data socket")
        groups.setdefault((model.channel, topic.key[2:], topic.key[1] is None), []).append(topic)
    return [(_market_request(kind, channel, group), group) for (channel, _, _), group in groups.items()]


def _market_request(kind: str, channel: str, group: Sequence[Topic[Event]]) -> MarketSubscription:
    first = group[0]
    sig_figs = first.sig_figs if isinstance(first, (Level2, Level2All)) else 0
    return MarketSubscription(
        type=kind,
        channels=(channel,),
        symbols=tuple(ALL if topic.key[1] is None else str(topic.key[1]) for topic in group),
        intervals=(first.interval,) if isinstance(first, Candles) else (),
        sig_figs=(sig_figs,) if sig_figs else (),
    )
