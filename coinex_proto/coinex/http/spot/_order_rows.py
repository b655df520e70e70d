"""Own orders on CoinEx spot, as answers tell them.

Source: CoinEx API v2, spot/order.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from coinex_proto.coinex.http._by_market_type.order_rows import AnyOrder, AnyStopOrder


@frozen(kw_only=True)
class SpotOrder(AnyOrder):
    """An order on spot or margin as the venue knows it."""

    ccy: str | None = None
    """Currency the amount is counted in."""
    base_fee: Decimal | None = None
    """Fee taken in base currency."""
    quote_fee: Decimal | None = None
    """Fee taken in quote currency."""
    discount_fee: Decimal | None = None
    """Fee taken in the discount currency (CET)."""


@frozen(kw_only=True)
class SpotStopOrder(AnyStopOrder):
    """A stop order on spot or margin (`market_type`) as the venue knows it."""

    ccy: str | None = None
    """The currency in which `amount` counts."""
