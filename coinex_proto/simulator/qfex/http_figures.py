"""What the paths of the local QFEX answer about profit, volume, TWAPs and subaccounts of an account.

Source: OpenAPI files of the venue. Numbers of the account are JSON numbers.
"""

from __future__ import annotations

from typing import Any, Final

from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.amounts import UNIT_PLACES, BadNumber, to_scaled
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.qfex.catalogue import QUOTE
from coinex_proto.simulator.qfex.http_account import fills_of, until
from coinex_proto.simulator.qfex.http_call import Call, Paths, Problem, counted, csv_of
from coinex_proto.simulator.qfex.twaps import Twap
from coinex_proto.simulator.qfex.wire import moment, number, uuid

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
MAX_LIMIT: Final = 1000

TWAP_COLUMNS: Final = ("twap_id", "symbol", "side", "status")


def _historic_pnl(call: Call) -> dict[str, Any]:
    hours = _by_hour(call)
    rows = [
        {"window_start": moment(at), "value": number(sum(fill.order.realized for fill in fills), UNIT_PLACES)}
        for (at, _), fills in hours.items()
    ]
    symbols = sorted({symbol for _, symbol in hours})
    unit = call.params.get("unit", "number")
    return counted(rows, **until(call, "duration"), interval_minutes=60, symbols=symbols, unit=unit)


def _by_hour(call: Call) -> dict[tuple[int, str], list[Fill]]:
    found: dict[tuple[int, str], list[Fill]] = {}
    for fill in fills_of(call):
        if call.params.get("symbol") in (None, fill.market.spec.name):
            at = fill.deal.created_ms - fill.deal.created_ms % HOUR_MS
            found.setdefault((at, fill.market.spec.name), []).append(fill)
    return found


def _pnl(call: Call) -> dict[str, Any]:
    start, end = call.span("start", "end")
    hours = [(key, fills) for key, fills in _by_hour(call).items() if start <= key[0] <= end]
    return counted(
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
    for fill in fills_of(call):
        if call.params.get("symbol") in (None, fill.market.spec.name):
            sums = days.setdefault(fill.deal.created_ms - fill.deal.created_ms % DAY_MS, [0, 0])
            sums[fill.is_taker] += fill.market.spec.value(fill.deal.price, fill.deal.lots)
    rows = [{"date": moment(at), **_volumes("", *sums)} for at, sums in days.items()]
    totals = [sum(sums[side] for sums in days.values()) for side in (0, 1)]
    return counted(rows, **until(call, "range"), interval="1d", symbols=[], **_volumes("total_", *totals))


def _volumes(prefix: str, made: int, taken: int) -> dict[str, Any]:
    sums = {"maker_volume": made, "taker_volume": taken, "volume": made + taken}
    return {prefix + name: number(units, UNIT_PLACES) for name, units in sums.items()}


def _referral_rewards(call: Call) -> dict[str, Any]:
    return counted([], **until(call, "duration"), interval="1d", total_amount=0)


def _twap_rows(call: Call) -> list[dict[str, Any]]:
    symbol = call.params.get("symbol")
    return [_twap(call, twap) for twap in reversed(call.server.twaps.all) if symbol in (None, twap.market.spec.name)]


def _twap(call: Call, twap: Twap) -> dict[str, Any]:
    record = call.server.twaps.record(twap)
    del record["user_id"]
    times = {"created_at": moment(twap.created_ms), "updated_at": None}
    return {**record, "filled_num_orders": sum(bool(order.filled) for order in twap.orders), **times}


def _twaps(call: Call) -> dict[str, Any]:
    return counted(_twap_rows(call)[: call.whole("limit", 100, 1, MAX_LIMIT)])


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


PATHS: Final[Paths] = {
    ("GET", "/historic-twaps-csv"): (True, lambda call: csv_of(_twap_rows(call), TWAP_COLUMNS)),
    ("GET", "/user/historic-pnl"): (True, _historic_pnl),
    ("GET", "/user/historic-twaps"): (True, _twaps),
    ("GET", "/user/referral-rewards"): (True, _referral_rewards),
    ("GET", "/user/subaccounts"): (True, _subaccounts),
    ("POST", "/user/subaccounts"): (True, _create_subaccount),
    ("POST", "/user/transfer"): (True, _transfer),
    ("GET", "/user/volume"): (True, _volume),
    ("GET", "/pnl"): (True, _pnl),
}
