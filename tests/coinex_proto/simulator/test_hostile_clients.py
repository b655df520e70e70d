"""Whatever a client sends, the server half answers, refuses or hangs up: it never raises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.coinex.http_trade import TABLE
from tests.coinex_proto.simulator.http_peer import ORDER, request
from tests.coinex_proto.simulator.peer import START, Peer, quiet_server

UPGRADE = (
    b"GET /v2/spot HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("BTCUSDT"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
METHODS = st.sampled_from(
    [
        f"{topic}.{action}"
        for topic in (
            "state",
            "deals",
            "depth",
            "bbo",
            "index",
            "order",
            "stop",
            "user_deals",
            "balance",
            "notice",
            "server",
        )
        for action in ("subscribe", "unsubscribe", "ping", "sign", "time", "update")
    ]
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "market_list": JSON | st.lists(st.tuples(st.just("BTCUSDT"), JSON, st.sampled_from(["0", "0.01", "x"]), JSON)),
        "ccy_list": JSON,
        "channels": JSON,
        "access_id": JSON,
        "signed_str": JSON,
        "timestamp": JSON,
    },
)
TERMS = st.fixed_dictionaries(
    {},
    optional={
        name: JSON
        | st.sampled_from(["0", "1", "-1", "0.5", "99999999999999", "1e5", "limit", "market", "buy", "sell", "SPOT"])
        for name in (
            *ORDER,
            "client_id",
            "stp_mode",
            "ccy",
            "trigger_price",
            "order_id",
            "order_ids",
            "orders",
            "stop_id",
            "page",
            "limit",
        )
    },
)


@given(data=st.binary(max_size=300), cut=st.integers(0, 300), is_upgraded=st.booleans())
def test_no_bytes_make_a_connection_raise(data: bytes, cut: int, is_upgraded: bool) -> None:
    server = quiet_server()
    connection = server.accept(START)
    if is_upgraded:
        connection.receive_data(UPGRADE, START)
    for part in (data[:cut], data[cut:]):
        connection.receive_data(part, START)
        connection.data_to_send()
    connection.receive_eof()
    server.advance(START + 100)


@pytest.mark.parametrize("byte", [0x00, 0x0A, 0x20, 0x2C, 0x3B, 0x80, 0xFF])
def test_no_broken_byte_in_an_upgrade_makes_a_connection_raise(byte: int) -> None:
    server = quiet_server()
    for position in range(len(UPGRADE)):
        connection = server.accept(START)
        connection.receive_data(UPGRADE[:position] + bytes([byte]) + UPGRADE[position + 1 :], START)
        connection.receive_eof()
        assert connection.wants_close == "fin"


@given(
    requests=st.lists(st.tuples(METHODS, PARAMS | JSON, st.integers() | JSON), max_size=12), is_signed_in=st.booleans()
)
def test_every_request_gets_one_answer(requests: list[tuple[str, object, object]], is_signed_in: bool) -> None:
    peer = Peer(CoinexServer(now=START))
    if is_signed_in:
        peer.sign_in()
    peer.clear()
    for method, params, identity in requests:
        peer.send_text(json.dumps({"method": method, "params": params, "id": identity}))
    answers = [message for message in peer.messages if "code" in message]
    assert len(answers) == len(requests)
    assert {answer["code"] for answer in answers} <= {0, 20001, 20002, 21001, 21002}
    peer.run(1)
    assert peer.is_open


@given(path=st.sampled_from(sorted(TABLE)), terms=TERMS)
def test_every_trading_request_is_answered_whatever_its_parameters_are(
    path: tuple[str, str], terms: dict[str, object]
) -> None:
    server = quiet_server()
    method, name = path
    body = {"market": "BTCUSDT", "market_type": name.split("/")[1].upper(), **terms}
    if method == "POST":
        status, _, answer = request(server, method, f"/v2{name}", body)
    else:
        query = "&".join(f"{key}={value}" for key, value in body.items() if str(value).isalnum())
        status, _, answer = request(server, method, f"/v2{name}?{query}" if query.isascii() else f"/v2{name}")
    assert status == 200
    assert isinstance(answer["code"], int)


@given(body=st.binary(max_size=60))
def test_no_body_makes_a_request_raise(body: bytes) -> None:
    server = quiet_server(allows_old_signatures=True)
    connection = server.accept(START)
    head = f"POST /v2/spot/order HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.receive_data(head.encode() + body, START)
    assert connection.data_to_send().startswith(b"HTTP/1.1 200 ")
