"""One CoinEx socket as a client sees it: requests in, acknowledgements and pushes out."""

from __future__ import annotations

import gzip
import json

import pytest
from wsproto.events import AcceptConnection, Ping
from wsproto.events import CloseConnection as Close

from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.simulator.peer import START, Peer, quiet_server


def test_ping_and_time_need_no_sign_in_and_echo_the_id() -> None:
    peer = Peer(quiet_server())
    assert peer.request("server.ping", identity=7) == {"id": 7, "code": 0, "data": {"result": "pong"}, "message": "OK"}
    answer = peer.request("server.time")
    assert answer is not None
    assert answer["data"] == {"timestamp": int(START * 1000)}


def test_a_ping_with_an_empty_array_for_params_is_answered() -> None:
    peer = Peer(quiet_server())
    answer = peer.request("server.ping", [])
    assert answer is not None
    assert answer["code"] == 0


def test_every_message_is_one_gzip_member_in_a_binary_frame() -> None:
    peer = Peer(quiet_server())
    peer.request("server.ping")
    assert peer.payloads[0][:2] == b"\x1f\x8b"
    assert json.loads(gzip.decompress(peer.payloads[0]))["id"] == 1


@pytest.mark.parametrize("path", ["/v2/spot", "/v2/spot/", "/v2/futures", "/v2/futures/", "/v2/spot?x=1"])
def test_sockets_live_at_paths_with_and_without_a_slash(path: str) -> None:
    assert Peer(quiet_server(), path).is_open


@pytest.mark.parametrize("path", ["/", "/v2", "/v2/margin", "/v1/spot", "/v2/spot/x"])
def test_any_other_path_is_not_found(path: str) -> None:
    peer = Peer(quiet_server(), path)
    assert not peer.is_open
    assert peer.status == 404


def test_an_offered_compression_extension_is_declined() -> None:
    peer = Peer(quiet_server(), extensions="permessage-deflate")
    assert [event.extensions for event in peer.events if isinstance(event, AcceptConnection)] == [[]]
    assert b"permessage-deflate" not in peer.received


@pytest.mark.parametrize(("path", "base"), [("/v2/spot", 20_000), ("/v2/futures", 30_000)])
def test_error_codes_begin_with_two_on_spot_and_with_three_on_futures(path: str, base: int) -> None:
    peer = Peer(quiet_server(), path)
    codes = [
        answer["code"]
        for answer in (
            peer.request("kline.subscribe", {}),
            peer.request("order.subscribe", {"market_list": []}),
            peer.request("state.subscribe", {"market_list": "BTCUSDT"}),
            peer.request("state.subscribe", ["BTCUSDT"]),
            peer.sign_in(secret_key="0" * 48),
        )
        if answer is not None
    ]
    assert codes == [base + 2, base + 1001, base + 1, base + 1, base + 1002]
    assert peer.is_open


@pytest.mark.parametrize("method", ["premium.subscribe", "position.subscribe", "depth.query", "state", "server.sing"])
def test_methods_that_the_spot_socket_does_not_have_are_unknown(method: str) -> None:
    answer = Peer(quiet_server()).request(method, {"market_list": []})
    assert answer is not None
    assert answer["code"] == 20002


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "1",
        '{"method":"server.ping"}',
        '{"id":true,"method":"server.ping","params":{}}',
        "[" * 5000,
    ],
)
def test_a_request_that_makes_no_sense_is_an_invalid_parameter_and_the_socket_stays(text: str) -> None:
    peer = Peer(quiet_server())
    peer.send_text(text)
    assert [message["code"] for message in peer.messages] == [20001]
    assert peer.is_open


@pytest.mark.parametrize(
    "entry",
    ["BTCUSDT", ["BTCUSDT"], ["BTCUSDT", "5", "0", True], ["BTCUSDT", 5, "x", True], ["BTCUSDT", True, "0", True]],
)
def test_a_depth_subscription_of_another_shape_is_an_invalid_parameter(entry: object) -> None:
    answer = Peer(quiet_server()).request("depth.subscribe", {"market_list": [entry]})
    assert answer is not None
    assert answer["code"] == 20001


def test_an_unknown_market_is_acknowledged_and_stays_silent() -> None:
    peer = Peer(quiet_server())
    for topic in ("state", "deals", "bbo", "index"):
        answer = peer.subscribe(topic, "NOSUCHUSDT")
        assert answer is not None
        assert answer["code"] == 0
    for entry in (["NOSUCHUSDT", 5, "0", False], ["BTCUSDT", 7, "0", False]):
        answer = peer.request("depth.subscribe", {"market_list": [entry]})
        assert answer is not None
        assert answer["code"] == 0
    peer.clear()
    peer.run(30)
    assert peer.messages == []


def test_the_acknowledgement_comes_before_the_first_push() -> None:
    peer = Peer(quiet_server())
    peer.subscribe("bbo", "BTCUSDT")
    peer.run(0)
    assert [message.get("method", "answer") for message in peer.messages] == ["answer", "bbo.update"]


def test_a_right_signature_opens_private_channels() -> None:
    peer = Peer(quiet_server())
    answer = peer.sign_in()
    assert answer == {"id": 1, "code": 0, "message": "OK"}
    answer = peer.subscribe("balance")
    assert answer is not None
    assert answer["code"] == 0


@pytest.mark.parametrize("off_ms", [-5001, 5001])
def test_a_stale_time_is_a_failed_sign_in_with_an_empty_message(off_ms: int) -> None:
    server = quiet_server()
    answer = Peer(server).sign_in(timestamp_ms=server.clock_ms + off_ms)
    assert answer == {"id": 1, "code": 21002, "message": ""}


def test_a_skewed_clock_refuses_the_truth_and_takes_its_own_time() -> None:
    server = quiet_server()
    server.skew_clock(120)
    peer = Peer(server)
    refused = peer.sign_in(timestamp_ms=int(START * 1000))
    assert refused is not None
    assert refused["code"] == 21002
    time = peer.request("server.time")
    assert time is not None
    accepted = peer.sign_in(timestamp_ms=time["data"]["timestamp"])
    assert accepted is not None
    assert accepted["code"] == 0


def test_a_client_that_sends_nothing_is_cut_after_sixty_seconds_without_a_close_frame() -> None:
    peer = Peer(quiet_server())
    peer.run(59.9)
    assert peer.ending() is None
    peer.run(0.2)
    assert peer.ending() == "fin"
    assert not peer.has_close_frame


def test_pushes_do_not_keep_an_idle_client_alive_and_its_own_pings_do() -> None:
    idle, busy = Peer(server := CoinexServer(now=START)), Peer(server)
    idle.subscribe("state")
    for _ in range(4):
        busy.request("server.ping")
        idle.run(20)
    assert idle.ending() == "fin"
    assert busy.is_open


def test_a_close_frame_of_the_client_gets_no_answer_but_the_end_of_the_connection() -> None:
    peer = Peer(quiet_server())
    peer.send(peer.wsproto.send(Close(code=1000)))
    assert peer.ending() == "fin"
    assert not peer.has_close_frame


def test_a_server_that_is_set_to_answers_a_close_frame() -> None:
    peer = Peer(quiet_server(answers_close=True))
    peer.send(peer.wsproto.send(Close(code=1000)))
    assert peer.has_close_frame


@pytest.mark.parametrize("answers", [True, False])
def test_protocol_pings_are_answered_or_not_as_the_switch_says(answers: bool) -> None:
    peer = Peer(quiet_server(answers_pings=answers))
    peer.send(peer.wsproto.send(Ping(b"x")))
    assert peer.pongs == int(answers)


def test_a_request_of_more_than_ten_kilobytes_ends_the_connection_without_an_answer() -> None:
    peer = Peer(quiet_server())
    peer.sign_in()
    peer.clear()
    peer.subscribe("balance", *(f"CCY{number:05d}" for number in range(500)))
    assert peer.ending() is None
    peer.clear()
    peer.subscribe("balance", *(f"CCY{number:05d}" for number in range(1500)))
    assert peer.ending() == "fin"
    assert peer.messages == []


def test_an_empty_list_unsubscribes_from_everything_of_the_topic() -> None:
    peer = Peer(CoinexServer(now=START, markets=("BTCUSDT", "ETHUSDT")))
    peer.subscribe("deals", "BTCUSDT")
    peer.subscribe("deals", "ETHUSDT")
    peer.run(1)
    assert {push["market"] for push in peer.pushes("deals.update")} == {"BTCUSDT", "ETHUSDT"}
    peer.request("deals.unsubscribe", {"market_list": []})
    peer.clear()
    peer.run(10)
    assert peer.messages == []


def test_repeated_subscriptions_add_up_and_one_can_be_left() -> None:
    peer = Peer(CoinexServer(now=START, markets=("BTCUSDT", "ETHUSDT")))
    peer.subscribe("deals", "BTCUSDT")
    peer.subscribe("deals", "ETHUSDT")
    peer.request("deals.unsubscribe", {"market_list": ["BTCUSDT"]})
    peer.run(5)
    assert {push["market"] for push in peer.pushes("deals.update")} == {"ETHUSDT"}


def test_depth_is_left_by_name_and_tuples_do_not_leave_it() -> None:
    peer = Peer(server := quiet_server())
    entry = ["BTCUSDT", 5, "0", False]
    peer.request("depth.subscribe", {"market_list": [entry]})
    peer.run(0.5)
    for entries, is_left in (([entry], False), (["BTCUSDT"], True)):
        answer = peer.request("depth.unsubscribe", {"market_list": entries})
        assert answer is not None
        assert answer["code"] == 0
        peer.clear()
        server.quote("BTCUSDT", "100", "101", "1" if is_left else "2")
        peer.run(0.5)
        assert (peer.pushes("depth.update") == []) is is_left


def test_a_refused_method_gets_the_code_so_many_times_and_is_not_carried_out() -> None:
    peer = Peer(server := quiet_server())
    server.refuse("state.subscribe", 23002, times=2)
    answers = [peer.subscribe("state", "BTCUSDT") for _ in range(3)]
    assert [answer["code"] for answer in answers if answer] == [23002, 23002, 0]
