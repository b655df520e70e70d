"""How the faults of a fault plan are carried out, whatever the venue: here on requests and pushes of the test's own.

What a client of each venue meets: `coinex/test_faults.py`, `test_venue_server.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coinex_proto.simulator import QfexServer
from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.fault_runner import FaultRunner
from coinex_proto.simulator.hosting.faults import FaultPlan, parse_faults
from coinex_proto.simulator.hosting.websocket_server import text_frame

FIRST, SECOND = text_frame(b"first!"), text_frame(b"second")


class Runner:
    """Faults on one connection, and what comes of requests."""

    def __init__(self, script: str) -> None:
        self.server = QfexServer(now=0.0)
        self.connection: ServerConnection = self.server.accept(0.0)
        self.runner = FaultRunner(self.server, FaultPlan(parse_faults(script), now=0.0, seed=0), b"half")
        self.done: list[str] = []

    def request(self, name: str) -> None:
        def perform(*, is_answered: bool = True) -> None:
            self.done.append(name if is_answered else f"{name} in silence")

        refuse: Callable[[int], None] = lambda code: self.done.append(f"{name} {code}")  # noqa: E731
        self.runner.request(self.connection, "query", perform, refuse)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("refuse 7", ["a 7", "b"]),
        ("ignore", ["b"]),
        ("lose-answer", ["a in silence", "b"]),
        ("halt all", ["a", "b"]),
    ],
)
def test_a_request_meets_its_fault_once(fault: str, expected: list[str]) -> None:
    it = Runner(f"on query {fault}")
    it.request("a")
    it.request("b")
    assert it.done == expected


def test_late_requests_are_carried_out_in_order_and_not_for_a_client_that_has_gone() -> None:
    it = Runner("on query every late 2")
    for name in "abc":
        it.request(name)
    assert (it.done, it.runner.next_at) == ([], 2.0)
    it.runner.act(1.9)
    it.runner.act(2.0)
    assert it.done == ["a", "b", "c"]
    it.request("d")
    it.connection.end("fin")
    it.runner.act(9.0)
    assert (it.done, it.runner.next_at) == (["a", "b", "c"], float("inf"))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("on tick 2 lose", FIRST),
        ("on tick duplicate", FIRST + FIRST + SECOND),
        ("on messages 2 corrupt", FIRST + text_frame(b"sec")),
        ("on tick 2 corrupt\non messages 2 duplicate", FIRST + text_frame(b"sec") * 2),
        ("on other lose", FIRST + SECOND),
        ("", FIRST + SECOND),
    ],
)
def test_a_text_push_is_lost_doubled_or_cut_in_half(script: str, expected: bytes) -> None:
    it = Runner(script)
    for text in (b"first!", b"second"):
        it.runner.push_text(it.connection, "tick", text)
    assert it.connection.data_to_send() == expected
