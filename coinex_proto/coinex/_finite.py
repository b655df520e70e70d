"""Only finite numbers get in: msgspec takes "NaN" and "Infinity" for a `Decimal`, and both would poison every comparison.

One pass per class in C; a validator per field would cost twice as much, a look at the text twenty times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar, cast

from attrs import evolve, fields_dict

from coinex_proto.coinex.account_updates import (
    BalanceUpdate,
    Order,
    OrderUpdate,
    Position,
    PositionUpdate,
    StopOrder,
    StopOrderUpdate,
    UserTradeUpdate,
)
from coinex_proto.coinex.market_updates import (
    BestQuoteUpdate,
    Deal,
    DepthLevels,
    DepthUpdate,
    IndexUpdate,
    PremiumUpdate,
    TickerUpdate,
    TradesUpdate,
)
from coinex_proto.errors import PayloadError
from coinex_proto.updates import Update

_Numbers: TypeAlias = Callable[[Any], tuple[Decimal | None, ...]]
_U = TypeVar("_U", bound=Update)


def _numbers_of(model: type, path: str = "") -> _Numbers:
    """All Decimal fields of a model in one call; `path` leads to the model from the update that holds it."""
    names = [path + name for name, attribute in fields_dict(model).items() if "Decimal" in str(attribute.type)]
    # Of a lone name, attrgetter would give the value itself and no tuple.
    return attrgetter(names[0], *names)


_NUMBERS: Final[Mapping[type, _Numbers]] = {
    TickerUpdate: _numbers_of(TickerUpdate),
    DepthUpdate: _numbers_of(DepthLevels, "depth."),
    IndexUpdate: _numbers_of(IndexUpdate),
    BestQuoteUpdate: _numbers_of(BestQuoteUpdate),
    PremiumUpdate: _numbers_of(PremiumUpdate),
    OrderUpdate: _numbers_of(Order, "order."),
    StopOrderUpdate: _numbers_of(StopOrder, "stop."),
    UserTradeUpdate: _numbers_of(UserTradeUpdate),
    PositionUpdate: _numbers_of(Position, "position."),
    BalanceUpdate: _numbers_of(BalanceUpdate),
}
_DEAL_NUMBERS: Final = _numbers_of(Deal)
_is_finite: Final = cast(Callable[[Decimal | None], bool], Decimal.is_finite)


def finite(update: _U) -> _U:
    """The same update; raises `PayloadError` when a number of it is infinite or none at all."""
    numbers = _NUMBERS.get(type(update))
    # filter(None, …) takes out what is absent, and zeros, which are finite.
    if numbers is not None and not all(map(_is_finite, filter(None, numbers(update)))):
        raise PayloadError(f"{type(update).__name__} with a number that is not finite")
    return update


def finite_trades(update: TradesUpdate) -> TradesUpdate:
    """The same update, with finite numbers only and not marked as history, whatever the peer sent under that name."""
    for deal in update.deal_list:
        if not all(map(_is_finite, _DEAL_NUMBERS(deal))):
            raise PayloadError("TradesUpdate with a number that is not finite")
    return evolve(update, is_history=False) if update.is_history else update
