"""What each path of the local QFEX answers over HTTP, out of the market, the orders and the accounts of its sockets.

Source: OpenAPI files of the venue. Numbers of the account are JSON numbers, those of candles and reference data are texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.amounts import UNIT_PLACES, BadNumber, to_scaled, to_short_text
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.qfex.accounts import KeyRing
from coinex_proto.simulator.qfex.catalogue import QUOTE
from coinex_proto.simulator.qfex.feeds import CANDLE_MINUTES, QfexFeeds
from coinex_proto.simulator.qfex.order_entry import OrderEntry
from coinex_proto.simulator.qfex.orders import QfexOrders, Rejected
from coinex_proto.simulator.qfex.statements import balance_record, position_record
from coinex_proto.simulator.qfex.twaps import Twap, Twaps
from coinex_proto.simulator.qfex.wire import SIDES, Ticket, moment, number, seconds, trade_id, uuid

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
MAX_LIMIT: Final = 1000
RATE_PLACES: Final = 8
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_DAY: Final = {"open": "00:00", "close": "24:00"}
MARKET_HOURS: Final[dict[str, str | dict[str, str]]] = {"tz": "America/New_York", **dict.fromkeys(WEEKDAYS, ALL_DAY)}
"""The local venue trades at any time, unless a market is halted."""


class Problem(Exception):
    """An answer of this status, with a JSON problem."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
}


class HttpBackend(Protocol):
    """What the paths need of the server."""

    exchange: Exchange
    feeds: QfexFeeds
    keys: KeyRing
    own: QfexOrders
    order_entry: OrderEntry
    twaps: Twaps
    owner: int
    accounts: dict[str, int]
    """Owners by account id, the first one's among them."""

    @property
    def clock(self) -> float: ...

    def take_refusal(self, method: str) -> str | None: ...


class Call(NamedTuple):
    """One request."""

    server: HttpBackend
    params: Mapping[str, str]
    body: Mapping[str, Any]
    owner: int

    @property
    def market(self) -> Market:
        """The market that it names. Raises Problem."""
        return self.market_of(self.params.get("symbol"))

    def market_of(self, name: object) -> Market:
        found = self.server.feeds.markets.get(str(name))
        if found is None:
            raise Problem(404, f"no symbol {name}")
        return found

    @property
    def markets(self) -> list[Market]:
        """Those that it names: one, or all."""
        return [self.market] if "symbol" in self.params else list(self.server.feeds.markets.values())

    def span(self, start: str = "fromISO", end: str = "toISO") -> tuple[float, float]:
        """From when to when, in ms. Raises Problem."""
        return self._time(start, 0.0), self._time(end, float("inf"))

    def _time(self, name: str, default: float) -> float:
        text = self.params.get(name)
        if text is None:
            return default
        try:
            at = datetime.fromisoformat(text)
            return at.timestamp() * 1000 if at.tzinfo is not None else _unreadable(name)
        except ValueError:
            return _unreadable(name)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds. Raises Problem."""
        text = self.params.get(name, str(default))
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise Problem(422, f"{name} must be a whole number from {least} to {most}")
        return int(text)

    def page(self, rows: list[Any]) -> list[Any]:
        """The rows that limit and offset choose."""
        offset, limit = self.whole("offset", 0, 0, 10**9), self.whole("limit", 100, 1, MAX_LIMIT)
        return rows[offset : offset + limit]


def _unreadable(name: str) -> float:
    raise Problem(422, f"{name} is no RFC 3339 time")


def _counted(rows: list[Any], **more: Any) -> dict[str, Any]:
    return {"count": len(rows), "data": rows, **more}


# Public ---------------------------------------------------------------------------------------------------------------


def _refdata(call: Call) -> dict[str, Any]:
    named = call.params.get("ticker")
    markets = [call.market_of(named)] if named else list(call.server.feeds.markets.values())
    return {"type": "refdata", "data": [_instrument(call, market) for market in markets]}


def _instrument(call: Call, market: Market) -> dict[str, Any]:
    spec = market.spec
    mark = call.server.exchange.marks.mark(market)
    return {
        "symbol": spec.name,
        "clobPairId": uuid("pair", spec.name),
        "status": "INACTIVE" if market.is_halted else "ACTIVE",
        "tick_size": to_short_text(1, spec.price_places),
        "lot_size": to_short_text(1, spec.amount_places),
        "min_price": to_short_text(1, spec.price_places),
        "max_price": to_short_text(10**8, spec.price_places),
        "min_quantity": to_short_text(spec.min_amount, spec.amount_places),
        "max_quantity": to_short_text(10**12, spec.amount_places),
        "base_asset": spec.base,
        "quote_asset": spec.name.rpartition("-")[2],
        "margin_asset": QUOTE,
        "underlier_price": market.price_text(call.server.exchange.marks.index(market)),
        "price_change_24h": market.price_text(mark - spec.start_price),
        "default_max_leverage": 20,
        "order_types": ["LIMIT", "MARKET", "ALO", "TAKE_PROFIT", "STOP_LOSS"],
        "order_time_in_force": ["GTC", "IOC", "FOK"],
        "market_hours": MARKET_HOURS,
        "product_category": "equity",
    }


def _candles(call: Call) -> dict[str, Any]:
    market, resolution = call.market, call.params.get("resolution", "")
    if resolution not in CANDLE_MINUTES:
        raise Problem(422, "no such resolution")
    (start, end), span = call.span(), CANDLE_MINUTES[resolution] * MINUTE_MS
    groups: dict[int, list[Any]] = {}
    for candle in market.minutes:
        groups.setdefault(candle.start_ms - candle.start_ms % span, []).append(candle)
    rows = [
        _candle(call, market, resolution, at, minutes)
        for at, minutes in sorted(groups.items(), reverse=True)
        if start <= at <= end
    ]
    return {"candles": rows[:MAX_LIMIT]}


def _candle(call: Call, market: Market, resolution: str, at: int, minutes: list[Any]) -> dict[str, Any]:
    first, last = minutes[0], minutes[-1]
    return {
        "ticker": market.spec.name,
        "startedAt": moment(at),
        "resolution": resolution,
        "open": market.price_text(first.open),
        "high": market.price_text(max(one.high for one in minutes)),
        "low": market.price_text(min(one.low for one in minutes)),
        "close": market.price_text(last.close),
        "baseTokenVolume": market.amount_text(sum(one.lots for one in minutes)),
        "usdVolume": to_short_text(sum(one.value for one in minutes), UNIT_PLACES),
        "trades": sum(
            1 for deal in market.deals if at <= deal.created_ms < at + CANDLE_MINUTES[resolution] * MINUTE_MS
        ),
        "orderbookMidPriceOpen": market.price_text(first.open),
        "orderbookMidPriceClose": market.price_text(last.close),
        "startingOpenInterest": market.amount_text(call.server.exchange.futures.open_interest(market.spec.key)),
    }


def _window(call: Call) -> int:
    """Of the parameter `intervalMinutes`, in ms."""
    return call.whole("intervalMinutes", 60, 1, 60 * 24 * 31) * MINUTE_MS


def _funding(call: Call) -> dict[str, Any]:
    market, (start, end), span = call.market, call.span(), _window(call)
    rows = [
        {"intervalMinutes": span // MINUTE_MS, "rate": number(rate, RATE_PLACES), **_at(market, at, span)}
        for at, rate in call.server.exchange.fundings.get(market.spec.key, ())
        if start <= at <= end
    ]
    return _counted(rows)


def _at(market: Market, at: int, span: int) -> dict[str, Any]:
    return {"symbol": market.spec.name, "windowStart": moment(at - at % span)}


def _open_interest(call: Call) -> dict[str, Any]:
    market, (start, end), span = call.market, call.span(), _window(call)
    now, held = call.server.exchange.now_ms, call.server.exchange.futures.open_interest(market.spec.key)
    row = {
        "intervalMinutes": span // MINUTE_MS,
        "openInterest": number(held, market.spec.amount_places),
        **_at(market, now, span),
    }
    return _counted([row] if start <= now <= end else [])


def _settlement_calendar(call: Call) -> dict[str, Any]:
    market, until = call.market, call.server.exchange.now_ms + 30 * DAY_MS
    return {
        "qfex_symbol": market.spec.name,
        "future_symbol": _future(market),
        "expiration": moment(until - until % DAY_MS),
        "active_until": moment(until - until % DAY_MS - 7 * DAY_MS),
    }


def _future(market: Market) -> str:
    return f"{market.spec.base}Z6"


def _settlement_prices(call: Call) -> dict[str, Any]:
    now, (start, end) = call.server.exchange.now_ms, call.span("start", "end")
    day = now - now % DAY_MS
    rows = [_settlement(call, market, day) for market in call.markets if start <= day <= end]
    return _counted(rows[: call.whole("limit", 100, 1, MAX_LIMIT)])


def _settlement(call: Call, market: Market, day: int) -> dict[str, Any]:
    price = number(call.server.exchange.marks.index(market), market.spec.price_places)
    return {
        "symbol": market.spec.name,
        "asof": moment(day)[:10],
        "future_symbol": _future(market),
        "future_settlement_price": price,
        "spot_settlement_price": price,
        "spot_to_future_ratio": number(1, 0),
        "inserted_at": moment(day),
    }


def _long_short(call: Call) -> dict[str, Any]:
    market, (start, end), now = call.market, call.span(), call.server.exchange.now_ms
    held = [
        position.lots
        for position in call.server.exchange.futures.open_positions()
        if position.market == market.spec.key
    ]
    row = {
        "interval": call.params.get("interval", ""),
        "longUsers": sum(lots > 0 for lots in held),
        "shortUsers": sum(lots < 0 for lots in held),
        **_at(market, now, HOUR_MS),
    }
    return _counted([row] if start <= now <= end else [])


def _taker_volume(call: Call) -> dict[str, Any]:
    market, (start, end), span = call.market, call.span(), _window(call)
    windows: dict[int, dict[str, tuple[int, int]]] = {}
    for deal in market.deals:
        if start <= deal.created_ms <= end:
            sums = windows.setdefault(deal.created_ms - deal.created_ms % span, {"buy": (0, 0), "sell": (0, 0)})
            lots, value = sums[deal.side]
            sums[deal.side] = lots + deal.lots, value + market.spec.value(deal.price, deal.lots)
    return _counted([_taken(market, at, span, sums) for at, sums in sorted(windows.items(), reverse=True)])


def _taken(market: Market, at: int, span: int, sums: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    (bought, paid), (sold, got), places = sums["buy"], sums["sell"], market.spec.amount_places
    return {
        "intervalMinutes": span // MINUTE_MS,
        "netTakerQty": number(bought - sold, places),
        "takerBuyQty": number(bought, places),
        "takerBuyNotional": number(paid, UNIT_PLACES),
        "takerSellQty": number(sold, places),
        "takerSellNotional": number(got, UNIT_PLACES),
        **_at(market, at, span),
    }


def _underlier(call: Call) -> dict[str, Any]:
    market, (start, end), now = call.market, call.span(), call.server.exchange.now_ms
    price = number(call.server.exchange.marks.index(market), market.spec.price_places)
    prices = dict.fromkeys(("openPrice", "highPrice", "lowPrice", "closePrice"), price)
    row = {"interval": call.params.get("interval", ""), **prices, **_at(market, now, HOUR_MS)}
    return _counted([row] if start <= now <= end else [])


# The account ----------------------------------------------------------------------------------------------------------


def _own_orders(call: Call) -> Iterator[tuple[Order, Ticket]]:
    """Those that were placed, newest first, each once; subaccounts have placed none."""
    seen: set[int] = set()
    for order in reversed(call.server.own.by_id.values()):
        if order.owner == call.owner and order.order_id not in seen:
            seen.add(order.order_id)
            yield order, call.server.own.ticket(order)


def _historic(call: Call) -> list[dict[str, Any]]:
    start, end = call.span("start", "end")
    symbol, client_id = call.params.get("symbol"), call.params.get("client_order_id")
    rows = []
    for order, ticket in _own_orders(call):
        market = call.server.exchange.markets[order.market]
        is_named = symbol in (None, market.spec.name) and client_id in (None, ticket.client_order_id)
        if is_named and start <= order.updated_ms <= end:
            rows.append(_historic_order(call, market, order, ticket))
    return rows


def _historic_order(call: Call, market: Market, order: Order, ticket: Ticket) -> dict[str, Any]:
    spec = market.spec
    fills = [fill for fill in call.server.exchange.fills[order.owner] if fill.order is order]
    average = order.filled_value * 10**spec.amount_places // order.filled // spec.value_factor if order.filled else 0
    return {
        "order_id": ticket.order_id,
        "client_order_id": ticket.client_order_id,
        "symbol": spec.name,
        "side": SIDES[order.side],
        "type": ticket.type,
        "time_in_force": ticket.time_in_force,
        "price": number(order.price or ticket.price, spec.price_places),
        "quantity": number(order.amount, spec.amount_places),
        "filled_qty": number(order.filled, spec.amount_places),
        "passive_qty": number(sum(fill.deal.lots for fill in fills if not fill.is_taker), spec.amount_places),
        "avg_price": number(average, spec.price_places + spec.amount_places) if order.filled else None,
        "execution_state": "CLOSED" if order.finish else "OPEN",
        "terminal_status": ticket.status,
        "status_ts": moment(order.updated_ms),
        "first_fill_ts": moment(fills[0].deal.created_ms) if fills else None,
        "last_fill_ts": moment(fills[-1].deal.created_ms) if fills else None,
    }


def _historic_orders(call: Call) -> dict[str, Any]:
    return _counted(call.page(_historic(call)))


def _fills(call: Call) -> list[Fill]:
    """Newest first."""
    return list(reversed(call.server.exchange.fills.get(call.owner, [])))


def _trades(call: Call) -> list[dict[str, Any]]:
    starts, ends = zip(call.span("start", "end"), call.span("start_time", "end_time"), strict=True)
    rows = []
    for fill in _fills(call):
        row = _trade(call, fill)
        wanted = {"exchange_order_id": row["order_id"], "symbol": row["symbol"], "ordertype": row["order_type"]}
        wanted["orderdirection"] = row["side"]
        is_wanted = all(call.params.get(name, value) == value for name, value in wanted.items())
        if is_wanted and max(starts) <= fill.deal.created_ms <= min(ends):
            rows.append(row)
    return rows


def _trade(call: Call, fill: Fill) -> dict[str, Any]:
    spec, ticket = fill.market.spec, call.server.own.ticket(fill.order)
    return {
        "id": trade_id(fill),
        "order_id": ticket.order_id,
        "symbol": spec.name,
        "side": SIDES[fill.order.side],
        "price": number(fill.deal.price, spec.price_places),
        "quantity": number(fill.deal.lots, spec.amount_places),
        "fee": number(fill.fee, UNIT_PLACES),
        "order_type": ticket.type,
        "tif": ticket.time_in_force,
        "order_timestamp": seconds(fill.deal.created_ms),
        "margin_used": number(0, 2),
        "realised_pnl_change": number(fill.order.realized, UNIT_PLACES),
    }


def _positions(call: Call) -> dict[str, Any]:
    if call.server.own.forms.new_account:
        raise Problem(500, "position balance not found")
    exchange = call.server.exchange
    records = [
        position_record(exchange, call.owner, market, exchange.open_orders(call.owner, market.spec.name))
        for market in call.server.feeds.markets.values()
    ]
    balance = balance_record(exchange, call.owner, call.server.own.user_id)
    return {
        "balance": {name: value for name, value in balance.items() if name not in ("id", "user_id")},
        "positions": [
            {
                **{name: record[name] for name in POSITION},
                "open_orders": len(exchange.open_orders(call.owner, record["symbol"])),
            }
            for record in records
        ],
    }


POSITION: Final = (
    *("symbol", "position", "average_price", "initial_margin", "maintenance_margin", "leverage", "net_funding"),
    *("open_quantity", "realised_pnl", "unrealised_pnl"),
)


def _set_leverage(call: Call) -> dict[str, Any]:
    times = call.body.get("leverage")
    if isinstance(times, bool) or not isinstance(times, (int, float)) or times < 1:
        raise Problem(422, "leverage must be a number of at least 1")
    try:
        is_set = call.server.order_entry.set_leverage({**call.body, "leverage": times})
    except Rejected as rejection:
        raise Problem(404, "no such symbol") from rejection
    if not is_set:
        raise Problem(400, "open orders or a position")
    return {"leverage": times}


def _equity(call: Call) -> dict[str, Any]:
    exchange = call.server.exchange
    held = exchange.ledger.balance(call.owner, "futures", QUOTE).total
    worth = held + sum(_unrealised(exchange, position) for position in exchange.futures.open_positions(call.owner))
    row = {"window_start": moment(exchange.now_ms - exchange.now_ms % HOUR_MS), "value": number(worth, UNIT_PLACES)}
    return _counted([row], **_until(call, "duration"), interval_minutes=60)


def _unrealised(exchange: Exchange, position: Position) -> int:
    market = exchange.markets[position.market]
    return position.unrealized(exchange.marks.mark(market), market.spec)


def _until(call: Call, name: str) -> dict[str, Any]:
    return {name: call.params.get(name, "1w"), "end": moment(call.server.exchange.now_ms)}


def _fees(call: Call) -> dict[str, Any]:
    return {
        "fees": {
            name: {"maker": to_short_text(market.spec.maker_rate, 8), "taker": to_short_text(market.spec.taker_rate, 8)}
            for name, market in call.server.feeds.markets.items()
        }
    }


def _historic_pnl(call: Call) -> dict[str, Any]:
    hours = _by_hour(call)
    rows = [
        {"window_start": moment(at), "value": number(sum(fill.order.realized for fill in fills), UNIT_PLACES)}
        for (at, _), fills in hours.items()
    ]
    symbols = sorted({symbol for _, symbol in hours})
    unit = call.params.get("unit", "number")
    return _counted(rows, **_until(call, "duration"), interval_minutes=60, symbols=symbols, unit=unit)


def _by_hour(call: Call) -> dict[tuple[int, str], list[Fill]]:
    found: dict[tuple[int, str], list[Fill]] = {}
    for fill in _fills(call):
        if call.params.get("symbol") in (None, fill.market.spec.name):
            at = fill.deal.created_ms - fill.deal.created_ms % HOUR_MS
            found.setdefault((at, fill.market.spec.name), []).append(fill)
    return found


def _pnl(call: Call) -> dict[str, Any]:
    start, end = call.span("start", "end")
    hours = [(key, fills) for key, fills in _by_hour(call).items() if start <= key[0] <= end]
    return _counted(
        [_hour(at, symbol, fills) for (at, symbol), fills in hours[: call.whole("limit_hours", 168, 1, 2160)]]
    )


def _hour(at: int, symbol: str, fills: list[Fill]) -> dict[str, Any]:
    spec = fills[0].market.spec
    return {
        "hour": moment(at),
        "symbol": symbol,
        "cost": number(sum(spec.value(fill.deal.price, fill.deal.lots) for fill in fills), UNIT_PLACES),
        "fees": number(sum(fill.fee for fill in fills), UNIT_PLACES),
        "net_funding": number(0, 2),
        "quantity": number(sum(fill.deal.lots for fill in fills), spec.amount_places),
        "realised_pnl": number(sum(fill.order.realized for fill in fills), UNIT_PLACES),
        "unrealised_pnl": number(0, 2),
    }


def _volume(call: Call) -> dict[str, Any]:
    days: dict[int, list[int]] = {}
    for fill in _fills(call):
        if call.params.get("symbol") in (None, fill.market.spec.name):
            sums = days.setdefault(fill.deal.created_ms - fill.deal.created_ms % DAY_MS, [0, 0])
            sums[fill.is_taker] += fill.market.spec.value(fill.deal.price, fill.deal.lots)
    rows = [{"date": moment(at), **_volumes("", *sums)} for at, sums in days.items()]
    totals = [sum(sums[side] for sums in days.values()) for side in (0, 1)]
    return _counted(rows, **_until(call, "range"), interval="1d", symbols=[], **_volumes("total_", *totals))


def _volumes(prefix: str, made: int, taken: int) -> dict[str, Any]:
    sums = {"maker_volume": made, "taker_volume": taken, "volume": made + taken}
    return {prefix + name: number(units, UNIT_PLACES) for name, units in sums.items()}


def _referral_rewards(call: Call) -> dict[str, Any]:
    return _counted([], **_until(call, "duration"), interval="1d", total_amount=0)


def _twap_rows(call: Call) -> list[dict[str, Any]]:
    symbol = call.params.get("symbol")
    return [_twap(call, twap) for twap in reversed(call.server.twaps.all) if symbol in (None, twap.market.spec.name)]


def _twap(call: Call, twap: Twap) -> dict[str, Any]:
    record = call.server.twaps.record(twap)
    del record["user_id"]
    times = {"created_at": moment(twap.created_ms), "updated_at": None}
    return {**record, "filled_num_orders": sum(bool(order.filled) for order in twap.orders), **times}


def _twaps(call: Call) -> dict[str, Any]:
    return _counted(_twap_rows(call)[: call.whole("limit", 100, 1, MAX_LIMIT)])


def _subaccounts(call: Call) -> dict[str, Any]:
    return {"account_ids": [name for name, owner in call.server.accounts.items() if owner != call.server.owner]}


def _create_subaccount(call: Call) -> dict[str, Any]:
    account_id = uuid("account", len(call.server.accounts), call.server.own.user_id)
    call.server.accounts[account_id] = call.server.exchange.open_account()
    return {"account_id": account_id}


def _transfer(call: Call) -> dict[str, Any]:
    giver, taker = (call.server.accounts.get(call.params.get(f"{side}_account_id", "")) for side in ("src", "dst"))
    if giver is None or taker is None or giver == taker:
        raise Problem(404, "no such account")
    try:
        units = to_scaled(str(call.body.get("amount")), UNIT_PLACES)
    except BadNumber as error:
        raise Problem(422, "amount is no number") from error
    ledger = call.server.exchange.ledger
    if units <= 0 or ledger.balance(giver, "futures", QUOTE).available < units:
        raise Problem(400, "insufficient balance")
    try:
        ledger.deposit(giver, "futures", QUOTE, -units)
        ledger.deposit(taker, "futures", QUOTE, units)
    except NotEnough as error:
        raise Problem(400, "insufficient balance") from error
    return {}


def _csv(rows: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    lines = [",".join(names), *(",".join(_cell(row[name]) for name in names) for row in rows)]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else bytes(value).decode()


ORDER_COLUMNS: Final = (
    "order_id",
    "client_order_id",
    "symbol",
    "side",
    "type",
    "price",
    "quantity",
    "filled_qty",
    "terminal_status",
)
TRADE_COLUMNS: Final = ("id", "order_id", "symbol", "side", "price", "quantity", "fee")
TWAP_COLUMNS: Final = ("twap_id", "symbol", "side", "status")

Handler: TypeAlias = Callable[[Call], Any]
_SYMBOL: Final = "(?P<symbol>[^/]+)"

PATHS: Final[Mapping[tuple[str, str], tuple[bool, Handler]]] = {
    ("GET", f"/candles/{_SYMBOL}"): (False, _candles),
    ("GET", f"/funding/{_SYMBOL}"): (False, _funding),
    ("GET", f"/open-interest/{_SYMBOL}"): (False, _open_interest),
    ("GET", "/refdata"): (False, _refdata),
    ("GET", "/settlement-calendar"): (False, _settlement_calendar),
    ("GET", "/settlement-prices"): (False, _settlement_prices),
    ("GET", f"/symbol-long-short/{_SYMBOL}"): (False, _long_short),
    ("GET", f"/taker-volume/{_SYMBOL}"): (False, _taker_volume),
    ("GET", f"/underlier/{_SYMBOL}"): (False, _underlier),
    ("GET", "/historic-orders-csv"): (True, lambda call: _csv(_historic(call), ORDER_COLUMNS)),
    ("GET", "/historic-twaps-csv"): (True, lambda call: _csv(_twap_rows(call), TWAP_COLUMNS)),
    ("GET", "/trades-csv"): (True, lambda call: _csv(_trades(call), TRADE_COLUMNS)),
    ("GET", "/user/account-equity"): (True, _equity),
    ("GET", "/user/fees"): (True, _fees),
    ("GET", "/user/historic-orders"): (True, _historic_orders),
    ("GET", "/user/historic-pnl"): (True, _historic_pnl),
    ("GET", "/user/historic-twaps"): (True, _twaps),
    ("POST", "/user/leverage"): (True, _set_leverage),
    ("GET", "/user/positions"): (True, _positions),
    ("GET", "/user/referral-rewards"): (True, _referral_rewards),
    ("GET", "/user/subaccounts"): (True, _subaccounts),
    ("POST", "/user/subaccounts"): (True, _create_subaccount),
    ("GET", "/user/trade"): (True, lambda call: _counted(call.page(_trades(call)))),
    ("POST", "/user/transfer"): (True, _transfer),
    ("GET", "/user/volume"): (True, _volume),
    ("GET", "/pnl"): (True, _pnl),
}
"""Method and path; whether it must be signed, and what answers it."""
