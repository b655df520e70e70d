"""The account itself over HTTP: its number and settings, its sub-accounts, their keys and their money.

Only the main account manages sub-accounts.  A key of a sub-account signs like any other, until it or its account is frozen.
Source: CoinEx HTTP API v2, account pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any, Final

from coinex_proto.simulator.coinex.error_codes import ApiError, Problem, bad_argument, bad_parameter
from coinex_proto.simulator.coinex.http_request import ApiRequest, Endpoint, Handler, Page, Table
from coinex_proto.simulator.coinex.http_wallet import is_within, known_currency, move, settlement_currencies
from coinex_proto.simulator.coinex.records import MOST_KEYS, MOST_SUBS, SubAccount, SubKey
from coinex_proto.simulator.coinex.wire import units as text_of
from coinex_proto.simulator.market.amounts import UNIT_PLACES, to_short_text

FIRST_USER_ID: Final = 11_228_000
PERMISSIONS: Final = ("FUTURES", "MARGIN", "AMM", "API")
WALLETS: Final = ("SPOT", "FUTURES")
CENTS: Final = 2

_NAME: Final = re.compile(r"[A-Za-z0-9_@.-]{1,64}", re.ASCII)


def _info(request: ApiRequest) -> object:
    return {"user_id": str(FIRST_USER_ID + request.owner)}


def _set_settings(request: ApiRequest) -> object:
    request.flag("cet_discount_enabled")
    return {}


def _futures_settings(request: ApiRequest) -> object:
    return {"settle_switch": request.server.records.settle_switch.get(request.owner, 2)}


def _set_futures_settings(request: ApiRequest) -> object:
    switch = request.number("settle_switch")
    if switch not in (1, 2):
        raise bad_parameter("settle_switch")
    request.server.records.settle_switch[request.owner] = switch
    return {}


def _sub_info(request: ApiRequest) -> object:
    sub = request.server.records.subs.get(request.owner)
    return {
        "sub_user_name": "" if sub is None else sub.name,
        "user_type": "NORMAL" if sub is None else "SUB_ACCOUNT",
    }


# sub-accounts


def _of_main(handler: Handler) -> Handler:
    """For the main account alone."""

    def handle(request: ApiRequest) -> object:
        if request.owner in request.server.records.subs:
            raise ApiError(Problem.PERMISSION)
        return handler(request)

    return handle


def _named(request: ApiRequest, parameter: str = "sub_user_name") -> SubAccount:
    name = request.text(parameter)
    sub = request.server.records.subs_of(request.owner).get(name)
    if sub is None:
        raise bad_parameter(f"{parameter} {name[:40]} not found")
    return sub


def _create(request: ApiRequest) -> object:
    name = request.text("sub_user_name")
    records = request.server.records
    if not _NAME.fullmatch(name):
        raise bad_argument()
    if any(sub.name == name for sub in records.subs.values()) or len(records.subs) >= MOST_SUBS:
        raise bad_parameter("sub_user_name")
    permissions = _texts(request, "permissions", [])
    if not set(permissions) <= set(PERMISSIONS):
        raise bad_parameter("permissions")
    owner = request.exchange.open_account()
    records.subs[owner] = SubAccount(name=name, main=request.owner, owner=owner, permissions=permissions)
    return {}


def _texts(request: ApiRequest, name: str, default: list[str] | None = None) -> list[str]:
    found = request.params.get(name, default)
    if (
        not isinstance(found, list)
        or len(found) > 50
        or not all(isinstance(one, str) and len(one) < 64 for one in found)
    ):
        raise bad_parameter(name)
    return found


def _list(request: ApiRequest) -> Page:
    wanted = request.text("sub_user_name", "")
    is_frozen = request.flag("is_frozen") if request.params.get("is_frozen") not in (None, "") else None
    return request.page(
        [
            {
                "sub_user_name": sub.name,
                "is_frozen": sub.is_frozen,
                "is_authorized": False,
                "permissions": sub.permissions,
                "balance_usd": to_short_text(_worth(request, sub.owner), CENTS),
            }
            for sub in request.server.records.subs_of(request.owner).values()
            if wanted in ("", sub.name) and is_frozen in (None, sub.is_frozen)
        ]
    )


def _worth(request: ApiRequest, owner: int) -> int:
    """Cents of US dollars that an account owns, at the middle prices against stable coins."""
    exchange, total = request.exchange, 0
    for wallet in ("spot", "futures"):
        for currency, balance in exchange.ledger.wallet(owner, wallet):
            if currency in ("USDT", "USDC"):
                total += balance.total // 10 ** (UNIT_PLACES - CENTS)
                continue
            market = request.server.feeds["spot"].markets.get(f"{currency}USDT")
            if market is not None:
                total += balance.total * market.middle // 10 ** (market.spec.price_places + UNIT_PLACES - CENTS)
    return total


def _freeze(request: ApiRequest) -> object:
    _named(request).is_frozen = True
    return {}


def _unfreeze(request: ApiRequest) -> object:
    _named(request).is_frozen = False
    return {}


# their keys


def _create_key(request: ApiRequest) -> object:
    sub, records = _named(request), request.server.records
    if "API" not in sub.permissions:
        raise ApiError(Problem.PERMISSION)
    if len(sub.keys) >= MOST_KEYS:
        raise bad_parameter("sub_user_name")
    number = records.new_number()
    random = Random(f"{request.server.seed}:key:{number}")
    key = sub.keys[number] = SubKey(
        number=number, access_id=f"{random.getrandbits(128):032X}", secret_key=f"{random.getrandbits(192):048x}",
        ip_whitelist=_texts(request, "ip_whitelist"), trade_enabled=request.flag("trade_enabled"),
        remark=request.text("remark", "")[:200], created_ms=request.exchange.now_ms,
    )  # fmt: skip
    request.server.accounts.add(key.access_id, key.secret_key, sub.owner)
    return _key(key)


def _key(key: SubKey) -> dict[str, Any]:
    return {
        "api_id": key.number,
        "created_at": key.created_ms,
        "access_id": key.access_id,
        "secret_key": key.secret_key,
        "ip_whitelist": key.ip_whitelist,
        "trade_enabled": key.trade_enabled,
        "withdraw_enabled": False,
        "is_expired": False,
        "expires_at": 0,
        "remark": key.remark,
    }


def _keys(request: ApiRequest) -> Page:
    return request.page([_key(key) for key in _named(request).keys.values()])


def _named_key(request: ApiRequest) -> tuple[SubAccount, SubKey]:
    number = request.number("api_id")
    for sub in request.server.records.subs_of(request.owner).values():
        if number in sub.keys:
            return sub, sub.keys[number]
    raise bad_parameter("api_id")


def _key_detail(request: ApiRequest) -> object:
    return _key(_named_key(request)[1])


def _edit_key(request: ApiRequest) -> object:
    _, key = _named_key(request)
    whitelist = _texts(request, "ip_whitelist", key.ip_whitelist)
    trade_enabled = request.flag("trade_enabled", key.trade_enabled)
    key.remark = request.text("remark", key.remark or "-")[:200] if "remark" in request.params else key.remark
    key.ip_whitelist, key.trade_enabled = whitelist, trade_enabled
    return {}


def _delete_key(request: ApiRequest) -> object:
    sub, key = _named_key(request)
    del sub.keys[key.number]
    request.server.accounts.remove(key.access_id)
    return {}


# their money


def _transfer(request: ApiRequest) -> object:
    source, target = request.word("from_account_type", WALLETS), request.word("to_account_type", WALLETS)
    giver, taker = _side(request, "from_user_name"), _side(request, "to_user_name")
    if giver == taker:
        raise bad_parameter("to_user_name")
    if request.owner not in (giver, taker) and (source, target) != ("SPOT", "SPOT"):
        raise bad_parameter("to_account_type")
    currency, amount = known_currency(request), request.scaled("amount", UNIT_PLACES)
    if "FUTURES" in (source, target) and currency not in settlement_currencies(request):
        raise bad_parameter(f"ccy {currency} has no futures account")
    move(request, giver, taker, source.lower(), target.lower(), currency, amount)
    now_ms = request.exchange.now_ms
    request.server.records.note(
        "sub_transfer", giver, source.lower(), target.lower(), currency, amount, now_ms, other=taker
    )
    return {}


def _side(request: ApiRequest, parameter: str) -> int:
    """The owner number of one side of a transfer; without a name the main account's."""
    return _named(request, parameter).owner if request.params.get(parameter) not in (None, "") else request.owner


def _transfers(request: ApiRequest) -> Page:
    wanted, currency = request.text("sub_user_name", ""), known_currency(request, "")
    subs = request.server.records.subs
    rows = []
    for moved in reversed(request.server.records.movements):
        if moved.kind != "sub_transfer" or not is_within(request, moved.at_ms):
            continue
        names = [subs[owner].name if owner in subs else "" for owner in (moved.owner, moved.other)]
        is_own = any(owner in subs and subs[owner].main == request.owner for owner in (moved.owner, moved.other))
        if is_own and (wanted == "" or wanted in names) and currency in ("", moved.currency):
            rows.append(
                {
                    "id": moved.number,
                    "created_at": moved.at_ms,
                    "from_user_name": names[0],
                    "to_user_name": names[1],
                    "from_account_type": moved.source.upper(),
                    "to_account_type": moved.target.upper(),
                    "ccy": moved.currency,
                    "amount": text_of(moved.units),
                    "status": "finished",
                }
            )
    return request.page(rows)


def _balances(request: ApiRequest) -> object:
    sub, wanted = _named(request), known_currency(request, "")
    return [
        {"ccy": currency, "available": text_of(balance.available), "frozen": text_of(balance.frozen)}
        for currency, balance in request.exchange.ledger.wallet(sub.owner, "spot")
        if wanted in ("", currency)
    ]


def _rows(method: str, group: str, handlers: dict[str, Callable[[ApiRequest], object]]) -> Table:
    return {(method, f"/account/subs{path}"): Endpoint(_of_main(handler), group) for path, handler in handlers.items()}


TABLE: Final[Table] = {
    ("GET", "/account/info"): Endpoint(_info, "unlisted"),
    ("POST", "/account/settings"): Endpoint(_set_settings, "spot_account_write"),
    ("GET", "/account/futures-market-settings"): Endpoint(_futures_settings, "unlisted"),
    ("POST", "/account/futures-market-settings"): Endpoint(_set_futures_settings, "unlisted"),
    ("GET", "/account/subs/info"): Endpoint(_sub_info, "spot_account_query"),
    **_rows(
        "POST",
        "spot_account_write",
        {
            "": _create,
            "/frozen": _freeze,
            "/unfrozen": _unfreeze,
            "/api": _create_key,
            "/edit-api": _edit_key,
            "/delete-api": _delete_key,
            "/transfer": _transfer,
        },
    ),
    **_rows(
        "GET",
        "spot_account_query",
        {"": _list, "/api": _keys, "/api-detail": _key_detail, "/spot-balance": _balances},
    ),
    **_rows("GET", "spot_account_history", {"/transfer-history": _transfers}),
    **_rows("GET", "unlisted", {"/balance": _balances}),
}
