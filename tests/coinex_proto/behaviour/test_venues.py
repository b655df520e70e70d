"""Several venues in one program: each dialect reads its own venue's messages, and never guesses (D23)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from coinex_proto import Answer, Dialect, Unrecognised, coinex, coinflex, qfex

DATA = Path(__file__).parents[2] / "data"
DIALECTS: Mapping[str, tuple[Dialect, ...]] = {
    "coinex": (coinex.spot(), coinex.futures()),
    "qfex": (qfex.mds(), qfex.trade(qfex.HmacCredentials("key", "secret"))),
    "coinflex": (coinflex.live(),),
}
EXAMPLES = {"coinex": "coinex-ws-examples.jsonl", "qfex": "qfex-examples.jsonl", "coinflex": "coinflex-examples.jsonl"}


def messages(venue: str) -> list[dict[str, Any]]:
    lines = (DATA / EXAMPLES[venue]).read_text(encoding="utf-8").splitlines()
    return [found for line in lines if isinstance(found := json.loads(line).get("message"), dict)]


def read(dialect: Dialect, message: object) -> Sequence[object]:
    return [item for item in dialect.decode(json.dumps(message).encode()) if not isinstance(item, Unrecognised)]


def first(venue: str, **members: str) -> dict[str, Any]:
    return next(each for each in messages(venue) if members.items() <= each.items())


@pytest.mark.parametrize("venue", DIALECTS)
def test_d23_what_another_venue_says_is_not_understood(venue: str) -> None:
    others = [dialect for name, dialects in DIALECTS.items() if name != venue for dialect in dialects]
    understood = [message for message in messages(venue) if any(read(own, message) for own in DIALECTS[venue])]
    assert len(understood) > 15
    assert [message for message in understood if any(read(other, message) for other in others)] == []


def test_d23_a_message_that_is_valid_for_all_is_read_as_the_own_venues() -> None:
    """The venue is fixed where the dialect is made; nothing in a message can change it."""
    message = {
        **first("coinex", method="state.update"),
        **first("coinflex", notice="BalanceChanged"),
        **first("qfex", type="bbo"),
    }
    for venue, dialects in DIALECTS.items():
        found = [item for dialect in dialects for item in read(dialect, message)]
        assert found
        assert {type(item).__module__.split(".")[1] for item in found} == {venue}


def test_d23_an_answer_that_two_venues_would_match_goes_by_the_keys_of_its_own() -> None:
    message = {"id": 7, "tag": 8, "error_code": 0, "code": 0, "message": "OK", "data": {}}
    keys = {
        venue: [item.keys for item in read(DIALECTS[venue][0], message) if isinstance(item, Answer)]
        for venue in ("coinex", "coinflex")
    }
    assert keys["coinex"] != keys["coinflex"]
    assert all("7" in str(each) and "8" not in str(each) for each in keys["coinex"])
    assert all("8" in str(each) and "7" not in str(each) for each in keys["coinflex"])
    assert all(keys.values())
