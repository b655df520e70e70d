"""HTTP v2: signatures over the exact bytes, codes, limits, and that HTTP and sockets see the same exchange."""

from __future__ import annotations

import hmac
from hashlib import sha256

import pytest

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.coinex.accounts import Key, is_signed
from tests.coinex_proto.simulator.http_peer import ORDER, code, data, place, request
from tests.coinex_proto.simulator.peer import START, quiet_server


@pytest.mark.parametrize(
    ("prepared", "signature"),
    [
        ("GET/v2/assets/spot/balance", "e29d962b966a0fd7d5cde8aceb4912556f5ce91ddccabba8b8b0a916abe43b6e"),
        (
            "GET/v2/spot/batch-order-status?market=CETUSDT&order_ids=13400,13401",
            "e7462d24719d2380ac23f9ce77185037e1c763aedd091d747e1caef09d877bbb",
        ),
        (
            'POST/v2/futures/close-position{"market": "BTCUSDT", "market_type": "FUTURES", "type": "market"}',
            "6428aaf28763e3f0d0aca64b72dab047b09d25412bee8d549a3f62a27256d5a7",
        ),
    ],
)
def test_the_worked_signatures_of_the_wire_document_are_accepted(prepared: str, signature: str) -> None:
    key = Key(access_id="x", secret_key="2a6f1f9d8c7b4e3fb5a4d3c2b1a09f8e7d6c5b4a39281706", owner=1)
    assert is_signed(key, f"{prepared}1700490703564".encode(), signature)
    assert not is_signed(key, f"{prepared}1700490703565".encode(), signature)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({"X-COINEX-KEY": ""}, 4005),
        ({"X-COINEX-KEY": "SOMEBODY"}, 4005),
        ({"X-COINEX-SIGN": "xyz"}, 4008),
        ({"X-COINEX-SIGN": "0" * 64}, 4006),
        ({"X-COINEX-TIMESTAMP": "soon"}, 4010),
        ({"X-COINEX-TIMESTAMP": str(int(START * 1000) - 5001)}, 4010),
        ({"X-COINEX-TIMESTAMP": str(int(START * 1000) + 5001)}, 4010),
        ({"X-COINEX-TIMESTAMP": str(int(START * 1000) + 4999)}, 4006),
    ],
)
def test_signed_requests_need_key_signature_and_a_fresh_time(headers: dict[str, str], expected: int) -> None:
    assert code(request(quiet_server(), "GET", "/v2/assets/spot/balance", headers=headers)) == expected


def test_a_request_may_name_another_clock_window() -> None:
    server = quiet_server()
    stamp = str(server.clock_ms - 20_000)
    target = "/v2/assets/spot/balance"
    sign = hmac.new(server.secret_key.encode(), f"GET{target}{stamp}".encode(), sha256).hexdigest()
    headers = {"X-COINEX-TIMESTAMP": stamp, "X-COINEX-SIGN": sign}
    assert code(request(server, "GET", target, headers=headers)) == 4010
    assert code(request(server, "GET", target, headers={**headers, "X-COINEX-WINDOWTIME": "30000"})) == 0


@pytest.mark.parametrize("allowed", [True, False])
def test_the_old_signature_without_hmac_passes_unless_only_hmac_is_to(allowed: bool) -> None:
    server = quiet_server() if allowed else quiet_server(allows_old_signatures=False)
    stamp, target = str(server.clock_ms), "/v2/assets/spot/balance"
    sign = sha256(f"GET{target}{stamp}{server.secret_key}".encode()).hexdigest()
    assert code(request(server, "GET", target, headers={"X-COINEX-SIGN": sign})) == (0 if allowed else 4006)


def test_the_query_is_signed_as_it_was_sent() -> None:
    server = quiet_server()
    first, second = place(server)["order_id"], place(server)["order_id"]
    for comma in (",", "%2C"):
        found = data(server, "GET", f"/v2/spot/batch-order-status?market=BTCUSDT&order_ids={first}{comma}{second}")
        assert [element["data"]["order_id"] for element in found] == [first, second]


@pytest.mark.parametrize(
    ("method", "target", "status", "expected"),
    [
        ("GET", "/v2/spot/nothing", 200, 4009),
        ("GET", "/spot/market", 200, 4009),
        ("POST", "/v2/time", 200, 4009),
        ("GET", "/v2/time/", 200, 0),
        ("GET", "/v2/ping", 200, 0),
        ("GET", "/v2/spot/depth?market=BTCUSDT&limit=7&interval=0", 200, 3639),
        ("GET", "/v2/spot/depth?market=BTCUSDT&limit=5&interval=x", 200, 3639),
        ("GET", "/v2/spot/depth?market=NOUSDT&limit=5&interval=0", 200, 3639),
        ("GET", "/v2/spot/kline?market=BTCUSDT&period=7min", 200, 3639),
    ],
)
def test_public_requests_answer_unsigned_and_say_what_is_wrong(
    method: str, target: str, status: int, expected: int | None
) -> None:
    answer = request(quiet_server(), method, target, signed=False)
    assert answer[0] == status
    assert answer[2].get("code") == expected


def test_a_body_that_is_no_object_is_a_parameter_error() -> None:
    assert code(request(quiet_server(), "POST", "/v2/spot/order", [1])) == 4004


def test_a_limited_request_says_what_is_left_and_an_empty_bucket_refuses_until_it_refills() -> None:
    server = quiet_server()
    target = "/v2/assets/spot/balance"
    for left in range(9, -1, -1):
        _, headers, _ = request(server, "GET", target)
        assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("10", str(left))
    assert code(request(server, "GET", target)) == 4213
    server.advance(server.now + 0.15)
    assert code(request(server, "GET", target)) == 0
    assert code(request(server, "GET", target)) == 4213


def test_a_batch_costs_one_unit_for_each_order() -> None:
    server = quiet_server()
    _, headers, answer = request(
        server, "POST", "/v2/spot/batch-order", {"orders": [ORDER] * 4 + [{**ORDER, "amount": "9999"}]}
    )
    assert headers["x-ratelimit-remaining"] == "25"
    assert [element["code"] for element in answer["data"]] == [0, 0, 0, 0, 3109]
    assert answer["data"][4]["data"] is None
    assert len(server.orders()) == 4


def test_a_refused_path_gets_its_code() -> None:
    server = quiet_server()
    server.refuse("/spot/order", 4002)
    assert code(request(server, "POST", "/v2/spot/order", ORDER)) == 4002
    assert server.orders() == ()
    assert code(request(server, "POST", "/v2/spot/order", ORDER)) == 0


def test_many_requests_on_one_connection_are_answered_one_after_the_other() -> None:
    server = quiet_server()
    connection = server.accept(server.now)
    request = b"GET /v2/ping HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.receive_data(request * 3 + request[:10], server.now)
    connection.receive_data(request[10:], server.now)
    assert connection.data_to_send().count(b'"result":"pong"') == 4
    assert connection.wants_close is None


def test_a_head_request_gets_the_headers_of_the_get_and_no_body() -> None:
    server = quiet_server()
    _, wanted, _ = request(server, "GET", "/v2/ping", signed=False)
    status, headers, answer = request(server, "HEAD", "/v2/ping", signed=False)
    assert (status, headers, answer) == (200, wanted, {})
    assert "date" in headers


def test_an_absolute_target_is_signed_by_its_path() -> None:
    server = quiet_server()
    stamp, path = str(server.clock_ms), "/v2/assets/spot/balance"
    sign = hmac.new(server.secret_key.encode(), f"GET{path}{stamp}".encode(), sha256).hexdigest()
    assert code(request(server, "GET", f"http://sim.test{path}", headers={"X-COINEX-SIGN": sign})) == 0


def test_a_client_that_waits_for_leave_to_send_its_body_gets_leave_and_an_answer() -> None:
    server = quiet_server()
    connection = server.accept(server.now)
    head = b"POST /v2/spot/order HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    connection.receive_data(head, server.now)
    assert connection.data_to_send() == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.receive_data(b"{}", server.now)
    assert b'"code":4005' in connection.data_to_send()


def test_who_sends_requests_by_the_thousand_and_reads_none_is_reset() -> None:
    server = CoinexServer(now=START)
    connection = server.accept(server.now)
    line = b"GET /v2/spot/kline?market=BTCUSDT&period=1min&limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.receive_data(line * 700, server.now)
    assert connection.wants_close == "rst"


def test_bad_http_is_answered_once_and_closed() -> None:
    server = quiet_server()
    connection = server.accept(server.now)
    connection.receive_data(b"\x16\x03\x01 hello\r\n\r\n", server.now)
    assert connection.data_to_send().startswith(b"HTTP/1.1 400 ")
    assert connection.wants_close == "fin"
