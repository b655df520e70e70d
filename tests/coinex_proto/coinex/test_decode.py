"""From an inflated payload to answers and updates: everything the peer may write, and nothing raises."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.coinex import BestQuoteUpdate, DepthUpdate, OrderUpdate, TickerUpdate, TradesUpdate
from coinex_proto.coinex._decode import decode
from coinex_proto.dialect import Answer
from coinex_proto.events import Unrecognised
from coinex_proto.ids import ANYTHING
from coinex_proto.updates import Update

EXAMPLES: Final = [
    json.loads(line)["message"]
    for line in (Path(__file__).parents[2] / "data" / "coinex-ws-examples.jsonl").read_text().splitlines()
]
PUSHES: Final = [message for message in EXAMPLES if message.get("method", "").endswith(".update")]


def only(payload: bytes) -> Any:
    (found,) = decode(payload)
    return found


def why(payload: bytes) -> str:
    found = only(payload)
    assert isinstance(found, Unrecognised)
    assert found.raw == payload
    return found.why


# Answers ----------------------------------------------------------------------------------------------------------------


def test_an_acknowledgement_has_no_body() -> None:
    assert only(b'{"id":1,"code":0,"message":"OK"}') == Answer(keys=(("id", 1),), body=b"")


def test_an_empty_object_as_data_is_a_body() -> None:
    assert only(b'{"id":1,"code":0,"data":{},"message":"OK"}').body == b"{}"


@pytest.mark.parametrize("message", ['""', '"require auth"', "null", "7", '["x"]'])
def test_the_text_of_an_answer_may_be_anything(message: str) -> None:
    answer = only(f'{{"id":4,"code":31001,"message":{message}}}'.encode())
    assert answer.refusal.code == 31001
    assert answer.refusal.ends_login
    assert isinstance(answer.refusal.message, str)


def test_the_text_of_an_answer_may_be_missing() -> None:
    assert only(b'{"id":4,"code":20001}').refusal.message == ""


@pytest.mark.parametrize("number", ["true", "false", "null", '"1"', "1.0", "1.5", "[1]", "{}", '""', "1e2"])
def test_d19_an_id_that_is_no_integer_matches_nothing(number: str) -> None:
    assert "unreadable" in why(f'{{"id":{number},"code":0}}'.encode())


@pytest.mark.parametrize("number", ["true", "false", "null", '"0"', "0.0", "[0]", "{}", '""'])
def test_d20_a_code_that_is_no_integer_is_no_success(number: str) -> None:
    assert "unreadable" in why(f'{{"id":1,"code":{number}}}'.encode())


def test_d19_an_answer_without_an_id_matches_nothing() -> None:
    assert "unreadable" in why(b'{"code":0,"message":"OK"}')


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), str(10**30)])
def test_any_integer_is_an_id(number: str) -> None:
    assert only(f'{{"id":{number},"code":0}}'.encode()).keys == (("id", int(number)),)


# Pushes -----------------------------------------------------------------------------------------------------------------


def test_d14_an_unknown_method_is_unrecognised_and_nothing_else_happens() -> None:
    assert why(b'{"method":"kline.update","data":{},"id":null}') == "unknown method 'kline.update'"
    assert why(b'{"method":"server.ping","data":{},"id":null}') == "unknown method 'server.ping'"


@pytest.mark.parametrize("method", ["null", "5", "[]", "true"])
def test_a_method_that_is_no_text_is_unreadable(method: str) -> None:
    assert why(f'{{"method":{method},"data":{{}}}}'.encode())


@pytest.mark.parametrize("data", ["", ',"data":null', ',"data":[]', ',"data":5', ',"data":{}', ',"data":"x"'])
@pytest.mark.parametrize("push", PUSHES, ids=lambda push: push["method"])
def test_d16_a_push_without_its_data_is_unrecognised_with_its_kind(push: Any, data: str) -> None:
    found = only(f'{{"method":"{push["method"]}"{data}}}'.encode())
    assert isinstance(found, Unrecognised)
    assert found.concerns == (push["method"].removesuffix(".update"), None)
    assert push["method"] in found.why


def test_d16_the_reason_names_the_path_to_the_trouble() -> None:
    payload = (
        b'{"method":"depth.update","data":{"market":"BTCUSDT","is_full":true,"depth":'
        b'{"asks":[["1","2"],["3",[4]]],"bids":[],"last":"1","updated_at":1,"checksum":0}},"id":null}'
    )
    found = only(payload)
    assert "$.data.depth.asks[1][1]" in found.why
    assert found.concerns == ("depth", "BTCUSDT")


@pytest.mark.parametrize(
    "payload", [b"", b"hello", b'{"method":"deals.update","data":{"market":"BTC', b"{\xff}", b"\x00"]
)
def test_d6_what_is_no_json_may_have_been_any_push(payload: bytes) -> None:
    assert only(payload).concerns == ANYTHING


@pytest.mark.parametrize("payload", [b"null", b"[]", b"5", b'"x"', b"{}", b'{"id":true,"code":0}'])
def test_d18_json_that_is_no_push_leaves_no_hole(payload: bytes) -> None:
    assert only(payload).concerns is None


def test_s12_a_push_that_comes_before_its_acknowledgement_is_a_push() -> None:
    push = b'{"id":7,"method":"index.update","data":{"market":"BTCUSDT","index_price":"1"}}'
    assert isinstance(only(push), Update)


def test_d10_of_a_repeated_member_the_last_counts() -> None:
    push = b'{"method":"index.update","data":{"market":"A","index_price":"1","index_price":"2"}}'
    assert only(push).index_price == Decimal(2)


def test_an_empty_list_of_trades_is_an_update_without_trades() -> None:
    update = only(b'{"method":"deals.update","data":{"market":"A","deal_list":[]},"id":null}')
    assert isinstance(update, TradesUpdate)
    assert update.deal_list == ()


def test_an_empty_list_of_states_says_nothing() -> None:
    assert list(decode(b'{"method":"state.update","data":{"state_list":[]},"id":null}')) == []


def test_pseudo_markets_lack_mark_and_index_price() -> None:
    ticker = {**PUSHES[2]["data"]["state_list"][0], "latest_funding_time": 0}
    update = only(json.dumps({"method": "state.update", "data": {"state_list": [ticker]}}).encode())
    assert isinstance(update, TickerUpdate)
    assert (update.mark_price, update.index_price, update.latest_funding_time) == (None, None, 0)


@pytest.mark.parametrize("side", ["asks", "bids"])
def test_a_side_that_is_missing_has_not_changed(side: str) -> None:
    depth = {"asks": [["1", "2"]], "bids": [["1", "2"]], "last": "1", "updated_at": 1, "checksum": 5}
    del depth[side]
    update = only(
        json.dumps({"method": "depth.update", "data": {"market": "A", "is_full": False, "depth": depth}}).encode()
    )
    assert isinstance(update, DepthUpdate)
    assert getattr(update.depth, side) == ()


def test_a_push_of_depth_that_does_not_say_whether_it_is_whole_is_a_difference() -> None:
    depth = {"asks": [], "bids": [], "last": "1", "updated_at": 1, "checksum": 2**32 - 1}
    assert (
        only(json.dumps({"method": "depth.update", "data": {"market": "A", "depth": depth}}).encode()).is_full is False
    )


@pytest.mark.parametrize("event", ["put", "update", "modify", "finish", "brand_new", "", 1])
def test_d17_an_unknown_event_passes_as_it_is(event: str | int) -> None:
    message = next(push for push in PUSHES if push["method"] == "order.update")
    update = only(json.dumps({**message, "data": {**message["data"], "event": event}}).encode())
    assert isinstance(update, OrderUpdate)
    assert update.event == event


@pytest.mark.parametrize(("given_market", "expected"), [(None, None), ("", ""), ("BTCUSDT", "BTCUSDT")])
def test_a_margin_market_may_be_null_empty_or_named(given_market: str | None, expected: str | None) -> None:
    message = next(push for push in PUSHES if push["method"] == "order.update")
    order = {**message["data"]["order"], "margin_market": given_market}
    update = only(json.dumps({**message, "data": {**message["data"], "order": order}}).encode())
    assert update.order.margin_market == expected


def decimals_in(value: Any) -> list[Decimal]:
    if isinstance(value, Decimal):
        return [value]
    inner = value if isinstance(value, tuple) else ()
    if attrs.has(type(value)):
        inner = tuple(getattr(value, one.name) for one in attrs.fields(type(value)))
    return [number for one in inner for number in decimals_in(one)]


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-NaN", "Infinity", "-inf"])
@pytest.mark.parametrize("push", PUSHES, ids=lambda push: push["method"])
def test_d9_d12_a_number_that_is_not_finite_never_comes_through_wherever_it_stands(push: Any, text: str) -> None:
    numbers = 0

    def spoilt(value: Any, name: str = "") -> list[Any]:
        """The value with one number spoilt, for each number in it."""
        nonlocal numbers
        if isinstance(value, dict):
            return [{**value, key: inner} for key in value for inner in spoilt(value[key], key)]
        if isinstance(value, list) and name not in ("asks", "bids"):
            return [[*value[:i], inner, *value[i + 1 :]] for i in range(len(value)) for inner in spoilt(value[i])]
        if isinstance(value, str) and value.lstrip("-").replace(".", "").isdigit():
            numbers += 1
            return [text]
        return []

    for message in spoilt(push["data"]):
        found = decode(json.dumps({**push, "data": message}).encode())
        assert all(map(Decimal.is_finite, decimals_in(found))), message
    assert numbers or push["method"] == "notice.update"


def test_d12_exponents_beyond_reason_pass_as_numbers_and_are_never_written_out() -> None:
    update = only(b'{"method":"index.update","data":{"market":"A","index_price":"1e999999999"}}')
    assert len(repr(update)) < 100


@pytest.mark.parametrize("price", ["abc", "", " 1", "1,5", None, [], True])
def test_a_price_that_is_no_number_is_unrecognised(price: Any) -> None:
    message = {"method": "premium.update", "data": {"market": "A", "premium_index": price, "updated_at": 1}}
    found = only(json.dumps(message).encode())
    if price != " 1":  # a harmless spelling
        assert isinstance(found, Unrecognised)
        assert found.concerns == ("premium", "A")


def test_prices_as_json_numbers_keep_their_digits() -> None:
    update = only(
        b'{"method":"bbo.update","data":{"market":"A","updated_at":1,"best_bid_price":0.10,"best_ask_price":3}}'
    )
    assert isinstance(update, BestQuoteUpdate)
    assert str(update.best_bid_price) == "0.10"
    assert update.best_ask_price == 3


# Garbage ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"\x00",
        b"null",
        b"true",
        b"5",
        b'"text"',
        b"[]",
        b"{}",
        b'{"id":1}',
        b'{"data":{}}',
        b'{"id":1,"code":0',
        b'{"id":1,"code":0}}',
        b"\xef\xbb\xbf{}",
        '{"id":1,"code":0}'.encode("utf-16"),
        b'{"method":"\xff.update","data":{}}',
        b'{"method":"index.update","data":{"market":"\xff","index_price":"1"}}',
        b'{"method":"index.update","data":{"market":"\\ud800","index_price":"1"}}',
        b'{"id":1,"code":20001,"message":"\xff\xfe"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id":1,"code":0,"data":' + b"[" * 100_000,
        b'{"method":"index.update","data":' + b"[" * 100_000,
        b'{"method":"notice.update","data":{"a":' + b"[" * 900 + b"]" * 900 + b"}}",
        b'{"id":' + b"1" * 100_000 + b',"code":0}',
        b'{"id":1,"code":NaN}',
        b'{"method":"state.update","params":' + b"[" * 100_000,
    ],
    ids=lambda payload: str(payload[:40]),
)
def test_d6_d7_d8_d11_d18_garbage_is_unrecognised_and_never_raises(payload: bytes) -> None:
    found = decode(payload)
    assert [item for item in found if isinstance(item, Unrecognised)]


def test_d22_100_000_unknown_members_cost_linear_time() -> None:
    members = ",".join(f'"k{number}":{number}' for number in range(100_000))
    assert isinstance(only(f'{{"id":1,"code":0,{members}}}'.encode()), Answer)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("NaN"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(payload=st.binary(max_size=200))
def test_any_bytes_are_decoded_without_raising(payload: bytes) -> None:  # law 3
    decode(payload)


@given(message=st.sampled_from(EXAMPLES), data=st.data())
def test_d16_an_example_with_one_part_replaced_or_deleted_never_raises(
    message: Any, data: st.DataObject
) -> None:  # law 3
    def edited(value: Any) -> Any:
        if isinstance(value, dict) and value:
            key = data.draw(st.sampled_from(sorted(value)))
            choice = data.draw(st.sampled_from(["inside", "inside", "delete", "rename"]))
            rest = {name: inner for name, inner in value.items() if name != key}
            if choice == "delete":
                return rest
            if choice == "rename":
                return {**rest, data.draw(st.text(max_size=6)): value[key]}
            return {**rest, key: edited(value[key])}
        if isinstance(value, list) and value:
            index = data.draw(st.integers(0, len(value) - 1))
            return [*value[:index], edited(value[index]), *value[index + 1 :]]
        return data.draw(json_values)

    payload = json.dumps(edited(message)).encode()
    for found in decode(payload):
        repr(found)


@given(message=st.sampled_from(EXAMPLES), cut=st.integers(0, 400), byte=st.integers(0, 255))
def test_an_example_with_one_byte_changed_or_cut_never_raises(message: Any, cut: int, byte: int) -> None:  # law 3
    payload = bytearray(json.dumps(message).encode())
    decode(bytes(payload[:cut]))
    payload[cut % len(payload)] = byte
    decode(bytes(payload))


@pytest.mark.parametrize(
    ("members", "is_refused"),
    [
        ('"result":"pong"', False),
        ('"error":null,"result":"pong"', False),
        ('"error":{"code":1,"message":"no"}', True),
        ('"error":{"code":1,"message":"no"},"result":null', True),
    ],
)
def test_an_answer_of_the_old_kind_may_have_one_member_or_both(members: str, is_refused: bool) -> None:
    found = only(f'{{"id":4,{members}}}'.encode())
    assert isinstance(found, Answer)
    assert (found.keys, found.refusal is not None) == ((("id", 4),), is_refused)
