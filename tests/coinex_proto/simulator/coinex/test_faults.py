"""Each fault, as the client at the other end meets it."""

from __future__ import annotations

import gzip

import h11
import pytest
from wsproto.events import Ping

from coinex_proto.simulator import CoinexServer, CrowdSettings
from tests.coinex_proto.simulator.http_peer import request
from tests.coinex_proto.simulator.peer import START, Peer, Replica, quiet_server


def with_faults(script: str) -> CoinexServer:
    return quiet_server(faults=script)


def lively(script: str) -> CoinexServer:
    return CoinexServer(now=START, faults=script, crowd=CrowdSettings(rate=20.0))


def follow_depth(peer: Peer, *, is_full: bool = False) -> None:
    peer.request("depth.subscribe", {"market_list": [["BTCUSDT", 10, "0", is_full]]})


@pytest.mark.parametrize(("how", "ending"), [("", "rst"), ("rst", "rst"), ("fin", "fin")])
def test_a_drop_ends_the_connection_at_its_time(how: str, ending: str) -> None:
    peer = Peer(with_faults(f"at 5s drop {how}"))
    peer.run(4.9)
    assert peer.ending() is None
    peer.run(0.2)
    assert peer.ending() == ending
    assert not peer.has_close_frame


def test_a_drop_comes_after_so_many_messages() -> None:
    peer = Peer(lively("after 10 messages drop fin"))
    follow_depth(peer)
    peer.run(20)
    assert len(peer.pushes("depth.update")) == 9


def test_a_drop_in_mid_frame_leaves_half_a_message() -> None:
    peer = Peer(with_faults("at 1s drop mid-frame"))
    peer.run(2)
    assert peer.ending() == "rst"
    assert peer.received[-30:-28] != b""
    assert peer.received.rindex(b"\x1f\x8b") > len(peer.received) - 60
    assert peer.payloads == []


def test_silence_leaves_the_connection_open_and_dead() -> None:
    peer = Peer(lively("at 5s silence"))
    follow_depth(peer)
    peer.run(5.1)
    peer.clear()
    assert peer.request("server.ping") is None
    peer.run(500)
    assert peer.messages == []
    assert peer.ending() is None


def test_a_stall_holds_everything_back_and_loses_nothing() -> None:
    peer = Peer(with_faults("at 1s stall 3"))
    peer.run(1.1)
    assert peer.request("server.ping") is None
    peer.run(2.8)
    assert peer.messages == []
    peer.run(0.2)
    assert [message["code"] for message in peer.messages] == [0]


def test_slow_bytes_drip_and_arrive_whole() -> None:
    peer = Peer(with_faults("at 1s slow 20 60"))
    peer.run(1.1)
    assert peer.request("server.ping") is None
    peer.run(1)
    dripped = len(peer.received)
    assert peer.messages == []
    peer.run(5)
    assert [message["code"] for message in peer.messages] == [0]
    assert 0 < len(peer.received) - dripped < 100


def test_a_delay_comes_on_top_of_every_answer() -> None:
    peer = Peer(with_faults("at 1s delay 2 10"))
    peer.run(1.1)
    assert peer.request("server.ping") is None
    peer.run(1.9)
    assert peer.messages == []
    peer.run(0.2)
    assert len(peer.messages) == 1
    peer.run(10)
    assert peer.request("server.ping") is not None


def test_a_lost_depth_push_shows_in_the_checksum_until_the_next_full_book() -> None:
    peer = Peer(lively("on depth.update 5 lose"))
    follow_depth(peer)
    for _ in range(8):
        peer.request("server.ping")
        peer.run(10)
    replica, proved = Replica(), []
    for push in peer.pushes("depth.update"):
        replica.apply(push)
        proved.append(replica.checksum == push["depth"]["checksum"])
    assert proved[:4] == [True] * 4
    assert not proved[4]
    assert proved[-1]


def test_a_wrong_checksum_is_wrong_once() -> None:
    peer = Peer(lively("on depth.update 3 wrong-checksum"))
    follow_depth(peer)
    peer.run(4)
    replica, proved = Replica(), []
    for push in peer.pushes("depth.update"):
        replica.apply(push)
        proved.append(replica.checksum == push["depth"]["checksum"])
    assert [number for number, good in enumerate(proved) if not good] == [2]


def test_a_difference_can_come_before_the_first_whole_book() -> None:
    peer = Peer(lively("on depth.update delta-first"))
    follow_depth(peer)
    peer.run(0.5)
    assert [push["is_full"] for push in peer.pushes("depth.update")][:2] == [False, True]


def test_a_push_can_come_twice() -> None:
    peer = Peer(with_faults("on deals.update duplicate"))
    peer.subscribe("deals", "BTCUSDT")
    peer.run(1)
    first, second = peer.pushes("deals.update")
    assert first == second


def test_a_corrupt_payload_inflates_and_fails_its_check() -> None:
    peer = Peer(with_faults("on deals.update corrupt"))
    peer.subscribe("deals", "BTCUSDT")
    peer.run(1)
    assert peer.broken == 1
    assert peer.pushes("deals.update") == []
    with pytest.raises(gzip.BadGzipFile, match="CRC"):
        gzip.decompress(peer.payloads[-1])


def test_an_application_ping_stays_unanswered() -> None:
    peer = Peer(with_faults("on server.ping every 2 ignore"))
    assert [peer.request("server.ping") is not None for _ in range(4)] == [True, False, True, False]


def test_protocol_pings_can_be_switched_off_and_on() -> None:
    peer = Peer(with_faults("at 1s pings off\nat 2s pings on"))
    pongs = []
    for _ in range(3):
        peer.send(peer.wsproto.send(Ping(b"x")))
        pongs.append(peer.pongs)
        peer.run(1.01)
    assert pongs == [1, 1, 2]


def test_any_request_can_be_refused() -> None:
    peer = Peer(with_faults("on state.subscribe refuse 23001\non server.sign 2 refuse 21002"))
    answers = [peer.subscribe("state"), peer.subscribe("state"), peer.sign_in(), peer.sign_in()]
    assert [answer["code"] for answer in answers if answer] == [23001, 0, 0, 21002]


def test_an_acknowledgement_can_be_lost_though_the_request_took_effect() -> None:
    peer = Peer(with_faults("on deals.subscribe lose-answer"))
    assert peer.subscribe("deals", "BTCUSDT") is None
    peer.run(1)
    assert len(peer.pushes("deals.update")) == 1


def test_an_acknowledgement_can_come_late() -> None:
    peer = Peer(with_faults("on deals.subscribe late 3"))
    assert peer.subscribe("deals", "BTCUSDT") is None
    peer.run(2.9)
    assert peer.messages == []
    peer.run(1)
    assert peer.messages[0]["code"] == 0
    assert peer.messages[1]["method"] == "deals.update"


def test_a_sign_in_can_be_forgotten() -> None:
    peer = Peer(with_faults("at 1s sign-out"))
    peer.sign_in()
    peer.run(1.1)
    answer = peer.subscribe("order")
    assert answer is not None
    assert answer["code"] == 21001


def test_the_clock_can_be_skewed() -> None:
    peer = Peer(with_faults("at 1s skew -90"))
    peer.run(2)
    answer = peer.request("server.time")
    assert answer is not None
    assert answer["data"]["timestamp"] == int((START + 2 - 90) * 1000)


def test_maintenance_and_halts_come_by_script() -> None:
    peer = Peer(lively("at 1s maintenance 600 1200\nat 2s halt BTCUSDT\nat 12s resume all"))
    peer.sign_in()
    peer.request("notice.subscribe", {"channels": [101]})
    follow_depth(peer)
    peer.run(2.1)
    assert len(peer.pushes("notice.update")) == 1
    peer.clear()
    peer.run(9.5)
    assert peer.messages == []
    peer.run(5)
    assert peer.pushes("depth.update")


@pytest.mark.parametrize(
    ("script", "status", "headers"), [("http 503", 503, b""), ("http 429 7", 429, b"retry-after: 7")]
)
def test_a_handshake_can_be_refused_and_the_next_one_passes(script: str, status: int, headers: bytes) -> None:
    server = with_faults(f"on connect {script}")
    refused = Peer(server)
    assert refused.status == status
    assert headers in refused.received
    assert Peer(server).is_open


def test_a_handshake_can_hang_or_be_dropped() -> None:
    server = with_faults("on connect hang\non connect 2 drop")
    hung, dropped = Peer(server), Peer(server)
    assert hung.received == b""
    assert hung.ending() is None
    assert dropped.received == b""
    assert dropped.ending() == "rst"
    assert Peer(server).is_open


def test_an_http_answer_can_be_refused_lost_late_or_a_status() -> None:
    server = with_faults("on /spot/order refuse 4002\non /spot/order 2 lose-answer\non /time http 503\non /ping late 2")
    order = {"market": "BTCUSDT", "market_type": "SPOT", "side": "buy", "type": "limit", "amount": "1", "price": "9"}
    assert request(server, "POST", "/v2/spot/order", order)[2]["code"] == 4002
    assert server.orders() == ()
    with pytest.raises(h11.RemoteProtocolError):
        request(server, "POST", "/v2/spot/order", order)
    assert len(server.orders()) == 1
    assert request(server, "GET", "/v2/time")[0] == 503
    connection = server.accept(server.now)
    connection.receive_data(b"GET /v2/ping HTTP/1.1\r\nHost: x\r\n\r\n", server.now)
    assert connection.data_to_send() == b""
    server.advance(server.now + 2.1)
    assert b"pong" in connection.data_to_send()


def test_faults_can_be_injected_while_the_server_runs() -> None:
    peer = Peer(server := quiet_server())
    peer.run(10)
    server.inject("on server.ping lose-answer")
    assert peer.request("server.ping") is None
    assert peer.request("server.ping") is not None


def test_a_faulty_server_says_the_same_bytes_with_the_same_seed() -> None:
    stories = []
    for _ in range(2):
        peer = Peer(lively("10% of messages lose\n5% of depth.update wrong-checksum\nat 8s stall 1\nat 12s slow 500 2"))
        peer.sign_in()
        peer.subscribe("state")
        peer.subscribe("bbo", "BTCUSDT")
        follow_depth(peer)
        for _ in range(10):
            peer.run(2)
        stories.append(peer.received.partition(b"\r\n\r\n")[2])
    assert stories[0] == stories[1]
    assert len(stories[0]) > 10_000
