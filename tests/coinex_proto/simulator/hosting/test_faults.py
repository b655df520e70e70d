"""The fault language: what it reads, what it refuses, and when faults are due."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.hosting.faults import Fault, FaultPlan, FaultScriptError, parse_fault, parse_faults

SCRIPT = """
# the line breaks twice
at 5s drop rst          # early
every 30 stall 2.5
after 100 messages drop fin mid-frame
on depth.update 3 lose
on server.ping every 2 ignore
on connect http 503 7
1.5% of messages drop
"""


def test_a_script_is_read_line_by_line() -> None:
    assert parse_faults(SCRIPT) == (
        Fault(action="drop", arguments=("rst",), seconds=5.0),
        Fault(action="stall", arguments=("2.5",), seconds=30.0, repeats=True),
        Fault(action="drop", arguments=("fin", "mid-frame"), messages=100),
        Fault(action="lose", subject="depth.update", nth=3),
        Fault(action="ignore", subject="server.ping", nth=2, repeats=True),
        Fault(action="http", arguments=("503", "7"), subject="connect"),
        Fault(action="drop", subject="messages", chance=0.015, repeats=True),
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("drop", "says not when"),
        ("at noon drop", "says not when"),
        ("at 5s explode", "unknown fault 'explode'"),
        ("at 5s stall", "takes 1 to 1 arguments"),
        ("at 5s stall long", "takes numbers"),
        ("at 5s drop dead", "takes fin, mid-frame, rst"),
        ("at 5s pings maybe", "takes off, on"),
        ("at 5s refuse 20001", "needs `on METHOD`"),
    ],
)
def test_a_line_that_is_no_fault_is_refused_with_its_number_and_the_reason(line: str, why: str) -> None:
    with pytest.raises(FaultScriptError, match=r"^line 2: ") as error:
        parse_faults(f"# fine\n{line}\n")
    assert why in str(error.value)


def plan(*lines: str) -> FaultPlan:
    return FaultPlan([parse_fault(line) for line in lines], now=100.0, seed=1)


def test_timed_faults_are_due_in_order_and_repeat() -> None:
    faults = plan("every 2s sign-out", "at 3s drop")
    assert faults.next_at == 102.0
    assert [fault.action for fault in faults.due(103.0)] == ["sign-out", "drop"]
    assert [fault.action for fault in faults.due(107.0)] == ["sign-out", "sign-out"]
    assert faults.next_at == 108.0


def test_counted_faults_are_due_once_or_again_and_again() -> None:
    faults = plan("after 2 messages drop", "every 3 messages silence")
    due = [[fault.action for fault in faults.sent()] for _ in range(7)]
    assert due == [[], ["drop"], ["silence"], [], [], ["silence"], []]


def test_named_faults_count_only_their_own_subject() -> None:
    faults = plan("on depth.update 2 lose")
    assert faults.happened("deals.update") == ()
    assert faults.happened("depth.update") == ()
    assert [fault.action for fault in faults.happened("depth.update")] == ["lose"]
    assert faults.happened("depth.update") == ()
    faults.add(parse_fault("on depth.update lose"), 100.0)
    assert len(faults.happened("depth.update")) == 1


def test_chances_strike_as_often_as_they_say_and_the_same_with_the_same_seed() -> None:
    runs = []
    for _ in range(2):
        faults = plan("20% of messages lose")
        runs.append([bool(faults.happened("messages")) for _ in range(2000)])
    assert runs[0] == runs[1]
    assert 300 < sum(runs[0]) < 500
