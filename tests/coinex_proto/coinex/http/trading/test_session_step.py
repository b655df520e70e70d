from __future__ import annotations

from coinex_proto import Session
from coinex_proto.coinex.http import HttpCommands, Step, assets
from tests.coinex_proto.coinex.http.bench import START, Bench, answered


def currencies(step: Step) -> HttpCommands[tuple[float, list[str]]]:
    rows = yield assets.GetSpotBalance()
    return step(lambda _, now: now), [row.ccy for row in rows]


def test_commands_that_follow_from_each_other_are_answered_one_by_one_and_reach_the_session_by_its_step() -> None:
    bench = Bench()
    sent, found = answered(currencies(bench.step), ())
    assert (sent, found) == ([assets.GetSpotBalance()], (START, []))
    assert isinstance(bench.step(lambda session, _: session), Session)
