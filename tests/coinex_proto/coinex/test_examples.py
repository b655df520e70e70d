"""The contract with the wire: the documented examples, decoded without loss and emitted word for word."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from coinex_proto.coinex import (
    Balances,
    BestQuote,
    Credentials,
    Depth,
    Index,
    Notices,
    Orders,
    Ping,
    Positions,
    Premium,
    Raw,
    StopOrders,
    Ticker,
    Trades,
    UserTrades,
    futures,
    spot,
)
from coinex_proto.commands import Command
from coinex_proto.dialect import Answer, Opening
from coinex_proto.ids import RequestId
from coinex_proto.topics import Topic, wide
from coinex_proto.updates import Event, Update

EXAMPLES: Final = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "coinex-ws-examples.jsonl").read_text().splitlines()
]


def examples(kind: str) -> list[Any]:
    found = [example for example in EXAMPLES if example["kind"] == kind]
    return [pytest.param(example, id=f"{example['module']}-{example['method']}-{i}") for i, example in enumerate(found)]


def test_the_examples_are_all_there() -> None:
    assert [len(examples(kind)) for kind in ("request", "response", "push")] == [81, 5, 22]


# Pushes -----------------------------------------------------------------------------------------------------------------

OLD_SPELLINGS: Final = {
    "unfill_amount": "unfilled_amount",
    "fill_value": "filled_value",
    "last_fill_amount": "last_filled_amount",
    "last_fill_price": "last_filled_price",
}


def missing(shown: Any, value: object, path: str = "$") -> Iterator[str]:
    """Where a JSON value is not found, equal, under its wire name."""
    if isinstance(shown, dict):
        for name, inner in shown.items():
            today = OLD_SPELLINGS.get(str(name), str(name))
            if hasattr(value, today):
                yield from missing(inner, getattr(value, today), f"{path}.{name}")
            else:
                yield f"{path}.{name} is not there"
    elif isinstance(shown, list):
        if not isinstance(value, Sequence) or len(value) != len(shown):
            yield f"{path}: {value!r} is not {shown!r}"
            return
        for index, inner in enumerate(shown):
            yield from missing(inner, value[index], f"{path}[{index}]")
    elif isinstance(value, Decimal):
        # Digit for digit: trailing zeros count.
        if format(value, "f") != shown:
            yield f"{path}: {value!r} is not {shown!r}"
    elif type(value) is not type(shown) or value != shown:
        yield f"{path}: {value!r} is not {shown!r}"


class Joined:
    """Updates that one push was split into, put together again."""

    def __init__(self, name: str, updates: Sequence[Update]) -> None:
        setattr(self, name, updates)


SPLIT: Final = {"state.update": "state_list", "balance.update": "balance_list"}


@pytest.mark.parametrize("example", examples("push"))
def test_every_documented_value_is_found_equal_under_its_wire_name(example: Any) -> None:
    message = example["message"]
    payload = json.dumps(message).encode()
    found = spot().decode(payload)
    assert found == futures().decode(payload)
    updates = [item for item in found if isinstance(item, Update)]
    assert len(updates) == len(found)
    name = SPLIT.get(message["method"])
    whole: object = Joined(name, updates) if name else updates[0]
    if name is None:
        assert len(updates) == 1
    assert list(missing(message["data"], whole)) == []


@pytest.mark.parametrize("example", examples("push"))
def test_d15_undocumented_extra_members_change_nothing(example: Any) -> None:
    def enriched(value: Any) -> Any:
        if isinstance(value, dict):
            more = {name: enriched(inner) for name, inner in value.items()}
            return {
                "zz_new": [1, {"a": None}],
                **more,
                "raw": "x",
                "received_at": 5,
                "topic_key": "x",
                "is_history": True,
            }
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [enriched(inner) for inner in value]
        return value

    message = example["message"]
    found = spot().decode(json.dumps(enriched(message)).encode())
    assert found == spot().decode(json.dumps(message).encode())
    assert all(isinstance(update, Update) and update.raw == b"" for update in found)


@pytest.mark.parametrize("example", examples("push"))
def test_an_update_belongs_to_the_topic_of_its_market_and_to_the_one_of_all(example: Any) -> None:
    kind = example["message"]["method"].removesuffix(".update")
    for update in spot().decode(json.dumps(example["message"]).encode()):
        assert isinstance(update, Update)
        assert update.topic_key[0] == kind
        if kind == "notice":
            assert update.topic_key == Notices().key
        elif kind == "depth":
            assert update.topic_key == Depth("BTCUSDT").key
        else:
            named = TOPICS[kind](update.topic_key[1])
            assert update.topic_key == named.key
            assert isinstance(update, named.event)
            assert wide(update.topic_key) == (kind, None)


@pytest.mark.parametrize("example", examples("push"))
def test_the_order_of_members_is_of_no_matter(example: Any) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in reversed(value)}
        return [turned(inner) for inner in value] if isinstance(value, list) else value

    message = example["message"]
    assert spot().decode(json.dumps(turned(message)).encode()) == spot().decode(json.dumps(message).encode())


@pytest.mark.parametrize("example", examples("push"))
def test_a_missing_id_is_as_good_as_null(example: Any) -> None:
    message = {name: value for name, value in example["message"].items() if name != "id"}
    assert spot().decode(json.dumps(message).encode()) == spot().decode(json.dumps(example["message"]).encode())


# Answers ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", examples("response"))
def test_every_documented_answer_is_known_by_its_id(example: Any) -> None:
    message = example["message"]
    (answer,) = spot().decode(json.dumps(message).encode())
    assert isinstance(answer, Answer)
    assert answer.keys == (("id", message["id"]),)
    assert (answer.refusal is None) == (message["code"] == 0)
    if answer.refusal is not None:
        assert (answer.refusal.code, answer.refusal.message) == (message["code"], message["message"])
    assert json.loads(answer.body or b"null") == message.get("data")


# Requests ---------------------------------------------------------------------------------------------------------------

TOPICS: Final[dict[str, type[Any]]] = {
    "state": Ticker,
    "deals": Trades,
    "bbo": BestQuote,
    "index": Index,
    "premium": Premium,
    "order": Orders,
    "stop": StopOrders,
    "user_deals": UserTrades,
    "position": Positions,
    "balance": Balances,
}
NOT_WIDE: Final = (BestQuote, Premium)
"""These have no topic for all; the pages show an unsubscription from all, which ends each subscription."""


def topics_for(kind: str, values: list[Any]) -> list[Topic[Event]]:
    if kind == "depth":
        return [Depth(*value) for value in values]
    if kind == "notice":
        return [Notices()]
    return [TOPICS[kind](value) for value in values] if values else [TOPICS[kind]()]


def commands_for(module: str, message: Any) -> list[Command[Any]]:
    dialect = (futures if module == "futures" else spot)(credentials=Credentials("ABCDEFGHIJK1234567890", "S3CRET"))
    kind, _, verb = message["method"].partition(".")
    if kind == "server":
        stamp = message["params"].get("timestamp", 0)
        opening = dialect.opening(Opening(wall_time_ns=stamp * 1_000_000, random_bytes=bytes))
        return [Ping()] if verb == "ping" else list(opening)
    (values,) = message["params"].values()
    if not values and (kind == "notice" or TOPICS[kind] in NOT_WIDE or (kind == "index" and module == "spot")):
        return [Raw(message["method"], message["params"])]
    join = dialect.subscribe if verb == "subscribe" else dialect.unsubscribe
    return [command for command, _ in join(topics_for(kind, values))]


@pytest.mark.parametrize("example", examples("request"))
def test_our_commands_emit_every_documented_request(example: Any) -> None:
    message = example["message"]
    dialect = futures() if example["module"] == "futures" else spot()
    (command,) = commands_for(example["module"], message)
    emitted = json.loads(dialect.encode(command, RequestId(message["id"])).text)
    for placeholder in ("access_id", "signed_str"):
        if placeholder in message["params"]:
            message["params"][placeholder] = emitted["params"][placeholder]
    assert emitted == message
