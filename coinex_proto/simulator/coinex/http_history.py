"""What has happened to positions, and to the prices that they are judged by, over HTTP.

There is no auto-deleveraging and there are no settlements here, so that their lists are empty. Funding, premium and basis go back
as far as the venue's: what was settled here is told as it was, and what came before is made up as the candles are.
Source: CoinEx HTTP API v2, position and futures market pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, overload

from coinex_proto.simulator.coinex.http_account import position_fields
from coinex_proto.simulator.coinex.http_request import ApiRequest, Endpoint, Page, Table
from coinex_proto.simulator.coinex.http_trade import MARKET_TYPES
from coinex_proto.simulator.coinex.wire import rate, units
from coinex_proto.simulator.market.amounts import RATE_ONE
from coinex_proto.simulator.market.futures import FundingPaid, MarginChange
from coinex_proto.simulator.market.klines import begin, klines
from coinex_proto.simulator.market.market import DAY_MS, HOUR_MS, MINUTE_MS, Market
from coinex_proto.simulator.market.marks import FUNDING_EVERY_MS, INTEREST, funding_times, kept_within

LISTED_MS: Final = 1_577_836_800_000
"""2020: since then the futures of the venue have been funded."""
SAMPLE_MS: Final = 600_000
"""Rows of premium and basis are ten minutes apart (the example of the premium page)."""
FARTHEST_MS: Final = 30 * DAY_MS
"""So far back goes the premium (its page)."""

_OF_POSITION: Final = ("market", "market_type", "position_id", "margin_mode", "settle_price", "open_interest")


def _no_rows(request: ApiRequest) -> Page:
    return request.page([])


class _Fundings(Sequence[dict[str, Any]]):
    """Every funding of a market since it was listed, newest first; a row is made when it is looked at."""

    def __init__(self, request: ApiRequest, market: Market) -> None:
        self._market, self._premiums = market, _Premiums(request, market)
        self._settled = dict(request.exchange.fundings.get(market.spec.key, ()))
        last, _ = funding_times(min(request.exchange.now_ms, request.number("end_time", 1 << 62)))
        first = max(LISTED_MS, request.number("start_time", 0))
        self._times = range(last, first - 1, -FUNDING_EVERY_MS)

    def __len__(self) -> int:
        return len(self._times)

    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, key: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, key: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(key, slice):
            return [self[number] for number in range(*key.indices(len(self)))]
        at_ms = self._times[key]
        actual = self._settled.get(at_ms)
        if actual is None:
            actual = kept_within(self._premiums.mean(at_ms - FUNDING_EVERY_MS, at_ms) + INTEREST)
        return {
            "market": self._market.spec.name,
            "funding_time": at_ms,
            "theoretical_funding_rate": rate(actual),
            "actual_funding_rate": rate(actual),
        }


def _fundings(request: ApiRequest) -> Page:
    return request.page(_Fundings(request, request.market()))


class _Premiums:
    """How far a market stood above its index at any time, in steps of 10**-8."""

    def __init__(self, request: ApiRequest, market: Market) -> None:
        self._now_ms, self._seed = request.exchange.now_ms, request.server.seed
        self._market, self._index = market, request.server.prices.marks.followed(market)
        self._past = begin(market, self._seed, self._now_ms)

    def at(self, at_ms: int) -> int:
        """Made up for the past before anybody looked; afterwards between the last trades of both."""
        if at_ms < self._past.ends_ms:
            return round(self._past.premium(at_ms) * RATE_ONE)
        price, index = self._price(self._market, at_ms), self._price(self._index, at_ms)
        return (price - index) * RATE_ONE // index

    def mean(self, start_ms: int, end_ms: int) -> int:
        """The mean over so long."""
        found = [self.at(at_ms) for at_ms in range(start_ms, end_ms, SAMPLE_MS)]
        return sum(found) // len(found)

    def _price(self, market: Market, at_ms: int) -> int:
        before = at_ms - MINUTE_MS
        (minute,) = klines(market, "1min", self._now_ms, self._seed, start_ms=before, end_ms=before, limit=1)
        return minute.close


def _sampled(request: ApiRequest, name: str, longest_ms: int, default_ms: int) -> list[dict[str, Any]]:
    """A row for each ten minutes of the time that the request names, newest first."""
    market, now_ms = request.market(), request.exchange.now_ms
    end = min(request.number("end_time", 1 << 62), now_ms)
    start = max(request.number("start_time", max(0, end - default_ms)), end - longest_ms, now_ms - FARTHEST_MS)
    found = _Premiums(request, market)
    return [
        {"market": market.spec.name, "created_at": at_ms, name: rate(found.at(at_ms))}
        for at_ms in range(end - end % SAMPLE_MS, start - 1, -SAMPLE_MS)
    ]


def _basis_history(request: ApiRequest) -> object:
    return _sampled(request, "basis_rate", 7 * DAY_MS, 7 * DAY_MS)


def _premium_history(request: ApiRequest) -> Page:
    return request.page(_sampled(request, "premium_index", DAY_MS, 8 * HOUR_MS))


def _liquidations(request: ApiRequest) -> Page:
    market = request.market()
    rows = []
    for position in reversed(request.exchange.futures.finished):
        if position.market == market.spec.key and position.finish == "liq" and _is_within(request, position.updated_ms):
            fields = position_fields(request, position)
            rows.append(
                {
                    "market": market.spec.name,
                    "side": fields["side"],
                    "liq_price": market.price_text(position.last_price),
                    "liq_amount": market.amount_text(position.most_lots),
                    "bkr_price": fields["bkr_price"],
                    "created_at": position.updated_ms,
                }
            )
    return request.page(rows)


def _margin_history(request: ApiRequest) -> Page:
    return request.page(
        [_margin_change(request, change) for change in _own(request, request.exchange.futures.margin_changes)]
    )


def _margin_change(request: ApiRequest, change: MarginChange) -> dict[str, Any]:
    fields = position_fields(request, change.position)
    kept = {name: fields[name] for name in (*_OF_POSITION, "leverage", "liq_price", "bkr_price")}
    amounts = {"margin_avbl": units(change.margin), "margin_change": units(change.units)}
    return {**kept, **amounts, "created_at": change.at_ms}


def _funding_history(request: ApiRequest) -> Page:
    return request.page([_funding(request, paid) for paid in _own(request, request.exchange.futures.funding_paid)])


def _funding(request: ApiRequest, paid: FundingPaid) -> dict[str, Any]:
    market = request.exchange.markets[paid.position.market]
    fields = position_fields(request, paid.position)
    return {
        **{name: fields[name] for name in _OF_POSITION},
        "ccy": market.spec.settle,
        "side": "long" if paid.lots > 0 else "short",
        "open_interest": market.amount_text(abs(paid.lots)),
        "settle_price": market.price_text(paid.mark),
        "funding_rate": rate(paid.rate),
        "funding_value": units(-paid.units),
        "created_at": paid.at_ms,
    }


def _own(request: ApiRequest, happened: list[Any]) -> list[Any]:
    """What happened to the caller's positions in this market, newest first."""
    request.word("market_type", MARKET_TYPES["futures"])
    market, position_id = request.market(), request.number("position_id", 0)
    return [
        one
        for one in reversed(happened)
        if one.position.owner == request.owner
        and one.position.market == market.spec.key
        and position_id in (0, one.position.position_id)
        and _is_within(request, one.at_ms)
    ]


def _is_within(request: ApiRequest, at_ms: int) -> bool:
    return request.number("start_time", 0) <= at_ms <= request.number("end_time", 1 << 62)


TABLE: Final[Table] = {
    ("GET", "/futures/funding-rate-history"): Endpoint(_fundings),
    ("GET", "/futures/basis-history"): Endpoint(_basis_history),
    ("GET", "/futures/premium-index-history"): Endpoint(_premium_history),
    ("GET", "/futures/liquidation-history"): Endpoint(_liquidations),
    ("GET", "/futures/position-margin-history"): Endpoint(_margin_history, "futures_account_query"),
    ("GET", "/futures/position-funding-history"): Endpoint(_funding_history, "futures_account_query"),
    ("GET", "/futures/position-adl-history"): Endpoint(_no_rows, "futures_account_query"),
    ("GET", "/futures/position-settle-history"): Endpoint(_no_rows, "futures_account_query"),
}
