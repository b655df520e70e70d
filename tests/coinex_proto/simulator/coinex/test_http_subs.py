"""Sub-accounts, their keys and their money."""

from __future__ import annotations

import pytest

from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.simulator.http_peer import ORDER, code, data, request
from tests.coinex_proto.simulator.peer import Json, quiet_server

SUB: Json = {"sub_user_name": "sub1"}
KEY: Json = {**SUB, "ip_whitelist": ["1.1.1.1"], "trade_enabled": True, "remark": "test"}
GIVE: Json = {
    "from_account_type": "SPOT",
    "to_account_type": "SPOT",
    "ccy": "USDT",
    "amount": "1000",
    "to_user_name": "sub1",
}


def with_sub() -> tuple[CoinexServer, Json]:
    """A server whose account has a sub-account with a key."""
    server = quiet_server()
    data(server, "POST", "/v2/account/subs", {**SUB, "permissions": ["API", "FUTURES"]})
    made: Json = data(server, "POST", "/v2/account/subs/api", KEY)
    return server, made


def as_sub(server: CoinexServer, key: Json, method: str, target: str, body: object = None) -> Json:
    headers = {"X-COINEX-KEY": key["access_id"]}
    return request(server, method, target, body, headers=headers, secret_key=key["secret_key"])[2]


def test_a_sub_account_is_made_listed_frozen_and_freed() -> None:
    server, key = with_sub()
    (row,) = data(server, "GET", "/v2/account/subs?is_frozen=false")
    assert (row["sub_user_name"], row["permissions"], row["balance_usd"]) == ("sub1", ["API", "FUTURES"], "0")
    data(server, "POST", "/v2/account/subs/frozen", SUB)
    assert data(server, "GET", "/v2/account/subs?is_frozen=false") == []
    assert as_sub(server, key, "GET", "/v2/assets/spot/balance")["code"] == 4011
    data(server, "POST", "/v2/account/subs/unfrozen", SUB)
    assert as_sub(server, key, "GET", "/v2/assets/spot/balance")["code"] == 0


def test_money_goes_to_a_sub_account_which_trades_with_it_and_back() -> None:
    server, key = with_sub()
    data(server, "POST", "/v2/account/subs/transfer", GIVE)
    rows = data(server, "GET", "/v2/account/subs/spot-balance?sub_user_name=sub1")
    assert rows == [{"ccy": "USDT", "available": "1000", "frozen": "0"}]
    placed = as_sub(server, key, "POST", "/v2/spot/order", {**ORDER, "price": "100"})
    assert placed["code"] == 0
    assert server.orders() == ()
    too_much = {**GIVE, "from_user_name": "sub1", "to_user_name": None}
    assert code(request(server, "POST", "/v2/account/subs/transfer", too_much)) == 3109
    data(server, "POST", "/v2/account/subs/transfer", {**too_much, "amount": "900"})
    history = data(server, "GET", "/v2/account/subs/transfer-history?sub_user_name=sub1")
    assert [(row["from_user_name"], row["to_user_name"], row["amount"]) for row in history] == [
        ("sub1", "", "900"),
        ("", "sub1", "1000"),
    ]
    assert data(server, "GET", "/v2/account/subs")[0]["balance_usd"] == "100"


def test_keys_are_listed_edited_and_deleted() -> None:
    server, key = with_sub()
    number = key["api_id"]
    assert data(server, "GET", "/v2/account/subs/api?sub_user_name=sub1") == [key]
    data(server, "POST", "/v2/account/subs/edit-api", {"api_id": number, "trade_enabled": False})
    assert data(server, "GET", f"/v2/account/subs/api-detail?api_id={number}") == {**key, "trade_enabled": False}
    assert as_sub(server, key, "POST", "/v2/spot/order", ORDER)["code"] == 4115
    data(server, "POST", "/v2/account/subs/delete-api", {"api_id": number})
    assert as_sub(server, key, "GET", "/v2/assets/spot/balance")["code"] == 4005
    assert code(request(server, "GET", f"/v2/account/subs/api-detail?api_id={number}")) == 3639


def test_a_sub_account_knows_what_it_is_and_manages_nothing() -> None:
    server, key = with_sub()
    assert data(server, "GET", "/v2/account/subs/info") == {"sub_user_name": "", "user_type": "NORMAL"}
    info = as_sub(server, key, "GET", "/v2/account/subs/info")["data"]
    assert info == {"sub_user_name": "sub1", "user_type": "SUB_ACCOUNT"}
    assert as_sub(server, key, "GET", "/v2/account/subs")["code"] == 4512
    numbers = {data(server, "GET", "/v2/account/info")["user_id"]}
    numbers.add(as_sub(server, key, "GET", "/v2/account/info")["data"]["user_id"])
    assert len(numbers) == 2


@pytest.mark.parametrize(
    ("path", "terms", "expected"),
    [
        ("", SUB, 3639),
        ("", {"sub_user_name": "no blanks"}, 4004),
        ("", {"sub_user_name": "sub2", "permissions": ["GOD"]}, 3639),
        ("", {"sub_user_name": "sub2", "permissions": "API"}, 3639),
        ("/frozen", {"sub_user_name": "nobody"}, 3639),
        ("/api", {**KEY, "trade_enabled": "perhaps"}, 3639),
        ("/edit-api", {"api_id": 1}, 3639),
        ("/transfer", {**GIVE, "to_user_name": None}, 3639),
        ("/transfer", {**GIVE, "to_account_type": "FUTURES", "ccy": "BTC"}, 3639),
        ("/transfer", {**GIVE, "to_account_type": "BANK"}, 3639),
    ],
)
def test_what_cannot_be_is_refused(path: str, terms: Json, expected: int) -> None:
    server, _ = with_sub()
    assert code(request(server, "POST", f"/v2/account/subs{path}", terms)) == expected


def test_a_sub_account_without_the_permission_gets_no_key() -> None:
    server = quiet_server()
    data(server, "POST", "/v2/account/subs", SUB)
    assert code(request(server, "POST", "/v2/account/subs/api", KEY)) == 4512


def test_settings_are_kept() -> None:
    server = quiet_server()
    assert data(server, "POST", "/v2/account/settings", {"cet_discount_enabled": True}) == {}
    assert data(server, "GET", "/v2/account/futures-market-settings") == {"settle_switch": 2}
    data(server, "POST", "/v2/account/futures-market-settings", {"settle_switch": 1})
    assert data(server, "GET", "/v2/account/futures-market-settings") == {"settle_switch": 1}
    assert code(request(server, "POST", "/v2/account/futures-market-settings", {"settle_switch": 3})) == 3639
