"""Old spellings and known deviations, turned into today's classes; section by section of what clients have recorded."""

import json
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.coinex import (
    BalanceUpdate,
    BestQuoteUpdate,
    NoticeUpdate,
    OrderUpdate,
    PositionUpdate,
    TickerUpdate,
    TradesUpdate,
    spot,
)
from coinex_proto.coinex._lenient import lenient
from coinex_proto.errors import PayloadError
from coinex_proto.events import Unrecognised

FIGURES = dict.fromkeys(
    ("last", "open", "close", "high", "low", "volume", "value", "volume_sell", "volume_buy"), "1"
) | {"period": 86400}

ORDER: dict[str, Any] = {
    "order_id": 12750,
    "market": "BTCUSDT",
    "margin_market": "",
    "type": "limit",
    "side": "buy",
    "price": "5999.00",
    "amount": "1.50",
    "taker_fee_rate": "0.0001",
    "maker_fee_rate": "0.0001",
    "client_id": "",
    "created_at": 1689152421692,
    "updated_at": 1689152421692,
}
LONG = {"unfilled_amount": "1.50", "filled_value": "2", "last_filled_amount": "3", "last_filled_price": "4"}
SHORT = {"unfill_amount": "1.50", "fill_value": "2", "last_fill_amount": "3", "last_fill_price": "4"}


def decoded(method: str, data: Any) -> Any:
    (found,) = spot().decode(json.dumps({"method": method, "data": data, "id": None}).encode())
    return found


def order(**members: Any) -> Any:
    return decoded("order.update", {"event": "finish", "order": {**ORDER, **members}})


def test_the_short_spellings_arrive_under_todays_names() -> None:
    assert isinstance(order(**SHORT), OrderUpdate)
    assert order(**SHORT) == order(**LONG)
    assert order(**SHORT, fill_amount="0.5").order.filled_amount == Decimal("0.5")


def test_with_both_spellings_todays_counts() -> None:
    assert order(**LONG, unfill_amount="99", extra="").order.unfilled_amount == Decimal("1.50")
    mixed = {**SHORT, "unfilled_amount": "7"}
    assert order(**mixed).order.unfilled_amount == Decimal(7)


def test_an_order_without_any_spelling_of_its_remainder_is_unrecognised() -> None:
    short = {name: value for name, value in SHORT.items() if name != "unfill_amount"}
    found = order(**short)
    assert isinstance(found, Unrecognised)
    assert found.concerns == ("order", "BTCUSDT")


@pytest.mark.parametrize("name", ["settle_val", "settle_value"])
def test_the_settlement_value_has_two_names(name: str) -> None:
    numbers = [
        "open_interest",
        "close_avbl",
        "ath_position_amount",
        "unrealized_pnl",
        "realized_pnl",
        "avg_entry_price",
        "cml_position_value",
        "max_position_value",
        "take_profit_price",
        "stop_loss_price",
        "leverage",
        "margin_avbl",
        "ath_margin_size",
        "position_margin_rate",
        "maintenance_margin_value",
        "maintenance_margin_rate",
        "liq_price",
        "bkr_price",
        "settle_price",
        "first_filled_price",
        "latest_filled_price",
    ]
    position = dict.fromkeys(numbers, "1") | {
        "position_id": 1,
        "market": "BTCUSD",
        "side": "long",
        "margin_mode": "cross",
        "take_profit_type": "",
        "stop_loss_type": "",
        "adl_level": 5,
        "created_at": 1,
        "updated_at": 1,
        "stop_loss_list": [{"a": 1}],
    }
    found = decoded("position.update", {"event": "", "position": {**position, name: "30.7"}})
    assert isinstance(found, PositionUpdate)
    assert found.position.settle_val == Decimal("30.7")


@pytest.mark.parametrize(("text", "expected"), [("", None), ("0", Decimal(0)), ("1.50", Decimal("1.50")), (None, None)])
def test_an_empty_side_of_the_best_quote_is_none(text: str | None, expected: Decimal | None) -> None:
    quote = {"market": "A", "updated_at": 1, "best_bid_price": text, "best_bid_size": text, "best_ask_price": "2"}
    found = decoded("bbo.update", quote)
    assert isinstance(found, BestQuoteUpdate)
    assert (found.best_bid_price, found.best_bid_size, found.best_ask_size) == (expected, expected, None)


INFO = {"start_time": 1, "end_time": 2, "scope": ["SPOT"]}


@pytest.mark.parametrize(
    "data",
    [
        {"channel": 101, "info": INFO},
        {"channel": 101, "info": {"started_at": 1, "ended_at": 2, "scope": ["SPOT"]}},
        {"channel": 101, "info": [INFO]},
        {"info": [INFO]},
        INFO,
        {"channel": 101, "info": {**INFO, "protect_duration_start": ""}},
    ],
)
def test_s20_a_notice_may_be_an_object_or_a_list_in_either_naming(data: Any) -> None:
    found = decoded("notice.update", data)
    assert isinstance(found, NoticeUpdate)
    assert found.channel == 101
    assert (found.info.start_time, found.info.end_time, found.info.scope) == (1, 2, ("SPOT",))
    assert found.info.protect_duration_start is None


def test_several_notices_in_one_push_are_several_updates() -> None:
    payload = json.dumps({"method": "notice.update", "data": {"info": [INFO, {**INFO, "start_time": 5}]}}).encode()
    first, second = spot().decode(payload)
    assert isinstance(first, NoticeUpdate)
    assert isinstance(second, NoticeUpdate)
    assert (first.info.start_time, second.info.start_time) == (1, 5)


@pytest.mark.parametrize("checksum", ["3897953775", -397013521, 3897953775])
def test_a_checksum_may_be_a_text_and_may_be_signed(checksum: Any) -> None:
    depth = {"asks": [], "bids": None, "last": "", "updated_at": "5", "checksum": checksum}
    found = decoded("depth.update", {"market": "A", "is_full": None, "depth": depth})
    assert found.depth.checksum % 2**32 == 3897953775
    assert (found.is_full, found.depth.bids, found.depth.last, found.depth.updated_at) == (False, (), None, 5)


def test_one_bad_market_does_not_hide_the_others() -> None:
    balances = [{"ccy": name, "available": free, "frozen": "0"} for name, free in (("A", "1"), ("B", "?"), ("C", "2"))]
    payload = json.dumps({"method": "balance.update", "data": {"balance_list": balances}}).encode()
    first, second, trouble = spot().decode(payload)
    assert isinstance(first, BalanceUpdate)
    assert isinstance(second, BalanceUpdate)
    assert (first.ccy, second.ccy) == ("A", "C")
    assert isinstance(trouble, Unrecognised)
    assert trouble.concerns == ("balance", "B")
    assert "$.data.balance_list[1].available" in trouble.why


def test_of_several_bad_markets_each_is_named_and_no_other() -> None:
    balances = [{"ccy": name, "available": "NaN", "frozen": "0"} for name in ("A", "B", "A")]
    payload = json.dumps({"method": "balance.update", "data": {"balance_list": balances}}).encode()
    assert [item.concerns for item in spot().decode(payload)] == [("balance", "A"), ("balance", "B")]  # type: ignore[union-attr]


def test_an_entry_that_names_no_market_concerns_all_of_the_kind() -> None:
    found = decoded("state.update", {"state_list": [FIGURES]})
    assert isinstance(found, Unrecognised)
    assert found.concerns == ("state", None)


def test_a_market_that_has_never_traded_is_a_ticker_without_a_price() -> None:
    found = decoded("state.update", {"state_list": [{"market": "NEW", **FIGURES, "last": None}]})
    assert isinstance(found, TickerUpdate)
    assert (found.market, found.last, found.open) == ("NEW", None, Decimal(1))


def test_one_bad_balance_names_its_currency() -> None:
    balances = [{"ccy": "BTC", "available": "1", "frozen": "0"}, {"ccy": "CET", "available": "1"}]
    payload = json.dumps({"method": "balance.update", "data": {"balance_list": balances}}).encode()
    good, bad = spot().decode(payload)
    assert isinstance(good, BalanceUpdate)
    assert isinstance(bad, Unrecognised)
    assert bad.concerns == ("balance", "CET")


def test_a_list_of_trades_may_be_null() -> None:
    found = decoded("deals.update", {"market": "A", "deal_list": None})
    assert isinstance(found, TradesUpdate)
    assert found.deal_list == ()


def test_one_bad_trade_makes_the_whole_push_unreadable() -> None:
    deals = [{"deal_id": 1, "created_at": 1, "side": "buy", "price": price, "amount": "1"} for price in ("1", "x")]
    found = decoded("deals.update", {"market": "A", "deal_list": deals})
    assert isinstance(found, Unrecognised)
    assert found.concerns == ("deals", "A")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("1711900800123", 1711900800123),
        (1711900800123.0, 1711900800123),
        (1711900800123.5, 1711900800123),
        ("1711900800123.0", 1711900800123),
        (True, None),
        ("soon", None),
        ("", None),
        ([], None),
        ("1e999999", None),
    ],
)
def test_a_time_of_any_form_is_read_or_none(sent: object, read: int | None) -> None:
    assert decoded("premium.update", {"market": "A", "premium_index": "0.1", "updated_at": sent}).updated_at == read


@pytest.mark.parametrize("stamp", [-1, 10**18, 0, 1_689_152_421])
def test_d13_any_integer_is_kept_as_a_time(stamp: int) -> None:
    assert decoded("premium.update", {"market": "A", "premium_index": "0.1", "updated_at": stamp}).updated_at == stamp


def test_a_method_without_a_push_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        lenient("server.sign", b"{}")


def test_what_cannot_be_read_at_all_concerns_the_whole_kind() -> None:
    for data in (b"[" * 5000, b"[]"):
        found = lenient("depth.update", data)
        assert (found.updates, [missed.concerns for missed in found.missed]) == ([], [("depth", None)])


def test_the_readable_entries_come_in_their_order() -> None:
    updates, missed, _ = lenient("balance.update", b'{"balance_list":[5,{"ccy":"A","available":"1","frozen":1}]}')
    assert [one.concerns for one in missed] == [("balance", None)]
    assert [update.topic_key for update in updates] == [("balance", "A")]


def test_payload_errors_are_not_raised() -> None:
    try:
        lenient("order.update", b'{"event":"put","order":[]}')
    except PayloadError:
        pytest.fail("it must be an event, not raised")


def test_members_that_could_not_be_read_are_counted_and_a_push_that_is_none_has_none() -> None:
    assert lenient("state.update", b"7").left_out == 0
    figures = json.dumps({"market": "A", **FIGURES}).encode()
    assert lenient("state.update", b'{"state_list":[%s]}' % figures).left_out == 0
    spoilt = figures.replace(b'"volume": "1"', b'"volume": "x"')
    assert lenient("state.update", b'{"state_list":[%s,%s]}' % (spoilt, spoilt)).left_out == 2
