"""QFEX as the shared core sees it: two sockets, MDS for market data and Trade for orders and account data.

Source: QFEX documentation; what is only known from other clients says so where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias, final
from urllib.parse import parse_qs, quote

import msgspec
from attrs import evolve, field, frozen

from coinex_proto._endpoint import endpoint_of
from coinex_proto._handshake import upgrade_request
from coinex_proto.books import Book
from coinex_proto.commands import Command, Outgoing, RequestId
from coinex_proto.config import Endpoint, Rate
from coinex_proto.dialect import Inbound, Opening
from coinex_proto.errors import UsageError, quoted
from coinex_proto.events import Event, Update
from coinex_proto.orders import OrderFact, OrderView
from coinex_proto.qfex import _keys, _mds_decode, _orders, _trade_decode
from coinex_proto.qfex._command import Raw, TradeCommand
from coinex_proto.qfex._own_commands import Auth, CancelOnDisconnect, MarketSubscription, Subscribe, Unsubscribe
from coinex_proto.qfex.book import QfexBook
from coinex_proto.qfex.credentials import HmacCredentials, JwtCredentials
from coinex_proto.qfex.market_updates import ALL
from coinex_proto.qfex.queries import GetOrder, GetUserOrders, GetUserTrades
from coinex_proto.qfex.topics import (
    Balances,
    Bbo,
    Candles,
    Fills,
    Funding,
    Level2,
    Level2All,
    MarketStats,
    MarkPrice,
    MinMaxPrice,
    OpenInterest,
    Orders,
    Positions,
    Refdata,
    StopOrders,
    Trades,
    Underlier,
)
from coinex_proto.topics import Topic

MDS_URL: Final = "wss://mds.qfex.com"
TRADE_URL: Final = "wss://trade.qfex.com"
MDS_UAT_URL: Final = "wss://mds.qfex.io"
TRADE_UAT_URL: Final = "wss://trade.qfex.io"
"""The test environment: same protocol, no real money."""

Headers: TypeAlias = Sequence[tuple[str, str]]
Requests: TypeAlias = Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]

NONCE_BYTES: Final = 16
"""As the documentation's samples; hex doubles it, at most 100 characters are allowed."""

ORDERS: Final = "orders"
CANCELS: Final = "cancels"

LIMIT: Final = Rate(180.0, 1200.0)
"""The venue allows 12,000 weighted messages as an exponential average over 60 s. A bucket that refills at r and holds b
keeps that average below 60 r + b: so much a second, and bursts of so many, never reach it, whatever came before."""

_MARKET_CHANNELS: Final[Mapping[type[Topic[Any]], str]] = {
    Level2: "level2",
    Level2All: "level2",
    Bbo: "bbo",
    Trades: "trade",
    Candles: "candle",
    Underlier: "underlier",
    MarkPrice: "mark_price",
    Funding: "funding",
    OpenInterest: "open_interest",
    MinMaxPrice: "minmax_price",
    MarketStats: "market_stats",
    Refdata: "refdata",
}
"""Topics of the MDS socket."""

_ACCOUNT_CHANNELS: Final[Mapping[type[Topic[Any]], str]] = {
    Fills: "fills",
    Positions: "positions",
    Balances: "balances",
    StopOrders: "stop_orders",
}
"""Topics of the Trade socket that must be asked for; order_responses belongs to the opening."""


def mds(*, url: str = MDS_URL, headers: Headers = (), allow_plaintext: bool = False) -> MdsDialect:
    """The market data socket; it needs no sign-in. `headers` go into the WebSocket upgrade.

    Raises `UsageError` for an address or a header that cannot be, and for `ws://` to another machine without
    `allow_plaintext`.
    """
    return MdsDialect(endpoint=_endpoint(url, headers, allow_plaintext))


def trade(
    credentials: HmacCredentials | JwtCredentials,
    account_id: str | None = None,
    *,
    cancel_on_disconnect: bool = False,
    url: str = TRADE_URL,
    headers: Headers = (),
    allow_plaintext: bool = False,
) -> TradeDialect:
    """The socket for orders and account data; `account_id` chooses a subaccount.

    `cancel_on_disconnect=True`: whenever this connection drops, the venue cancels EVERY open order of the account, those
    placed over other connections and by other programs included. The flag is set on each connection anew. It is off
    unless asked for, and there is no other way to switch it on. Raises `UsageError` as `mds` does.
    """
    if not isinstance(credentials, (HmacCredentials, JwtCredentials)):
        raise UsageError(
            f"credentials must be qfex.HmacCredentials or qfex.JwtCredentials, not {type(credentials).__name__}"
        )
    if account_id is not None and not account_id.strip():
        raise UsageError("account_id must be a non-empty str, or left out for the primary account")
    if type(cancel_on_disconnect) is not bool:
        raise UsageError("cancel_on_disconnect must be True or False")
    return TradeDialect(
        credentials=credentials,
        account_id=account_id,
        cancel_on_disconnect=cancel_on_disconnect,
        address=_endpoint(url, headers, allow_plaintext),
    )


def _endpoint(url: str, headers: Headers, allow_plaintext: bool) -> Endpoint:
    endpoint = endpoint_of(url, allow_plaintext=allow_plaintext, headers=tuple((name, text) for name, text in headers))
    upgrade_request(
        host=endpoint.host,
        port=endpoint.port,
        tls=endpoint.tls,
        target=endpoint.target,
        headers=endpoint.headers,
    )
    return endpoint


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
        """None are documented; `Config.requests_per_second` paces topic requests."""
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
        return Outgoing(text=_text_of(message), keys=_mds_decode.of_request(message), is_reply_optional=True)

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        """Updates and acknowledgements; `Unrecognised` for what cannot be read."""
        return _mds_decode.decode(payload)

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

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        """Nothing."""
        return ()


@final
@frozen(kw_only=True)
class TradeDialect:
    """The socket for orders and account data; made by `trade()`."""

    credentials: HmacCredentials | JwtCredentials = field(repr=False)
    account_id: str | None
    cancel_on_disconnect: bool
    address: Endpoint
    """Without the key."""

    @property
    def name(self) -> str:
        """Venue and socket."""
        return "qfex trade"

    @property
    def endpoint(self) -> Endpoint:
        """With the public key, or the token that the program gives for this connection, in the query."""
        match self.credentials:
            case HmacCredentials(public_key=key):
                query = f"api_key={quote(key, safe='')}"
            case JwtCredentials():
                query = f"jwt={quote(self.credentials.current(), safe='')}"
        target = self.address.target
        return evolve(self.address, target=f"{target}{'&' if '?' in target else '?'}{query}")

    @property
    def has_credentials(self) -> bool:
        """Always."""
        return True

    @property
    def limits(self) -> Mapping[str, Rate]:
        """Cancels have a bucket of their own."""
        return {ORDERS: LIMIT, CANCELS: LIMIT}

    @property
    def ping(self) -> Command[Any] | None:
        """A WebSocket ping: there is no JSON one."""
        return None

    @property
    def clock(self) -> Command[int] | None:
        """The venue tells no time."""
        return None

    def opening(self, start: Opening) -> Sequence[Command[Any]]:
        """Sign in; have order responses sent, else no order is ever answered; ask for cancel-on-disconnect if wanted."""
        auth = Auth(proof=self._proof(start), account_id=self.account_id)
        listen = Subscribe(channels=("order_responses",))
        return (auth, listen, CancelOnDisconnect()) if self.cancel_on_disconnect else (auth, listen)

    def _proof(self, start: Opening) -> Mapping[str, object]:
        match self.credentials:
            case HmacCredentials() as keys:
                nonce, unix_ts = start.random_bytes(NONCE_BYTES).hex(), start.wall_time_ns // 10**9
                signature = keys.sign(nonce, unix_ts)
                proof = {"public_key": keys.public_key, "nonce": nonce, "unix_ts": unix_ts, "signature": signature}
                return {"hmac": proof}
            case JwtCredentials():
                return {"jwt": self._token(start.endpoint)}

    def _token(self, endpoint: Endpoint | None) -> str:
        """The very one of this connection's address: the program is asked for it once a connection."""
        assert isinstance(self.credentials, JwtCredentials)
        query = "" if endpoint is None else endpoint.target.partition("?")[2]
        sent = parse_qs(query).get("jwt")
        return sent[-1] if sent else self.credentials.current()

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        """`{"type": …, "params": …}`; raises `UsageError` for a command of another venue or socket."""
        local_id = ""
        if isinstance(command, TradeCommand):
            kind, params, local_id = command.type, command.params(), command.local_id()
        elif isinstance(command, Raw):
            kind, params = command.type, dict(command.params)
        else:
            raise UsageError(f"{type(command).__name__} is no request of the QFEX Trade socket")
        rule = _keys.rule_of(kind)
        return Outgoing(
            text=_text_of({"type": kind, "params": params}),
            keys=_keys.of_request(kind, params, local_id),
            bucket=CANCELS if kind.startswith("cancel_") and kind != CancelOnDisconnect.type else ORDERS,
            weight=rule.weight,
            may_wait=not rule.trades,
            # Whether this one is answered is not documented, and no order must wait for it.
            is_reply_optional=kind == CancelOnDisconnect.type,
        )

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        """Answers and updates; `Unrecognised` for what cannot be read."""
        return _trade_decode.decode(payload)

    def subscribe(self, topics: Sequence[Topic[Event]]) -> Requests:
        """One request a channel; none for `Orders`. Raises `UsageError` for market topics."""
        return [(Subscribe(channels=(channel,)), (topic,)) for channel, topic in _account_channels(topics)]

    def unsubscribe(self, topics: Sequence[Topic[Event]]) -> Requests:
        """One request a channel; none for `Orders`, which the tracker of orders needs."""
        return [(Unsubscribe(channels=(channel,)), (topic,)) for channel, topic in _account_channels(topics)]

    def book(self, topic: Topic[Event]) -> Book | None:
        """There are none here."""
        return None

    def order(self, update: Update) -> Sequence[OrderFact]:
        """What order responses, fills and lists of orders and trades say of orders."""
        return _orders.facts(update)

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        """The open orders, the own trades, and each order that has an id by itself."""
        by_id = [query for order in orders if (query := _query(order)) is not None]
        return (GetUserTrades(), GetUserOrders(), *by_id)


def _query(order: OrderView) -> GetOrder | None:
    """None for an order without an id, or with names that the venue would not take."""
    try:
        return GetOrder(order_id=order.order_id, symbol=order.market)  # type: ignore[arg-type]
    except UsageError:
        return None


def _market_requests(verb: str, topics: Sequence[Topic[Event]]) -> Requests:
    groups: dict[tuple[str, object, bool], list[Topic[Event]]] = {}
    for topic in topics:
        channel = _MARKET_CHANNELS.get(type(topic))
        if channel is None:
            raise UsageError(f"{quoted(topic)} is no topic of the QFEX market data socket")
        groups.setdefault((channel, topic.key[2:], topic.key[1] is None), []).append(topic)
    return [(_market_request(verb, channel, group), group) for (channel, _, _), group in groups.items()]


def _market_request(verb: str, channel: str, group: Sequence[Topic[Event]]) -> MarketSubscription:
    first = group[0]
    sig_figs = first.sig_figs if isinstance(first, (Level2, Level2All)) else 0
    return MarketSubscription(
        verb=verb,
        channels=(channel,),
        symbols=tuple(ALL if topic.key[1] is None else str(topic.key[1]) for topic in group),
        intervals=(first.interval,) if isinstance(first, Candles) else (),
        sig_figs=(sig_figs,) if sig_figs else (),
    )


def _account_channels(topics: Sequence[Topic[Event]]) -> list[tuple[str, Topic[Event]]]:
    found = []
    for topic in topics:
        channel = _ACCOUNT_CHANNELS.get(type(topic))
        if channel is not None:
            found.append((channel, topic))
        elif not isinstance(topic, Orders):
            raise UsageError(f"{quoted(topic)} is no topic of the QFEX Trade socket")
    return found


_ENCODER: Final = msgspec.json.Encoder()


def _text_of(message: Mapping[str, object]) -> bytes:
    """JSON with decimals as exact number literals. Raises `UsageError` for what JSON cannot say."""
    try:
        return _ENCODER.encode(_exact(message))
    except UsageError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as problem:
        raise UsageError(f"{message.get('type')}: cannot be written as JSON: {quoted(problem)}") from problem


def _exact(value: object) -> object:
    """Plain values, each `Decimal` as the digits that stand for it."""
    match value:
        case Decimal():
            if not value.is_finite() or abs(value.adjusted()) > 40:
                raise UsageError(f"a number that cannot be written out: {quoted(value)}")
            return msgspec.Raw(format(value, "f").encode())
        case float():
            raise UsageError(f'a float is not exact: write Decimal("{value!r}") instead')
        case Mapping():
            return {name: _exact(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_exact(entry) for entry in value]
        case _:
            return value
