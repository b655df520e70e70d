"""The typed pass: every documented method has its envelope, and what is not today's form is left to others."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coinex_proto.coinex._feeds import BY_PUSH
from coinex_proto.coinex._pushes import PUSHES, QUICK_MODELS
from coinex_proto.errors import PayloadError
from coinex_proto.speedups import speed

METHODS = [
    "state",
    "depth",
    "deals",
    "index",
    "bbo",
    "premium",
    "order",
    "stop",
    "user_deals",
    "position",
    "balance",
    "notice",
]
LINES = (Path(__file__).parents[2] / "data" / "coinex-ws-examples.jsonl").read_text().splitlines()
EXAMPLES = [json.loads(line) for line in LINES]


def example(kind: str) -> Any:
    found = next(e["message"] for e in EXAMPLES if e["kind"] == "push" and e["method"] == f"{kind}.update")
    return json.loads(json.dumps(found))


@pytest.mark.parametrize("kind", METHODS)
def test_every_documented_push_takes_the_quick_way(kind: str) -> None:
    updates = PUSHES.decode(json.dumps(example(kind)).encode()).updates()
    assert len(updates) >= 1
    assert {update.topic_key[0] for update in updates} == {kind}


@pytest.mark.parametrize("kind", METHODS)
def test_a_push_without_data_does_not_pass(kind: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="data"):
        PUSHES.decode(json.dumps({"method": f"{kind}.update"}).encode())


@pytest.mark.parametrize("payload", [b'{"id":1,"code":0}', b'{"method":"kline.update","data":{}}', b"[]", b"{"])
def test_what_is_no_push_of_today_does_not_pass(payload: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        PUSHES.decode(payload)


def test_old_spellings_do_not_pass_so_that_nothing_is_lost_in_silence() -> None:
    old = next(e["message"] for e in EXAMPLES if "unfill_amount" in json.dumps(e))
    with pytest.raises(msgspec.ValidationError, match="unfilled_amount"):
        PUSHES.decode(json.dumps(old).encode())


def test_d9_the_last_price_of_a_book_must_be_finite() -> None:
    message = example("depth")
    message["data"]["depth"]["last"] = "Infinity"
    with pytest.raises(PayloadError, match="DepthUpdate"):
        PUSHES.decode(json.dumps(message).encode()).updates()


def test_the_extension_reads_every_feed_of_market_data_and_the_commonest_of_the_account() -> None:
    left_to_python = {"order.update", "stop.update", "position.update", "notice.update"}
    assert set(QUICK_MODELS) == (set() if speed is None else set(BY_PUSH) - left_to_python)
