"""websockets and aiohttp as they come, with the extensions, pings and ids that they and their users choose."""

import asyncio
import gzip
import json
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.sim import Json, Sim

pytestmark = pytest.mark.filterwarnings("default")

WAIT = 10.0
LARGE = 2**53 + 1


class Checksums:
    """A book kept by the rules of the wire document, in floats and dictionaries as most people do."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        self.proved = 0

    def take(self, data: Json) -> None:
        for side, levels in self.sides.items():
            if data["is_full"]:
                levels.clear()
            for price, size in data["depth"].get(side, []):
                if float(size) == 0:
                    levels.pop(price, None)
                else:
                    levels[price] = size
        texts = [
            f"{price}:{levels[price]}"
            for side, levels in self.sides.items()
            for price in sorted(levels, key=float, reverse=side == "bids")
        ]
        assert zlib.crc32(":".join(texts).encode()) == data["depth"]["checksum"]
        self.proved += 1


class Line:
    """A websockets client in the calling thread."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.pushes: list[Json] = []

    def receive(self) -> Json:
        payload = self.connection.recv(timeout=WAIT)
        assert isinstance(payload, bytes)
        message: Json = json.loads(gzip.decompress(payload))
        return message

    def ask(self, method: str, params: Json, identity: int = 1) -> Json:
        self.connection.send(json.dumps({"method": method, "params": params, "id": identity}))
        while (message := self.receive()).get("id") != identity:
            self.pushes.append(message)
        return message

    def push(self, method: str) -> Any:
        while (message := self.pushes.pop(0) if self.pushes else self.receive()).get("method") != method:
            pass
        return message["data"]


@pytest.fixture(params=["/v2/spot", "/v2/spot/", "/v2/futures", "/v2/futures/"])
def line(request: pytest.FixtureRequest, sim: Sim) -> Iterator[Line]:
    """With everything that websockets does by itself: permessage-deflate is offered, pings are sent."""
    from websockets.sync.client import connect

    with connect(sim.ws + request.param, ping_interval=0.2, close_timeout=0.5) as connection:
        assert connection.protocol.extensions == []
        yield Line(connection)


def test_a_book_is_proved_push_by_push(line: Line) -> None:
    line.ask("depth.subscribe", {"market_list": [["BTCUSDT", 20, "0", False]]})
    book = Checksums()
    while book.proved < 10:
        book.take(line.push("depth.update"))
    assert line.connection.latency > 0  # its pings are answered


def test_ids_of_any_size_come_back_and_an_id_may_be_used_again(line: Line) -> None:
    for identity in (LARGE, 0, -5, 1, 1, 1):
        assert line.ask("server.ping", {}, identity) == {
            "id": identity,
            "code": 0,
            "data": {"result": "pong"},
            "message": "OK",
        }


def test_a_signed_in_client_sees_the_trade_that_another_program_makes(sim: Sim, line: Line) -> None:
    module = "futures" if "futures" in line.connection.request.path else "spot"
    assert line.ask("user_deals.subscribe", {"market_list": []})["code"] % 10_000 == 1001
    assert line.ask("server.sign", sim.sign_in())["code"] == 0
    assert line.ask("user_deals.subscribe", {"market_list": []})["code"] == 0
    placed = sim.buy(module, "0.001", "another")
    deal = line.push("user_deals.update")
    assert (deal["order_id"], deal["client_id"], deal["side"]) == (placed["order_id"], "another", "buy")
    assert ("margin_market" in deal, "position_id" in deal) == (module == "spot", module == "futures")


def test_aiohttp_gets_its_books_and_pongs(sim: Sim) -> None:
    async def main() -> None:
        import aiohttp

        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"{sim.ws}/v2/spot/", compress=15, heartbeat=0.3, timeout=aiohttp.ClientWSTimeout(1.0)
            ) as line,
        ):
            assert line.compress == 0
            request = {"method": "depth.subscribe", "params": {"market_list": [["BTCUSDT", 5, "0", True]]}, "id": LARGE}
            await line.send_json(request)
            book, acknowledged = Checksums(), []
            while book.proved < 10:  # two seconds: without pongs the heartbeat would have ended the line
                message = json.loads(gzip.decompress(await line.receive_bytes(timeout=WAIT)))
                if message.get("method") == "depth.update":
                    book.take(message["data"])
                else:
                    acknowledged.append(message)
            assert acknowledged == [{"id": LARGE, "code": 0, "message": "OK"}]

    asyncio.run(main())


def test_the_standard_library_lives_on_http_alone(sim: Sim) -> None:
    assert abs(sim.get("/time")["timestamp"] / 1000 - time.time()) < 5
    assert [row["market"] for row in sim.get("/spot/market")] == ["BTCUSDT", "ETHUSDT", "CETUSDT"]
    rows = sim.get("/spot/kline?market=BTCUSDT&period=1min&limit=3")
    assert len(rows) == 3
    order = sim.call(
        "POST",
        "/spot/order",
        {"market": "BTCUSDT", "market_type": "SPOT", "side": "buy", "type": "limit", "amount": "0.01", "price": "1000"},
    )
    path = "/spot/pending-order?market=BTCUSDT&market_type=SPOT"
    assert [row["order_id"] for row in sim.call("GET", path)] == [order["order_id"]]
    terms = {"market": "BTCUSDT", "market_type": "SPOT", "order_id": order["order_id"]}
    assert sim.call("POST", "/spot/cancel-order", terms)["order_id"] == order["order_id"]
    assert sim.call("GET", path) == []


def test_a_path_that_does_not_exist_answers_in_the_venues_form(sim: Sim) -> None:
    with urllib.request.urlopen(f"{sim.http}/v3/time", timeout=WAIT) as answer:
        assert json.load(answer)["code"] == 4009
