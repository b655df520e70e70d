"""Take-profit and stop-loss prices of positions over HTTP: set, modify, cancel, and the lists that positions show.

Source: CoinEx HTTP API v2, set, modify and cancel position stop loss and take profit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import evolve

from coinex_proto.simulator.coinex.error_codes import bad_parameter
from coinex_proto.simulator.coinex.http_request import ApiRequest
from coinex_proto.simulator.coinex.http_trade import PRICE_TYPES
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.guards import Guard
from coinex_proto.simulator.market.market import Market

WORDS: Final = ("stop_loss", "take_profit")

Change = Callable[[ApiRequest, Market, Position, str], tuple[Guard, ...]]
"""What a request makes of the guards of one word."""


def set_guard(request: ApiRequest, market: Market, position: Position, word: str) -> tuple[Guard, ...]:
    """One more, for the whole position unless an amount is named; the whole position has one at a time."""
    guard = Guard(
        guard_id=request.exchange.new_guard_id(),
        price_type=request.one_of(f"{word}_type", PRICE_TYPES),
        trigger=request.scaled(f"{word}_price", market.spec.price_places),
        lots=request.scaled_or_none(f"{word}_amount", market.spec.amount_places),
        created_ms=request.exchange.now_ms,
    )
    kept = (other for other in position.guards[word] if guard.lots is not None or other.lots is not None)
    return (*kept, guard)


def modify_guard(request: ApiRequest, market: Market, position: Position, word: str) -> tuple[Guard, ...]:
    """The one that is named, with what the request says anew."""
    number = request.number(f"{word}_id")
    guards = {guard.guard_id: guard for guard in position.guards[word]}
    if number not in guards:
        raise bad_parameter(f"{word}_id")
    old = guards[number]
    guards[number] = evolve(
        old,
        price_type=request.one_of(f"{word}_type", PRICE_TYPES, old.price_type),
        trigger=request.scaled_or_none(f"{word}_price", market.spec.price_places) or old.trigger,
        lots=request.scaled_or_none(f"{word}_amount", market.spec.amount_places) or old.lots,
    )
    return tuple(guards.values())


def cancel_guard(request: ApiRequest, _: Market, position: Position, word: str) -> tuple[Guard, ...]:
    """What is left: nothing, unless the request names one."""
    number = request.number(f"{word}_id", 0)
    if number and number not in (guard.guard_id for guard in position.guards[word]):
        raise bad_parameter(f"{word}_id")
    return tuple(guard for guard in position.guards[word] if number not in (0, guard.guard_id))


CHANGES: Final[dict[str, Change]] = {"set": set_guard, "modify": modify_guard, "cancel": cancel_guard}


def guard_lists(market: Market, position: Position) -> dict[str, Any]:
    """The lists that a position shows over HTTP."""
    return {f"{word}_list": [_row(market, position, guard) for guard in position.guards[word]] for word in WORDS}


def _row(market: Market, position: Position, guard: Guard) -> dict[str, Any]:
    return {
        "id": guard.guard_id,
        "price": market.price_text(guard.trigger),
        "type": guard.price_type,
        "amount": market.amount_text(abs(position.lots) if guard.lots is None else guard.lots),
        "is_all": guard.lots is None,
        "created_at": guard.created_ms,
    }
