"""The same hostile input over real TCP, against a `coinex sim` of its own: `python -m tests.coinex_trio.fuzzing_tcp 20000`.

So many clients at once, each in a way of its own: whole or in pieces, slowly, half-closed, gone before the answer, or never
reading.  What must hold: the process lives on and says nothing of an error; whoever waits for an answer gets it or a closed
connection; a client that behaves is served meanwhile; the process grows by no more than 64 MiB.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final, Literal
from urllib.parse import urlsplit

from attrs import define, frozen

from tests.coinex_proto.simulator.fuzzing import MOST_GROWTH, Inputs, check_answers

TOGETHER: Final = 40
"""Clients that are connected at once."""
PATIENCE: Final = 120.0
"""Seconds without a byte after which an answer or the end is missing: far more than any busy machine takes."""
RESET: Final = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""SO_LINGER on, for no time."""
PIECES: Final = 12
PAUSE: Final = 0.002

Way = Literal["half-closed", "pieces", "slow", "gone", "unread"]
WAYS: Final[tuple[Way, ...]] = ("half-closed", "half-closed", "half-closed", "pieces", "slow", "gone", "unread")


@frozen(kw_only=True)
class Target:
    """A running `coinex sim`."""

    host: str
    port: int
    inputs: Inputs
    process: subprocess.Popen[str]

    @property
    def memory(self) -> int:
        """The most bytes that the process has had in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)


@define(eq=False)
class Client:
    """One connection, and what it has still to send."""

    number: int
    way: Way
    socket: socket.socket
    pieces: list[bytes]

    def send_piece(self) -> bool:
        """False: there is nothing more to send, or nobody to send it to."""
        if not self.pieces:
            return False
        try:
            self.socket.sendall(self.pieces.pop(0))
        except OSError:
            self.pieces.clear()
        return bool(self.pieces)

    def finish(self) -> None:
        """Wait for the answer and the end, or be gone."""
        try:
            if self.way == "gone":
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            elif self.way != "unread":
                self.socket.shutdown(socket.SHUT_WR)
                check_answers(_read_to_end(self.socket), self.number)
        except TimeoutError as error:
            raise AssertionError(f"input {self.number}: neither an answer nor an end") from error
        except OSError:
            pass  # cut
        finally:
            self.socket.close()


def _read_to_end(connection: socket.socket) -> bytes:
    found = bytearray()
    while data := connection.recv(65536):
        found += data
    return bytes(found)


@contextmanager
def running_sim() -> Iterator[Target]:
    """A `coinex sim` with a few markets; at the end it has to be alive and to have said nothing."""
    command = [sys.executable, "-m", "coinex_trio", "sim", "--json", "--markets", "BTCUSDT,ETHUSDT,ETHBTC,BTCUSD"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            address = urlsplit(said["http"])
            assert address.hostname is not None
            assert address.port is not None
            inputs = Inputs(said["access_id"], said["secret_key"], lambda: int(time.time() * 1000))
            yield Target(host=address.hostname, port=address.port, inputs=inputs, process=process)
            assert process.poll() is None, "the exchange has ended"
        finally:
            process.terminate()
            _, said_last = process.communicate()
            errors = [line for line in said_last.splitlines() if "behind" not in line]
            assert not errors, errors


def attack(target: Target, numbers: range, pause: float) -> None:
    """One client for each number, all of them at once; one that behaves is served meanwhile.

    Slow ones wait so many seconds between two pieces.
    """
    clients = [_client(target, number) for number in numbers]
    busy = clients
    while busy:
        busy = [client for client in busy if client.send_piece()]
        if any(client.way == "slow" for client in busy):
            time.sleep(pause)
    _behave(target)
    for client in clients:
        client.finish()


def _client(target: Target, number: int) -> Client:
    random = Random(number)
    data, way = target.inputs.made(random), random.choice(WAYS)
    size = len(data) if way in ("half-closed", "unread") else len(data) // PIECES + 1
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return Client(number, way, target.connect(), pieces)


def _behave(target: Target) -> None:
    with target.connect() as connection:
        connection.sendall(b"GET /v2/time HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert b'"timestamp"' in _read_to_end(connection)


def main(count: int, first: int = 0) -> int:
    """So many clients; says what they have done."""
    with running_sim() as target:
        attack(target, range(first, first + TOGETHER * 10), PAUSE)
        before, number = target.memory, first
        try:
            for number in range(first, first + count, TOGETHER):
                attack(target, range(number, min(number + TOGETHER, first + count)), PAUSE)
        except BaseException:
            print(f"input {number} or one of the {TOGETHER - 1} behind it", file=sys.stderr)
            raise
        grown = target.memory - before
    print(f"{count} clients over TCP, all were answered or cut, {grown / 2**20:.1f} MiB more than after the first ones")
    return int(grown > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
