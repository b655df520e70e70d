from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import ConnectFailed, OutcomeUnknown, PayloadError, RequestRefused, RequestTimedOut, SdkError
from coinex_proto.coinex.http import (
    CODES,
    HttpOutcomeUnknown,
    HttpRefused,
    HttpTimedOut,
    HttpUnreachable,
    UnreadableAnswer,
    assets,
    lost_after_sending,
    never_sent,
    parse,
    spot,
    system,
)

QUERY = assets.GetSpotBalance()
ORDER = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="1", price="2", client_id="user1")
HTML = b"<html><title>502 Bad Gateway</title></html>"


def refusal(code: int, message: str = "no") -> bytes:
    return json.dumps({"code": code, "data": {}, "message": message}).encode()


def test_a_stray_blank_in_the_message_is_no_error() -> None:
    assert parse(system.Time(), 200, b'{"code": 0, "data": {"timestamp": 7}, "message": "OK "}').timestamp == 7


def test_the_code_counts_and_the_message_does_not() -> None:
    with pytest.raises(HttpRefused):
        parse(QUERY, 200, refusal(4005, "OK"))


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_documented_code_explains_itself(code: int) -> None:
    with pytest.raises(HttpRefused) as caught:
        parse(QUERY, 200, refusal(code, " why "))
    error = caught.value
    assert (error.code, error.message, error.endpoint, error.status) == (code, "why", "GET /assets/spot/balance", 200)
    assert error.kind
    assert error.hint
    assert error.hint in str(error)
    assert error.endpoint in str(error)
    assert str(code) in str(error)


def test_an_unknown_code_surfaces_with_code_message_and_request() -> None:
    with pytest.raises(HttpRefused, match=r"code 98765.*brand new.*GET /assets/spot/balance") as caught:
        parse(QUERY, 200, refusal(98765, "brand new"))
    assert (caught.value.code, caught.value.kind, caught.value.retryable) == (98765, "", False)


@pytest.mark.parametrize(("code", "retryable"), [(3008, True), (4001, True), (4010, True), (4213, True), (3109, False)])
def test_a_query_may_be_repeated_where_the_document_says_so(code: int, retryable: bool) -> None:
    with pytest.raises(HttpRefused) as caught:
        parse(QUERY, 200, refusal(code))
    assert caught.value.retryable is retryable


@pytest.mark.parametrize("code", [3008, 4001, 4002, 4003])
def test_an_order_that_may_have_been_placed_is_not_called_refused(code: int) -> None:
    with pytest.raises(
        HttpOutcomeUnknown, match=r"POST /spot/order: outcome unknown.*resolve_order\('user1'\)"
    ) as caught:
        parse(ORDER, 200, refusal(code))
    assert isinstance(caught.value, OutcomeUnknown)
    assert (caught.value.code, caught.value.retryable, caught.value.command) == (code, False, ORDER)


@pytest.mark.parametrize("code", [3109, 3127, 4005, 4010, 4213, 98765])
def test_an_order_that_the_venue_turned_down_is_refused(code: int) -> None:
    with pytest.raises(RequestRefused) as caught:
        parse(ORDER, 200, refusal(code))
    assert caught.value.code == code


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_gateway_error_leaves_the_outcome_of_an_order_unknown(status: int) -> None:
    with pytest.raises(HttpOutcomeUnknown, match=f"HTTP {status}"):
        parse(ORDER, status, HTML)


@pytest.mark.parametrize("status", [201, 202, 204, 206, 303, 408])
def test_a_status_that_does_not_say_no_leaves_the_outcome_of_an_order_unknown(status: int) -> None:
    with pytest.raises(HttpOutcomeUnknown, match=f"HTTP {status}"):
        parse(ORDER, status, b"")


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 407, 413, 451])
def test_a_gateway_that_passed_an_order_on_to_nobody_has_refused_it(status: int) -> None:
    with pytest.raises(HttpRefused, match=f"HTTP {status}"):
        parse(ORDER, status, HTML)


@pytest.mark.parametrize("code", [0, 3008, 4001, 4002, 4003])
def test_a_code_under_another_status_leaves_the_outcome_of_an_order_as_open_as_under_200(code: int) -> None:
    with pytest.raises(HttpOutcomeUnknown, match="HTTP 400") as caught:
        parse(ORDER, 400, refusal(code))
    assert caught.value.code == (code or None)


@pytest.mark.parametrize(("status", "retryable"), [(502, True), (429, True), (403, False), (302, False), (404, False)])
def test_a_gateway_s_answer_is_kept_and_need_not_be_json(status: int, retryable: bool) -> None:
    with pytest.raises(HttpRefused, match=f"HTTP {status}") as caught:
        parse(QUERY, status, HTML)
    error = caught.value
    assert (error.code, error.status, error.body, error.retryable) == (None, status, HTML, retryable)


def test_a_large_gateway_page_is_cut() -> None:
    with pytest.raises(HttpRefused) as caught:
        parse(QUERY, 502, b"x" * 100_000)
    assert len(caught.value.body) == 4096
    assert len(str(caught.value)) < 500


def test_the_venue_s_words_under_another_status_count() -> None:
    with pytest.raises(HttpRefused) as caught:
        parse(QUERY, 403, refusal(4007, "ip"))
    assert (caught.value.code, caught.value.kind, caught.value.message) == (4007, "auth", "ip")


def test_a_gateway_that_says_code_0_has_not_succeeded() -> None:
    with pytest.raises(HttpRefused):
        parse(QUERY, 502, b'{"code": 0, "data": [], "message": "OK"}')


def test_a_429_is_the_rate_limit_also_for_an_order() -> None:
    with pytest.raises(HttpRefused) as caught:
        parse(ORDER, 429, b"")
    assert caught.value.is_rate_limit


@pytest.mark.parametrize("body", [b"", HTML, b'{"code": 0, "data": {}}', b'{"code": 0, "data": {"order_id": "x"}}'])
def test_an_unreadable_answer_to_an_order_leaves_its_outcome_unknown(body: bytes) -> None:
    with pytest.raises(HttpOutcomeUnknown, match="cannot be read"):
        parse(ORDER, 200, body)


@pytest.mark.parametrize("body", [b"", HTML, b'{"code": 0, "data": {}}'])
def test_an_unreadable_answer_to_a_query_is_a_payload_error(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer, match="GET /assets/spot/balance") as caught:
        parse(QUERY, 200, body)
    assert isinstance(caught.value, PayloadError)
    assert (caught.value.code, caught.value.retryable) == (None, False)


def test_an_order_without_a_client_id_says_where_to_look() -> None:
    anonymous = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="1", price="2")
    with pytest.raises(HttpOutcomeUnknown, match="GET /spot/pending-order market=BTCUSDT"):
        parse(anonymous, 504, b"")


def test_a_transfer_of_open_outcome_says_what_to_ask() -> None:
    transfer = assets.Transfer(from_account_type="SPOT", to_account_type="FUTURES", ccy="USDT", amount="1")
    with pytest.raises(
        HttpOutcomeUnknown, match=r"POST /assets/transfer: outcome unknown.*GET /assets/transfer-history ccy=USDT"
    ):
        parse(transfer, 504, b"")


def test_a_lost_connection_after_sending_is_told_apart_by_what_the_call_does() -> None:
    unknown = lost_after_sending(ORDER, "reset", host="h", timed_out=False)
    assert isinstance(unknown, HttpOutcomeUnknown)
    unreachable = lost_after_sending(QUERY, "reset", host="h", timed_out=False)
    assert isinstance(unreachable, HttpUnreachable)
    assert isinstance(unreachable, ConnectFailed)
    assert unreachable.retryable
    slow = lost_after_sending(QUERY, "30 s", host="h", timed_out=True)
    assert isinstance(slow, HttpTimedOut)
    assert isinstance(slow, RequestTimedOut)
    assert slow.retryable


def test_an_order_that_never_left_is_not_unknown() -> None:
    error = never_sent(ORDER, "Connection refused", host="api.coinex.com")
    assert isinstance(error, ConnectFailed)
    assert "POST /spot/order: no answer from api.coinex.com: Connection refused" in str(error)


@given(st.integers(100, 599), st.binary(max_size=300))
def test_whatever_comes_ends_in_a_result_or_in_one_of_our_errors(status: int, body: bytes) -> None:
    # Law 3
    for command in (QUERY, ORDER):
        with suppress(HttpRefused, HttpOutcomeUnknown, UnreadableAnswer):
            parse(command, status, body)


@pytest.mark.parametrize(("status", "body"), [(200, refusal(3109)), (502, HTML), (200, HTML), (504, b"")])
def test_every_error_carries_what_a_program_needs(status: int, body: bytes) -> None:
    for command in (QUERY, ORDER):
        with pytest.raises(SdkError) as caught:
            parse(command, status, body)
        error: Any = caught.value
        assert error.endpoint == str(command.route)
        assert isinstance(error.retryable, bool)
        assert isinstance(error.hint, str)
        assert error.code is None or isinstance(error.code, int)
