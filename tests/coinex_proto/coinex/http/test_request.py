from __future__ import annotations

import hashlib
import hmac
import json
import string
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import UsageError
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import assets, build, call, futures, prepared, spot, system

ACCESS_ID = "EXAMPLEACCESSID0123456789ABCDEF"
SECRET_KEY = "2a6f1f9d8c7b4e3fb5a4d3c2b1a09f8e7d6c5b4a39281706"
CREDENTIALS = Credentials(ACCESS_ID, SECRET_KEY)
NOW_MS = 1700490703564

# The worked examples of the document: prepared string and signature.
BALANCE = (
    f"GET/v2/assets/spot/balance{NOW_MS}",
    "e29d962b966a0fd7d5cde8aceb4912556f5ce91ddccabba8b8b0a916abe43b6e",
)
PENDING = (
    f"GET/v2/spot/pending-order?market=BTCUSDT&market_type=SPOT&side=buy&page=1&limit=10{NOW_MS}",
    "a95408e07f6eca17e0b68d001a17d3efdb9d92282c834fce6236a4fb7f219547",
)
ENCODED_COMMA = (
    f"GET/v2/spot/batch-order-status?market=CETUSDT&order_ids=13400%2C13401{NOW_MS}",
    "fc50428520180e2355d909f5af557e784c512b62e2fee8b822d68687aaf2a1e2",
)
RAW_COMMA = (
    f"GET/v2/spot/batch-order-status?market=CETUSDT&order_ids=13400,13401{NOW_MS}",
    "e7462d24719d2380ac23f9ce77185037e1c763aedd091d747e1caef09d877bbb",
)
ORDER_BODY = (
    '{"market":"BTCUSDT","market_type":"SPOT","side":"buy","type":"limit","amount":"0.001","price":"10000",'
    '"client_id":"user1","is_hide":true}'
)
ORDER = (f"POST/v2/spot/order{ORDER_BODY}{NOW_MS}", "26fd6adbe48eca42b875697c1c86965ae9f7eaa06c4797e66ed2c12722b96cd2")
SPACED = (
    f'POST/v2/futures/close-position{{"market": "BTCUSDT", "market_type": "FUTURES", "type": "market"}}{NOW_MS}',
    "6428aaf28763e3f0d0aca64b72dab047b09d25412bee8d549a3f62a27256d5a7",
)


def put_order(**changes: Any) -> spot.PutOrder:
    fields: dict[str, Any] = {
        "market": "BTCUSDT",
        "side": "buy",
        "type": "limit",
        "amount": "0.001",
        "price": "10000",
        "client_id": "user1",
        "is_hide": True,
    }
    return spot.PutOrder(**{**fields, **changes})


def headers_of(request: Any) -> dict[str, str]:
    return dict(request.headers)


@pytest.mark.parametrize("vector", [BALANCE, PENDING, ENCODED_COMMA, RAW_COMMA, ORDER, SPACED])
def test_the_credentials_sign_as_the_document_does(vector: tuple[str, str]) -> None:
    assert CREDENTIALS.sign(vector[0]) == vector[1]


@pytest.mark.parametrize(
    ("command", "vector"),
    [
        (assets.GetSpotBalance(), BALANCE),
        (spot.ListPendingOrder(market="BTCUSDT", side="buy", page=1, limit=10), PENDING),
        (spot.GetMultiOrderStatus(market="CETUSDT", order_ids=(13400, 13401)), RAW_COMMA),
        (put_order(), ORDER),
    ],
    ids=["balance", "pending", "batch", "order"],
)
def test_a_command_is_signed_as_in_the_worked_examples(command: Any, vector: tuple[str, str]) -> None:
    request = build(command, CREDENTIALS, NOW_MS)
    assert prepared(request.method, request.target, request.body, NOW_MS) == vector[0]
    assert headers_of(request)["X-COINEX-SIGN"] == vector[1]


def test_an_order_goes_out_exactly_as_the_document_shows_it() -> None:
    request = build(put_order(), CREDENTIALS, NOW_MS)
    assert request.method == "POST"
    assert request.target == "/v2/spot/order"
    assert request.body == ORDER_BODY.encode()
    assert len(request.body) == 137
    assert headers_of(request) == {
        "Accept": "application/json",
        "Content-Type": "application/json; charset=utf-8",
        "X-COINEX-KEY": ACCESS_ID,
        "X-COINEX-SIGN": ORDER[1],
        "X-COINEX-TIMESTAMP": str(NOW_MS),
    }


def test_a_public_call_carries_no_key_even_with_credentials() -> None:
    request = build(futures.ListMarketTicker(market=("BTCUSDT", "ETHUSDT")), CREDENTIALS, NOW_MS)
    assert request.target == "/v2/futures/ticker?market=BTCUSDT,ETHUSDT"
    assert request.headers == (("Accept", "application/json"),)


def test_a_call_without_parameters_has_no_question_mark() -> None:
    assert build(system.Time()).target == "/v2/time"


def test_a_post_without_parameters_sends_and_signs_an_empty_object() -> None:
    request = build(call("POST", "/spot/cancel-all-order"), CREDENTIALS, NOW_MS)
    assert request.body == b"{}"
    signed = f"POST/v2/spot/cancel-all-order{{}}{NOW_MS}"
    assert headers_of(request)["X-COINEX-SIGN"] == CREDENTIALS.sign(signed)


def test_a_signed_call_without_credentials_is_refused() -> None:
    with pytest.raises(UsageError, match="Authentication required: GET /assets/spot/balance"):
        build(assets.GetSpotBalance(), None, NOW_MS)


def test_the_window_is_a_header_and_not_signed() -> None:
    plain = build(assets.GetSpotBalance(), CREDENTIALS, NOW_MS)
    wide = build(assets.GetSpotBalance(), CREDENTIALS, NOW_MS, window_ms=20_000)
    assert set(wide.headers) - set(plain.headers) == {("X-COINEX-WINDOWTIME", "20000")}


def test_the_path_of_another_base_url_is_signed_as_it_is_sent() -> None:
    request = build(assets.GetSpotBalance(), CREDENTIALS, NOW_MS, base_path="/proxy/v2")
    assert request.target == "/proxy/v2/assets/spot/balance"
    assert headers_of(request)["X-COINEX-SIGN"] == CREDENTIALS.sign(f"GET/proxy/v2/assets/spot/balance{NOW_MS}")


def test_booleans_lists_and_blanks_in_a_query_are_written_as_the_venue_wants_them() -> None:
    request = build(call("GET", "/account/subs", is_frozen=False, sub_user_name="a b&c", page=2), CREDENTIALS, NOW_MS)
    assert request.target == "/v2/account/subs?is_frozen=false&sub_user_name=a%20b%26c&page=2"


def test_an_object_cannot_be_part_of_a_query() -> None:
    with pytest.raises(UsageError, match="extra cannot be part of a query"):
        build(call("GET", "/spot/ticker", extra={"chain_id": "0"}))


def test_text_beyond_ascii_is_escaped_in_query_and_body() -> None:
    assert build(call("GET", "/account/subs", sub_user_name="é"), CREDENTIALS, 1).target.endswith(
        "sub_user_name=%C3%A9"
    )
    assert build(call("POST", "/account/subs", remark="é"), CREDENTIALS, 1).body == b'{"remark":"\\u00e9"}'


def test_no_secret_shows_in_the_repr_of_a_request() -> None:
    # Law 8
    shown = repr(build(put_order(), CREDENTIALS, NOW_MS))
    assert ACCESS_ID not in shown
    assert ORDER[1] not in shown
    assert SECRET_KEY not in shown


NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12).filter(
    lambda name: name not in ("method", "path")
)
AMOUNTS = st.decimals(min_value=Decimal(0), max_value=Decimal(10**12), places=12)
VALUES = st.text(min_size=1, max_size=20) | st.integers(-(10**18), 10**18) | st.booleans() | AMOUNTS
PARAMETERS = st.dictionaries(NAMES, VALUES, max_size=8).filter(
    lambda given: not any(name.endswith(("amount", "price")) for name in given)
)


@given(PARAMETERS, st.sampled_from(["GET", "POST"]), st.integers(0, 2**45), st.sampled_from(["/v2", "", "/x/v2"]))
def test_the_signature_over_the_bytes_on_the_wire_always_equals_the_header(
    parameters: dict[str, Any], method: str, timestamp_ms: int, base_path: str
) -> None:
    path = "/assets/withdraw"
    request = build(call(method, path, **parameters), CREDENTIALS, timestamp_ms, base_path=base_path)
    on_the_wire = method.encode() + request.target.encode("ascii") + request.body + str(timestamp_ms).encode()
    expected = hmac.new(SECRET_KEY.encode("latin-1"), on_the_wire, hashlib.sha256).hexdigest()
    assert headers_of(request)["X-COINEX-SIGN"] == expected
    assert headers_of(request)["X-COINEX-TIMESTAMP"] == str(timestamp_ms)


@given(PARAMETERS)
def test_what_the_server_reads_is_what_was_given(parameters: dict[str, Any]) -> None:
    query = build(call("GET", "/spot/ticker", **parameters)).target.partition("?")[2]
    assert dict(parse_qsl(query, keep_blank_values=True)) == {
        name: as_text(value) for name, value in parameters.items()
    }
    body = build(call("POST", "/account/settings", **parameters), CREDENTIALS, 1).body
    assert json.loads(body) == {
        name: format(value, "f") if isinstance(value, Decimal) else value for name, value in parameters.items()
    }
    assert body.isascii()


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
