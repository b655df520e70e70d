"""The 24-hour figures, index prices and positions as CoinEx prints them."""

from __future__ import annotations

from typing import Any

from coinex_proto.simulator.coinex.wire import long_units, rate, units
from coinex_proto.simulator.market.amounts import RATE_ONE, UNIT_PLACES
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.futures import MAINTENANCE_RATE, Position
from coinex_proto.simulator.market.market import Market, MarketSpec
from coinex_proto.simulator.market.marks import Marks, funding_times
from coinex_proto.simulator.market.spot import HOUSE


class Prices:
    """Figures of all markets, worked out on request."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.marks: Marks = exchange.marks

    @property
    def now_ms(self) -> int:
        return self._exchange.now_ms

    def open_interest(self, market: Market) -> str:
        """Lots held long, as text."""
        return market.amount_text(self._exchange.futures.open_interest(market.spec.key))

    def index_fields(self, market: Market) -> dict[str, Any]:
        fields = {"index_price": market.price_text(self.marks.index(market))}
        if market.spec.wallet == "futures":
            fields["mark_price"] = market.price_text(self.marks.mark(market))
        return fields

    def state(self, market: Market, now_ms: int) -> dict[str, Any]:
        """One entry of state_list."""
        day = market.day(now_ms)
        fields: dict[str, Any] = {
            "market": market.spec.name,
            "last": market.price_text(market.last),
            "open": market.price_text(day.open),
            "close": market.price_text(market.last),
            "high": market.price_text(day.high),
            "low": market.price_text(day.low),
            "volume": market.amount_text(day.lots),
            "volume_sell": market.amount_text(day.lots - day.bought),
            "volume_buy": market.amount_text(day.bought),
            "value": units(day.value),
            "period": 86400,
        }
        if market.spec.wallet == "futures":
            fields |= self._futures_state(market)
        return fields

    def pseudo_state(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The entry of a market's mark price, which comes with all markets and has no volume and no prices of its own."""
        kept = {key: value for key, value in entry.items() if key not in ("mark_price", "index_price")}
        zeros = dict.fromkeys(
            (
                "volume", "volume_sell", "volume_buy", "value", "open_interest_size", "insurance_fund_size",
                "latest_funding_rate", "next_funding_rate",
            ),
            "0",
        )  # fmt: skip
        mark = entry["mark_price"]
        return {**kept, **zeros, "market": f"{entry['market']}_SIGNPRICE", "last": mark, "close": mark}

    def _futures_state(self, market: Market) -> dict[str, Any]:
        last, following = funding_times(self.now_ms)
        fund = self._exchange.ledger.balance(HOUSE, "futures", market.spec.settle).available
        funding = rate(self.marks.funding(market))
        return {
            "open_interest_size": self.open_interest(market),
            "insurance_fund_size": units(fund),
            **self.index_fields(market),
            "latest_funding_rate": funding,
            "next_funding_rate": funding,
            "latest_funding_time": last,
            "next_funding_time": following,
        }

    def unrealized(self, owner: int, currency: str) -> int:
        """Units won or lost in all open positions that settle in this currency."""
        total = 0
        for position in self._exchange.futures.open_positions(owner):
            market = self._exchange.markets[position.market]
            if market.spec.settle == currency:
                total += position.unrealized(self.marks.mark(market), market.spec)
        return total

    def position(self, position: Position) -> dict[str, Any]:
        """The position object of the futures socket."""
        market = self._exchange.markets[position.market]
        spec, lots = market.spec, abs(position.lots)
        mark = self.marks.mark(market)
        value = spec.value(mark, lots)
        liquidation, bankruptcy = self.limits(position)
        return {
            "position_id": position.position_id,
            "market": spec.name,
            "side": position.last_side,
            "margin_mode": position.margin_mode,
            "open_interest": market.amount_text(lots),
            "close_avbl": market.amount_text(max(0, lots - position.closing)),
            "ath_position_amount": market.amount_text(position.most_lots),
            "unrealized_pnl": units(position.unrealized(mark, spec)),
            "realized_pnl": long_units(position.realized),
            "avg_entry_price": long_units(_entry(spec, position)),
            "cml_position_value": long_units(position.value_sum),
            "max_position_value": long_units(position.most_value),
            **_newest_guard(spec, position, "take_profit"),
            **_newest_guard(spec, position, "stop_loss"),
            "leverage": str(position.leverage),
            "margin_avbl": long_units(position.margin),
            "ath_margin_size": long_units(position.most_margin),
            "position_margin_rate": long_units(position.margin * 10**UNIT_PLACES // value if value else 0),
            "maintenance_margin_rate": rate(MAINTENANCE_RATE),
            "maintenance_margin_value": long_units(value * MAINTENANCE_RATE // RATE_ONE),
            "liq_price": market.price_text(liquidation) if liquidation else "0",
            "bkr_price": market.price_text(bankruptcy) if bankruptcy else "0",
            "adl_level": 1,
            "settle_price": market.price_text(mark),
            "settle_val": long_units(value),
            "first_filled_price": market.price_text(position.first_price),
            "latest_filled_price": market.price_text(position.last_price),
            "created_at": position.created_ms,
            "updated_at": position.updated_ms,
        }

    def limits(self, position: Position) -> tuple[int, int]:
        """Liquidation and bankruptcy price in ticks; 0 when no price above zero reaches them.

        A position in cross mode counts what is available in its currency as well.
        """
        market = self._exchange.markets[position.market]
        if not position.lots:
            return 0, 0
        backing = position.margin
        if position.margin_mode == "cross":
            backing += self._exchange.ledger.balance(position.owner, "futures", market.spec.settle).available
        find = _inverse_limits if market.spec.is_inverse else _linear_limits
        return find(market.spec, position, backing)


def _entry(spec: MarketSpec, position: Position) -> int:
    """Average entry price in steps of 10**-20."""
    lots, cost = abs(position.lots), abs(position.cost)
    if not lots or not cost:
        return 0
    if spec.is_inverse:
        return lots * spec.base_factor * 10**UNIT_PLACES // cost
    return cost * 10**UNIT_PLACES // lots // spec.base_factor


def _newest_guard(spec: MarketSpec, position: Position, word: str) -> dict[str, str]:
    """Price and type of the guard that was set last; a price of zero means that there is none."""
    kind, ticks = next(((g.price_type, g.trigger) for g in reversed(position.guards[word])), ("latest_price", 0))
    price = long_units(ticks * 10 ** (UNIT_PLACES - spec.price_places))
    return {f"{word}_price": price, f"{word}_type": kind}


def _linear_limits(spec: MarketSpec, position: Position, backing: int) -> tuple[int, int]:
    per_tick = abs(position.lots) * spec.value_factor
    sign = 1 if position.lots > 0 else -1
    bankrupt = abs(position.cost) - sign * backing
    liquidation = bankrupt * RATE_ONE // (RATE_ONE - sign * MAINTENANCE_RATE)
    return max(0, liquidation // per_tick), max(0, bankrupt // per_tick)


def _inverse_limits(spec: MarketSpec, position: Position, backing: int) -> tuple[int, int]:
    """Where backing and profit are used up: backing - cost = lots x value_factor / price."""
    left, coins = backing - position.cost, position.lots * spec.value_factor
    kept = abs(coins) * MAINTENANCE_RATE // RATE_ONE
    if not left or (left > 0) != (coins > 0):
        return 0, 0
    return (coins + kept) // left, coins // left
