"""Which markets wake when: a few with the requests of a moment, the others by and by."""

from __future__ import annotations

import math

from coinex_proto.simulator.hosting.waking import Waking
from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.market import Market

KEYS = [f"spot:SIM{number:04d}USDT" for number in range(1, 42)]


class Woken:
    """Forty-one markets that sleep, and which of them have woken, in order."""

    def __init__(self) -> None:
        self.markets = {spec.key: Market(spec) for spec in specs(key.partition(":")[2] for key in KEYS)}
        self.names: list[str] = []
        self.waking = Waking(self.markets, self._wake)

    def _wake(self, key: str) -> None:
        self.markets[key].is_awake = True
        self.names.append(key)


def test_all_wake_one_after_the_other_and_sixteen_named_ones_before_those_looked_at_among_all() -> None:
    it = Woken()
    it.waking.later(KEYS[40], -1.0)
    for key in KEYS[:40]:
        it.waking.soon(key, 0.0)
    times = []
    while it.waking.next_at < math.inf:
        times.append(it.waking.next_at)
        it.waking.act(times[-1])
    assert it.names == [*KEYS[:16], KEYS[40], *KEYS[16:40]]
    assert [round(at, 3) for at in times] == [round(-0.995 + 0.005 * number, 3) for number in range(41)]


def test_nothing_wakes_before_the_request_has_been_answered_and_then_one_at_each_step() -> None:
    it = Woken()
    for key in KEYS[:3]:
        it.waking.soon(key, 7.0)
    assert (it.names, it.waking.next_at) == ([], 7.0)
    it.waking.act(7.0)
    assert (it.names, it.waking.next_at) == (KEYS[:1], 7.005)
    it.waking.act(7.005)
    it.waking.act(7.010)
    assert (it.names, it.waking.next_at) == (KEYS[:3], math.inf)


def test_one_of_the_others_that_is_asked_for_by_name_wakes_once_and_at_once() -> None:
    it = Woken()
    it.waking.later(KEYS[0], 0.0)
    it.waking.soon(KEYS[0], 0.0)
    it.waking.soon(KEYS[0], 0.0)
    it.waking.act(0.0)
    assert (it.names, it.waking.next_at) == (KEYS[:1], math.inf)


def test_the_next_moment_has_sixteen_again() -> None:
    it = Woken()
    for key in KEYS[:20]:
        it.waking.soon(key, 0.0)
    it.waking.soon(KEYS[20], 0.3)
    while it.waking.next_at < math.inf:
        it.waking.act(it.waking.next_at)
    assert it.names == [*KEYS[:16], KEYS[20], *KEYS[16:20]]


def test_one_that_is_looked_at_among_all_others_waits_even_alone() -> None:
    it = Woken()
    it.waking.later(KEYS[0], 5.0)
    assert (it.names, it.waking.next_at) == ([], 5.005)
    it.waking.act(5.004)
    assert it.names == []
    it.waking.act(5.005)
    assert (it.names, it.waking.next_at) == (KEYS[:1], math.inf)


def test_one_that_is_awake_is_left_alone() -> None:
    it = Woken()
    it.waking.soon(KEYS[0], 0.0)
    it.waking.act(0.0)
    it.waking.soon(KEYS[0], 0.0)
    it.waking.later(KEYS[0], 0.0)
    assert (it.names, it.waking.next_at) == (KEYS[:1], math.inf)


def test_who_is_overdue_after_a_stop_lets_others_go_first() -> None:
    it = Woken()
    it.waking.later(KEYS[0], 0.0)
    it.waking.relieve(60.0)
    assert it.waking.next_at == 60.005
    it.waking.relieve(60.001)
    assert it.waking.next_at == 60.005
