"""Hostile input for the local CoinEx, over HTTP and sockets: `python -m tests.coinex_proto.simulator.fuzzing 1000000`.

Each input is one connection, made from a number alone, so that a fault is found again by its number.  What must hold: nothing
is raised; every HTTP answer is whole and has a code or ends the connection; a client that behaves is served meanwhile; the
memory of the process grows by no more than 64 MiB; books and money add up.

State is kept for `PER_SERVER` inputs: to see a fault again, begin at the last multiple of that.
"""

from __future__ import annotations

import hmac
import json
import resource
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from random import Random
from typing import Any, Final
from urllib.parse import quote

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.coinex import (
    http_absent,
    http_account,
    http_history,
    http_market,
    http_subs,
    http_trade,
    http_wallet,
)
from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.market.traders import CrowdSettings
from tests.coinex_proto.simulator.market.bookkeeping import check_book, check_owner, check_totals

START: Final = 1_700_000_000.0
MOST_GROWTH: Final = 64 * 2**20
PER_SERVER: Final = 5_000
"""After so many inputs a new server starts: orders that were placed are kept by right."""
BYSTANDER_EVERY: Final = 50
BALANCED_EVERY: Final = 100
MOST_PIECES: Final = 30
"""After so many small pieces the rest of an input comes in large ones."""
TRADING: Final = sorted(
    {
        *http_trade.TABLE,
        *(route for route in http_account.TABLE if route[0] == "POST"),
        *(route for route in http_wallet.TABLE if route[0] == "POST"),
    }
)
"""Routes by which something changes."""
PLACING: Final = tuple(
    ("POST", f"/{module}/{action}")
    for module in ("spot", "futures")
    for action in ("order", "order", "stop-order", "modify-order", "batch-order")
)
"""Those without which the others find nothing."""
ROUTES: Final = sorted(
    {
        route
        for module in (http_absent, http_account, http_history, http_market, http_subs, http_trade, http_wallet)
        for route in module.TABLE
    }
)
NAMES: Final = (
    "market", "market_type", "side", "type", "amount", "price", "ccy", "client_id", "order_id", "order_ids", "orders", "stop_id",
    "stop_ids", "trigger_price", "trigger_price_type", "is_hide", "stp_mode", "page", "limit", "start_time", "end_time", "period",
    "interval", "last_id", "price_type", "leverage", "margin_mode", "stop_loss_price", "stop_loss_type", "take_profit_price",
    "take_profit_type", "stop_loss_id", "position_id", "from_account_type", "to_account_type", "chain", "to_address", "withdraw_id",
    "sub_user_name", "ip_whitelist", "trade_enabled", "permissions", "api_id", "remark", "transfer_type", "status", "settle_switch",
)  # fmt: skip
SOUND: Final[dict[str, tuple[Any, ...]]] = {
    "market": ("BTCUSDT", "ETHBTC", "BTCUSD", "ETHUSDT"),
    "market_type": ("SPOT", "FUTURES", "MARGIN", "spot"),
    "side": ("buy", "sell"),
    "type": ("limit", "market", "ioc", "fok", "maker_only", "deposit", "trade"),
    "amount": ("0.001", "1", "100", "100000"),
    "price": ("1", "60000", "0.05"),
    "ccy": ("BTC", "USDT", "ETH"),
    "period": ("1min", "15min", "1day", "1week"),
    "interval": ("0", "0.01", "1000"),
    "limit": (5, 10, 1000),
    "leverage": (3, 100),
    "margin_mode": ("cross", "isolated"),
    "from_account_type": ("SPOT", "FUTURES"),
    "to_account_type": ("FUTURES", "SPOT"),
    "sub_user_name": ("sub1", "sub2"),
    "permissions": (["API"],),
    "trade_enabled": (True,),
    "ip_whitelist": ([],),
}
NEAR: Final = {
    "spot": (("BTCUSDT", 60_000), ("ETHUSDT", 3_000)),
    "futures": (("BTCUSDT", 60_000), ("ETHUSDT", 3_000), ("BTCUSD", 60_000)),
}
"""Markets, and about where they trade."""
HOSTILE: Final[tuple[Any, ...]] = (
    None, True, -1, 0, 2**63, 2**200, 1.5, 1e300, "", " ", "0", "-0", "1e9", "9" * 80, "0." + "0" * 39 + "1", "NaN", "null", "true",
    "BTCUSDT,BTCUSDT", "\u0660", "\x00", "é" * 50, "x" * 5000, [], [[]], {}, {"a": {"b": []}}, [None] * 30, ["1", 2], "../../etc",
    "%00", "1,2,3", "BTCUSDT" * 200,
)  # fmt: skip
TARGETS: Final = (
    "/", "//", "/v2", "/v2/", "/v2/../v2/ping", "/v2/ping/../time", "/v2/%2e%2e/ping", "/v2/ping%00", "/v2/ping?" + "a=b&" * 500,
    "/v2/ping?%", "/v2/ping?%ff%fe=%zz", "http://x/v2/ping", "http://x", "*", "/v2/spot/", "/v2/futures", "/" + "a" * 9000, "/v2/spot/market;x",
)  # fmt: skip
METHODS: Final = ("sub", "depth.subscribe", "depth.unsubscribe", "state.subscribe", "deals.subscribe", "bbo.subscribe", "server.sign",
    "server.ping", "server.time", "index.subscribe", "order.subscribe", "balance.subscribe", "notice.subscribe", "premium.subscribe")  # fmt: skip


def made_server() -> CoinexServer:
    """Three markets that trade now and then."""
    return CoinexServer(
        now=START, markets=("BTCUSDT", "ETHUSDT", "ETHBTC", "BTCUSD"), crowd=CrowdSettings(rate=0.2, depth=8)
    )


class Inputs:
    """What hostile clients of one account send."""

    def __init__(
        self, access_id: str, secret_key: str, clock_ms: Callable[[], int], ids: Callable[[], Sequence[int]] = tuple
    ) -> None:
        """`ids()`: of orders and stop orders that there are."""
        self._access_id, self._secret_key, self._clock_ms, self._ids = access_id, secret_key.encode(), clock_ms, ids
        self._kinds: tuple[Callable[[Random], bytes], ...] = (
            self._junk, self._mutated, self._called, self._called, self._called, self._target, self._large, self._socket,
            self._socket, self._pipelined, self._traded, self._traded, self._traded,
        )  # fmt: skip

    def made(self, random: Random) -> bytes:
        """What one client sends."""
        return random.choice(self._kinds)(random)

    def _junk(self, random: Random) -> bytes:
        return random.randbytes(random.randint(1, 3000))

    def _mutated(self, random: Random) -> bytes:
        data = bytearray(random.choice((self._called, self._socket))(random))
        for _ in range(random.randint(1, 8)):
            at = random.randrange(len(data))
            match random.randrange(4):
                case 0:
                    data[at] = random.randrange(256)
                case 1:
                    del data[at : at + random.randint(1, 30)]
                case 2:
                    data[at:at] = random.randbytes(random.randint(1, 30))
                case _:
                    data[at:at] = data[at : at + random.randint(1, 200)]
            if not data:
                break
        return bytes(data) or b"\r\n"

    def _called(self, random: Random) -> bytes:
        method, path = random.choice(ROUTES)
        if random.random() < 0.05:
            method = random.choice(("PUT", "HEAD", "OPTIONS", "DELETE", "CONNECT", "TRACE", "get"))
        return self._request(random, method, f"/v2{path}", parameters(random))

    def _traded(self, random: Random) -> bytes:
        """A request that an honest client could send, in two of three cases but for one term."""
        method, path = random.choice(PLACING if random.random() < 0.6 else TRADING)
        ids = self._ids()
        terms = sound_terms(random, path.split("/")[1], ids)
        if random.random() < 0.1:
            terms["orders"] = [sound_terms(random, path.split("/")[1], ids) for _ in range(random.randint(1, 4))]
        if random.random() < 0.66:
            terms[random.choice(tuple(terms))] = random.choice(HOSTILE)
        return self._request(random, method, f"/v2{path}", terms)

    def _request(self, random: Random, method: str, path: str, terms: object) -> bytes:
        body = b""
        if method != "POST" and isinstance(terms, dict):
            path += "?" + "&".join(f"{name}={quote(str(value))}" for name, value in terms.items())
        else:
            body = json.dumps(terms).encode()
            if random.random() < 0.1:
                body = body[: random.randint(0, len(body))]
        stamp = str(self._clock_ms())
        text = method.encode() + path.encode() + body + stamp.encode()
        headers = [
            "Host: x", f"Content-Length: {len(body)}", f"X-COINEX-KEY: {self._access_id}", f"X-COINEX-TIMESTAMP: {stamp}",
            f"X-COINEX-SIGN: {hmac.new(self._secret_key, text, sha256).hexdigest()}",
        ]  # fmt: skip
        if random.random() < 0.05:
            headers.append(
                random.choice(
                    (
                        "Expect: 100-continue",
                        "Connection: close",
                        "Transfer-Encoding: chunked",
                        "Upgrade: h2c\r\nConnection: upgrade",
                        "Content-Length: 7",
                        "X-COINEX-WINDOWTIME: x",
                    )
                )
            )
        return f"{method} {path} HTTP/1.1\r\n".encode() + "\r\n".join(headers).encode() + b"\r\n\r\n" + body

    def _target(self, random: Random) -> bytes:
        target = random.choice(TARGETS).encode()
        method = random.choice((b"GET", b"POST", b"HEAD", b"CONNECT", b"OPTIONS"))
        version = random.choice((b"1.1", b"1.1", b"1.0", b"2.0", b"9"))
        return method + b" " + target + b" HTTP/" + version + b"\r\nHost: x\r\n\r\n"

    def _large(self, random: Random) -> bytes:
        if random.random() < 0.9:
            return self._called(random)
        match random.randrange(4):
            case 0:
                body = b'{"a":"' + b"x" * 1_000_000 + b'"}'
                return b"POST /v2/spot/order HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            case 1:
                return b"GET /v2/ping HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n"
            case 2:
                return self._request(random, "POST", "/v2/spot/order", {"orders": "[" * 5000})
            case _:
                return (
                    b"POST /v2/spot/order HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3e8\r\n" + b"[" * 1000 + b"\r\n"
                )

    def _pipelined(self, random: Random) -> bytes:
        return b"".join(self._called(random) for _ in range(random.randint(2, 12)))

    def _socket(self, random: Random) -> bytes:
        path = random.choice(("/v2/spot", "/v2/futures", "/v2/spot/", "/v2/nothing", "http://x/v2/spot"))
        head = (
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: {random.choice((13, 13, 13, 8))}\r\n\r\n"
        ).encode()
        return head + b"".join(frame(random, message(random)) for _ in range(random.randint(1, 6)))


class Fuzzer:
    """Inputs one after the other."""

    def __init__(self) -> None:
        self.server = made_server()
        self._inputs = Inputs(self.server.access_id, self.server.secret_key, lambda: self.server.clock_ms, self._ids)

    def run(self, number: int) -> None:
        """One connection."""
        random = Random(number)
        if number % PER_SERVER == 0:
            self.server = made_server()
        connection = self.server.accept(self.server.now)
        data = self._inputs.made(random)
        out = b"".join(self._cut(random, connection, data))
        check_answers(out, number)
        if random.random() < 0.9:
            connection.receive_eof()
        if number % BYSTANDER_EVERY == 0:
            self._bystander()
        if number % BALANCED_EVERY == 0:
            self.check_balances()

    def _cut(self, random: Random, connection: ServerConnection, data: bytes) -> list[bytes]:
        """The bytes in pieces, with or without time between them; what comes back."""
        found, at = [], 0
        pause = random.choice((0.0, 0.0, 0.0, 0.01, 0.2)) if random.random() < 0.998 else 15.0
        longest = random.choice((10, 1000, 65536, 65536)) if len(data) < 20_000 else 65536
        for number in range(len(data)):
            if at >= len(data) or connection.wants_close is not None:
                break
            size = random.randint(1, longest if number < MOST_PIECES else len(data))
            connection.receive_data(data[at : at + size], self.server.now + pause)
            self.server.take_ready()
            found.append(connection.data_to_send())
            at += size
        return found

    def _ids(self) -> Sequence[int]:
        exchange, owner = self.server.exchange, self.server.owner
        orders = [order.order_id for order in exchange.open_orders(owner)[-8:]]
        return orders + [stop_id for stops in exchange.stops.waiting.values() for stop_id in list(stops)[-4:]]

    def check_balances(self) -> None:
        """Books and money add up."""
        exchange = self.server.exchange
        check_totals(exchange)
        for market in exchange.markets.values():
            check_book(market)
        if not any(one.status == "audit_required" for one in self.server.records.withdrawals):
            check_owner(exchange, self.server.owner)

    def _bystander(self) -> None:
        connection = self.server.accept(self.server.now)
        connection.receive_data(b"GET /v2/time HTTP/1.1\r\nHost: x\r\n\r\n", self.server.now)
        assert b'"timestamp"' in connection.data_to_send()
        connection.receive_eof()


def parameters(random: Random) -> object:
    """Some that are sound and some that are not."""
    if random.random() < 0.03:
        return random.choice(HOSTILE)
    names = set(random.sample(NAMES, random.randint(0, 6))) | {name for name in SOUND if random.random() < 0.6}
    found = {name: value(random, name) for name in sorted(names)}
    if random.random() < 0.1:
        found["orders"] = [{name: value(random, name) for name in SOUND} for _ in range(random.randint(0, 4))]
    return found


def sound_terms(random: Random, module: str, ids: Sequence[int]) -> dict[str, Any]:
    """What an honest client could say, of everything there is to say."""
    market, price = random.choice(NEAR[module if module in NEAR else "futures"])
    kind = random.choice(("limit", "limit", "market", "ioc", "fok", "maker_only"))
    terms: dict[str, Any] = {
        "market": market,
        "market_type": "SPOT" if module == "spot" else "FUTURES",
        "side": random.choice(("buy", "sell")),
        "type": kind,
        "amount": random.choice(("0.002", "0.03", "1", "500")),
        "stp_mode": random.choice(("", "", "ct", "cm", "both")),
        "is_hide": random.random() < 0.1,
        "ccy": random.choice(("BTC", "USDT", "ETH")),
        "from_account_type": "SPOT",
        "to_account_type": "FUTURES",
        "leverage": random.choice((1, 3, 10, 100)),
        "margin_mode": random.choice(("cross", "isolated")),
    }
    for name in ("price", "trigger_price", "take_profit_price", "stop_loss_price"):
        terms[name] = f"{price * random.choice((0.9, 0.995, 0.9998, 1, 1.0002, 1.005, 1.1)):.2f}"
    for name in ("trigger_price_type", "take_profit_type", "stop_loss_type"):
        terms[name] = random.choice(("latest_price", "mark_price", "index_price"))
    if ids:
        chosen = random.choice(ids)
        terms |= {"order_id": chosen, "stop_id": chosen, "order_ids": ids[:3], "stop_ids": ids[-3:]}
    return terms


def value(random: Random, name: str) -> Any:
    """Sound more often than not, where something sound is known."""
    return random.choice(SOUND[name]) if name in SOUND and random.random() < 0.8 else random.choice(HOSTILE)


def message(random: Random) -> bytes:
    """A request of a socket, or something like one."""
    if random.random() < 0.15:
        return random.choice((b"", b"{", b"[" * 9000, b"\xff\xfe", b"null", b"x" * 20_000, random.randbytes(100)))
    entries = [
        random.choice(("BTCUSDT", ["BTCUSDT", 5, "0", True], ["BTCUSDT", 7, "x", 1], *HOSTILE))
        for _ in range(random.randint(0, 4))
    ]
    key = random.choice(("market_list", "market_list", "market_list", "ccy_list", "channels", "access_id"))
    request = {
        "method": random.choice((*METHODS, *METHODS, *HOSTILE)),
        "params": random.choice(({key: entries}, {key: entries}, *HOSTILE)),
        "id": random.choice((1, 2**64 + 1, *HOSTILE)),
    }
    return json.dumps(request).encode()


def frame(random: Random, payload: bytes) -> bytes:
    """A masked frame, most often a whole text."""
    first = random.choice((0x81, 0x81, 0x81, 0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0x83))
    if len(payload) < 126:
        head = bytes((first, 0x80 | len(payload)))
    else:
        head = bytes((first, 0xFE)) + len(payload).to_bytes(2, "big")
    mask = random.randbytes(4)
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")
    return head + mask + masked


def check_answers(out: bytes, number: int) -> None:
    """Each answer is whole HTTP; those with status 200 hold JSON with a code."""
    while out.startswith(b"HTTP/"):
        head, mark, rest = out.partition(b"\r\n\r\n")
        assert mark, number
        lines = head.split(b"\r\n")
        status = int(lines[0].split()[1])
        if status == 100:
            out = rest
            continue
        if status == 101:
            return
        headers = {name.lower(): content for name, _, content in (line.partition(b": ") for line in lines[1:])}
        length = int(headers[b"content-length"])
        body = rest[:length]
        if status == 200 and body and not body.startswith(b"HTTP/"):
            assert len(body) == length, number
            answer = json.loads(body)
            assert isinstance(answer["code"], int), number
            assert {"data", "message"} <= answer.keys(), number
            out = rest[length:]
        else:
            out = rest if body.startswith(b"HTTP/") else rest[length:]
    assert not out, (number, out[:60])


def peak() -> int:
    """The most memory that the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(count: int, first: int = 0) -> int:
    """So many inputs; says what it has done."""
    fuzzer, number = Fuzzer(), first
    for number in range(first, first + min(count, 2000)):
        fuzzer.run(number)
    before = peak()
    try:
        for number in range(first + min(count, 2000), first + count):
            fuzzer.run(number)
            if number % 10_000 == 0:
                print(f"{number}: {(peak() - before) / 2**20:.1f} MiB more", flush=True)
    except BaseException:
        print(f"input {number}", file=sys.stderr)
        raise
    grown = peak() - before
    print(f"{count} inputs, nothing raised, {grown / 2**20:.1f} MiB more than after the first 2000")
    return int(grown > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
