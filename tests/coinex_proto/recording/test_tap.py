"""What a tap notes of each input, and that it keeps out of the way."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.contestants import NOW, SOURCES
from benchmarks.recording import ready
from benchmarks.stream import stream
from coinex_proto import Config, Event, Session, UsageError, coinex, to_json
from coinex_proto.recording import Tap, replay
from coinex_proto.recording.frames import FrameWriter
from coinex_proto.recording.noted import packed
from coinex_trio import CoinexClient, memory_exchange
from tests.coinex_proto.recording.test_player import Maker, framed

MESSAGES = stream(seed=1, count=40)
ALL_KINDS = stream(seed=1, count=2_000)


class Uninflated(Tap):
    inflates = False


def test_a_read_is_one_tuple_behind_its_message_and_what_that_holds() -> None:
    made: Any = ready(MESSAGES, Tap)
    before = len(made.tap.records)
    made.session.receive_data(MESSAGES[0].frame, made.at)
    assert made.tap.records[before:] == [
        MESSAGES[0].member,
        MESSAGES[0].payload,
        (made.at, int(NOW * 1e9), MESSAGES[0].frame),
    ]


@pytest.mark.parametrize("kind", sorted({message.kind for message in ALL_KINDS}))
def test_a_message_is_noted_inflated_whoever_decodes_it(kind: str) -> None:
    """What the extension has inflated and then leaves to Python is inflated when it comes there."""
    (message, *_) = (one for one in ALL_KINDS if one.kind == kind)
    made: Any = ready(MESSAGES, Tap)
    before = len(made.tap.records)
    made.session.receive_data(message.frame, made.at)
    assert made.tap.records[before:-1] == [message.member, message.payload]


def test_a_tap_that_does_not_inflate_keeps_the_bytes_that_were_there() -> None:
    made: Any = ready(MESSAGES, Uninflated)
    before = len(made.tap.records)
    made.session.receive_data(MESSAGES[0].frame, made.at)
    ((_, _, kept),) = made.tap.records[before:]
    assert kept is MESSAGES[0].frame


def test_a_buffer_that_its_owner_uses_again_is_copied() -> None:
    made: Any = ready(MESSAGES, Uninflated)
    buffer = bytearray(MESSAGES[0].frame)
    made.session.receive_data(buffer, made.at)
    buffer[:] = bytes(len(buffer))
    assert made.tap.records[-1][2] == MESSAGES[0].frame


def test_a_timer_served_before_its_time_leaves_nothing() -> None:
    made: Any = ready(MESSAGES, Tap)
    before = len(made.tap.records)
    deadline = made.session.next_deadline()
    made.session.handle_timeout(deadline - 0.1)
    assert len(made.tap.records) == before
    made.session.handle_timeout(deadline)
    assert [one[0] for one in made.tap.records[before:]] == [deadline]


def test_a_session_of_the_class_that_a_tap_gives_keeps_it() -> None:
    tap = Tap(coinex.spot(), SOURCES)
    session = tap.session_class(Session)(tap.dialect, tap.sources)
    kind = type(session)
    tap.attach(session)
    assert type(session) is kind


def test_a_session_of_any_class_can_be_recorded_too() -> None:
    tap = Tap(coinex.spot(), SOURCES)
    session = Session(tap.dialect, tap.sources)
    tap.attach(session)
    session.subscribe(coinex.Ticker(), now=NOW)
    assert [one[0] for one in tap.records] == ["hold"]


def test_bytes_before_the_connection_are_the_callers_mistake_live_and_nothing_in_a_replay() -> None:
    tap = Tap(coinex.spot(), SOURCES)
    session = tap.session_class(Session)(tap.dialect, tap.sources)
    tap.attach(session)
    with pytest.raises(UsageError, match="connected"):
        session.receive_data(b"early", NOW)
    session.subscribe(coinex.Ticker(), now=NOW)
    writer = FrameWriter("gzip")
    data = writer.batch([tap.header("id", 0, NOW).record(NOW)]) + writer.batch(packed(tap.records)) + writer.end()
    played = replay(data)
    assert list(played) == []
    assert [str(status.topic) for status in played.session.topics()] == [str(coinex.Ticker())]


def test_a_timer_is_served_as_without_a_tap_and_left_out_where_there_is_no_room() -> None:
    made: Any = ready(MESSAGES, Tap)
    made.session.data_to_send()
    deadline = made.session.next_deadline()
    made.session.handle_timeout(deadline)
    assert made.session.data_to_send(), "a ping"
    made.tap.left_out = 1
    before = len(made.tap.records)
    made.session.handle_timeout(made.session.next_deadline())
    assert (len(made.tap.records), made.tap.left_out) == (before, 2)


def test_a_checkpoint_is_not_taken_while_something_is_still_to_be_sent() -> None:
    made: Any = ready(MESSAGES, Tap)
    made.session.data_to_send()
    made.session.handle_timeout(made.session.next_deadline())
    made.tap.checkpoint_at = 0.0
    before = len(made.tap.records)
    made.session.receive_data(MESSAGES[0].frame, made.at)
    assert "checkpoint" not in [one[0] for one in made.tap.records[before:]]
    made.session.data_to_send()
    while made.session.next_event() is not None:
        pass
    made.session.receive_data(MESSAGES[1].frame, made.at)
    assert [one[0] for one in made.tap.records[before:]].count("checkpoint") == 1


def test_before_there_is_a_connection_a_checkpoint_may_be_taken() -> None:
    tap = Tap(coinex.spot(), SOURCES)
    session = tap.session_class(Session)(tap.dialect, tap.sources)
    tap.attach(session)
    session.subscribe(coinex.Ticker(), now=NOW)
    tap.checkpoint_at = 0.0
    assert tap.turn(NOW)
    assert [one[0] for one in tap.records] == ["hold", "mark", "checkpoint"]


def test_what_a_client_with_streams_orders_and_losses_did_is_played_again_event_for_event() -> None:
    maker = Maker()
    live: list[object] = []
    exchange = memory_exchange(seed=5, faults="every 9s drop")
    exchange.quote("BTCUSDT", bid="100", ask="101", size="5")
    config = Config(recorder=maker, request_timeout=1.0)
    client = CoinexClient("spot", exchange.credentials, network=exchange.network, config=config)
    client.on(Event)(lambda event: live.append(to_json(event)))
    with client:
        first, second = client.events(coinex.Trades("BTCUSDT")), client.latest(coinex.BestQuote("BTCUSDT"))
        client.subscribe(coinex.Depth("BTCUSDT"))
        client.run(seconds=5)
        order = client.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
        client.run(seconds=10)
        client.cancel_order(order)
        first.close()
        exchange.inject("on server.time ignore")
        client.send(coinex.ServerTime(), live.append)
        client.run(seconds=5)
        held = {str(status.topic) for status in client.topics()}
        client.run(seconds=1)
        second.close()
    played = replay(framed(maker.made, maker.made.records))
    events: list[str] = []
    seen: list[set[str]] = []
    for step in played.steps():
        seen.append({str(status.topic) for status in played.session.topics()})
        events += map(to_json, step.events)
    assert events == [one for one in live if isinstance(one, str)]
    assert any("Failed" in one for one in events)
    assert any("OrderUpdate" in one for one in events)
    assert held in seen, "with the first stream closed"
    assert len(seen[-1]) < len(held), "and the second"
    assert played.differences == []
