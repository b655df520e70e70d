"""A recorded market served again: what was recorded, to whoever subscribes, over the venue's own wire."""

import gzip
import http.client
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from coinex_proto import BookChanged, Closed, Event, Lost, UsageError, coinex, qfex, to_json
from coinex_recorder import replay
from coinex_trio import BlockingClient, CoinexClient
from coinex_trio.replaying import ReplayExchange, replay_exchange, replay_memory_exchange
from tests.coinex_recorder.recorded import recorded

MARKET = ("DepthUpdate", "BookChanged", "TradesUpdate", "TickerUpdate", "Level2Update", "TradeUpdate", "BboUpdate")


def market(lines: list[str]) -> list[dict[str, Any]]:
    """The events of the market, without when they came, and without numbers of one connection."""
    found = []
    for line in lines:
        event = json.loads(line)
        if event["type"] in MARKET:
            event.pop("received_at", None)
            event["data"].get("book", {}).pop("received_at", None)
            event["data"].pop("sequence", None)
            found.append(event)
    return found


@pytest.fixture(scope="module")
def coinex_recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    directory = tmp_path_factory.mktemp("rec")
    with recorded("coinex", directory, faults="") as (live, _, _):
        pass
    return directory, live


def heard(exchange: ReplayExchange, *topics: Any, seconds: float) -> list[str]:
    """What a client of ours hears there."""
    found: list[str] = []
    with CoinexClient(network=exchange.network) as client:
        client.on(Event)(lambda event: found.append(to_json(event)))
        client.subscribe(*topics)
        client.run(seconds=seconds)
    return found


ALL = (coinex.Depth("BTCUSDT"), coinex.Trades("BTCUSDT"), coinex.Ticker())


@pytest.mark.parametrize("speed", [1.0, 25.0, math.inf])
def test_a_client_hears_every_event_and_book_that_was_recorded(
    coinex_recording: tuple[Path, list[str]], speed: float
) -> None:
    path, live = coinex_recording
    exchange = replay_memory_exchange(path, speed=speed)
    events = heard(exchange, *ALL, seconds=45.0 if speed == 1.0 else 5.0)
    assert market(events) == market(live)
    assert len(market(live)) > 200
    assert exchange.state["has_ended"]


def test_qfex_market_data_is_served_too(tmp_path: Path) -> None:
    with recorded("qfex mds", tmp_path, faults="") as (live, _, _):
        pass
    exchange = replay_memory_exchange(tmp_path, speed=10)
    found: list[str] = []
    with BlockingClient(qfex.mds(), network=exchange.network) as client:
        client.on(Event)(lambda event: found.append(to_json(event)))
        client.subscribe(qfex.Level2("AAPL-USD"), qfex.Trades("AAPL-USD"), qfex.Bbo("AAPL-USD"))
        client.run(seconds=6)
        assert client.stats.gaps == 0
    assert market(found) == market(live)
    assert len(market(live)) > 50


def test_only_what_was_subscribed_to_comes_and_a_book_begins_whole(coinex_recording: tuple[Path, list[str]]) -> None:
    path, _ = coinex_recording
    exchange = replay_memory_exchange(path, speed=10)
    trades: list[str] = []
    books: list[dict[str, Any]] = []
    with CoinexClient(network=exchange.network) as client:
        client.on(Event)(lambda event: trades.append(to_json(event)))
        client.subscribe(coinex.Trades("BTCUSDT"))
        client.run(seconds=2)
        assert {event["type"] for event in market(trades)} == {"TradesUpdate"}
        client.on(coinex.DepthUpdate)(lambda update: books.append(json.loads(to_json(update))["data"]))
        client.subscribe(coinex.Depth("BTCUSDT"))
        client.run(seconds=1)
        assert client.trusted(coinex.Depth("BTCUSDT"))
    assert [book["is_full"] for book in books[:3]] == [True, False, False]


@pytest.mark.parametrize("topic", [coinex.Depth("BTCUSDT", 5), coinex.Depth("BTCUSDT", 10, full=True)])
def test_fewer_levels_than_were_recorded_are_the_best_of_them(
    coinex_recording: tuple[Path, list[str]], topic: coinex.Depth
) -> None:
    path, live = coinex_recording
    found = [e for e in market(heard(replay_memory_exchange(path, speed=10), topic, seconds=5)) if "book" in e["data"]]
    assert len(found) > 50
    whole = {e["data"]["book"]["updated_at_ms"]: e["data"]["book"] for e in market(live) if e["type"] == "BookChanged"}
    for event in found:
        book, of_all = event["data"]["book"], whole[event["data"]["book"]["updated_at_ms"]]
        assert book["bids"] == of_all["bids"][: topic.limit]
        assert book["asks"] == of_all["asks"][: topic.limit]


def test_what_was_not_recorded_is_acknowledged_and_silent(coinex_recording: tuple[Path, list[str]]) -> None:
    path, _ = coinex_recording
    topics = coinex.Depth("ETHUSDT"), coinex.Depth("BTCUSDT", 50, "0.1"), coinex.BestQuote("BTCUSDT")
    for topic in topics:
        events = heard(replay_memory_exchange(path, speed=10), topic, seconds=2)
        assert market(events) == []
        assert any('"type":"Subscribed"' in line for line in events)


def test_a_lost_line_of_the_recording_drops_its_listeners_and_nothing_of_it_looks_whole(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="at 10s drop\nat 20s stall 12") as (live, _, _):
        pass
    exchange = replay_memory_exchange(tmp_path, speed=1)
    kinds: list[type[Event]] = []
    found: list[str] = []
    with CoinexClient(network=exchange.network) as client:
        client.on(Event)(lambda event: kinds.append(type(event)))
        client.on(Event)(lambda event: found.append(to_json(event)))
        client.subscribe(*ALL)
        client.run(seconds=60)
    assert kinds.count(Closed) == 3, "for the drop, for the silent line, and its own end"
    assert kinds.count(Lost) >= 2
    books = [[e["data"] for e in market(lines) if e["type"] == "BookChanged"] for lines in (found, live)]
    assert books[0] == books[1]
    assert len(books[0]) > 50


def test_it_can_be_sought_paused_and_made_faster(coinex_recording: tuple[Path, list[str]]) -> None:
    path, live = coinex_recording
    first = next(iter(replay(path).steps())).now
    exchange = replay_memory_exchange(path, speed=1, start=first + 10)
    with CoinexClient(network=exchange.network) as client:
        topic = coinex.Depth("BTCUSDT")
        client.subscribe(topic)
        client.run(seconds=2)
        assert first + 10 <= exchange.state["position"] < first + 13
        exchange.pause()
        before = exchange.state["position"]
        client.run(seconds=5)
        assert exchange.state["position"] == before
        assert client.trusted(topic)
        exchange.set_speed(4)
        exchange.play()
        client.run(seconds=2)
        assert before + 7 < exchange.state["position"] < before + 9
        exchange.seek(first + 5)
        client.run(seconds=1)
        assert client.book(topic).best_bid is not None
        assert exchange.state["position"] < first + 10
        bids = {
            e["data"]["book"]["updated_at_ms"]: e["data"]["book"]["bids"] for e in market(live) if "book" in e["data"]
        }
        book = client.book(topic)
        assert [[str(price), str(size)] for price, size in book.bids] == bids[book.updated_at_ms]


def test_whoever_signs_in_is_let_in_and_hears_nothing_private(coinex_recording: tuple[Path, list[str]]) -> None:
    exchange = replay_memory_exchange(coinex_recording[0], speed=10)
    found: list[Event] = []
    credentials = coinex.Credentials("id", "secret")
    with CoinexClient(network=exchange.network, credentials=credentials) as client:
        client.on(coinex.OrderUpdate)(found.append)
        client.subscribe(coinex.Orders(), coinex.Trades("BTCUSDT"))
        client.run(seconds=3)
        assert client.trusted(coinex.Trades("BTCUSDT"))
    assert found == []


def test_a_recording_of_coinflex_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    with recorded("coinflex", tmp_path, faults="", seconds=2):
        pass
    with pytest.raises(UsageError, match=r"a recording of coinflex.* cannot be served.* play it with replay"):
        replay_memory_exchange(tmp_path)


@pytest.fixture
def served(coinex_recording: tuple[Path, list[str]]) -> Iterator[ReplayExchange]:
    with replay_exchange(coinex_recording[0], speed=math.inf) as exchange:
        yield exchange


def test_a_foreign_client_reads_it_with_gzip_and_json(
    served: ReplayExchange, coinex_recording: tuple[Path, list[str]]
) -> None:
    wanted = [event for event in market(coinex_recording[1]) if event["type"] == "DepthUpdate"]
    updates: list[dict[str, Any]] = []
    with connect(served.url, compression=None) as socket:
        params = {"market_list": [["BTCUSDT", 50, "0", False]]}
        socket.send(json.dumps({"method": "depth.subscribe", "params": params, "id": 7}))
        answer = json.loads(gzip.decompress(socket.recv()))  # type: ignore[arg-type]
        assert (answer["id"], answer["code"]) == (7, 0)
        while len(updates) < len(wanted):
            message = json.loads(gzip.decompress(socket.recv()))  # type: ignore[arg-type]
            assert message["method"] == "depth.update"
            updates.append(message["data"])
        socket.send(json.dumps({"method": "server.ping", "params": {}, "id": 8}))
        assert json.loads(gzip.decompress(socket.recv()))["data"] == {"result": "pong"}  # type: ignore[arg-type]
    assert updates[0]["is_full"]
    assert [one["depth"]["checksum"] for one in updates] == [one["data"]["depth"]["checksum"] for one in wanted]
    assert [one["depth"]["bids"] for one in updates] == [one["data"]["depth"]["bids"] for one in wanted]


def control(exchange: ReplayExchange, method: str, path: str = "") -> tuple[int, dict[str, Any]]:
    parts = urlsplit(exchange.control_url)
    line = http.client.HTTPConnection(parts.netloc)
    line.request(method, parts.path + path)
    answer = line.getresponse()
    found = answer.status, json.loads(answer.read())
    line.close()
    return found


def test_control_is_http_in_any_language(served: ReplayExchange) -> None:
    assert control(served, "GET")[1]["played"] == 0
    assert control(served, "POST", "/speed?x=2")[1]["speed"] == 2
    assert control(served, "POST", "/pause")[1]["is_paused"]
    assert not control(served, "POST", "/play")[1]["is_paused"]
    assert control(served, "POST", "/seek?to=1800000010")[0] == 200
    for wrong in ("/seek", "/seek?to=noon", "/seek?to=nan", "/speed?x=0", "/speed?x=fast"):
        status, said = control(served, "POST", wrong)
        assert status == 400
        assert "is" in said["error"]
    assert control(served, "POST", "/stop")[0] == 404


def test_a_slow_reader_at_full_speed_loses_nothing(tmp_path: Path) -> None:
    from coinex_proto.simulator.replaying.server import MOST_UNSENT
    from coinex_recorder.serving import replay_server

    with recorded("coinex", tmp_path, faults="", seconds=10):
        pass
    server = replay_server(tmp_path, 0.0, speed=math.inf)
    connection = server.accept(0.0)
    connection.receive_data(
        b"GET /v2/spot HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        0.0,
    )
    body = json.dumps({"method": "deals.subscribe", "params": {"market_list": []}, "id": 1}).encode()
    connection.receive_data(bytes((0x81, 0x80 | len(body))) + bytes(4) + body, 0.0)
    connection.unsent = MOST_UNSENT + 1
    server.advance(1.0)
    assert server.played == 0
    assert server.next_deadline() is not None
    connection.unsent = 0
    server.advance(1.1)
    assert server.played > 0


def test_the_last_books_of_live_and_served_are_equal(coinex_recording: tuple[Path, list[str]]) -> None:
    path, _ = coinex_recording
    last = [event for event in replay(path) if isinstance(event, BookChanged)][-1].book
    exchange = replay_memory_exchange(path, speed=50)
    with CoinexClient(network=exchange.network) as client:
        client.subscribe(coinex.Depth("BTCUSDT"))
        client.run(seconds=3)
        book = client.book(coinex.Depth("BTCUSDT"))
        assert (tuple(book.bids), tuple(book.asks)) == (tuple(last.bids), tuple(last.asks))
