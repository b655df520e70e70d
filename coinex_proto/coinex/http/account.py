"""The account's own conditions.

Source: CoinEx API v2, account.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._parameters import MarketType, Name
from coinex_proto.coinex.http._routes import Route, get
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.rows import Row


@frozen(kw_only=True)
class TradeFees(Row):
    """What a trade on one market costs this account.

    Essential: all of it.
    """

    market: str
    maker_rate: Decimal
    taker_rate: Decimal


@frozen(kw_only=True)
class GetAccountTradeFees(HttpCommand[TradeFees]):
    """The account's fee rates on one market. Source: CoinEx API v2, account/fees/http/get-account-trade-fees."""

    route: ClassVar[Route] = get("/account/trade-fee-rate")
    market_type: MarketType
    """SPOT or FUTURES."""
    market: Name
