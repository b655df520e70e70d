"""`python -m benchmarks.loopback`: clients over real TCP, in rounds: CPU per message at full blast and paced, and the delay of a lone message.

A thread serves the seeded stream to one client process after the other. Both share the machine's monotonic clock, so that the delay from
`send` to the user's function can be taken.
"""

import argparse
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.clients import CLIENTS, NEEDS
from benchmarks.server import acknowledgements, upgrade_response
from benchmarks.stream import Message, stream

BASES = ("websockets + gzip + json", "picows + uvloop + zlib + orjson")
SETTLED = 0.5
"""Seconds without a request after which the client has asked for all it wants."""


def one_update_each(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Without messages that give several updates, or none where nobody has signed in: all clients then count alike."""
    return tuple(
        message
        for message in messages
        if message.kind not in ("private", "all tickers") and message.payload.count(b'"period"') <= 1
    )


class Server:
    """Serves one connection: upgrade, acknowledgements, then the stream at a pace (messages a second; 0: at once)."""

    def __init__(self, messages: Sequence[Message], pace: float) -> None:
        self.sent_at: list[float] = []
        self._messages = messages
        self._pace = pace
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
        self._listener.settimeout(30)
        try:
            peer, _ = self._listener.accept()
        except TimeoutError:
            return  # the client has failed, and says so itself
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.sendall(upgrade_response(peer.recv(65536)))
            peer.settimeout(SETTLED)
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
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.clients", name, server.url, str(len(messages))],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=Path(__file__).parent.parent,
        )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    found = json.loads(done.stdout)
    figures = {"cpu": found["cpu"] / len(messages) * 1e6}
    if server.sent_at:
        delays = [there - here for here, there in zip(server.sent_at, found["times"], strict=True)]
        figures["delay"] = median(delays) * 1e6
    return figures


def measure(messages: Sequence[Message], pace: float, rounds: int) -> dict[str, dict[str, list[float]]]:
    """All clients that can run here, in interleaved rounds."""
    names = [name for name in CLIENTS if all(find_spec(module) for module in NEEDS.get(name, ()))]
    found: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for _ in range(rounds):
        for name in names:
            for what, figure in run(name, messages, pace).items():
                found[name].setdefault(what, []).append(figure)
    return found


def report(title: str, what: str, found: dict[str, dict[str, list[float]]]) -> str:
    """Medians, and ratios taken round by round."""
    bases = [base for base in BASES if base in found]
    lines = [title, f"{'':<34}{'µs':>8}" + "".join(f"{'× ' + base:>34}" for base in bases)]
    for name, figures in found.items():
        ratios = [
            median(mine / theirs for mine, theirs in zip(figures[what], found[base][what], strict=True))
            for base in bases
        ]
        lines.append(f"{name:<34}{median(figures[what]):>8.1f}" + "".join(f"{ratio:>34.2f}" for ratio in ratios))
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks.loopback", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--paced", type=int, default=2_000, help="messages of the paced run, at 1,000 a second")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    blast = measure(one_update_each(stream(count=chosen.messages)), 0, chosen.rounds)
    print(report("full blast: CPU per message", "cpu", blast))
    paced = measure(one_update_each(stream(count=chosen.paced)), 1_000.0, chosen.rounds)
    print(report("1,000 messages a second, one at a time: CPU per message", "cpu", paced))
    print(report("the same: median delay from send to the user's function", "delay", paced))
    if chosen.json is not None:
        everything: dict[str, Any] = {"full blast": blast, "paced": paced}
        chosen.json.write_text(json.dumps(everything, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
