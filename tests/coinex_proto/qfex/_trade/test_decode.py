"""What each frame of the Trade socket holds; what cannot be read is reported with its topic."""

import json
from typing import Any

import pytest

from coinex_proto import Answer, Unrecognised, Update
from coinex_proto.qfex._trade.decode import PUSHES, decode
from coinex_proto.qfex._trade.replies import Reply
from coinex_proto.qfex._trade.requests import REQUESTS
from coinex_proto.qfex._trade.updates import PushedUpdate, TwapUpdate

RESULTS = [
    (name, frame)
    for name, row in REQUESTS.items()
    if isinstance(row.reply, Reply)
    for frame in row.reply.frames
    if frame not in PUSHES
]


def found(message: object) -> Any:
    return decode(json.dumps(message).encode())


def kinds(message: object) -> list[type[Any]]:
    return [Update if isinstance(item, Update) else type(item) for item in found(message)]


def test_every_class_of_push_is_read() -> None:
    assert set(PUSHES.values()) == {kind for kind in PushedUpdate.__subclasses__() if kind.__name__ != "PushedUpdate"}


GOOD = {
    "order_response": {"status": "ACK"},
    "fill_response": {"trade_id": "1", "symbol": "A", "order_id": "1", "price": 1, "quantity": 1, "side": "BUY"},
    "position_response": {"symbol": "A", "position": 1},
    "balance_response": {"deposit": 1, "available_balance": 1},
    "stop_order_response": {"stop_order_id": "1", "symbol": "A"},
    "twap_response": {"twap_id": "1"},
}


@pytest.mark.parametrize("frame", list(PUSHES))
def test_a_push_is_read_and_answers_where_it_can(frame: str) -> None:
    answers = [Answer] if frame in ("order_response", "twap_response") else []
    assert kinds({frame: GOOD[frame]}) == [*answers, Update]


@pytest.mark.parametrize("frame", list(PUSHES))
def test_an_unreadable_push_is_reported_with_the_topic_that_missed_it(frame: str) -> None:
    (report,) = found({frame: {"symbol": "A", "status": 7, "side": []}})
    assert isinstance(report, Unrecognised)
    model = PUSHES[frame]
    assert report.concerns == (None if model is TwapUpdate else (model.channel, "A"))
    (report,) = found({frame: 7})
    assert report.why.startswith(frame)


def test_of_an_order_with_unreadable_numbers_the_answer_is_kept() -> None:
    answer, report = found({"order_response": {"status": "ACK", "client_order_id": "c", "quantity": "NaN"}})
    assert ("add", "c") in answer.keys
    assert answer.refusal is None
    assert isinstance(report, Unrecognised)


def test_a_refused_order_is_refusal_and_update() -> None:
    answer, update = found({"order_response": {"status": "FAILED_MARGIN_CHECK"}})
    assert answer.refusal.code == "FAILED_MARGIN_CHECK"
    assert update.is_refusal


@pytest.mark.parametrize(("name", "frame"), RESULTS)
def test_the_frame_of_a_query_answers_it(name: str, frame: str) -> None:
    (answer,) = found({frame: []})
    assert answer.keys == ((name,),)


def test_every_query_without_keys_of_its_own_has_a_frame() -> None:
    queries = {name for name, row in REQUESTS.items() if row.keys is None and name != "auth"}
    assert queries == {name for name, _ in RESULTS}


@pytest.mark.parametrize(
    ("message", "keys", "is_refused"),
    [
        ({"authenticated": True}, (("auth",),), False),
        ({"authenticated": False, "message": "no"}, (("auth",),), True),
        ({"type": "authenticated"}, (("auth",),), False),
        ({"type": "authenticated", "success": False}, (("auth",),), True),
        ({"authenticated": None}, (("auth",),), True),
        ({"authenticated": {"success": True}}, (("auth",),), False),
        ({"authenticated": {"error": "x"}}, (("auth",),), True),
        ({"authenticated": True, "error": "x"}, (("auth",),), True),
        ({"type": "auth", "result": "success"}, (("auth",),), False),
        ({"type": "auth", "result": 7}, (("auth",),), True),
        ({"subscribed": "fills"}, (("subscribed", "fills"),), False),
        ({"unsubscribed": "fills"}, (("unsubscribed", "fills"),), False),
        ({"ack_response": True}, (("ack",),), False),
        ({"ack_response": False}, (("ack",),), True),
        ({"ack": {}}, (("ack",),), False),
        ({"ack": None}, (("ack",),), False),
        ({"ack": {"incoming_message": {"type": "cancel_all_orders"}}}, (("cancel all",),), False),
        ({"ack": {"incoming_message": {"type": "add_order", "params": {}}}}, (), False),
        ({"err": {"incoming_message": {"type": "get_user_orders"}}}, (("get_user_orders",),), True),
        ({"type": "ERROR", "incoming_message": {"type": "get_user_orders"}}, (("get_user_orders",),), True),
    ],
)
def test_an_answer_has_keys_and_perhaps_a_refusal(message: object, keys: object, is_refused: bool) -> None:
    (answer,) = found(message)
    assert isinstance(answer, Answer)
    assert answer.keys == keys
    assert (answer.refusal is not None) is is_refused


@pytest.mark.parametrize("payload", [b"", b"{", b"7", b"[]", b"{}", b'{"type":"x"}', b'{"subscribed":[]}', b"\xff"])
def test_nonsense_is_reported(payload: bytes) -> None:
    (report,) = decode(payload)
    assert isinstance(report, Unrecognised)


# Refusals, row by row -------------------------------------------------------------------------------------------------

NAMED = {"order_id": "1", "client_order_id": "c", "symbol": "A", "side": "BUY"}
FILLED_SOME = {"quantity": 5, "quantity_remaining": 2}


def in_words(message: object) -> list[str]:
    """Each answer with whether its outcome is a refusal, or unknown; the update in its place."""
    return [
        "update" if isinstance(item, Update) else "unknown" if item.refusal.is_unknown else "refused"
        for item in found({"order_response": message})
    ]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"status": "FAILED_MARGIN_CHECK", **NAMED}, ["refused", "update"]),
        ({"status": "FAILED_MARGIN_CHECK", **NAMED, **FILLED_SOME}, ["unknown", "refused", "update"]),
        ({"status": "OF_NEXT_YEAR"}, ["update", "unknown"]),
        ({"status": "FAILED_MARGIN_CHECK"}, ["refused", "update"]),
    ],
)
def test_what_a_no_means_to_whoever_waits(record: dict[str, Any], expected: list[str]) -> None:
    assert in_words(record) == expected


def test_a_no_that_shows_a_fill_is_unknown_to_who_placed_the_order_and_a_refusal_to_who_changed_it() -> None:
    placed, changed, _ = found({"order_response": {"status": "FAILED_MARGIN_CHECK", **NAMED, **FILLED_SOME}})
    assert ("add", "c") in placed.keys
    assert not set(placed.keys) & set(changed.keys)
    assert {("id", "1"), ("cancel client", "c")} <= set(changed.keys)


def test_a_status_that_nobody_documented_answers_each_request_of_that_order_once() -> None:
    items = found({"order_response": {"status": "OF_NEXT_YEAR", **NAMED}})
    keys = [key for item in items if isinstance(item, Answer) for key in item.keys]
    assert len(keys) == len(set(keys))
    assert ("add", "c") in keys
    assert isinstance(items[0], Update)


def test_a_push_of_an_order_that_cannot_be_read_says_which_order_as_far_as_it_shows() -> None:
    (*_, report) = found({"order_response": {**NAMED, "status": "ACK", "quantity": "NaN"}})
    assert (report.orders.topic, report.orders.market) == (("order_responses", "A"), "A")
    assert (report.orders.order_id, report.orders.client_order_id) == ("1", "c")
    (report,) = found({"order_response": {"symbol": 7, "order_id": "", "client_order_id": [], "status": 7}})
    assert (report.orders.market, report.orders.order_id, report.orders.client_order_id) == (None, None, None)
    (report,) = found({"balance_response": {"deposit": "NaN"}})
    assert report.orders is None
