"""Pushes of the old CoinEx v1 sockets, under today's field names; for reading old recordings."""

from coinex_proto.coinex.legacy.updates import (
    LegacyBalanceUpdate,
    LegacyDeal,
    LegacyDepthLevels,
    LegacyDepthUpdate,
    LegacyKline,
    LegacyKlineUpdate,
    LegacyOrder,
    LegacyOrderUpdate,
    LegacyPosition,
    LegacyPositionUpdate,
    LegacyTickerUpdate,
    LegacyTradesUpdate,
)

__all__ = [
    "LegacyBalanceUpdate",
    "LegacyDeal",
    "LegacyDepthLevels",
    "LegacyDepthUpdate",
    "LegacyKline",
    "LegacyKlineUpdate",
    "LegacyOrder",
    "LegacyOrderUpdate",
    "LegacyPosition",
    "LegacyPositionUpdate",
    "LegacyTickerUpdate",
    "LegacyTradesUpdate",
]
