"""What is known of one own order: facts folded into values, whatever order they come in.

Fills only add up; a description (price, amount, remaining) is replaced by a newer one only; a final state stays. This
module must not know any venue, nor how facts find their order (`tracker.py`).
"""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import Final, NamedTuple, final

from coinex_proto.ids import OrderId
from coinex_proto.numbers import CONTEXT, plain
from coinex_proto.orders.fact import Fill, OrderFact
from coinex_proto.orders.states import CERTAINTY, FINAL_STATES, TRANSITIONS, OrderState
from coinex_proto.orders.view import OrderValues

_DESCRIPTION: Final = ("price", "amount", "remaining", "average_price")
_LARGEST_EXPONENT: Final = 60
_ZERO: Final = Decimal(0)
MOST_AMENDMENTS: Final = 64
"""Of one order that are remembered: a second connection is seconds behind, not hours."""


class _Rank(NamedTuple):
    """How new a fact is."""

    at: float | int | None
    filled: Decimal | None
    serial: int
    """Arrival; 0 for what an id said that the order no longer has."""

    def is_newer(self, other: _Rank) -> bool:
        """By the venue's time, else by what is filled, else by arrival."""
        if self.at is not None and other.at is not None and self.at != other.at:
            return self.at > other.at
        if self.filled is not None and other.filled is not None and self.filled != other.filled:
            return self.filled > other.filled
        return self.serial >= other.serial


class _Reported(NamedTuple):
    """A value, how new it is, and how much of the order was filled then."""

    value: Decimal
    rank: _Rank
    filled: Decimal


@final
class Order:
    """The facts of one order, folded."""

    __slots__ = (
        "_all_priced",
        "_amendments",
        "_fills",
        "_fills_amount",
        "_fills_value",
        "_market",
        "_order_type",
        "_rank",
        "_reduce_only",
        "_reported",
        "_reported_filled",
        "_side",
        "_why",
        "client_order_id",
        "has_ended_untold",
        "order_ids",
        "replaced",
        "state",
        "values",
        "was_live",
    )

    def __init__(self) -> None:
        self.state: OrderState | None = None
        self.was_live: bool = False
        """The venue has accepted it once, as a fill of it shows too: what it refuses later is a change of it."""
        self.has_ended_untold: bool = False
        """It is unknown, and the venue lists it no more without telling how it ended."""
        self.order_ids: tuple[OrderId, ...] = ()
        self.replaced: frozenset[OrderId] = frozenset()
        self.client_order_id: str | None = None
        self.values: OrderValues = OrderValues()
        self._market: str | None = None
        self._side: str | None = None
        self._order_type: str | None = None
        self._reduce_only: bool | None = None
        self._why = ""
        self._amendments: dict[tuple[float | int, Decimal | None, Decimal | None], None] = {}
        """Time, remainder and price of the last ones."""
        self._fills: dict[Hashable, Fill] = {}
        self._fills_amount = _ZERO
        self._fills_value = _ZERO
        self._all_priced = True
        self._reported: dict[str, _Reported] = {}
        self._reported_filled = _ZERO
        self._rank = _Rank(None, None, 0)

    @property
    def is_final(self) -> bool:
        """Whether no state can follow."""
        return self.state in FINAL_STATES

    @property
    def order_id(self) -> OrderId | None:
        """The id that the order goes by now."""
        return next((known for known in reversed(self.order_ids) if known not in self.replaced), None)

    def is_older_than(self, fact: OrderFact) -> bool:
        """Whether the venue's times prove that this fact is newer than the state."""
        return fact.at is not None and self._rank.at is not None and fact.at > self._rank.at

    def is_newer_than(self, fact: OrderFact) -> bool:
        """Whether the venue's times prove that this fact is older than the state."""
        return fact.at is not None and self._rank.at is not None and fact.at < self._rank.at

    def may_be_in(self, market: str | None) -> bool:
        """False when both markets are known and differ."""
        return market is None or self._market is None or market == self._market

    def may_be(self, market: str | None, side: str | None) -> bool:
        """False when both markets, or both sides, are known and differ."""
        return self.may_be_in(market) and (side is None or self._side is None or side == self._side)

    # Facts in ---------------------------------------------------------------------------------------------------------

    def apply(self, fact: OrderFact, serial: int) -> None:
        """Takes a fact in; `serial` counts the arrivals."""
        if self._was_amended_so(fact):
            return
        self._market = self._market or fact.market
        self._side = self._side or fact.side
        self._order_type = self._order_type or fact.order_type
        self._reduce_only = fact.reduce_only if self._reduce_only is None else self._reduce_only
        if fact.fill is not None:
            self._add_fill(Fill(*fact.fill))
        is_former = fact.order_id is not None and fact.order_id in self.replaced
        reported_filled = _filled_of(fact)
        if reported_filled is not None:
            self._reported_filled = max(self._reported_filled, reported_filled)
        self.was_live = self.was_live or self._filled() > 0
        rank = _Rank(None, None, 0) if is_former else _Rank(fact.at, reported_filled, serial)
        self._describe(fact, rank, self._filled() if reported_filled is None else reported_filled)
        state = fact.state
        if state is not None and (state == "live" or not is_former):
            # One that was amended to nothing has no rest either, and was cancelled all the same.
            is_filled = state == "cancelled" and not fact.is_amended and self._is_filled()
            self._take_state("filled" if is_filled else state, fact.why, rank)

    def move(self, to: OrderState, why: str = "") -> bool:
        """Goes to a state if the table allows it."""
        if to not in TRANSITIONS[self.state] or (to == "refused" and self.was_live):
            return False
        self.state, self._why = to, why
        self.has_ended_untold = False
        self.was_live = self.was_live or to in ("live", "filled")
        return True

    def end_untold(self, why: str) -> bool:
        """The venue lists it no more and does not tell how it ended. Whether that is so, and news."""
        if self.state != "unknown" or self.has_ended_untold:
            return False
        self.has_ended_untold, self._why = True, why
        return True

    def absorb(self, other: Order) -> None:
        """Takes over all that is known of an order that turned out to be this one."""
        self._market = self._market or other._market
        self._side = self._side or other._side
        self._order_type = self._order_type or other._order_type
        self._reduce_only = other._reduce_only if self._reduce_only is None else self._reduce_only
        self.client_order_id = self.client_order_id or other.client_order_id
        self.order_ids = (*other.order_ids, *(known for known in self.order_ids if known not in other.order_ids))
        self.replaced |= other.replaced
        self.was_live = self.was_live or other.was_live
        self._amendments |= other._amendments
        for fill in other._fills.values():
            self._add_fill(fill)
        self._reported_filled = max(self._reported_filled, other._reported_filled)
        for name, reported in other._reported.items():
            self._describe_one(name, reported)
        if CERTAINTY[other.state] > CERTAINTY[self.state]:
            self.state, self._why, self._rank = other.state, other._why, other._rank
        elif not self.is_final and other._rank.is_newer(self._rank):
            self._rank = other._rank

    def _was_amended_so(self, fact: OrderFact) -> bool:
        """Whether a second connection tells of an amendment again: its remainder is that of before the trades that came since."""
        if not fact.is_amended or fact.at is None:
            return False
        amendment = (fact.at, fact.remaining, fact.price)
        is_known = amendment in self._amendments
        self._amendments[amendment] = None
        if len(self._amendments) > MOST_AMENDMENTS:
            del self._amendments[next(iter(self._amendments))]
        return is_known

    def _add_fill(self, fill: Fill) -> None:
        if fill.trade_id in self._fills or not _is_sane(fill.amount):
            return
        self._fills[fill.trade_id] = fill
        self._fills_amount = CONTEXT.add(self._fills_amount, fill.amount)
        if fill.price is None or not _is_sane(fill.price):
            self._all_priced = False
        else:
            self._fills_value = CONTEXT.fma(fill.amount, fill.price, self._fills_value)

    def _describe(self, fact: OrderFact, rank: _Rank, filled: Decimal) -> None:
        if fact.is_amended and fact.remaining is not None and _is_sane(fact.remaining):
            self._describe_one("amount", _Reported(CONTEXT.add(filled, fact.remaining), rank, filled))
        for name in _DESCRIPTION:
            value: Decimal | None = getattr(fact, name)
            if value is not None and _is_sane(value):
                self._describe_one(name, _Reported(value, rank, filled))

    def _describe_one(self, name: str, reported: _Reported) -> None:
        known = self._reported.get(name)
        if known is None or reported.rank.is_newer(known.rank):
            self._reported[name] = reported

    def _take_state(self, to: OrderState, why: str, rank: _Rank) -> None:
        if self.is_final:
            return
        is_stale = not rank.is_newer(self._rank) or (rank.filled is not None and rank.filled < self._filled())
        if to == "unknown":
            if not is_stale:
                self.move(to, why)  # without its rank: whatever the venue answers to a query counts
            return
        if not is_stale:
            self._rank = rank
        if self.state == "unknown" and to == "live" and is_stale:
            return  # It was live once; that does not say whether it is now.
        self.move(to, why)

    # Values out -------------------------------------------------------------------------------------------------------

    def refresh(self, now: float) -> bool:
        """Brings `values` up to date; whether anything but the time has changed."""
        assert self.state is not None
        filled = self._filled()
        amount = self._value("amount")
        if self.state == "unknown" and self._is_filled():
            self.move("filled")
        if self.state == "filled" and amount is not None:
            filled = max(filled, amount)
        filled = max(filled, self.values.filled)  # an amount that is said later does not undo what was filled
        values = OrderValues(
            market=self._market,
            side=self._side,
            order_type=self._order_type,
            reduce_only=self._reduce_only,
            price=_plain(self._value("price")),
            amount=_plain(amount),
            filled=plain(filled),
            remaining=_plain(self._remaining(filled)),
            average_price=_plain(self._average_price(filled)),
            order_id=self.order_id,
            client_order_id=self.client_order_id,
            state=self.state,
            why=self._why,
            has_ended=self.is_final or self.has_ended_untold,
            updated_at=self.values.updated_at,
        )
        if values == self.values:
            return False
        self.values = values._replace(updated_at=now)
        return True

    def _value(self, name: str) -> Decimal | None:
        reported = self._reported.get(name)
        return None if reported is None else reported.value

    def _is_filled(self) -> bool:
        """Whether what is filled is all that was ordered: a hair more is, a hair less is not."""
        amount = self._value("amount")
        return amount is not None and amount > 0 and self._filled() >= amount

    def _filled(self) -> Decimal:
        """Both are lower bounds: what the venue added up, and the single fills that were seen."""
        return max(self._reported_filled, self._fills_amount)

    def _remaining(self, filled: Decimal) -> Decimal | None:
        """From whichever is newer, the remainder that was reported or the amount, less what was filled since."""
        if self.state == "filled":
            return _ZERO
        remaining, amount = self._reported.get("remaining"), self._reported.get("amount")
        if remaining is not None and (amount is None or remaining.rank.is_newer(amount.rank)):
            return max(_ZERO, CONTEXT.subtract(remaining.value, max(_ZERO, CONTEXT.subtract(filled, remaining.filled))))
        return None if amount is None else max(_ZERO, CONTEXT.subtract(amount.value, filled))

    def _average_price(self, filled: Decimal) -> Decimal | None:
        """The venue's where it covers all that is filled, else our own where every fill was seen, else None."""
        reported = self._reported.get("average_price")
        if reported is not None and reported.filled == filled and filled:
            return reported.value
        is_all_seen = self._all_priced and self._fills_amount == filled
        return CONTEXT.divide(self._fills_value, filled) if filled and is_all_seen else None


def _plain(value: Decimal | None) -> Decimal | None:
    return None if value is None else plain(value)


def _filled_of(fact: OrderFact) -> Decimal | None:
    if fact.filled is not None:
        return fact.filled if _is_sane(fact.filled) else None
    if fact.amount is None or fact.remaining is None or fact.state == "refused":
        return None
    if not (_is_sane(fact.amount) and _is_sane(fact.remaining)):
        return None
    return max(_ZERO, CONTEXT.subtract(fact.amount, fact.remaining))


def _is_sane(value: Decimal) -> bool:
    """Fit for arithmetic: finite, not negative, and neither huge nor tiny."""
    return value.is_finite() and (not value or (value > 0 and abs(value.adjusted()) <= _LARGEST_EXPONENT))
