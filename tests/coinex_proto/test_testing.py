"""The laws for any venue hold where they should, and find what breaks them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, field, frozen

from coinex_proto import Inbound, Unrecognised, coinex, coinflex, qfex
from coinex_proto.testing import (
    LAWS,
    Law,
    Recording,
    a_replay_gives_the_same_again,
    nothing_that_a_peer_says_raises,
)
from tests.coinex_proto.harness.tiny import Ladder, Price, PriceUpdate, Tiny

MESSAGES = (
    {"ok": "watch", "result": None},
    {"price": "1.50", "market": "A"},
    {"ladder": {"market": "A", "whole": True, "levels": [["1", "2"]], "total": "2"}},
    {"push": {"market": "A", "whole": False, "levels": [["3", "4"]], "total": "6"}},
)
TINY = Recording(
    dialect=Tiny(), topics=(Price("A"), Ladder("A")), messages=tuple(json.dumps(value).encode() for value in MESSAGES)
)
DATA = Path(__file__).parent.parent / "data"


def recorded(name: str) -> tuple[bytes, ...]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return tuple(json.dumps(found).encode() for line in lines if (found := json.loads(line).get("message")))


VENUES = {
    "tiny": TINY,
    "coinex": Recording(
        dialect=coinex.spot(),
        topics=(coinex.Ticker("BTCUSDT"), coinex.Trades("BTCUSDT")),
        messages=recorded("coinex-ws-examples.jsonl")[:12],
    ),
    "coinflex": Recording(dialect=coinflex.live(), messages=recorded("coinflex-examples.jsonl")[:12]),
    "qfex": Recording(
        dialect=qfex.mds(), topics=(qfex.Bbo("AAPL-USD"),), messages=recorded("qfex-examples.jsonl")[:12]
    ),
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("venue", VENUES)
def test_a_law_holds(venue: str, law: Law) -> None:
    law(VENUES[venue])


@frozen(kw_only=True)
class Raising(Tiny):
    def decode(self, payload: bytes) -> Sequence[Inbound]:
        found: Any = json.loads(payload)
        return super().decode(payload) if found else ()


@frozen(kw_only=True)
class Poisoned(Tiny):
    def decode(self, payload: bytes) -> Sequence[Inbound]:
        found = super().decode(payload)
        poison: Any = Decimal("NaN")
        return tuple(evolve(one, price=poison) if isinstance(one, PriceUpdate) else one for one in found)


@frozen(kw_only=True)
class Forgetful(Tiny):
    calls: list[int] = field(factory=list)

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        self.calls.append(1)
        return (Unrecognised(raw=payload, why=str(len(self.calls))),)


@pytest.mark.parametrize(
    ("dialect", "law", "error"),
    [
        (Raising(), nothing_that_a_peer_says_raises, ValueError),
        (Poisoned(), nothing_that_a_peer_says_raises, AssertionError),
        (Forgetful(), a_replay_gives_the_same_again, AssertionError),
    ],
)
def test_a_law_finds_what_breaks_it(dialect: Tiny, law: Law, error: type[Exception]) -> None:
    with pytest.raises(error):
        law(evolve(TINY, dialect=dialect))
