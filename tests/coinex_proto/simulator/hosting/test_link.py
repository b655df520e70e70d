"""A link that delays, drips or freezes: order is kept and nothing is lost."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.simulator.hosting.link import Link


def test_a_link_without_orders_gives_everything_at_once() -> None:
    link = Link()
    link.put(b"abc", 1.0)
    assert link.take(1.0) == b"abc"
    assert link.next_at == math.inf
    assert link.is_clear(1.0)


def test_a_delay_applies_to_what_is_put_in_before_it_ends() -> None:
    link = Link()
    link.delay(2.0, until=5.0)
    link.put(b"a", 4.9)
    link.put(b"b", 5.0)
    assert link.take(6.8) == b""
    assert link.next_at == 6.9
    assert link.take(6.9) == b"ab"


def test_a_frozen_link_gives_everything_when_it_thaws() -> None:
    link = Link()
    link.freeze(3.0)
    link.freeze(2.0)
    link.put(b"a", 1.0)
    link.put(b"b", 2.5)
    assert (link.take(2.9), link.next_at) == (b"", 3.0)
    assert not link.is_clear(2.9)
    assert link.take(3.0) == b"ab"


def test_a_slow_link_drips_at_its_rate() -> None:
    link = Link()
    link.slow_down(100.0, until=10.0)
    link.put(bytes(50), 0.0)
    assert len(link.take(0.1001)) == 10
    assert len(link.take(0.3001)) == 20
    assert len(link.take(0.51)) == 20


def test_what_has_not_dripped_when_a_slow_link_is_well_again_comes_at_once() -> None:
    link = Link()
    link.slow_down(100.0, until=1.0)
    link.put(bytes(1000), 0.0)
    assert len(link.take(0.51)) == 50
    link.put(b"behind", 0.6)
    assert len(link.take(0.91)) == 40
    assert link.take(1.0) == bytes(910) + b"behind"
    assert link.is_clear(1.0)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "delay", "slow", "freeze", "take"]), st.floats(0, 3), st.floats(1, 500)),
        max_size=30,
    )
)
def test_bytes_come_out_in_order_and_all_of_them(steps: list[tuple[str, float, float]]) -> None:
    link, now, sent, taken = Link(), 0.0, b"", b""
    for number, (what, wait, figure) in enumerate(steps):
        now += wait
        if what == "put":
            data = bytes([number]) * int(figure)
            link.put(data, now)
            sent += data
        elif what == "delay":
            link.delay(figure / 100, now + wait)
        elif what == "slow":
            link.slow_down(figure, now + wait)
        elif what == "freeze":
            link.freeze(now + wait)
        else:
            taken += link.take(now)
    while link.next_at < math.inf:
        at = link.next_at
        taken += link.take(at)
        assert link.next_at > at
    assert taken == sent
