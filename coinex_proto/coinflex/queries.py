"""Queries of CoinFLEX, which change nothing. Amounts are the wire's integers.

Source: CoinFLEX API v1, GetBalances, GetOrders, GetTradeVolume, EstimateMarketOrder.
"""

from __future__ import annotations

from typing import ClassVar, Final, final

import msgspec
from attrs import field, frozen

from coinex_proto.coinflex._command import (
    ORDERS_BUCKET,
    QUERIES_BUCKET,
    CoinflexCommand,
    check_integer_or_none,
    check_measure,
    given,
    read,
)
from coinex_proto.coinflex.account_updates import (
    Balance,
    BalancesUpdate,
    OpenOrder,
    OpenOrdersUpdate,
    TradeVolumeUpdate,
)
from coinex_proto.coinflex.topics import check_code


class _Balances(msgspec.Struct, gc=False):
    balances: tuple[Balance, ...]


class _OpenOrders(msgspec.Struct, gc=False):
    orders: tuple[OpenOrder, ...]


class _Volume(msgspec.Struct, gc=False):
    volume: int


_BALANCES: Final = msgspec.json.Decoder(_Balances)
_OPEN_ORDERS: Final = msgspec.json.Decoder(_OpenOrders)
_VOLUME: Final = msgspec.json.Decoder(_Volume)


@final
@frozen(kw_only=True)
class GetBalances(CoinflexCommand[BalancesUpdate]):
    """All balances of the account."""

    method: ClassVar[str] = "GetBalances"
    bucket: ClassVar[str | None] = QUERIES_BUCKET
    is_private: ClassVar[bool] = True

    def parse(self, body: bytes) -> BalancesUpdate:
        """All balances."""
        return BalancesUpdate(balances=read(_BALANCES, body, self.method).balances)


@final
@frozen(kw_only=True)
class GetOrders(CoinflexCommand[OpenOrdersUpdate]):
    """All open orders of the account."""

    method: ClassVar[str] = "GetOrders"
    bucket: ClassVar[str | None] = QUERIES_BUCKET
    is_private: ClassVar[bool] = True

    def parse(self, body: bytes) -> OpenOrdersUpdate:
        """All open orders."""
        return OpenOrdersUpdate(orders=read(_OPEN_ORDERS, body, self.method).orders)


@final
@frozen(kw_only=True)
class GetTradeVolume(CoinflexCommand[TradeVolumeUpdate]):
    """What the account has traded of one asset in the last 30 days."""

    method: ClassVar[str] = "GetTradeVolume"
    bucket: ClassVar[str | None] = QUERIES_BUCKET
    is_private: ClassVar[bool] = True

    asset: int = field(validator=check_code)

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return {"asset": self.asset}

    def parse(self, body: bytes) -> TradeVolumeUpdate:
        """The volume; the reply does not say of which asset."""
        return TradeVolumeUpdate(asset=self.asset, volume=read(_VOLUME, body, self.method).volume)


@final
@frozen(kw_only=True)
class Estimate:
    """What a market order would trade now, without fees; both positive."""

    quantity: int
    """Base."""
    total: int
    """Counter."""


_ESTIMATE: Final = msgspec.json.Decoder(Estimate)


@final
@frozen(kw_only=True)
class EstimateMarketOrder(CoinflexCommand[Estimate]):
    """What a market order would trade now. Needs no sign-in, and takes from the rate limit of orders."""

    method: ClassVar[str] = "EstimateMarketOrder"
    bucket: ClassVar[str | None] = ORDERS_BUCKET

    base: int = field(validator=check_code)
    counter: int = field(validator=check_code)
    quantity: int | None = field(default=None, validator=check_integer_or_none)
    """Base, negative to sell; this or `total`."""
    total: int | None = field(default=None, validator=check_integer_or_none)
    """Counter, negative to sell; this or `quantity`."""

    def __attrs_post_init__(self) -> None:
        check_measure(self, self.quantity, self.total)

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return given(base=self.base, counter=self.counter, quantity=self.quantity, total=self.total)

    def parse(self, body: bytes) -> Estimate:
        """Both amounts."""
        return read(_ESTIMATE, body, self.method)
