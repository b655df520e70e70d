"""What one payload holds: strange messages are reported and never raise."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import Answer, Challenge, Unrecognised, Update
from coinex_proto.coinflex import OrderClosed, OwnOrderUpdate, TickerChanged, TradeVolumeUpdate
from coinex_proto.coinflex._decode import decode
from coinex_proto.dialect import Mended
from tests.coinex_proto.coinflex.venue import EXAMPLES, USDT, XBT, message, notice


def one(value: object) -> Any:
    (found,) = decode(value if isinstance(value, bytes) else json.dumps(value).encode())
    return found


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"5",
        b'"OrderOpened"',
        b"\xff\xfe",
        b"{}",
        b'{"tag":1}',
        b"[" * 100_000,
        b'{"error_code":' + b"9" * 10_000 + b"}",
    ],
)
def test_d4_d6_d7_d8_d18_what_is_no_message_is_reported(value: bytes) -> None:
    assert isinstance(one(value), Unrecognised)


@pytest.mark.parametrize("code", [False, True, "0", 0.0, None, [], {}])
def test_d20_a_code_that_is_no_integer_is_no_success(code: object) -> None:
    assert isinstance(one({"tag": 1, "error_code": code}), Unrecognised)


@pytest.mark.parametrize("tag", [True, "1", 1.0, None, [1]])
def test_d19_a_tag_that_is_no_integer_matches_nothing(tag: object) -> None:
    assert isinstance(one({"tag": tag, "error_code": 0}), Unrecognised)


def test_a_tag_is_exact_to_the_last_bit() -> None:
    answer = one({"tag": 2**63 - 1, "error_code": 0})
    assert answer.keys == (("tag", 2**63 - 1),)


def test_a_reply_without_a_tag_belongs_to_nobody() -> None:
    stray = one({"error_code": 8, "error_msg": "no"})
    assert "without a tag" in stray.why


def test_a_message_that_is_both_is_neither() -> None:
    assert isinstance(one({"notice": "BalanceChanged", "error_code": 0, "tag": 1}), Unrecognised)


def test_what_a_message_that_is_both_may_have_said_is_missed() -> None:
    assert one(notice("OrderOpened", error_code=0)).concerns == ("orders", f"{XBT}/{USDT}")


def test_d21_a_message_text_of_any_kind_is_carried() -> None:
    assert one({"tag": 1, "error_code": 77, "error_msg": {"a": 1}}).refusal.message
    assert one({"tag": 1, "error_code": 77}).refusal.code == 77


@pytest.mark.parametrize("nonce", ["", "AAAA", "A" * 24, 5, None, "DWrLPsaUKWBw5BMTuNFkmQ==\n"])
def test_s15_a_welcome_with_another_nonce_is_no_challenge(nonce: object) -> None:
    assert isinstance(one({"notice": "Welcome", "nonce": nonce}), Unrecognised)


def test_d14_an_unknown_notice_is_reported() -> None:
    assert "unknown notice 'News'" in one({"notice": "News"}).why


@pytest.mark.parametrize("name", ["OrderOpened", "OrderModified", "OrdersMatched", "OrderClosed", "TickerChanged"])
def test_d16_an_unreadable_notice_names_its_market(name: str) -> None:
    kind = "ticker" if name == "TickerChanged" else "orders"
    assert one(notice(name, id="x", bid="x", quantity="x")).concerns == (kind, f"{XBT}/{USDT}")
    assert one({"notice": name, "base": "x"}).concerns == (kind, None)


def test_an_unreadable_text_may_have_been_any_notice() -> None:
    assert one(b"{").concerns == (None, None)
    assert one({"notice": "News"}).concerns is None


def test_null_and_absent_tell_own_orders_from_others() -> None:
    own = {**message("OrderClosed.filled.other"), "tonce": None}
    first, second = decode(json.dumps(own).encode())
    assert isinstance(first, OrderClosed)
    assert second == OwnOrderUpdate(notice=first)
    assert len(decode(json.dumps(message("OrderClosed.filled.other")).encode())) == 1


def test_the_volume_has_two_names() -> None:
    update = one({**message("TradeVolumeChanged"), "notice": "UserTradeVolumeChanged"})
    assert update == TradeVolumeUpdate(asset=XBT, volume=1237000)


@given(st.binary(max_size=60))
def test_no_bytes_raise(payload: bytes) -> None:  # law 3
    for found in decode(payload):
        assert isinstance(found, (Answer, Challenge, Update, Unrecognised))


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A documented message with one member taken out or replaced."""
    example = draw(st.sampled_from([e for e in EXAMPLES if e["kind"] == "push"]))
    member = draw(st.sampled_from(sorted(example["message"])))
    junk: Any = draw(st.sampled_from([None, True, "x", 1.5, -1, [], {}, 10**40, "delete"]))
    kept = {name: value for name, value in example["message"].items() if name != member}
    return kept if junk == "delete" else {**kept, member: junk}


@given(spoiled())
def test_d16_no_spoiled_message_raises_and_all_of_it_is_typed(value: dict[str, Any]) -> None:
    for found in decode(json.dumps(value).encode()):
        assert isinstance(found, (Answer, Challenge, Update, Unrecognised))
        if isinstance(found, Update):
            assert found.topic_key


@pytest.mark.parametrize(
    ("value", "orders"),
    [
        (notice("OrderOpened", id="x", tonce=7), (f"{XBT}/{USDT}", None, "7")),
        (notice("OrderOpened", id=5, tonce=None, quantity="x"), (f"{XBT}/{USDT}", 5, None)),
        (notice("OrdersMatched", bid_tonce=7), (f"{XBT}/{USDT}", None, None)),
        (notice("OrdersMatched", ask_tonce=None), (f"{XBT}/{USDT}", None, None)),
        (notice("OrderOpened", id="x"), None),
        (notice("OrderClosed", id="x", base="x", tonce=None), (None, None, None)),
        (notice("OrderSplit", id=5, tonce=7), (f"{XBT}/{USDT}", 5, "7")),
        (notice("News"), None),
        (notice("BalanceChanged", tonce=7, asset="x"), None),
        (notice("TickerChanged", tonce=7, bid="x"), None),
    ],
)
def test_only_of_what_its_owner_alone_is_told_something_was_missed_of_own_orders(
    value: dict[str, object], orders: tuple[object, ...] | None
) -> None:
    found = one(value).orders
    if orders is None:
        assert found is None
        return
    market, order_id, client_id = orders
    assert (found.order_id, found.client_order_id) == (order_id, client_id)
    assert found.market == (None if market is None else "XBT/USDT")
    assert found.topic == ("own_orders", None)


def test_a_notice_that_cannot_be_read_says_which_one_and_why() -> None:
    assert one(notice("OrderOpened", id="x")).why.startswith("unreadable OrderOpened: ")
    assert one(b"{").why.startswith("unreadable message: ")


def test_of_an_unknown_notice_of_an_own_order_the_topic_of_own_orders_has_missed_something() -> None:
    assert one(notice("OrderSplit", tonce=7)).concerns == ("own_orders", None)


def test_a_refusal_goes_to_its_request_with_its_meaning() -> None:
    answer = one({"tag": 3, "error_code": 6, "error_msg": "slow down"})
    assert isinstance(answer, Answer)
    assert (answer.keys, answer.refusal is not None) == ((("tag", 3),), True)
    assert answer.refusal is not None
    assert (answer.refusal.code, answer.refusal.message, answer.refusal.retryable) == (6, "slow down", True)


def test_of_a_notice_about_orders_that_is_no_text_any_own_order_may_have_been_told() -> None:
    found = one(b'{"notice":"OrderOpened","base":1,"counter":2,"x":"\xff"}')
    assert found.concerns == ("orders", "1/2")
    assert found.orders.topic == ("own_orders", None)
    assert (found.orders.order_id, found.orders.client_order_id) == (None, None)


def test_of_figures_those_that_cannot_be_read_are_left_out_and_counted() -> None:
    found = decode(json.dumps(notice("TickerChanged", volume="x", bid=5)).encode())
    assert isinstance(found, Mended)
    assert found.left_out == 1
    (update,) = found
    assert isinstance(update, TickerChanged)
    assert (update.bid, update.volume) == (5, None)


def test_a_reply_of_code_0_is_a_success_and_of_1_is_none() -> None:
    good, bad = one({"tag": 1, "error_code": 0}), one({"tag": 1, "error_code": 1})
    assert (good.refusal, bad.refusal.code) == (None, 1)
    assert good.body == b'{"tag": 1, "error_code": 0}'


def test_a_welcome_is_the_challenge_to_be_signed() -> None:
    found = one({"notice": "Welcome", "nonce": "DWrLPsaUKWBw5BMTuNFkmQ=="})
    assert isinstance(found, Challenge)
    assert len(found.value) == 16
