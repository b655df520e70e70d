"""What a relay publishes: payloads as they came, ids of their content, chains, and its own trust."""

import re
from copy import copy
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import evolve

from coinex_proto import Event, Lost, Restored, UsageError, coinex
from coinex_proto.updates import recovered, stamp
from coinex_relay.connecting import Connection
from coinex_relay.messages import (
    LOST,
    RESTORED,
    USUAL_BLOCK,
    ToPublish,
    read,
    read_beat,
    read_live,
    read_roster,
    to_publish,
)
from coinex_relay.publishing import INTRODUCED_EVERY, MOST_WAITING, Publisher
from coinex_relay.sharding import Shard
from tests.coinex_relay.world import DEPTH, DIALECT, QUOTE, TICKER, TOPICS, TRADES, recorded


def published(name: str = "a", count: int = 200, topics: tuple[object, ...] = TOPICS) -> list[ToPublish]:
    publisher = Publisher(name, DIALECT, topics)  # type: ignore[arg-type]
    for update in recorded()[:count]:
        publisher.take(update)
    return [one for one in publisher.take_messages() if one.subject.startswith("md.")]


def of(subject: str, messages: list[ToPublish]) -> list[ToPublish]:
    return [one for one in messages if one.subject == subject]


def test_each_payload_goes_out_as_it_came_on_the_subject_of_its_topic() -> None:
    found = of("md.coinex.spot.deals.BTCUSDT", published())
    assert [one.payload for one in found] == [one.raw for one in recorded()[:200] if one.topic_key == TRADES.key]
    assert {"Relay-Received", "Relay-Sequence", "Nats-Msg-Id", "Relay-Id"} <= set(found[0].headers)


def test_two_relays_give_the_same_bytes_the_same_id_and_what_repeats_itself_one_of_their_own() -> None:
    one, other = published("a"), published("b")
    for subject in ("md.coinex.spot.depth.BTCUSDT", "md.coinex.spot.deals.BTCUSDT"):
        ids = [[each.headers["Nats-Msg-Id"] for each in of(subject, messages)] for messages in (one, other)]
        assert ids[0] == ids[1]
        assert len(set(ids[0])) == len(ids[0])
    subject = "md.coinex.spot.state.BTCUSDT"
    assert not {each.headers["Nats-Msg-Id"] for each in of(subject, one)} & {
        each.headers["Nats-Msg-Id"] for each in of(subject, other)
    }


def test_each_content_names_the_one_before_it() -> None:
    links = [one.headers["Nats-Msg-Id"].split(".") for one in of("md.coinex.spot.depth.BTCUSDT", published())]
    assert links[0][1] == ""
    assert [previous for _, previous in links[1:]] == [content for content, _ in links[:-1]]


def test_a_payload_of_several_topics_goes_out_on_each_and_says_so() -> None:
    both = coinex.spot().decode(
        b'{"method":"state.update","data":{"state_list":['
        + b",".join(
            b'{"market":"%s","last":"1","open":"1","close":"1","high":"1","low":"1","volume":"1","volume_sell":"0","volume_buy":"1","value":"1","period":86400}'
            % name
            for name in (b"AUSDT", b"BUSDT")
        )
        + b']},"id":null}'
    )
    raw = b"one payload"
    publisher = Publisher("a", DIALECT, (coinex.Ticker("AUSDT"), coinex.Ticker("BUSDT")))
    of_no_payload = evolve(both[0])
    for update in both:
        stamp(update, raw, 1.0)  # type: ignore[arg-type]
        publisher.take(update)  # type: ignore[arg-type]
        publisher.take(of_no_payload)  # type: ignore[arg-type]
    found = publisher.take_messages()
    assert [one.subject for one in found] == ["md.coinex.spot.state.AUSDT", "md.coinex.spot.state.BUSDT"]
    assert found[0].headers["Relay-Payload"] == found[1].headers["Relay-Payload"]


def test_trust_is_a_message_of_its_own_in_its_place_and_begins_a_chain() -> None:
    publisher = Publisher("a", DIALECT, (DEPTH,))
    pushes = [one for one in recorded() if one.topic_key == DEPTH.key][:3]
    publisher.take(pushes[0])
    publisher.take(Lost(topics=(DEPTH,), since=1.0, why="gone"))
    publisher.take(Restored(topics=(DEPTH,), since=1.0, until=2.0, why="gone"))
    publisher.take(pushes[1])
    found = [one for one in publisher.take_messages() if one.subject.startswith("md.")]
    assert [one.headers.get("Relay-Trust") for one in found] == [None, LOST, RESTORED, None]
    assert found[1].payload == b"gone"
    assert found[3].headers["Nats-Msg-Id"].endswith(".")


def test_a_heartbeat_says_what_is_carried_when_that_has_changed() -> None:
    publisher = Publisher("a", DIALECT, TOPICS)
    publisher.beat()
    roster, beat = publisher.take_messages()
    said = read_roster(roster.payload)
    assert said is not None
    assert set(said.lost) == set(said.subjects) == {publisher.names.tail(topic) for topic in TOPICS}
    first = read_beat(beat.payload)
    assert first is not None
    assert (first.number, first.roster) == (1, said.version)
    publisher.beat()
    assert len(publisher.take_messages()) == 1
    for update in recorded()[:50]:
        publisher.take(update)
    publisher.beat()
    said = read_roster(publisher.take_messages()[-2].payload)
    assert said is not None
    assert publisher.names.tail(DEPTH) not in said.lost
    before = said.version
    for update in recorded()[50:100]:
        publisher.take(update)
    publisher.beat()
    beats = [one for one in map(read_beat, (each.payload for each in publisher.take_messages())) if one is not None]
    assert beats[-1].roster == before, "data alone change nothing of it"


def lost_of(publisher: Publisher) -> dict[str, str]:
    """What the next heartbeat's roster says is lost."""
    publisher.beat()
    (roster,) = [one for one in publisher.take_messages() if one.subject.startswith("md-whole.") and one.payload]
    said = read_roster(roster.payload)
    assert said is not None
    return said.lost


def test_what_is_carried_is_said_again_now_and_then_since_the_server_may_have_lost_it() -> None:
    publisher = Publisher("a", DIALECT, TOPICS)
    for _ in range(INTRODUCED_EVERY + 1):
        publisher.beat()
    rosters = [one for one in publisher.take_messages() if one.subject == "md-whole.coinex.spot._relay.a"]
    assert len(rosters) == 2
    publisher.introduce()
    publisher.beat()
    assert publisher.take_messages()[0].subject == "md-whole.coinex.spot._relay.a"


def test_data_do_not_end_what_the_client_has_lost_before_it_says_so_itself() -> None:
    publisher = Publisher("a", DIALECT, (TRADES,))
    first, second = [one for one in recorded() if one.topic_key == TRADES.key][:2]
    publisher.take(first)
    assert lost_of(publisher) == {}
    publisher.take(Lost(topics=(TRADES,), since=1.0, why="the connection is in doubt"))
    publisher.take(second)
    assert lost_of(publisher) == {publisher.names.tail(TRADES): "the connection is in doubt"}
    publisher.take(Restored(topics=(TRADES,), since=1.0, until=2.0, why="", unknown_orders=0))
    assert lost_of(publisher) == {}


def test_a_topic_of_which_a_message_could_not_be_kept_is_lost_until_its_next_data() -> None:
    publisher = Publisher("a", DIALECT, (TICKER,))
    first, second = [one for one in recorded() if one.topic_key == TICKER.key][:2]
    publisher.take(first)
    (message,) = publisher.take_messages()
    publisher.give_up(message)
    assert publisher.dropped == 1
    assert "could not keep" in lost_of(publisher)[publisher.names.tail(TICKER)]
    publisher.take(second)
    assert lost_of(publisher) == {}


def test_what_waits_for_a_server_is_bounded_and_the_oldest_goes() -> None:
    publisher = Publisher("a", DIALECT, (TICKER,))
    for _ in range(MOST_WAITING + 5):
        publisher._put(to_publish("md.x", b"", ""))
    assert publisher.dropped == 5
    assert len(publisher.take_messages()) == MOST_WAITING


@pytest.mark.parametrize(
    ("name", "topics", "said"),
    [
        ("a b", (TICKER,), "id"),
        ("", (TICKER,), "id"),
        ("a", (coinex.Balances(),), "private"),
        ("a", (), "none of these topics"),
        ("a", (DEPTH, coinex.Depth("BTCUSDT", limit=20)), "beside"),
    ],
)
def test_what_cannot_be_relayed_is_refused(name: str, topics: tuple[coinex.Ticker, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Publisher(name, DIALECT, topics)


def test_a_shard_carries_its_markets_only() -> None:
    topics = [coinex.Trades(f"M{number}USDT") for number in range(20)]
    parts = [Publisher("a", DIALECT, topics, Shard(number, 2)).topics for number in (1, 2)]
    assert sorted(map(str, parts[0] + parts[1])) == sorted(map(str, topics))
    assert all(parts)


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"Relay-Id": "a"},
        {"Relay-Id": "a", "Nats-Msg-Id": "x.y"},
        {"Relay-Id": "a", "Nats-Msg-Id": "x.y", "Nats-Sequence": "many"},
        {"Nats-Msg-Id": "x.y", "Nats-Sequence": "1"},
    ],
)
def test_what_no_relay_has_published_is_not_read(headers: dict[str, str] | None) -> None:
    assert read(b"{}", headers) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"relay":"a b","number":1,"every":0.2,"roster":1}',
        b'{"relay":"a","number":1,"every":0,"roster":1}',
        b"\xff",
    ],
)
def test_what_is_no_heartbeat_is_not_read(payload: bytes) -> None:
    assert read_beat(payload) is None


def test_equal_bytes_that_come_again_soon_are_a_link_of_their_own_and_two_relays_agree_on_it() -> None:
    there, back = [one for one in recorded() if one.topic_key == QUOTE.key][:2]
    ids = []
    for name in ("a", "b"):
        publisher = Publisher(name, DIALECT, (QUOTE,))
        for update in (there, back, there, back, there):
            publisher.take(update)
        found = of("md.coinex.spot.bbo.BTCUSDT", publisher.take_messages())
        assert [one.payload for one in found] == [there.raw, back.raw, there.raw, back.raw, there.raw]
        ids.append([one.headers["Nats-Msg-Id"] for one in found])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 5
    links = [one.split(".") for one in ids[0]]
    assert [previous for _, previous in links[1:]] == [content for content, _ in links[:-1]]


def test_the_usual_headers_are_read_in_one_look_as_the_general_way_reads_them() -> None:
    server = "Nats-Stream: MD\r\nNats-Subject: md.x\r\nNats-Sequence: 7\r\nNats-Time-Stamp: 2026-01-01T00:00:00Z\r\nNats-Last-Sequence: 5\r\n\r\n"
    kinds = set()
    for one in published():
        block = one.block.decode().removesuffix("\r\n") + server
        found = read_live(one.payload, block.encode())
        assert found is not None
        usual = re.fullmatch(USUAL_BLOCK, block)
        assert (usual is None) == bool(found.trust or found.shared)
        if usual is not None:
            content, previous, relay, sequence, last = usual.groups()
            content, previous = ("", "") if content == relay else (content, previous)
            assert (content, previous, relay, int(sequence), int(last)) == (
                found.content,
                found.previous,
                found.relay,
                found.sequence,
                found.last_sequence,
            )
        kinds.add((bool(found.content), bool(found.previous), found.is_whole))
    assert len(kinds) >= 4
    assert read_live(b"", b"NATS/1.0 503\r\n\r\n") is None
    assert read_live(b"", None) is None


def came(event: Event, raw: bytes, at: float = 100.25) -> Any:
    """The same in another payload, whose bytes no other update has: equal ones may come again."""
    made = cast(Any, copy(event))
    stamp(made, bytes(bytearray(raw)), at)
    return made


def written(messages: list[ToPublish]) -> bytes:
    """What a connection writes of them."""
    pieces: list[bytes] = []
    connection = Connection()
    connection._transport = cast(Any, SimpleNamespace(_io_writer=SimpleNamespace(write=pieces.append)))
    assert connection.put(messages, "_INBOX.x", 7) == [7 + n for n, one in enumerate(messages) if one.is_beat]
    return b"".join(pieces)


WIRE = """\
HPUB md.coinex.spot.bbo.BTCUSDT  112 117
NATS/1.0
Nats-Msg-Id: e35da651479217cd960f21ec.
Relay-Id: a
Relay-Sequence: 1
Relay-Received: 100.250000

there
HPUB md.coinex.spot.depth.BTCUSDT  128 134
NATS/1.0
Nats-Msg-Id: 8d086a60562608eda85884d3.
Relay-Id: a
Relay-Sequence: 2
Relay-Received: 100.250000
Relay-Whole: 1

a book
HPUB md-whole.coinex.spot.depth.BTCUSDT  25 25
NATS/1.0
Relay-Id: a


HPUB md.coinex.spot.depth.BTCUSDT  136 144
NATS/1.0
Nats-Msg-Id: fb81da393bf7d670800aaf1d.8d086a60562608eda85884d3
Relay-Id: a
Relay-Sequence: 3
Relay-Received: 100.250000

a change
HPUB md.coinex.spot.bbo.BTCUSDT  138 143
NATS/1.0
Nats-Msg-Id: e35da651479217cd960f21ec-1.e35da651479217cd960f21ec
Relay-Id: a
Relay-Sequence: 4
Relay-Received: 100.250000

there
HPUB md.coinex.spot.state.BTCUSDT  90 98
NATS/1.0
Nats-Msg-Id: a.5
Relay-Id: a
Relay-Sequence: 5
Relay-Received: 100.250000

a ticker
HPUB md.coinex.spot.state.BTCUSDT  90 98
NATS/1.0
Nats-Msg-Id: a.6
Relay-Id: a
Relay-Sequence: 6
Relay-Received: 100.250000

a ticker
HPUB md.coinex.spot.depth.BTCUSDT  81 85
NATS/1.0
Nats-Msg-Id: a.7
Relay-Id: a
Relay-Sequence: 7
Relay-Trust: lost

gone
HPUB md.coinex.spot.deals.BTCUSDT  81 85
NATS/1.0
Nats-Msg-Id: a.8
Relay-Id: a
Relay-Sequence: 8
Relay-Trust: lost

gone
HPUB md.coinex.spot.depth.BTCUSDT  112 121
NATS/1.0
Nats-Msg-Id: 1cdf1130fb7ac541c5c1aade.
Relay-Id: a
Relay-Sequence: 9
Relay-Received: 101.123457

too early
HPUB md.coinex.spot.depth.BTCUSDT  87 91
NATS/1.0
Nats-Msg-Id: a.10
Relay-Id: a
Relay-Sequence: 10
Relay-Trust: restored

gone
HPUB md.coinex.spot.state.BTCUSDT  133 140
NATS/1.0
Nats-Msg-Id: a.11
Relay-Id: a
Relay-Sequence: 11
Relay-Received: 101.123457
Relay-Payload: ca049c51ccec31a42a0ebb14

tickers
HPUB md.coinex.spot.state.ETHUSDT  133 140
NATS/1.0
Nats-Msg-Id: a.12
Relay-Id: a
Relay-Sequence: 12
Relay-Received: 101.123457
Relay-Payload: ca049c51ccec31a42a0ebb14

tickers
HPUB md-whole.coinex.spot._relay.a _INBOX.x.20 25 245
NATS/1.0
Relay-Id: a

{"relay":"a","version":8,"subjects":["coinex.spot.depth.BTCUSDT","coinex.spot.deals.BTCUSDT","coinex.spot.bbo.BTCUSDT","coinex.spot.state.BTCUSDT","coinex.spot.state.ETHUSDT"],"lost":{"coinex.spot.deals.BTCUSDT":"gone"}}
HPUB md.coinex.spot._relay.a _INBOX.x.21 44 114
NATS/1.0
Nats-Msg-Id: a.b1
Relay-Id: a

{"relay":"a","number":1,"every":0.2,"roster":8,"shard":"1/1","bye":""}
HPUB md.coinex.spot.deals.BTCUSDT  120 129
NATS/1.0
Nats-Msg-Id: 9f1a288d8b4eb5764f113f12.
Relay-Id: a
Relay-Sequence: 13
Relay-Received: 1000000000.000000

trades
\0
HPUB md.coinex.spot.depth.BTCUSDT  137 150
NATS/1.0
Nats-Msg-Id: 55be189dcdd8c260c206e26d.1cdf1130fb7ac541c5c1aade
Relay-Id: a
Relay-Sequence: 14
Relay-Received: 100.250000

a change more
HPUB md.coinex.spot._relay.a _INBOX.x.24 44 128
NATS/1.0
Nats-Msg-Id: a.b2
Relay-Id: a

{"relay":"a","number":2,"every":0.2,"roster":8,"shard":"1/1","bye":"it was stopped"}
"""


def test_all_kinds_of_messages_go_over_the_wire_byte_for_byte_as_consumers_know_them() -> None:
    book, change = [next(one for one in recorded() if getattr(one, "is_full", None) is full) for full in (True, False)]
    trades, quote, ticker = [
        next(one for one in recorded() if one.topic_key == topic.key) for topic in (TRADES, QUOTE, TICKER)
    ]
    one = came(ticker, b"tickers", 101.1234567)
    other = came(evolve(cast(Any, ticker), market="ETHUSDT"), b"")
    stamp(other, one.raw, 101.1234567)
    by_query = came(trades, b"by a query")
    recovered(by_query, 101.0)
    publisher = Publisher("a", DIALECT, (*TOPICS, coinex.Ticker("ETHUSDT")))
    for event in (
        *(came(quote, b"there"), came(book, b"a book"), came(change, b"a change"), came(quote, b"there")),
        *(came(ticker, b"a ticker"), came(ticker, b"a ticker"), came(trades, b"")),
        Lost(topics=(DEPTH, TRADES), since=1.0, why="gone"),
        came(change, b"too early", 101.1234567),
        Restored(topics=(DEPTH,), since=1.0, until=2.0, why="gone"),
        *(one, by_query, came(trades, b""), other, one),
        came(evolve(cast(Any, ticker), market="ANOTHER"), b"of a topic that is not relayed"),
    ):
        publisher.take(event)
    publisher.beat()
    publisher.take(came(trades, b"trades\r\n\0", 1e9))
    publisher.take(came(change, b"a change more"))
    publisher.beat("it was stopped")
    assert written(publisher.take_messages()) == WIRE.replace("\n", "\r\n").encode()
