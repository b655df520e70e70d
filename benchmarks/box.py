"""`python -m benchmarks.box`: what the exchange in the box costs: pushes a second of CPU to one client, and an hour in memory.

No sockets and no clock: the exchange is driven on virtual time, and CPU is counted. `--against DIR` measures another checkout in the
same rounds, one after the other, and prints the median of their ratios. `--counted` counts instructions of the same instead, once,
below valgrind, and of that work alone: two forks differ in it, so that neither the start of Python nor the making of the markets
counts.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from coinex_proto import coinex
from coinex_proto.simulator import CoinexServer, CrowdSettings
from coinex_trio import CoinexClient, memory_exchange

START = 1_800_000_000.0
STEP = 0.05
"""Seconds of virtual time between two looks of the host."""
NAMES_A_REQUEST = 80
UPGRADE = (
    b"GET /v2/spot HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def pushes_a_second(markets: int, rate: float, warm: float, seconds: float) -> float:
    """Pushes in a second of CPU to one client that wants depth, best quotes and deals of all spot markets."""
    push = _pushing(markets, rate, warm)
    began = time.process_time()
    return push(seconds) / (time.process_time() - began)


def _pushing(markets: int, rate: float, warm: float) -> Callable[[float], int]:
    """What goes on for so many seconds and returns how many pushes that were, once everything is awake."""
    server = CoinexServer(now=START, seed=1, markets=markets, crowd=CrowdSettings(rate=rate))
    client = server.accept(START)
    client.receive_data(UPGRADE, START)
    names = list(server.feeds["spot"].markets)
    for first in range(0, len(names), NAMES_A_REQUEST):
        some = names[first : first + NAMES_A_REQUEST]
        client.receive_data(_request("depth", [[name, 20, "0", False] for name in some]), START)
        client.receive_data(_request("bbo", some), START)
    client.receive_data(_request("deals", []), START)

    def push(seconds: float) -> int:
        before, end = client.frames_sent, server.now + seconds
        while server.now < end:
            server.advance(server.now + STEP)
            client.data_to_send()
        return client.frames_sent - before

    push(warm)
    return push


def hour_in_memory(seconds: float) -> float:
    """CPU seconds that so long a time of one market takes, with a client that keeps its book proved."""
    exchange = memory_exchange(seed=1)
    with CoinexClient(network=exchange.network) as client:
        client.subscribe(coinex.Depth("BTCUSDT"))
        began = time.process_time()
        client.run(seconds=seconds)
        return time.process_time() - began


def in_forks(markets: int, rate: float, warm: float, seconds: float, hour: float) -> None:
    """Does both in forks, each after one that does nothing; prints a line for each: its process, and how much it has done."""
    push = _pushing(markets, rate, warm)
    _fork(lambda: push(0))
    _fork(lambda: push(seconds))
    # The whole of it in each fork, for a client serves no other process than its own.
    _fork(lambda: hour_in_memory(warm) and 0)
    _fork(lambda: hour_in_memory(warm + hour) and hour)


def _fork(work: Callable[[], float]) -> None:
    child = os.fork()
    if child == 0:
        try:
            print(os.getpid(), work(), flush=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _request(topic: str, market_list: Sequence[object]) -> bytes:
    """A frame masked with zeros, which leaves the text as it is."""
    data = json.dumps({"method": f"{topic}.subscribe", "params": {"market_list": market_list}, "id": 1}).encode()
    size = bytes([128 | len(data)]) if len(data) < 126 else bytes([254]) + len(data).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + data


def _measure_in(checkout: Path, options: Sequence[str]) -> tuple[float, float]:
    """Pushes a second and the seconds of an hour, by the code of that checkout."""
    command = [sys.executable, str(Path(__file__).resolve()), "--once", *options]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(checkout)}, check=True, capture_output=True, text=True
    )
    pushes, hour = json.loads(done.stdout)
    return pushes, hour


def _count_in(checkout: Path, options: Sequence[str]) -> tuple[float, float]:
    """Instructions of a push, and of a second of virtual time in memory, by the code of that checkout."""
    from benchmarks.instructions import instructions_of_forks  # not where this file is run as a script

    printed, counts = instructions_of_forks(
        str(Path(__file__).resolve()), "--forks", *options, environment={"PYTHONPATH": str(checkout)}
    )
    (idle, _), (pushing, pushes), (waiting, _), (running, seconds) = (line.split() for line in printed.splitlines())
    return (
        (counts[int(pushing)] - counts[int(idle)]) / float(pushes),
        (counts[int(running)] - counts[int(waiting)]) / float(seconds),
    )


def main(arguments: Sequence[str]) -> None:
    """Prints both figures, and how many times better they are than another checkout's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.box", description=__doc__)
    parser.add_argument("--markets", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=4.0, help="actions of the random traders a second and market")
    parser.add_argument(
        "--warm",
        type=float,
        default=15.0,
        help="virtual seconds before counting; with those counted less than 60, for the client says nothing",
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="virtual seconds that are counted")
    parser.add_argument("--hour", type=float, default=3600.0, help="virtual seconds of the exchange in memory")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout of this repository")
    parser.add_argument(
        "--counted", action="store_true", help="instructions instead of seconds, below valgrind; one round"
    )
    parser.add_argument("--once", action="store_true", help="one round, as JSON")
    parser.add_argument("--forks", action="store_true", help="what is counted")
    chosen = parser.parse_args(arguments)
    if chosen.once:
        pushes = pushes_a_second(chosen.markets, chosen.rate, chosen.warm, chosen.seconds)
        print(json.dumps([pushes, hour_in_memory(chosen.hour)]))
        return
    if chosen.forks:
        in_forks(chosen.markets, chosen.rate, chosen.warm, chosen.seconds, chosen.hour)
        return
    measure, rounds, titles = (
        _measure_in,
        chosen.rounds,
        ("pushes a second of CPU", f"CPU seconds for {chosen.hour:.0f} s in memory"),
    )
    if chosen.counted:
        measure, rounds, titles = _count_in, 1, ("instructions a push", "instructions a second in memory")
    options = [f"--{name}={getattr(chosen, name)}" for name in ("markets", "rate", "warm", "seconds", "hour")]
    here = Path(__file__).resolve().parent.parent
    ours, theirs = [], []
    for _ in range(rounds):
        if chosen.against is not None:
            theirs.append(measure(chosen.against.resolve(), options))
        ours.append(measure(here, options))
    for index, title in enumerate(titles):
        line = f"{title}: {median(found[index] for found in ours):,.2f}"
        if theirs:
            ratios = [mine[index] / other[index] for mine, other in zip(ours, theirs, strict=True)]
            line += f", {median(ratios):.2f} x the other's {median(found[index] for found in theirs):,.2f}"
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
