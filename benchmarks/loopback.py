"""`python -m benchmarks.loopback`: clients over real TCP, in rounds: CPU per message at full blast and paced, and the delay of a lone message.

A thread serves the seeded stream to one client process after the other. Both share the machine's monotonic clock, so that the delay from
`send` to the user's function can be taken.
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from os import environ
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.__main__ import machine
from benchmarks.clients import CLIENTS, PATIENCE, PURE
from benchmarks.instructions import VALGRIND, WHY_NOT, counted, counter
from benchmarks.server import acknowledgements, upgrade_response
from benchmarks.stream import Message, stream

CCXT = "ccxt.pro"
CCXT_PYTHON = Path(environ.get("CCXT_PYTHON", Path(__file__).parent.parent / ".venv/interop/tests/bin/python"))
"""Of an environment with ccxt, which pins versions that the other clients' do not fit: the one that `make interop` makes."""
BASES = ("websockets + gzip + json", "picows + uvloop + zlib + orjson")
SETTLED = 0.5
"""Seconds without a request after which the client has asked for all it wants."""
SETTLED_COUNTED = 10.0
"""The same below valgrind, which makes it fifty times as slow."""


def seen_by_all(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Without private ones, of which a client that has not signed in hands out nothing."""
    return tuple(message for message in messages if message.kind != "private")


def updates_in(message: Message) -> int:
    """How many updates ours hand out: one for each market of a list of tickers."""
    return max(1, message.payload.count(b'"period"'))


class Server:
    """Serves one connection: upgrade, acknowledgements, then the stream at a pace (messages a second; 0: at once)."""

    def __init__(self, messages: Sequence[Message], pace: float, settled: float = SETTLED) -> None:
        self.sent_at: list[float] = []
        self._messages = messages
        self._pace = pace
        self._settled = settled
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/v2/spot"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        self._listener.settimeout(PATIENCE)
        try:
            peer, _ = self._listener.accept()
        except TimeoutError:
            return  # the client has failed, and says so itself
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.sendall(upgrade_response(peer.recv(65536)))
            peer.settimeout(self._settled)
            try:
                while data := peer.recv(65536):
                    peer.sendall(acknowledgements(data))
            except TimeoutError:
                pass
            peer.settimeout(None)
            try:
                self._send(peer)
                while peer.recv(65536):
                    pass
            except OSError:
                pass  # the client has seen enough

    def _send(self, peer: socket.socket) -> None:
        if not self._pace:
            peer.sendall(b"".join(message.frame for message in self._messages))
            return
        due = time.monotonic()
        for message in self._messages:
            due += 1 / self._pace
            time.sleep(max(0.0, due - time.monotonic()))
            self.sent_at.append(time.monotonic())
            peer.sendall(message.frame)


def run(name: str, messages: Sequence[Message], pace: float) -> dict[str, float]:
    """One client's run: microseconds of CPU per message and, paced, the median delay."""
    with Server(messages, pace) as server:
        found = json.loads(_client(name, server.url, messages, []).stdout)
    figures = {"cpu": found["cpu"] / len(messages) * 1e6}
    if server.sent_at:
        delays = [there - here for here, there in zip(server.sent_at, found["times"], strict=True)]
        figures["delay"] = median(delays) * 1e6
    return figures


def instructions(name: str, messages: Sequence[Message]) -> float:
    """Instructions per message at full blast, by the difference between half the stream and all of it."""
    counts = []
    for part in (messages[: len(messages) // 2], messages):
        with Server(part, 0, settled=SETTLED_COUNTED) as server:
            done = _client(name, server.url, part, counter())
        counts.append(counted(done.stderr))
    return (counts[1] - counts[0]) / (len(messages) - len(messages) // 2)


def _client(
    name: str, url: str, messages: Sequence[Message], counter: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    is_ours = name.startswith("ours")
    program = [sys.executable, "-m", "benchmarks.clients", name]
    if name == CCXT:
        program = [str(CCXT_PYTHON), "benchmarks/ccxt_pro.py"]
    done = subprocess.run(
        [*counter, *program, url],
        input=json.dumps([updates_in(message) if is_ours else 1 for message in messages]),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=Path(__file__).parent.parent,
        env={**environ, "COINEX_PURE": "1" if name.endswith(PURE) else "0"},
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    return done


def runnable() -> list[str]:
    """The clients whose libraries are there."""
    return [*(name for name in CLIENTS if not missing(name)), *([CCXT] if CCXT_PYTHON.exists() else [])]


def missing(name: str) -> list[str]:
    """The libraries of this client that are not installed."""
    return [module for module in CLIENTS[name][1] if find_spec(module) is None]


def measure(
    names: Sequence[str], messages: Sequence[Message], pace: float, rounds: int
) -> dict[str, dict[str, list[float]]]:
    """These clients, in interleaved rounds."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for _ in range(rounds):
        for name in names:
            for what, figure in run(name, messages, pace).items():
                found[name].setdefault(what, []).append(figure)
    return found


def report(
    title: str, what: str, found: dict[str, dict[str, list[float]]], counts: Mapping[str, float] | None = None
) -> str:
    """Medians, and ratios taken round by round; instructions beside them where they were counted."""
    bases = [base for base in BASES if base in found]
    lines = [
        title,
        f"{'':<46}{'µs':>8}"
        + ("" if counts is None else f"{'k instr.':>10}")
        + "".join(f"{'× ' + b:>32}" for b in bases),
    ]
    for name, figures in found.items():
        ratios = [
            median(mine / theirs for mine, theirs in zip(figures[what], found[base][what], strict=True))
            for base in bases
        ]
        count = "" if counts is None else f"{counts[name] / 1e3:>10.1f}"
        lines.append(f"{name:<46}{median(figures[what]):>8.1f}{count}" + "".join(f"{ratio:>32.2f}" for ratio in ratios))
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks.loopback", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--paced", type=int, default=2_000, help="messages of the paced run, at 1,000 a second")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--counted", type=int, default=2_000, help="messages whose instructions valgrind counts; 0: none"
    )
    parser.add_argument("--only", default="", metavar="PATTERN", help="clients whose names match, beside the two bases")
    parser.add_argument("--kind", default="", help="messages whose kind begins so: depth, for example")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    for name in CLIENTS:
        if lacking := missing(name):
            print(f"{name}: left out, {', '.join(lacking)} is not there")
    if not CCXT_PYTHON.exists():
        print(f"{CCXT}: left out, {CCXT_PYTHON} is not there (make interop, or CCXT_PYTHON=)")
    if VALGRIND is None:
        print(WHY_NOT)
    names = [name for name in runnable() if name in BASES or re.search(chosen.only, name)]

    def messages(count: int) -> tuple[Message, ...]:
        return tuple(one for one in seen_by_all(stream(count=count)) if one.kind.startswith(chosen.kind))

    whole = messages(chosen.messages)
    counts = None
    if VALGRIND is not None and chosen.counted:
        counts = {name: instructions(name, whole[: chosen.counted]) for name in names}
    blast = measure(names, whole, 0, chosen.rounds)
    print(report("full blast: CPU per message", "cpu", blast, counts))
    paced = measure(names, messages(chosen.paced), 1_000.0, chosen.rounds)
    print(report("1,000 messages a second, one at a time: CPU per message", "cpu", paced))
    print(report("the same: median delay from send to the user's function", "delay", paced))
    if chosen.json is not None:
        everything: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "full blast": blast,
            "instructions": counts,
            "paced": paced,
        }
        chosen.json.write_text(json.dumps(everything, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
