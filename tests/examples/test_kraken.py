"""The Kraken example: its book against Kraken's own example, and the whole of it against a stub under both clients."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import (
    Answer,
    BookChanged,
    BookNotTrusted,
    Config,
    Lost,
    RequestRefused,
    RequestTimedOut,
    Restored,
    Subscribed,
    SubscribeFailed,
    Unrecognised,
    Update,
    UsageError,
    endpoint_of,
    to_json,
)
from coinex_proto.testing import LAWS, Law, Recording
from coinex_trio import BlockingClient, open_client
from examples.kraken import (
    DEPTHS,
    Book,
    BookUpdate,
    Kraken,
    KrakenTopic,
    Request,
    Ticker,
    TickerUpdate,
    Trades,
    TradeUpdate,
)
from tests.coinex_proto.harness.websocket_server import frame
from tests.coinex_trio.venue import TrioNetwork, Venue, VirtualNetwork

Side = dict[str, str]
"""Price and size, as texts."""

GUIDE_BIDS = """45283.5 0.10000000 | 45283.4 1.54582015 | 45282.1 0.10000000 | 45281.0 0.10000000 | 45280.3 1.54592586
 | 45279.0 0.07990000 | 45277.6 0.03310103 | 45277.5 0.30000000 | 45277.3 1.54602737 | 45276.6 0.15445238"""
GUIDE_ASKS = """45285.2 0.00100000 | 45286.4 1.54571953 | 45286.6 1.54571109 | 45289.6 1.54560911 | 45290.2 0.15890660
 | 45291.8 1.54553491 | 45294.7 0.04454749 | 45296.1 0.35380000 | 45297.5 0.09945542 | 45299.5 0.18772827"""
GUIDE_CHECKSUM = 3310070434
THROUGH_DOUBLES = 1604409348
TIME = '"2026-11-28T12:00:00.500000Z"'
BTC = Book("BTC/USD")


def side(text: str) -> Side:
    return dict(level.split() for level in text.split("|"))


def checksum(bids: Side, asks: Side) -> int:
    best = sorted(asks.items(), key=lambda level: Decimal(level[0]))[:10]
    best += sorted(bids.items(), key=lambda level: -Decimal(level[0]))[:10]
    return crc32("".join(str(int(number.replace(".", ""))) for level in best for number in level).encode())


def levels(found: Side) -> str:
    return ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in found.items())


def book_push(kind: str, bids: Side, asks: Side, proof: int, symbol: str = "BTC/USD") -> str:
    entry = (
        f'{{"symbol":"{symbol}","bids":[{levels(bids)}],"asks":[{levels(asks)}],"checksum":{proof},"timestamp":{TIME}}}'
    )
    return f'{{"channel":"book","type":"{kind}","data":[{entry}]}}'


def ticker_push(symbol: str, last: str = "45284.10") -> str:
    entry = f'{{"symbol":"{symbol}","bid":45283.5,"bid_qty":0.1,"ask":45285.2,"ask_qty":0.001,"last":{last},"volume":12.50}}'
    return f'{{"channel":"ticker","type":"update","data":[{entry}]}}'


def trade_push(*ids: int, kind: str = "update", qty: str = "0.00000010") -> str:
    each = '{{"symbol":"BTC/USD","side":"buy","price":45284.10,"qty":{qty},"ord_type":"market","trade_id":{id},"timestamp":{time}}}'
    entries = ",".join(each.format(qty=qty, id=number, time=TIME) for number in ids)
    return f'{{"channel":"trade","type":"{kind}","data":[{entries}]}}'


class KrakenStub(Venue):
    """As much of Kraken as a public-market-data client meets; each symbol of a list is answered by itself."""

    names_refused = True

    def __init__(self) -> None:
        super().__init__()
        self.bids, self.asks = side(GUIDE_BIDS), side(GUIDE_ASKS)

    def say(self, text: str) -> None:
        self.send(frame(1, text.encode()))

    def _request(self, request: dict[str, Any]) -> None:
        if not self.requests:
            self.say('{"channel":"status","type":"update","data":[{"system":"online","api_version":"v2"}]}')
        self.requests.append(request)
        if not self.is_silent:
            self.answer(request)

    def answer(self, request: dict[str, Any]) -> None:
        method, number = request["method"], request["req_id"]
        if method == "ping":
            self.say(json.dumps({"method": "pong", "req_id": number, "time_in": "x", "time_out": "y"}))
            return
        params = request["params"]
        for symbol in params["symbol"]:
            answer = {"method": method, "req_id": number, "success": True, "time_in": "x", "time_out": "y"}
            if not symbol.startswith("NO"):
                self.say(json.dumps({**answer, "result": {"channel": params["channel"], "symbol": symbol}}))
                if method == "subscribe":
                    self.first(params["channel"], symbol)
            else:
                error = f"Currency pair not supported {symbol}" if self.names_refused else "Currency pair not supported"
                named = {"symbol": symbol} if self.names_refused else {}
                self.say(json.dumps({**answer, "success": False, "error": error, **named}))

    def first(self, channel: str, symbol: str) -> None:
        if channel == "book":
            self.say(book_push("snapshot", self.bids, self.asks, checksum(self.bids, self.asks), symbol))
        elif channel == "ticker":
            self.say(ticker_push(symbol))
        else:
            self.say(trade_push(1, 2, 3, kind="snapshot"))

    def change(self, bids: Side, asks: Side, proof: int | None = None) -> None:
        for known, new in ((self.bids, bids), (self.asks, asks)):
            known.update(new)
            for price in [price for price, size in known.items() if not Decimal(size)]:
                del known[price]
        self.say(book_push("update", bids, asks, checksum(self.bids, self.asks) if proof is None else proof))

    def subscribed(self) -> list[dict[str, Any]]:
        return [request["params"] for request in self.requests if request["method"] == "subscribe"]


class Virtual(VirtualNetwork):
    kind = KrakenStub


class UnderTrio(TrioNetwork):
    kind = KrakenStub


def stub(network: VirtualNetwork | TrioNetwork) -> KrakenStub:
    assert isinstance(network.last, KrakenStub)
    return network.last


@pytest.fixture
def network() -> Virtual:
    return Virtual()


@pytest.fixture
def client(network: Virtual) -> Iterator[BlockingClient]:
    with BlockingClient(Kraken(), network=network) as client:
        yield client


def decoded(text: str) -> Any:
    (found,) = Kraken().decode(text.encode())
    return found


def applied(*texts: str, topic: Book = BTC) -> list[str | None]:
    book = Kraken().book(topic)
    assert book is not None
    return [book.apply(decoded(text)) for text in texts]


# The book -------------------------------------------------------------------------------------------------------------


def test_the_file_keeps_to_its_length_and_to_public_names() -> None:
    text = (Path(__file__).parents[2] / "examples" / "kraken.py").read_text()
    assert len(text.splitlines()) <= 200
    imports = [line for line in text.splitlines() if line.startswith(("import coinex", "from coinex"))]
    assert [line.partition(" import ")[0] for line in imports] == [
        "import coinex_proto as proto",
        "from coinex_proto",
        "from coinex_trio",
    ]
    assert "proto._" not in text


def test_the_guides_worked_example_is_proved() -> None:
    text = book_push("snapshot", side(GUIDE_BIDS), side(GUIDE_ASKS), GUIDE_CHECKSUM)
    assert applied(text) == [None]
    assert checksum(side(GUIDE_BIDS), side(GUIDE_ASKS)) == GUIDE_CHECKSUM  # the stub's own way


def test_numbers_that_went_through_doubles_are_found_out() -> None:
    bids, asks = ({str(float(p)): str(float(s)) for p, s in side(text).items()} for text in (GUIDE_BIDS, GUIDE_ASKS))
    assert checksum(bids, asks) == THROUGH_DOUBLES
    assert applied(book_push("snapshot", bids, asks, GUIDE_CHECKSUM)) == [
        "the checksum does not fit; waiting for a whole book"
    ]


@pytest.mark.parametrize(
    "size",
    [
        "0.00000010",
        "12345678.12345678",
        "9999999999.999999",
        "0.10000000",
        "1",
        "100",
        "0.0000000001",
        "123456789012345678901.10",
    ],
)
@pytest.mark.parametrize("price", ["0.00000010", "45283.50", "1", "12345678.12345678", "0.0000123"])
def test_texts_survive_exactly_as_kraken_wrote_them(size: str, price: str) -> None:
    bids, asks = {price: size}, {"99999999.5": "0.50"}
    text = book_push("snapshot", bids, asks, checksum(bids, asks))
    assert applied(text) == [None]
    book = Kraken().book(BTC)
    assert book is not None
    update = decoded(text)
    book.apply(update)
    ((found_price, found_size),) = book.levels().bids
    assert (format(found_price, "f"), format(found_size, "f")) == (price, size)
    written = json.loads(to_json(update))["data"]["bids"][0]
    assert written == {"price": price, "qty": size}


def test_what_falls_out_of_the_depth_is_forgotten_without_a_word() -> None:
    asks = {f"{price}.0": "1.00" for price in range(200, 210)}
    bids = {f"{price}.0": "1.00" for price in range(100, 110)}
    first = book_push("snapshot", bids, asks, checksum(bids, asks))
    better = {"199.0": "2.00"}
    seen = {**asks, **better}
    del seen["209.0"]
    second = book_push("update", {}, better, checksum(bids, seen))
    gone = {price: size for price, size in seen.items() if price != "199.0"}
    # Were 209.0 still kept, this one's checksum would not fit.
    third = book_push("update", {}, {"199.0": "0.00", "209.5": "3.00"}, checksum(bids, {**gone, "209.5": "3.00"}))
    assert applied(first, second, third) == [None, None, None]


@pytest.mark.parametrize("bad", ["-1", "1e999999999", "1e31", '"NaN"', '"Infinity"', "null", "true", "[]", '"x"'])
def test_a_number_that_is_none_reaches_no_book_and_no_ticker(bad: str) -> None:
    text = book_push("snapshot", {bad: "1.0"}, {}, 0)
    found = decoded(text)
    if isinstance(found, Update):
        assert applied(text)[0] is not None
    else:
        assert isinstance(found, Unrecognised)
        assert found.concerns == ("book", None)
    if bad != "-1":
        assert isinstance(decoded(ticker_push("BTC/USD", bad)), Unrecognised)
        assert isinstance(decoded(trade_push(1, qty=bad)), Unrecognised)


def test_a_price_of_zero_proves_nothing() -> None:
    assert (
        applied(book_push("snapshot", {"0.0": "1.0"}, {}, checksum({"0.0": "1.0"}, {})))[0]
        == "a level with a price of zero; waiting for a whole book"
    )


def test_a_change_before_the_snapshot_proves_nothing() -> None:
    assert applied(book_push("update", {"1.0": "1.0"}, {}, 1)) == ["waiting for a whole book"]


def test_what_is_missing_below_the_ten_checked_levels_is_not_passed_over() -> None:
    book = Kraken().book(Book("BTC/USD", 25))
    assert book is not None
    assert book.apply(decoded(book_push("snapshot", side(GUIDE_BIDS), side(GUIDE_ASKS), GUIDE_CHECKSUM))) is None
    book.missed()
    assert (
        book.apply(decoded(book_push("update", {}, {}, GUIDE_CHECKSUM)))
        == "a push could not be read; waiting for a whole book"
    )


# What a user can get wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [0, 1, 11, 9, 5000, -10, True, 10.0, "10", float("nan")])
def test_a_depth_that_is_not_offered_is_refused_by_name(depth: Any) -> None:
    with pytest.raises(UsageError, match="10, 25, 100, 500, 1000"):
        Book("BTC/USD", depth)


@pytest.mark.parametrize("kind", [Ticker, Book, Trades])
@pytest.mark.parametrize(
    "symbol", ["", "BTCUSD", "BTC/USD/EUR", "BTC/ USD", "BTC/USD\n", None, 7, b"BTC/USD", "*", "BTC/" + "U" * 99]
)
def test_what_cannot_be_a_symbol_is_refused_before_anything_leaves(kind: type[KrakenTopic[Any]], symbol: Any) -> None:
    with pytest.raises(UsageError, match="BTC/USD"):
        kind(symbol)


def test_all_depths_are_offered() -> None:
    assert [Book("BTC/USD", depth).depth for depth in DEPTHS] == [10, 25, 100, 500, 1000]


def test_topics_of_other_venues_are_refused(client: BlockingClient) -> None:
    from coinex_proto import coinex

    with pytest.raises(UsageError, match="no topic of this venue"):
        client.subscribe(coinex.Ticker("BTCUSDT"))


# Under the blocking client --------------------------------------------------------------------------------------------


def test_the_book_is_proved_followed_and_written_exactly(network: Virtual, client: BlockingClient) -> None:
    client.subscribe(BTC, Ticker("BTC/USD"))
    book = client.book(BTC)
    assert book.trusted
    assert book.best_bid == (Decimal("45283.5"), Decimal("0.10000000"))
    network.at(1, lambda: stub(network).change({"45283.6": "0.00000010", "45283.5": "0.00000000"}, {}))
    event = next(iter(client.events(BookChanged)))
    assert str(event.book.bids[0][1]) == "1.0E-7"
    written = json.loads(to_json(event))["data"]["book"]
    assert written["bids"][0] == ["45283.6", "0.00000010"]
    assert written["asks"][0] == ["45285.2", "0.00100000"]
    assert written["updated_at_ms"] == 1795867200500
    assert len(written["bids"]) == 10


def test_a_checksum_that_does_not_fit_is_lost_asked_for_anew_and_restored(
    network: Virtual, client: BlockingClient
) -> None:
    client.subscribe(BTC)
    assert client.book(BTC).trusted
    network.at(1, lambda: stub(network).change({"45283.6": "1.00000000"}, {}, proof=7))
    events = iter(client.events(Lost, Restored))
    lost = next(events)
    assert isinstance(lost, Lost)
    assert lost.topics == (BTC,)
    assert "the checksum does not fit" in lost.why
    assert not client.trusted(BTC)
    with pytest.raises(BookNotTrusted, match="the checksum does not fit"):
        client.book(BTC, timeout=0.5)
    restored = next(events)
    assert isinstance(restored, Restored)
    assert "checksum" in restored.why
    assert client.book(BTC).best_bid == (Decimal("45283.6"), Decimal("1.00000000"))
    methods = [request["method"] for request in network.last.requests]
    assert methods == ["subscribe", "unsubscribe", "subscribe"]
    assert network.last.requests[1]["params"]["depth"] == 10


def test_a_symbol_that_does_not_exist_is_refused_in_kraken_words_once(network: Virtual, client: BlockingClient) -> None:
    client.subscribe(Book("NO/PE"), BTC)
    assert client.book(BTC).trusted
    with pytest.raises(RequestRefused) as caught:
        client.book(Book("NO/PE"))
    assert str(caught.value) == "Request refused: 'Currency pair not supported NO/PE'"
    assert caught.value.code == "Currency pair not supported NO/PE"


@pytest.mark.parametrize("names", [True, False])
def test_one_bad_symbol_spoils_no_other_of_the_list(network: Virtual, client: BlockingClient, names: bool) -> None:
    stub(network).names_refused = names
    good = [Ticker(f"C{number}/USD") for number in range(50)]
    seen: list[Any] = []
    client.on(SubscribeFailed)(seen.append)
    client.on(Subscribed)(seen.append)
    client.subscribe(*good[:25], Ticker("NO/A"), Ticker("NO/B"), *good[25:])
    client.ready(*good)
    client.run(3)
    assert {event.topic for event in seen if isinstance(event, SubscribeFailed)} == {Ticker("NO/A"), Ticker("NO/B")}
    assert {event.topic for event in seen if isinstance(event, Subscribed)} == set(good)
    assert len(stub(network).subscribed()) == (1 if names else 3)  # unnamed: the two are asked for once more, in halves


def test_a_thousand_markets_take_a_few_requests_and_no_time(network: Virtual, client: BlockingClient) -> None:
    topics = [Ticker(f"C{number}/USD") for number in range(1000)]
    begun, clock = network.now(), time.process_time()
    client.subscribe(*topics)
    client.ready(*topics)
    assert network.now() - begun < 1
    asked = stub(network).subscribed()
    assert sum(len(params["symbol"]) for params in asked) == 1000
    assert len(asked) <= 8
    assert time.process_time() - clock < 30


def test_answers_that_do_not_come_are_asked_for_again_and_only_they(network: Virtual) -> None:
    with BlockingClient(Kraken(), network=network, config=Config(request_timeout=2)) as client:
        server = stub(network)

        def forgetful(message: dict[str, Any]) -> None:
            if message["method"] == "subscribe" and len(message["params"]["symbol"]) > 1:
                message["params"]["symbol"].remove("B/USD")
            KrakenStub.answer(server, message)

        server.answer = forgetful  # type: ignore[method-assign,assignment]
        errors: list[SubscribeFailed] = []
        client.on(SubscribeFailed)(errors.append)
        topics = [Ticker(f"{name}/USD") for name in "ABC"]
        client.subscribe(*topics)
        client.ready(*topics)
        assert [event.topic for event in errors] == [Ticker("B/USD")]
        assert isinstance(errors[0].error, RequestTimedOut)
        assert [params["symbol"] for params in server.subscribed()] == [["A/USD", "C/USD"], ["B/USD"]]


def test_another_depth_ends_the_old_one_by_its_own_name(network: Virtual, client: BlockingClient) -> None:
    client.subscribe(BTC)
    client.book(BTC)
    client.unsubscribe(BTC)
    client.subscribe(Book("BTC/USD", 100))
    assert client.book(Book("BTC/USD", 100)).trusted
    client.run(1)
    asked = [(request["method"], request["params"]["depth"]) for request in stub(network).requests]
    assert asked == [("subscribe", 10), ("unsubscribe", 10), ("subscribe", 100)]


def test_trades_that_come_again_are_delivered_once(network: Virtual, client: BlockingClient) -> None:
    seen: list[int] = []
    client.subscribe(Trades("BTC/USD"), callback=lambda update: seen.append(update.trade_id))
    network.at(1, lambda: stub(network).say(trade_push(3, 4)))
    client.run(2)
    network.last.reset(ConnectionResetError(104, "reset"))
    client.run(60)
    assert seen == [1, 2, 3, 4]


def test_heartbeats_and_status_are_no_news_and_the_ping_is_answered(network: Virtual, client: BlockingClient) -> None:
    odd: list[Any] = []
    client.on(Unrecognised)(odd.append)
    client.subscribe(Ticker("BTC/USD"))
    for second in range(1, 5):
        network.at(second, lambda: stub(network).say('{"channel":"heartbeat"}'))
    client.run(100)
    assert odd == []
    assert "ping" in [request["method"] for request in network.last.requests]
    assert len(network.all) == 1
    assert client.trusted(Ticker("BTC/USD"))


# Under trio -----------------------------------------------------------------------------------------------------------


async def test_it_runs_unchanged_under_trio(autojump_clock: MockClock) -> None:
    network = UnderTrio()
    async with open_client(Kraken(), network=network) as client:
        client.subscribe(BTC)
        book = client.book(BTC)
        await client.ready(BTC)
        assert book.best_ask == (Decimal("45285.2"), Decimal("0.00100000"))
        async with client.events(Lost, Restored) as events:
            stub(network).change({}, {"45285.2": "0.00000000"}, proof=1)
            assert isinstance(await anext(events), Lost)
            assert not book.trusted
            assert isinstance(await anext(events), Restored)
        assert book.best_ask == (Decimal("45286.4"), Decimal("1.54571953"))
    assert trio.current_time() < 60


# The wire -------------------------------------------------------------------------------------------------------------


def test_requests_and_answers_are_krakens() -> None:
    dialect = Kraken()
    ((command, topics),) = dialect.subscribe([Book("BTC/USD", 25), Book("ETH/USD", 25)])
    out = dialect.encode(command, 7)  # type: ignore[arg-type]
    assert json.loads(out.text) == {
        "method": "subscribe",
        "params": {"channel": "book", "symbol": ["BTC/USD", "ETH/USD"], "depth": 25},
        "req_id": 7,
    }
    assert len(topics) == 2
    assert decoded('{"method":"pong","req_id":8}').keys == (8,)
    answer = decoded('{"method":"subscribe","req_id":7,"success":true,"result":{"channel":"book","symbol":"BTC/USD"}}')
    assert isinstance(answer, Answer)
    assert (answer.part, answer.refusal) == ("BTC/USD", None)
    assert json.loads(dialect.encode(Request(method="ping"), 1).text) == {"method": "ping", "req_id": 1}  # type: ignore[arg-type]


def test_another_address_can_be_given() -> None:
    assert Kraken(endpoint=endpoint_of("ws://127.0.0.1:8080/v2")).endpoint.port == 8080
    assert (Kraken().endpoint.host, Kraken().endpoint.target) == ("ws.kraken.com", "/v2")


def test_updates_have_the_wires_names() -> None:
    assert decoded(ticker_push("BTC/USD")) == TickerUpdate(
        symbol="BTC/USD",
        bid=Decimal("45283.5"),
        ask=Decimal("45285.2"),
        last=Decimal("45284.10"),
        volume=Decimal("12.50"),
    )
    trade = decoded(trade_push(5))
    assert isinstance(trade, TradeUpdate)
    written = json.loads(to_json(trade))["data"]
    assert (written["price"], written["qty"], written["timestamp"]) == (
        "45284.10",
        "0.00000010",
        "2026-11-28T12:00:00.500000+00:00",
    )
    book = decoded(book_push("snapshot", {}, {}, 0))
    assert isinstance(book, BookUpdate)
    assert book.is_snapshot


RECORDING = Recording(
    dialect=Kraken(),
    topics=(BTC, Ticker("BTC/USD"), Trades("BTC/USD"), Book("NO/PE")),
    messages=tuple(
        text.encode()
        for text in (
            '{"channel":"status","type":"update","data":[{"system":"online"}]}',
            '{"method":"subscribe","req_id":1,"success":true,"result":{"channel":"book","symbol":"BTC/USD"}}',
            '{"method":"subscribe","req_id":1,"success":false,"error":"Currency pair not supported NO/PE","symbol":"NO/PE"}',
            '{"method":"subscribe","req_id":2,"success":true,"result":{"channel":"ticker","symbol":"BTC/USD"}}',
            book_push("snapshot", side(GUIDE_BIDS), side(GUIDE_ASKS), GUIDE_CHECKSUM),
            ticker_push("BTC/USD"),
            '{"method":"subscribe","req_id":3,"success":true,"result":{"channel":"trade","symbol":"BTC/USD"}}',
            trade_push(1, 2),
            '{"channel":"heartbeat"}',
            book_push("update", {"45283.5": "0.00000000"}, {}, 1),
        )
    ),
)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_laws_hold_for_recorded_messages(law: Law) -> None:
    law(RECORDING)
