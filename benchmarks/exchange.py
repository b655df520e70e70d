"""`python -m benchmarks.exchange`: pushes a second that `coinex sim` sends over real loopback TCP, and what they cost it.

The sim is a process of its own.  This one only counts frames by their headers, so that the reader is not what is measured.
"""

import argparse
import json
import os
import selectors
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence

UPGRADE = (
    b"GET /v2/spot HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
NAMES_A_REQUEST = 80
"""A request frame stays below 4 kB."""


def text_frame(text: str) -> bytes:
    """Masked with zeros, which leaves the text as it is."""
    data = text.encode()
    size = bytes([128 | len(data)]) if len(data) < 126 else bytes([128 | 126]) + len(data).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + data


class Subscriber:
    """Wants whole depth, deals and best quotes of all markets, and counts what comes."""

    def __init__(self, port: int, names: Sequence[str]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.frames = self.bytes = 0
        self.socket.sendall(UPGRADE)
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.socket.recv(4096)
            if not part:
                raise ConnectionError("the sim has hung up in the handshake")
            head += part
        self._rest = bytearray(head.partition(b"\r\n\r\n")[2])
        for start in range(0, len(names), NAMES_A_REQUEST):
            some = names[start : start + NAMES_A_REQUEST]
            self._ask("depth", [[name, 20, "0", False] for name in some], start + 1)
            self._ask("bbo", list(some), start + 2)
        self._ask("deals", [], 0)

    def _ask(self, topic: str, market_list: Sequence[object], number: int) -> None:
        request = {"method": f"{topic}.subscribe", "params": {"market_list": market_list}, "id": number}
        self.socket.sendall(text_frame(json.dumps(request)))

    def read(self) -> None:
        """Counts the frames that are whole."""
        data = self.socket.recv(1 << 20)
        self.bytes += len(data)
        rest = self._rest
        rest += data
        at = 0
        while len(rest) - at >= 10:  # no push is shorter
            size, head = rest[at + 1], 2
            if size == 126:
                size, head = int.from_bytes(rest[at + 2 : at + 4], "big"), 4
            elif size == 127:
                size, head = int.from_bytes(rest[at + 2 : at + 10], "big"), 10
            if len(rest) - at < head + size:
                break
            at += head + size
            self.frames += 1
        del rest[:at]


def cpu_seconds(pid: int) -> float:
    """What a process has used so far; Linux only."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(subscribers: int, rate: float, warm: float, seconds: float) -> str:
    """One line of the table."""
    command = [sys.executable, "-m", "coinex_trio", "sim", "--json", "--markets", "1000", "--rate", str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sim, selectors.DefaultSelector() as selector:
        assert sim.stdout is not None
        try:
            addresses = json.loads(sim.stdout.readline())
            with urllib.request.urlopen(f"{addresses['http']}/v2/spot/market", timeout=30) as answer:
                names = [row["market"] for row in json.load(answer)["data"]]
            clients = [Subscriber(int(addresses["ws"].rpartition(":")[2]), names) for _ in range(subscribers)]
            for client in clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
            read_for(selector, warm)
            frames, size, used = sum(c.frames for c in clients), sum(c.bytes for c in clients), cpu_seconds(sim.pid)
            read_for(selector, seconds)
            frames, size = sum(c.frames for c in clients) - frames, sum(c.bytes for c in clients) - size
            used = cpu_seconds(sim.pid) - used
        finally:
            sim.terminate()
    return f"| {subscribers} | {rate:g} | {frames / seconds:,.0f} | {size / seconds / 1e6:.1f} | {used / seconds * 100:.0f} % |"


def read_for(selector: selectors.BaseSelector, seconds: float) -> None:
    """Reads whatever comes for so long."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            key.data.read()


def main() -> None:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exchange", description=__doc__)
    parser.add_argument("--subscribers", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--rate", type=float, default=4.0, help="actions of the random traders a second and market")
    parser.add_argument(
        "--warm", type=float, default=15.0, help="seconds before counting: a thousand markets have to wake"
    )
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    print("| subscribers | rate | pushes/s | MB/s | CPU of the sim |\n|---|---|---|---|---|")
    for count in chosen.subscribers:
        print(measure(count, chosen.rate, chosen.warm, chosen.seconds), flush=True)


if __name__ == "__main__":
    main()
