"""The Trade socket of QFEX as the shared core sees it: sign-in, orders, account data, and what to query after a loss.

Source: QFEX documentation, Trade pages; what is only known from other clients says so where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final
from urllib.parse import parse_qs, quote

from attrs import evolve, field, frozen

from coinex_proto.books.book import Book
from coinex_proto.commands import Command, Outgoing
from coinex_proto.config import Endpoint, Rate
from coinex_proto.dialect import Inbound, Opening
from coinex_proto.errors import UsageError, quoted
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.qfex._messages import Headers, Requests, checked_endpoint, text_of
from coinex_proto.qfex._raw import Raw
from coinex_proto.qfex._trade.command import TradeCommand
from coinex_proto.qfex._trade.decode import decode
from coinex_proto.qfex._trade.keys import with_client_id
from coinex_proto.qfex._trade.orders import order_facts
from coinex_proto.qfex._trade.own_commands import Auth, CancelOnDisconnect, Subscribe, Unsubscribe
from coinex_proto.qfex._trade.queries import GetOrder, GetUserLeverage, GetUserOrders, GetUserTrades
from coinex_proto.qfex._trade.requests import CANCELS, ORDERS, keys_of_request, request_type
from coinex_proto.qfex._trade.updates import OrderUpdate
from coinex_proto.qfex.credentials import HmacCredentials, JwtCredentials
from coinex_proto.qfex.topics import ACCOUNT_FEEDS, Orders
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

TRADE_URL: Final = "wss://trade.qfex.com"
TRADE_UAT_URL: Final = "wss://trade.qfex.io"
"""The test environment: same protocol, no real money."""

NONCE_BYTES: Final = 16
"""As the documentation's samples; hex doubles it, at most 100 characters are allowed."""

LIMIT: Final = Rate(180.0, 1200.0)
"""The venue allows 12,000 weighted messages as an exponential average over 60 s. A bucket that refills at r and holds b
keeps that average below 60 r + b: so much a second, and bursts of so many, never reach it, whatever came before."""


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
    unless this is given, and there is no other way to switch it on. Raises `UsageError` as `mds` does.
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
        address=checked_endpoint(url, headers, allow_plaintext),
    )


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
        target = f"{target}{'&' if '?' in target else '?'}{query}"
        return evolve(self.address, target=target, carries_credentials=True)

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
        """Sign in; subscribe order responses, else no order is ever answered; then cancel-on-disconnect, if it is on."""
        auth = Auth(proof=self._proof(start), account_id=self.account_id)
        subscription = Subscribe(channels=(OrderUpdate.channel,))
        return (auth, subscription, CancelOnDisconnect()) if self.cancel_on_disconnect else (auth, subscription)

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
        """The very one of this connection's address: the program gives it once a connection."""
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
        row = request_type(kind)
        keys = keys_of_request(kind, params)
        return Outgoing(
            text=text_of({"type": kind, "params": params}),
            keys=with_client_id(keys, local_id) if local_id else keys,
            bucket=row.bucket,
            weight=row.weight,
            may_wait=row.may_wait,
            is_reply_optional=row.is_reply_optional,
        )

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        """Answers and updates; `Unrecognised` for what cannot be read."""
        return decode(payload)

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
        return order_facts(update)

    def private_check(self, topics: Sequence[Topic[Event]]) -> Sequence[Command[Any]]:
        """The leverage of one symbol: the lightest query of the account."""
        return (GetUserLeverage(limit=1),)

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


def _account_channels(topics: Sequence[Topic[Event]]) -> list[tuple[str, Topic[Event]]]:
    """Of `Orders` none: the opening subscribes it."""
    found = []
    for topic in topics:
        model = ACCOUNT_FEEDS.get(type(topic))
        if model is None:
            raise UsageError(f"{quoted(topic)} is no topic of the QFEX Trade socket")
        if not isinstance(topic, Orders):
            found.append((model.channel, topic))
    return found
