"""The contract with the wire: the documented examples, decoded without loss and emitted value for value."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

import attrs
import pytest

from coinex_proto import Answer, Challenge, Command, Opening, OrderView, RequestId, Topic, Update
from coinex_proto.coinflex import (
    CancelAllOrders,
    CancelOrder,
    Credentials,
    EstimateMarketOrder,
    GetBalances,
    GetOrders,
    GetTradeVolume,
    ModifyOrder,
    OrderBook,
    OwnOrderUpdate,
    PlaceOrder,
    Raw,
    Ticker,
    live,
)
from coinex_proto.coinflex.http import GetAssets, GetMarkets
from tests.coinex_proto.coinflex.venue import BY_NAME, EXAMPLES, USDT, VECTORS, XBT, private

PAIR: Final[dict[str, Any]] = {"base": XBT, "counter": USDT}
VENUE: Final = private()


def of_kind(kind: str, *, apart_from: str = "?") -> list[Any]:
    return [
        pytest.param(example, id=example["name"])
        for example in EXAMPLES
        if example["kind"] == kind and not example["name"].startswith(apart_from)
    ]


def test_the_examples_are_all_there() -> None:
    assert {kind: len(of_kind(kind)) for kind in ("request", "response", "push", "vector")} == {
        "request": 17,
        "response": 24,
        "push": 13,
        "vector": 4,
    }
    assert len(EXAMPLES) == 58


def wire(value: Any) -> Any:
    """A value with the names and nesting of the wire; what was not sent is left out."""
    if isinstance(value, (tuple, list)):
        return [wire(each) for each in value]
    if not attrs.has(type(value)):
        return value
    found = {}
    for attribute in attrs.fields(type(value)):
        content = getattr(value, attribute.name)
        if isinstance(content, Enum) or (content is None and attribute.default is None):
            continue
        found[attribute.name] = wire(content)
    return found


# Notices --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", of_kind("push", apart_from="Welcome"))
def test_a_notice_is_decoded_without_loss(example: Any) -> None:
    message = dict(example["message"])
    updates = VENUE.decode(json.dumps(message).encode())
    notice = updates[0]
    assert isinstance(notice, Update)
    assert wire(notice) == {name: value for name, value in message.items() if name != "notice"}
    is_own = any(name.endswith("tonce") for name in message)
    assert updates[1:] == ((OwnOrderUpdate(notice=notice),) if is_own else ())  # type: ignore[arg-type]


def test_the_welcome_is_a_challenge() -> None:
    (challenge,) = VENUE.decode(json.dumps(BY_NAME["Welcome"]["message"]).encode())
    assert isinstance(challenge, Challenge)
    assert challenge.value.hex() == "0d6acb3ec694296070e41313b8d16499"


@pytest.mark.parametrize("example", of_kind("push", apart_from="Welcome"))
def test_d15_members_that_nobody_knows_change_nothing(example: Any) -> None:
    message = example["message"]
    more = {"new": [1, {"a": None}], **message, "received_at": 3, "raw": "x"}
    assert VENUE.decode(json.dumps(more).encode()) == VENUE.decode(json.dumps(message).encode())


# Requests -------------------------------------------------------------------------------------------------------------

COMMANDS: Final[Mapping[str, Command[Any]]] = {
    "GetBalances": GetBalances(),
    "GetOrders": GetOrders(),
    "EstimateMarketOrder.by-quantity": EstimateMarketOrder(**PAIR, quantity=-5000),
    "EstimateMarketOrder.by-total": EstimateMarketOrder(**PAIR, total=48000000),
    "PlaceOrder.limit": PlaceOrder(**PAIR, tonce=2, quantity=10000, price=96010000),
    "PlaceOrder.limit.post-only": PlaceOrder(
        **PAIR, tonce=3, quantity=-10000, price=97500000, persist=False, post_only=True
    ),
    "PlaceOrder.limit.fill-or-kill": PlaceOrder(**PAIR, quantity=1, price=96010000, persist="fill_or_kill"),
    "PlaceOrder.market.by-total": PlaceOrder(**PAIR, total=-48000000),
    "ModifyOrder.by-id": ModifyOrder(id=118061, quantity_delta=-2500, price=96020000),
    "ModifyOrder.by-tonce": ModifyOrder(tonce=2, price=96030000, post_only=True),
    "CancelOrder.by-id": CancelOrder(id=118061),
    "CancelAllOrders": CancelAllOrders(),
    "GetTradeVolume": GetTradeVolume(asset=XBT),
}
SUBSCRIPTIONS: Final[Mapping[str, tuple[str, Topic[Any]]]] = {
    "WatchOrders.subscribe": ("subscribe", OrderBook(**PAIR)),
    "WatchOrders.unsubscribe": ("unsubscribe", OrderBook(**PAIR)),
    "WatchTicker.subscribe": ("subscribe", Ticker(**PAIR)),
}


def test_every_documented_request_can_be_made() -> None:
    documented = {example["name"] for example in EXAMPLES if example["kind"] == "request"}
    assert documented == {*COMMANDS, *SUBSCRIPTIONS, "Authenticate"}


def sent(command: Command[Any], tag: int) -> Any:
    outgoing = VENUE.encode(command, RequestId(tag))
    assert outgoing.keys == (("tag", tag),)
    return json.loads(outgoing.text)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_written_as_documented(name: str) -> None:
    message = BY_NAME[name]["message"]
    assert sent(COMMANDS[name], message["tag"]) == message


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
def test_a_topic_is_subscribed_as_documented(name: str) -> None:
    action, topic = SUBSCRIPTIONS[name]
    ((command, covered),) = getattr(VENUE, action)((topic,))
    assert covered == (topic,)
    message = BY_NAME[name]["message"]
    assert sent(command, message["tag"]) == message


@pytest.mark.parametrize("name", [*COMMANDS])
def test_any_request_can_be_written_raw(name: str) -> None:
    message = BY_NAME[name]["message"]
    assert sent(Raw(message), message["tag"]) == message
    typed, raw = (VENUE.encode(command, RequestId(5)) for command in (COMMANDS[name], Raw(message)))
    assert (raw.bucket, raw.may_wait) == (typed.bucket, typed.may_wait)


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS])
def test_the_sign_in_is_written_as_documented(vector: Any) -> None:
    values = vector["values"]
    venue = live(credentials=Credentials(values["user_id"], values["cookie"], values["passphrase"]))
    (challenge,) = venue.decode(json.dumps(vector["welcome"]).encode())
    assert isinstance(challenge, Challenge)
    nonce = bytes.fromhex(values["client_nonce_hex"])
    opening = venue.opening(Opening(challenge=challenge.value, wall_time_ns=0, random_bytes=lambda _: nonce))
    assert opening is not None
    (login,) = opening
    assert sent(login, vector["message"]["tag"]) == vector["message"]


# Replies --------------------------------------------------------------------------------------------------------------

PLACED: Final = {name: COMMANDS[name] for name in ("PlaceOrder.limit", "PlaceOrder.market.by-total")}
ASKED: Final[Mapping[str, Command[Any]]] = {
    "GetBalances.ok": GetBalances(),
    "GetOrders.ok": GetOrders(),
    "GetOrders.ok.empty": GetOrders(),
    "EstimateMarketOrder.ok": COMMANDS["EstimateMarketOrder.by-quantity"],
    "PlaceOrder.limit.ok": PLACED["PlaceOrder.limit"],
    "PlaceOrder.market.ok": PLACED["PlaceOrder.market.by-total"],
    "ModifyOrder.ok": COMMANDS["ModifyOrder.by-id"],
    "CancelOrder.ok": COMMANDS["CancelOrder.by-id"],
    "CancelAllOrders.ok": CancelAllOrders(),
    "GetTradeVolume.ok": GetTradeVolume(asset=XBT),
    "WatchOrders.subscribe.ok": VENUE.subscribe((OrderBook(**PAIR),))[0][0],
    "WatchOrders.unsubscribe.ok": VENUE.unsubscribe((OrderBook(**PAIR),))[0][0],
    "WatchTicker.subscribe.ok": VENUE.subscribe((Ticker(**PAIR),))[0][0],
    "Authenticate.ok": Raw({"method": "Whatever"}),
}


def replies() -> list[Any]:
    return [
        pytest.param(example, id=example["name"])
        for example in EXAMPLES
        if example["kind"] == "response" and not example["name"].startswith("rest")
    ]


@pytest.mark.parametrize("example", replies())
def test_a_reply_is_matched_by_its_tag_and_judged_by_its_code(example: Any) -> None:
    message = example["message"]
    (answer,) = VENUE.decode(json.dumps(message).encode())
    assert isinstance(answer, Answer)
    assert answer.keys == (("tag", message["tag"]),)
    if message["error_code"]:
        assert answer.refusal is not None
        assert (answer.refusal.code, answer.refusal.message) == (message["error_code"], message["error_msg"])
        assert answer.refusal.hint
    else:
        assert answer.refusal is None


@pytest.mark.parametrize("name", [name for name in ASKED if not name.startswith("Authenticate")])
def test_a_result_is_read_without_loss(name: str) -> None:
    message = BY_NAME[name]["message"]
    (answer,) = VENUE.decode(json.dumps(message).encode())
    assert isinstance(answer, Answer)
    result = ASKED[name].parse(answer.body)
    assert not isinstance(result, OrderView)
    members = {member: value for member, value in message.items() if member not in ("tag", "error_code")}
    if result is None:
        assert members == {}
    else:
        shown = wire(result)
        assert {member: shown[member] for member in members} == members


def test_every_documented_success_was_read() -> None:
    documented = {
        example["name"]
        for example in EXAMPLES
        if example["kind"] == "response" and example["message"] and ".ok" in example["name"]
    }
    assert documented == set(ASKED)


@pytest.mark.parametrize(("name", "query"), [("rest./assets/", GetAssets()), ("rest./markets/", GetMarkets())])
def test_an_answer_over_http_is_read_without_loss(name: str, query: GetAssets | GetMarkets) -> None:
    rows = BY_NAME[name]["message"]
    found = query.parse(200, json.dumps(rows).encode())
    values = list(found.values()) if isinstance(found, Mapping) else list(found)
    assert [wire(value) for value in values] == rows
