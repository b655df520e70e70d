"""Money of a futures trade: positions, margin, profit and loss of linear and inverse perpetuals.

A position keeps signed lots and signed cost (what was paid for it), so that over all owners lots and cost add up to zero
and cash minus cost never changes.  An inverse position is the same with coins that are owed: its cost has the other sign.  The crowd trades without margin.  Prices of marks and indexes come from outside.
"""

from __future__ import annotations

from typing import Final

from attrs import define, field, frozen

from coinex_proto.simulator.market.accounts import Balance, Ledger, NotEnough
from coinex_proto.simulator.market.amounts import RATE_ONE
from coinex_proto.simulator.market.guards import Guard
from coinex_proto.simulator.market.market import Market, MarketSpec
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.spot import HOUSE

DEFAULT_LEVERAGE: Final = 3
DEFAULT_MODE: Final = "cross"
MAINTENANCE_RATE: Final = RATE_ONE // 200
"""0.5 % of the position's value."""


@define(eq=False, kw_only=True)
class Position:
    """What one owner holds in one futures market."""

    position_id: int
    owner: int
    market: str
    leverage: int = DEFAULT_LEVERAGE
    margin_mode: str = DEFAULT_MODE
    lots: int = 0
    """Above zero long, below zero short."""
    cost: int = 0
    """Units paid for the open lots: what they were worth (MarketSpec.worth) when they were opened."""
    margin: int = 0
    closing: int = 0
    """Lots that open reducing orders are about to close."""
    realized: int = 0
    """Units, fees and funding included."""
    value_sum: int = 0
    """Units of all that was opened."""
    most_lots: int = 0
    most_value: int = 0
    most_margin: int = 0
    first_price: int = 0
    last_price: int = 0
    last_side: str = ""
    """long or short; stays when the position is closed."""
    finish: str = ""
    """Why it is closed: close, liq, take_profit or stop_loss; empty while nobody closes it."""
    guards: dict[str, tuple[Guard, ...]] = field(factory=lambda: {"take_profit": (), "stop_loss": ()})
    """What closes it by itself, oldest first."""
    created_ms: int = 0
    updated_ms: int = 0

    def unrealized(self, mark: int, spec: MarketSpec) -> int:
        """Units won or lost if it were closed at this price."""
        return spec.worth(mark, self.lots) - self.cost


@frozen(kw_only=True)
class MarginChange:
    """Margin that the owner added to a position, or took out."""

    position: Position
    units: int
    margin: int
    """After it."""
    at_ms: int


@frozen(kw_only=True)
class FundingPaid:
    """What a position paid (below zero: got) as funding."""

    position: Position
    lots: int
    mark: int
    rate: int
    units: int
    at_ms: int


class FuturesSettlement:
    """Positions of all owners."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._positions: dict[tuple[int, str], Position] = {}
        self.watched: dict[str, dict[int, Position]] = {}
        """Open positions of watched owners, by market and owner; no market without one."""
        self._settings: dict[tuple[int, str], tuple[str, int]] = {}
        self.finished: list[Position] = []
        """Closed positions of watched owners, oldest first."""
        self.margin_changes: list[MarginChange] = []
        self.funding_paid: list[FundingPaid] = []
        """Of watched owners, oldest first, as the margin changes are."""
        self.changed: dict[Position, str] = {}
        """Positions of watched owners that have changed since `take_changed`, and the event."""
        self._last_id = 246_830_000

    def position(self, owner: int, key: str) -> Position | None:
        """The open position, or the one that this very trade has closed."""
        found = self._positions.get((owner, key))
        if found is not None:
            return found
        return next((p for p in reversed(self.finished) if p.owner == owner and p.market == key), None)

    def open_positions(self, owner: int | None = None) -> tuple[Position, ...]:
        """Open positions of one owner, or of all."""
        return tuple(p for p in self._positions.values() if p.lots and owner in (None, p.owner))

    def open_interest(self, key: str) -> int:
        """Lots held long in one market."""
        return sum(p.lots for p in self._positions.values() if p.market == key and p.lots > 0)

    def watched_in(self, key: str) -> tuple[Position, ...]:
        """Open positions of watched owners in one market."""
        return tuple(self.watched.get(key, {}).values())

    def is_bankrupt(self, market: Market, position: Position, mark: int) -> bool:
        """Whether what backs the position is no more than its maintenance margin.  Cross mode counts available money."""
        if not position.lots:
            return False
        backing = position.margin + position.unrealized(mark, market.spec)
        if position.margin_mode == "cross":
            backing += self._ledger.balance(position.owner, "futures", market.spec.settle).available
        return backing <= market.spec.value(mark, abs(position.lots)) * MAINTENANCE_RATE // RATE_ONE

    def take_changed(self) -> tuple[tuple[Position, str], ...]:
        """Positions of watched owners that have changed since the last time, and the event."""
        changed = tuple(self.changed.items())
        self.changed.clear()
        return changed

    def settings(self, owner: int, key: str) -> tuple[str, int]:
        """Margin mode and leverage."""
        return self._settings.get((owner, key), (DEFAULT_MODE, DEFAULT_LEVERAGE))

    def set_leverage(self, market: Market, owner: int, mode: str, leverage: int) -> None:
        """Change mode and leverage; an open position and open orders hold what they then need.  Raises NotEnough."""
        key, currency = market.spec.key, market.spec.settle
        orders = [order for order in market.book.orders.values() if order.owner == owner and order.frozen]
        needs = [_initial(market, order, leverage) for order in orders]
        position = self._positions.get((owner, key))
        more = abs(position.cost) // leverage - position.margin if position is not None else 0
        more_frozen = sum(needs) - sum(order.frozen for order in orders)
        if more + more_frozen > self._ledger.balance(owner, "futures", currency).available:
            raise NotEnough(f"{currency}: not enough available")
        self._ledger.freeze(owner, "futures", currency, more_frozen)
        for order, units in zip(orders, needs, strict=True):
            order.frozen = units
        if position is not None:
            self._move_margin(market, position, more)
            position.leverage, position.margin_mode = leverage, mode
        self._settings[owner, key] = (mode, leverage)

    def add_margin(self, market: Market, position: Position, units: int, now_ms: int) -> None:
        """Add (or, below zero, take out) margin of a position.  Raises NotEnough."""
        if position.margin + units < abs(position.cost) // position.leverage:
            raise NotEnough("the margin of a position cannot go below its initial margin")
        self._move_margin(market, position, units)
        change = MarginChange(position=position, units=units, margin=position.margin, at_ms=now_ms)
        self.margin_changes.append(change)

    def reserve(self, market: Market, order: Order) -> None:
        """Freeze initial margin and fee of what the order may open, instead of what it has held.  Raises NotEnough."""
        if order.owner not in self._ledger.watched:
            return
        position = self._positions.get((order.owner, order.market))
        if position is not None and _closes(position, order) and order.left <= abs(position.lots) - position.closing:
            order.reduces = True
        if order.reduces and position is not None:
            position.closing += order.left - order.closing
            order.closing = order.left
        units = 0 if order.reduces else _initial(market, order, self.settings(order.owner, order.market)[1])
        self._ledger.freeze(order.owner, "futures", market.spec.settle, units - order.frozen)
        order.frozen = units

    def release(self, market: Market, order: Order) -> None:
        """The order is over: what it still holds is free again."""
        if order.closing:
            self._closed(order, order.closing)
        if order.frozen:
            self._ledger.release(order.owner, "futures", market.spec.settle, order.frozen)
            order.frozen = 0

    def _closed(self, order: Order, lots: int) -> None:
        """The order closes so many lots no more, because it has or because it will not."""
        lots = min(lots, order.closing)
        order.closing -= lots
        position = self._positions.get((order.owner, order.market))
        if position is not None:
            position.closing = max(0, position.closing - lots)

    def cover(self, market: Market, order: Order, lots: int) -> int:
        """How many of these lots the order may trade: one that reduces not more than the position has."""
        if not order.reduces:
            return lots
        position = self._positions.get((order.owner, order.market))
        return min(lots, abs(position.lots)) if position is not None and _closes(position, order) else 0

    def trade(self, market: Market, buy: Order, sell: Order, lots: int, price: int, taker: Order) -> tuple[int, int]:
        """Settle one match on both positions.  Returns the fees (of the buyer, of the seller) in units."""
        value, paid = market.spec.value(price, lots), market.spec.worth(price, lots)
        fees = []
        for order, sign in ((buy, 1), (sell, -1)):
            rate = order.taker_rate if order is taker else order.maker_rate
            fee = value * rate // RATE_ONE
            self._apply(market, order, sign, lots, price, paid, fee)
            order.quote_fee += fee
            fees.append(fee)
        return fees[0], fees[1]

    def fund(self, market: Market, mark: int, rate: int, now_ms: int) -> None:
        """Pay funding: longs to shorts where the rate is above zero, what rounding leaves to the house."""
        for position in self._positions.values():
            if position.market != market.spec.key or not position.lots:
                continue
            value = market.spec.value(mark, abs(position.lots))
            units = (value if position.lots > 0 else -value) * rate // RATE_ONE
            self._ledger.pay(position.owner, HOUSE, "futures", market.spec.settle, units)
            position.realized -= units
            self.note(position, "update", now_ms)
            if position.owner in self._ledger.watched:
                self._take_from_margin(position, market.spec.settle)
                paid = FundingPaid(
                    position=position, lots=position.lots, mark=mark, rate=rate, units=units, at_ms=now_ms
                )
                self.funding_paid.append(paid)

    def _take_from_margin(self, position: Position, currency: str) -> None:
        """Where the money that was available did not pay for it, the margin does, and then the insurance fund."""
        balance = self._ledger.balance(position.owner, "futures", currency)
        taken = min(max(0, -balance.available), position.margin)
        balance.available += taken
        balance.margin -= taken
        position.margin -= taken
        self.absorb(position.owner, currency)

    def absorb(self, owner: int, currency: str) -> None:
        """Let the insurance fund pay what an owner has lost beyond the own money."""
        balance = self._ledger.balance(owner, "futures", currency)
        if balance.available < 0:
            self._ledger.pay(HOUSE, owner, "futures", currency, -balance.available)

    def _apply(self, market: Market, order: Order, sign: int, lots: int, price: int, paid: int, fee: int) -> None:
        """One side of a match; `paid` is what the buyer of the lots pays for them, and both sides share it to the unit."""
        spec, ledger = market.spec, self._ledger
        balance = ledger.balance(order.owner, "futures", spec.settle)
        if order.frozen:
            part = order.frozen * lots // (order.left + lots)
            order.frozen -= part
            balance.frozen -= part
            balance.available += part
        balance.available -= fee
        ledger.balance(HOUSE, "futures", spec.settle).available += fee
        if order.closing:
            self._closed(order, lots)
        position = self._positions.get((order.owner, spec.key)) or self._open(order)
        closing = min(lots, abs(position.lots)) if position.lots * sign < 0 else 0
        if closing:
            order.realized += _close(position, balance, sign, closing, paid * closing // lots)
            self._traded(position, order, price, fee * closing // lots)
        if lots > closing:
            if not position.lots:  # what was long is over, and what is short from now on is another position
                position = self._positions.get((order.owner, spec.key)) or self._open(order)
            self._enlarge(position, balance, sign, lots - closing, paid - paid * closing // lots)
            self._traded(position, order, price, fee - fee * closing // lots)
        ledger.moved(order.owner, "futures", spec.settle)
        if order.owner in ledger.watched:
            self.absorb(order.owner, spec.settle)

    def _traded(self, position: Position, order: Order, price: int, fee: int) -> None:
        """Note what a trade has made of a position, which may be over by it."""
        position.realized -= fee
        position.first_price = position.first_price or price
        position.last_price = price
        self.note(position, _event(position), order.updated_ms)
        owner, key = position.owner, position.market
        if not position.lots and owner in self._ledger.watched:
            position.finish = position.finish or order.kind
            position.closing = 0
            self.finished.append(position)
            del self._positions[owner, key]
            del self.watched[key][owner]
            if not self.watched[key]:
                del self.watched[key]

    def _open(self, order: Order) -> Position:
        self._last_id += 1
        mode, leverage = self.settings(order.owner, order.market)
        position = self._positions[order.owner, order.market] = Position(
            position_id=self._last_id, owner=order.owner, market=order.market, leverage=leverage, margin_mode=mode,
            created_ms=order.updated_ms,
        )  # fmt: skip
        if order.owner in self._ledger.watched:
            self.watched.setdefault(order.market, {})[order.owner] = position
        return position

    def _enlarge(self, position: Position, balance: Balance, sign: int, lots: int, paid: int) -> None:
        value = abs(paid)
        position.lots += sign * lots
        position.cost += sign * paid
        if position.owner in self._ledger.watched:
            margin = value // position.leverage
            balance.available -= margin
            balance.margin += margin
            position.margin += margin
        position.value_sum += value
        position.most_lots = max(position.most_lots, abs(position.lots))
        position.most_value = max(position.most_value, abs(position.cost))
        position.most_margin = max(position.most_margin, position.margin)
        position.last_side = "long" if sign > 0 else "short"

    def _move_margin(self, market: Market, position: Position, units: int) -> None:
        balance = self._ledger.balance(position.owner, "futures", market.spec.settle)
        if units > balance.available:
            raise NotEnough(f"{market.spec.settle}: not enough available")
        balance.available -= units
        balance.margin += units
        position.margin += units
        position.most_margin = max(position.most_margin, position.margin)
        self._ledger.moved(position.owner, "futures", market.spec.settle)
        self.note(position, "update", position.updated_ms)

    def note(self, position: Position, event: str, now_ms: int) -> None:
        """Something about a position has changed."""
        if position.owner in self._ledger.watched:
            position.updated_ms = now_ms
            self.changed[position] = event


def _event(position: Position) -> str:
    if position.lots:
        return "update"
    return "liq" if position.finish == "liq" else "close"


def _closes(position: Position, order: Order) -> bool:
    return position.lots < 0 if order.side == "buy" else position.lots > 0


def _close(position: Position, balance: Balance, sign: int, lots: int, paid: int) -> int:
    """Close lots (sign +1: by buying): profit and the share of the margin become available.  Returns the profit."""
    held = abs(position.lots)
    cost = position.cost * lots // held
    margin = position.margin * lots // held
    profit = -sign * paid - cost
    position.lots += sign * lots
    position.cost -= cost
    position.margin -= margin
    position.realized += profit
    balance.margin -= margin
    balance.available += margin + profit
    return profit


def _initial(market: Market, order: Order, leverage: int) -> int:
    """Units of margin and fee that the order may need."""
    value = _estimate(market, order)
    return value // leverage + value * order.taker_rate // RATE_ONE


def _estimate(market: Market, order: Order) -> int:
    """Units that the order is worth at the dearest price that it may meet."""
    spec = market.spec
    if order.kind != "market":
        return spec.value(_dearest(market, order), order.left)
    return market.cost(order)


def _dearest(market: Market, order: Order) -> int:
    """The price in ticks at which the order's lots are worth most: its own, or the better one that stands in the book."""
    best = market.book.next_maker(order.side, order.price)
    if best is None or (order.side == "buy") != market.spec.is_inverse:
        return order.price
    return best.price
