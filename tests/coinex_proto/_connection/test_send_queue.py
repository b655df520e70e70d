"""Requests that wait to leave."""

from __future__ import annotations

from coinex_proto import Outgoing, Rate, RequestId
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.pending import Pending, PendingRequests, Purpose
from coinex_proto._connection.send_queue import SendQueue
from tests.coinex_proto.harness.tiny import Do


class Counter(PendingRequests):
    """Counts how often somebody looks for a blocked key."""

    looks = 0

    def is_blocked(self, outgoing: Outgoing) -> bool:
        self.looks += 1
        return super().is_blocked(outgoing)


class Gate:
    """A send queue and the table of pending requests behind it; what may leave is sent."""

    def __init__(self, per_second: float = 2.0) -> None:
        agenda = Agenda()
        self.requests = Counter(agenda)
        self.send_queue = SendQueue({"q": Rate(1.0, 2.0)}, per_second, self.requests, agenda)
        self.left: list[int] = []
        self.number = 0

    def add(self, now: float, *keys: str, bucket: str | None = None, paced: bool = False, weight: float = 1.0) -> None:
        self.number += 1
        outgoing = Outgoing(text=b"{}", keys=keys, bucket=bucket, weight=weight)
        pending = Pending(RequestId(self.number), Do(verb="a"), outgoing, Purpose.CALLER, paced)
        for each in self.send_queue.add(pending, now):
            self.leave(each, now)

    def leave(self, pending: Pending, now: float) -> None:
        self.send_queue.take(pending, now)
        self.requests.sent(pending, now, 0, 10.0)
        self.left.append(pending.request_id)

    def release(self, now: float) -> list[int]:
        self.left.clear()
        if self.send_queue.is_due(now):
            for each in self.send_queue.release(now):
                self.leave(each, now)
        return self.left


def test_what_nothing_holds_leaves_at_once() -> None:
    gate = Gate()
    gate.add(0.0, "a")
    gate.add(0.0, "b", bucket="q")
    gate.add(0.0, "c", paced=True)
    assert gate.left == [1, 2, 3]
    assert (len(gate.send_queue), gate.send_queue.next_deadline()) == (0, None)


def test_an_empty_bucket_holds_its_own_line_only() -> None:
    gate = Gate()
    for key in "abcd":
        gate.add(0.0, key, bucket="q")
    gate.add(0.0, "e")
    assert gate.left == [1, 2, 5]
    assert gate.send_queue.next_deadline() == 1.0
    assert gate.release(0.9) == []
    assert gate.release(1.0) == [3]
    assert gate.release(2.0) == [4]


def test_the_pace_holds_topic_requests_only() -> None:
    gate = Gate()
    for key in "abc":
        gate.add(0.0, key, paced=True)
    gate.add(0.0, "d")
    assert gate.left == [1, 2, 4]
    assert gate.release(1.0) == [3]


def test_one_that_waits_for_an_answer_is_overtaken_by_others_of_its_line() -> None:
    gate = Gate()
    gate.add(0.0, "a")
    gate.add(0.0, "a")
    gate.add(0.0, "b")
    assert gate.left == [1, 3]
    assert gate.send_queue.next_deadline() is None
    assert gate.release(5.0) == []
    gate.requests.match(("a",))
    assert gate.release(5.0) == [2]


def test_of_two_that_wait_for_one_answer_only_one_leaves() -> None:
    gate = Gate()
    for _ in range(3):
        gate.add(0.0, "a")
    gate.requests.match(("a",))
    assert gate.release(1.0) == [2]
    assert gate.release(1.0) == []
    assert len(gate.send_queue) == 1
    assert not gate.send_queue.is_due(1.0)


def test_a_heavy_one_is_not_overtaken_by_light_ones() -> None:
    gate = Gate()
    gate.add(0.0, "a", bucket="q")
    gate.add(0.0, "b", bucket="q", weight=2.0)
    gate.add(0.0, "c", bucket="q")
    assert gate.left == [1]
    gate.requests.match(("a",))
    assert gate.release(0.0) == []
    assert gate.release(1.0) == [2]


def test_one_more_is_looked_at_together_with_what_is_due() -> None:
    gate = Gate()
    for key in "abc":
        gate.add(0.0, key, bucket="q")
    gate.left.clear()
    gate.add(1.0, "d", bucket="q")
    assert gate.left == [3]


def test_what_never_left_is_given_back_in_order() -> None:
    gate = Gate()
    for key in "abcd":
        gate.add(0.0, key, bucket="q")
    assert [pending.request_id for pending in gate.send_queue] == [3, 4]
    assert [pending.request_id for pending in gate.send_queue.take_all()] == [3, 4]
    assert (len(gate.send_queue), gate.send_queue.next_deadline(), gate.send_queue.is_due(9.0)) == (0, None, False)


def test_however_much_waits_one_more_costs_the_same() -> None:
    gate = Gate()
    for number in range(2000):
        gate.add(0.0, f"{number}", paced=True)
    before = gate.requests.looks
    gate.add(0.0, "x", paced=True)
    gate.add(0.0, "y")
    assert gate.requests.looks - before <= 2
    for _ in range(100):
        assert not gate.send_queue.is_due(0.5)
        assert gate.send_queue.next_deadline() == 1.0
    assert gate.requests.looks - before <= 2


def test_a_bucket_that_the_venue_has_closed_holds_its_own_requests_until_then() -> None:
    gate = Gate()
    gate.add(0.0, "a", bucket="q")
    refused = Pending(RequestId(9), Do(verb="a"), Outgoing(text=b"{}", keys=(), bucket="q"), Purpose.CALLER)
    gate.send_queue.pause(refused, 5.0)
    gate.add(0.0, "b", bucket="q")
    gate.add(0.0, "c")
    assert (gate.left, gate.send_queue.next_deadline()) == ([1, 3], 6.0)  # empty at 5.0
    assert gate.release(5.9) == []
    assert gate.release(6.0) == [2]
    without_bucket = Pending(RequestId(9), Do(verb="a"), Outgoing(text=b"{}", keys=()), Purpose.CALLER)
    gate.send_queue.pause(without_bucket, 50.0)
    gate.add(6.0, "d")
    assert gate.left == [2, 4]


def test_what_is_held_leaves_with_the_next_release() -> None:
    gate = Gate()
    one = Pending(RequestId(1), Do(verb="a"), Outgoing(text=b"{}", keys=("a",)), Purpose.CALLER)
    gate.send_queue.hold(one)
    assert (len(gate.send_queue), gate.send_queue.next_deadline(), gate.send_queue.is_due(9.0)) == (1, None, False)
    gate.send_queue._agenda.add(Item.SEND_QUEUE)
    assert gate.release(9.0) == [1]


def test_where_nothing_waits_nobody_looks_again() -> None:
    gate = Gate()
    gate.send_queue._agenda.add(Item.SEND_QUEUE)
    assert not gate.send_queue.is_due(0.0)
    assert not gate.send_queue._agenda.take(Item.SEND_QUEUE)
