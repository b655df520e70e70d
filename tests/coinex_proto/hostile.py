"""Messages and floods of a hostile server, and what each costs: `python -m tests.coinex_proto.hostile` prints the table.

Each case runs in a process of its own: seconds of CPU, and by how much the process has grown at most.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from coinex_proto import Config, Session, coinex, coinflex, qfex
from coinex_proto.dialect import Dialect
from coinex_proto.topics import Topic
from tests.coinex_proto.harness.websocket_server import BINARY, CONTINUATION, PING, PONG, TEXT, frame, switching
from tests.coinex_proto.harness.wire import drain, sources

MIB: Final = 2**20
READ: Final = 32 * 1024
"""Bytes in one read of a driver."""


def filled(head: bytes, piece: bytes, tail: bytes, size: int) -> bytes:
    """As many pieces, with commas between, as make a message of this size."""
    count = max(1, (size - len(head) - len(tail)) // (len(piece) + 1))
    return head + (piece + b",") * (count - 1) + piece + tail


def states(size: int, entry: bytes = b"{}") -> bytes:
    return filled(b'{"method":"state.update","data":{"state_list":[', entry, b']},"id":null}', size)


def trades(size: int, entry: bytes = b'{"deal_id":1}') -> bytes:
    return filled(b'{"method":"deals.update","data":{"market":"B","deal_list":[', entry, b']},"id":null}', size)


def distinct_trades(count: int) -> bytes:
    entries = (
        b'{"deal_id":%d,"created_at":1700000000000,"side":"buy","price":"1","amount":"1"}' % number
        for number in range(count)
    )
    return b'{"method":"deals.update","data":{"market":"BTCUSDT","deal_list":[' + b",".join(entries) + b']},"id":null}'


def levels(size: int, level: bytes = b'["1","1"]') -> bytes:
    head = b'{"method":"depth.update","data":{"market":"BTCUSDT","is_full":true,"depth":{"asks":['
    return filled(head, level, b'],"bids":[],"last":"1","updated_at":1700000000000,"checksum":1}},"id":null}', size)


def distinct_members(count: int) -> bytes:
    members = (b'"k%d":1' % number for number in range(count))
    return b'{"type":"level2","symbol":"B",' + b",".join(members) + b"}"


def text(size: int) -> bytes:
    return b'{"method":"notice.update","data":{"channel":101,"info":"' + b"x" * size + b'"}}'


def whole_book(count: int) -> bytes:
    asks = [[f"{200_000 + place}.5", "1.25"] for place in range(count)]
    bids = [[f"{200_000 - place}.25", "1.25"] for place in range(count)]
    return depth(asks, bids, is_full=True, checksum=crc(asks, bids))


def crc(asks: list[list[str]], bids: list[list[str]]) -> int:
    from zlib import crc32

    return crc32(":".join(f"{price}:{size}" for price, size in [*bids, *asks]).encode())


def depth(asks: list[list[str]], bids: list[list[str]], *, is_full: bool, checksum: int) -> bytes:
    inner = {"asks": asks, "bids": bids, "last": "1", "updated_at": 1700000000000, "checksum": checksum}
    data = {"market": "BTCUSDT", "is_full": is_full, "depth": inner}
    return json.dumps({"method": "depth.update", "data": data, "id": None}, separators=(",", ":")).encode()


def opened(dialect: Dialect, *topics: Topic[Any], config: Config = Config(retry_first=True)) -> Session:  # noqa: B008
    """A session whose socket is open; what it asks is answered by nobody."""
    session = Session(dialect, sources(), config)
    if topics:
        session.subscribe(*topics, now=0.0)
    session.next_step(0.0)
    session.connected(0.0)
    session.receive_data(switching(session.data_to_send()), 0.0)
    session.data_to_send()
    list(drain(session))
    return session


BTC: Final = coinex.Depth("BTCUSDT", 50, "0", full=False)
Case = Callable[[], tuple[Session, list[bytes], int]]
"""A session, what it reads, and how many bytes count as the input."""


def message(dialect: Callable[[], Dialect], payload: bytes, *topics: Topic[Any], packed: bool = True) -> Case:
    sent = gzip.compress(payload, 1) if packed else payload
    return lambda: (opened(dialect(), *topics), [frame(BINARY if packed else TEXT, sent)], len(payload))


def flood(piece: bytes, size: int = MIB, before: bytes = b"") -> Case:
    data = before + piece * (size // len(piece))
    return lambda: (opened(coinex.spot()), list(reads(data)), len(data))


def reads(data: bytes, size: int = READ) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def differences(asks: list[list[str]], size: int = MIB) -> tuple[Session, list[bytes], int]:
    """The same change of a book of 10,000 levels a side again and again; it leaves the book as it is."""
    count = 10_000
    session = opened(coinex.spot(), BTC)
    whole = whole_book(count)
    session.receive_data(frame(TEXT, b'{"id":1,"code":0,"message":"OK"}') + frame(TEXT, whole), 0.0)
    list(drain(session))
    assert session.trusted(BTC), session.book(BTC).why
    checksum = json.loads(whole)["data"]["depth"]["checksum"]
    push = frame(TEXT, depth(asks, [], is_full=False, checksum=checksum))
    data = push * max(1, size // len(push))
    return session, list(reads(data)), len(data)


def repeated(payload: bytes, times: int) -> Case:
    packed = frame(BINARY, gzip.compress(payload, 1))
    return lambda: (opened(coinex.spot()), [packed] * times, len(payload) * times)


MARKETS: Final = [
    b'{"market":"M%d","last":"1","open":"1","close":"1","high":"1","low":"1","volume":"1","volume_sell":"1",'
    b'"volume_buy":"1","value":"1","period":86400}' % number
    for number in range(2000)
]

MESSAGES: Final[dict[str, Callable[[], Case]]] = {
    "15 kB gzip: 16 MiB of {} in state_list": lambda: message(coinex.spot, states(16 * MIB - 10)),
    "1 kB gzip: 1 MiB of {} in state_list": lambda: message(coinex.spot, states(MIB)),
    "1 MiB of null in state_list": lambda: message(coinex.spot, states(MIB, b"null")),
    "64 kB of {} in state_list": lambda: message(coinex.spot, states(65_536)),
    '1 MiB of {"market":"B"}': lambda: message(coinex.spot, states(MIB, b'{"market":"B"}')),
    "120,000 distinct trades": lambda: message(coinex.spot, distinct_trades(120_000), coinex.Trades("BTCUSDT")),
    "10,000 distinct trades": lambda: message(coinex.spot, distinct_trades(10_000), coinex.Trades("BTCUSDT")),
    "1.6 million levels": lambda: message(coinex.spot, levels(16 * MIB - 300), BTC),
    "1 MiB of levels": lambda: message(coinex.spot, levels(MIB), BTC),
    "1 MiB of empty levels": lambda: message(coinex.spot, levels(MIB, b'["",""]'), BTC),
    "1 MiB of numbers for levels": lambda: message(coinex.spot, levels(MIB, b"1"), BTC),
    "64 kB of levels of numbers": lambda: message(coinex.spot, levels(65_536, b"[0.1,1]"), BTC),
    "16 MiB of text": lambda: message(coinex.spot, text(16 * MIB - 100)),
    "4 MiB of text, 4 times": lambda: repeated(text(4 * MIB - 100), 4),
    "1 MiB of empty differences, 10,000 levels a side": lambda: partial(differences, []),
    "1 MiB of [ and ]": lambda: message(coinex.spot, b"[" * (MIB // 2) + b"]" * (MIB // 2)),
    "1 MiB of [] in a list": lambda: message(coinex.spot, filled(b"[", b"[]", b"]", MIB)),
    "1 MiB of 0.1 in params": lambda: message(
        coinex.spot, filled(b'{"method":"deals.update","params":[', b"0.1", b"]}", MIB)
    ),
    "1 MiB of members": lambda: message(
        coinex.spot, filled(b'{"method":"state.update","data":{', b'"a":1', b"}}", MIB)
    ),
    "1 MiB of levels, QFEX": lambda: message(
        qfex.mds, filled(b'{"type":"level2","symbol":"B","bid":[', b'["1","1"]', b'],"ask":[]}', MIB)
    ),
    "1 MiB of {}, CoinFLEX": lambda: message(
        coinflex.live, filled(b'{"error_code":0,"tag":1,"orders":[', b"{}", b"]}", MIB)
    ),
    "1 MiB of tonces, CoinFLEX": lambda: message(
        coinflex.live, filled(b'{"notice":"OrderOpened","tonce":1,"x":[', b"0.1", b"]}", MIB)
    ),
    "88,000 distinct members, QFEX": lambda: message(qfex.mds, distinct_members(88_000), qfex.Level2("B")),
    "1 MiB as documented: 2,000 markets": lambda: message(
        coinex.spot,
        b'{"method":"state.update","data":{"state_list":[' + b",".join(MARKETS) + b']},"id":null}',
        coinex.Ticker(),
    ),
}

FEW: Final = 99_000
"""Values that are still read."""


def just_below(head: bytes, piece: bytes, tail: bytes) -> bytes:
    """As many pieces as the limit of values allows, blanks behind them up to a MiB."""
    values = piece.count(b",") + 3 * piece.count(b"{") + piece.count(b"[") + 1
    return filled(head, piece, tail, FEW // values * (len(piece) + 1)).ljust(MIB)


STATE: Final = (b'{"method":"state.update","data":{"state_list":[', b"]}}")
DEPTH: Final = (
    b'{"method":"depth.update","data":{"market":"BTCUSDT","is_full":true,"depth":{"asks":[',
    b'],"bids":[],"checksum":1}}}',
)
BELOW: Final[dict[str, tuple[Callable[[], Dialect], bytes, tuple[bytes, bytes], Topic[Any]]]] = {
    "bare markets": (coinex.spot, b'{"market":"B"}', STATE, coinex.Ticker()),
    "many bare markets": (coinex.spot, b'{"market":"B","last":"1"}', STATE, coinex.Ticker()),
    "{}": (coinex.spot, b"{}", STATE, coinex.Ticker()),
    "markets with a bad member": (coinex.spot, b'{"market":"B","last":[]}', STATE, coinex.Ticker()),
    "levels": (
        coinex.spot,
        b'["1","1"]',
        DEPTH,
        BTC,
    ),
    "levels of numbers": (
        coinex.spot,
        b"[0.1,1]",
        DEPTH,
        BTC,
    ),
    "trades": (
        coinex.spot,
        b'{"deal_id":1,"created_at":1,"side":"buy","price":"1","amount":"1"}',
        (b'{"method":"deals.update","data":{"market":"BTCUSDT","deal_list":[', b"]}}"),
        coinex.Trades("BTCUSDT"),
    ),
    "numbers of an old push": (
        coinex.spot,
        b"0.1",
        (b'{"method":"deals.update","params":[', b"]}"),
        coinex.Trades("BTCUSDT"),
    ),
    "numbers in an unknown push": (coinex.spot, b"0.1", (b'{"method":"x","data":[', b"]}"), coinex.Trades("BTCUSDT")),
    "lists": (coinex.spot, b"[]", (b"[", b"]"), coinex.Trades("BTCUSDT")),
    "levels of QFEX": (
        qfex.mds,
        b'["1","1"]',
        (b'{"type":"level2","symbol":"B","bid":[', b'],"ask":[]}'),
        qfex.Level2("B"),
    ),
    "list of messages of QFEX": (qfex.mds, b"{}", (b"[", b"]"), qfex.Level2("B")),
    "notices of CoinFLEX": (
        coinflex.live,
        b"0.1",
        (b'{"notice":"OrderOpened","tonce":1,"x":[', b"]}"),
        coinflex.OrderBook(63488, 65283),
    ),
    "orders of CoinFLEX": (
        coinflex.live,
        b"{}",
        (b'{"error_code":0,"tag":1,"orders":[', b"]}"),
        coinflex.OrderBook(63488, 65283),
    ),
}


def below(name: str) -> Case:
    dialect, piece, (head, tail), topic = BELOW[name]
    return message(dialect, just_below(head, piece, tail), topic)


MESSAGES.update({f"just below the limit: {name}": partial(below, name) for name in BELOW})

FLOODS: Final[dict[str, Callable[[], Case]]] = {
    "1 MiB of empty pings": lambda: flood(frame(PING)),
    "1 MiB of empty pongs": lambda: flood(frame(PONG)),
    "1 MiB of empty fragments": lambda: flood(frame(CONTINUATION, fin=False), before=frame(TEXT, fin=False)),
    "1 MiB of fragments of one byte": lambda: flood(
        frame(CONTINUATION, b"x", fin=False), before=frame(TEXT, fin=False)
    ),
    "10^6 fragments of one byte": lambda: flood(
        frame(CONTINUATION, b"x", fin=False), 3_000_000, before=frame(TEXT, fin=False)
    ),
    "1 MiB of messages in two empty fragments": lambda: flood(frame(TEXT, fin=False) + frame(CONTINUATION)),
    "1 MiB of empty texts": lambda: flood(frame(TEXT)),
    "1 MiB of {}": lambda: flood(frame(TEXT, b"{}")),
    "1 MiB of 5": lambda: flood(frame(TEXT, b"5")),
    '1 MiB of {"method":"x"}': lambda: flood(frame(TEXT, b'{"method":"x"}')),
    "1 MiB of answers to nothing": lambda: flood(frame(TEXT, b'{"id":1,"code":0}')),
    "64 kB of levels removed twice, 10,000 levels a side": lambda: partial(
        differences, [["7", "0"], ["7", "0"]], 65_536
    ),
    "64 kB of 70 levels in another order, 10,000 levels a side": lambda: partial(
        differences, [[f"{200_000 + place * 37 % 70}.5", "1.25"] for place in range(70)], 65_536
    ),
    "64 kB of levels removed by odd names, 10,000 levels a side": lambda: partial(differences, [["7e0", "0"]], 65_536),
    "1 MiB of pings of one byte between texts": lambda: flood(frame(PING, b"x") + frame(TEXT, b"{}")),
}
CASES: Final = {**MESSAGES, **FLOODS}


def main() -> None:
    """The table, or one case for it."""
    if len(sys.argv) > 1 and sys.argv[1].isdecimal():
        measure(int(sys.argv[1]))
        return
    for number, name in enumerate(CASES):
        command = [sys.executable, "-m", "tests.coinex_proto.hostile", str(number)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(f"{name:52}{done.stdout.strip() or done.stderr.strip().splitlines()[-1]}", flush=True)


def measure(number: int) -> None:
    session, pieces, size = list(CASES.values())[number]()()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    for piece in pieces:
        session.receive_data(piece, 1.0)
        session.data_to_send()
        last = list(drain(session))[-1:]
    spent = time.process_time() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    shown = repr(last)[:150] if os.environ.get("SHOW") else ""
    print(f"{size / MIB:8.2f} MiB  {grown:8.1f} MiB grown  {spent:7.3f} s  {spent / (size / MIB):7.3f} s/MiB {shown}")


if __name__ == "__main__":
    main()
