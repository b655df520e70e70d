"""Own orders on CoinEx futures, as answers tell them.

Source: CoinEx API v2, futures/order.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from coinex_proto.coinex.http._by_market_type.order_rows import AnyOrder, AnyStopOrder


@frozen(kw_only=True)
class FuturesOrder(AnyOrder):
    """An order on futures as the venue knows it."""

    fee: Decimal | None = None
    """Fee charged."""
    fee_ccy: str | None = None
    """Currency of the fee."""
    realized_pnl: Decimal | None = None
    """Realised profit and loss."""


@frozen(kw_only=True)
class FuturesStopOrder(AnyStopOrder):
    """A stop order on futures as the venue knows it."""
