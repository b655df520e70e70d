"""What the session sends by itself: the sign-in, and the subscriptions that topics stand for.

Not for users: credentials and topics are. Source: CoinFLEX API v1, Authenticate, WatchOrders, WatchTicker.
"""

from __future__ import annotations

from typing import ClassVar, Final, final

import msgspec
from attrs import field, frozen

from coinex_proto.coinflex._command import CoinflexCommand, read
from coinex_proto.coinflex.market_updates import BookOrder, OrdersUpdate, TickerUpdate
from coinex_proto.fitting import ESSENTIAL

ALREADY_WATCHING: Final = frozenset[int | str]((2,))


@final
@frozen(kw_only=True)
class Authenticate(CoinflexCommand[None]):
    """The sign-in, once a connection."""

    method: ClassVar[str] = "Authenticate"

    user_id: int
    cookie: str = field(repr=False)
    nonce: str = field(repr=False)
    """Ours, in base64."""
    signature: tuple[str, str] = field(repr=False)
    """r and s, in base64."""

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return {
            "user_id": self.user_id,
            "cookie": self.cookie,
            "nonce": self.nonce,
            "signature": self.signature,
        }

    def parse(self, body: bytes) -> None:
        """Nothing: the acknowledgement is all."""
        return


class _Orders(msgspec.Struct, gc=False):
    orders: tuple[BookOrder, ...]


@frozen(kw_only=True)
class _Ticker:
    last: int | None = field(metadata=ESSENTIAL)
    bid: int | None = field(metadata=ESSENTIAL)
    ask: int | None = field(metadata=ESSENTIAL)
    low: int | None
    high: int | None
    volume: int | None


_ORDERS: Final = msgspec.json.Decoder(_Orders)
_TICKER: Final = msgspec.json.Decoder(_Ticker)


@final
@frozen(kw_only=True)
class WatchOrders(CoinflexCommand[OrdersUpdate]):
    """Starts the notices of one book; the reply is the book."""

    method: ClassVar[str] = "WatchOrders"
    is_once: ClassVar[bool] = True
    already_on: ClassVar[frozenset[int | str]] = ALREADY_WATCHING

    base: int
    counter: int

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return {"base": self.base, "counter": self.counter, "watch": True}

    def parse(self, body: bytes) -> OrdersUpdate:
        """The book; the reply does not say which."""
        reply = read(_ORDERS, body, self.method)
        return OrdersUpdate(base=self.base, counter=self.counter, orders=reply.orders)


@final
@frozen(kw_only=True)
class WatchTicker(CoinflexCommand[TickerUpdate]):
    """Starts the notices of one ticker; the reply is the ticker."""

    method: ClassVar[str] = "WatchTicker"
    is_once: ClassVar[bool] = True
    already_on: ClassVar[frozenset[int | str]] = ALREADY_WATCHING

    base: int
    counter: int

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return {"base": self.base, "counter": self.counter, "watch": True}

    def parse(self, body: bytes) -> TickerUpdate:
        """The ticker; the reply does not say which."""
        now = read(_TICKER, body, self.method)
        return TickerUpdate(
            base=self.base,
            counter=self.counter,
            last=now.last,
            bid=now.bid,
            ask=now.ask,
            low=now.low,
            high=now.high,
            volume=now.volume,
        )


@frozen(kw_only=True)
class _Unwatch(CoinflexCommand[None]):
    base: int
    counter: int

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return {"base": self.base, "counter": self.counter, "watch": False}

    def parse(self, body: bytes) -> None:
        """Nothing: the acknowledgement is all."""
        return


@final
@frozen(kw_only=True)
class UnwatchOrders(_Unwatch):
    """Ends the notices of one book."""

    method: ClassVar[str] = "WatchOrders"


@final
@frozen(kw_only=True)
class UnwatchTicker(_Unwatch):
    """Ends the notices of one ticker."""

    method: ClassVar[str] = "WatchTicker"
