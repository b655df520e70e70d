"""Pushes and acknowledgements in every form that was seen; what cannot be read is reported."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import Answer, Unrecognised, Update, qfex
from coinex_proto.ids import OLDEST
from coinex_proto.qfex._mds.decode import MAX_MANY
from coinex_proto.qfex._mds.subscription import keys_of
from coinex_proto.qfex.topics import MARKET_FEEDS

MDS = qfex.mds()
TIME = "2025-09-04T09:26:39.545268322Z"


def bbo(symbol: str = "AAPL-USD", **more: Any) -> dict[str, Any]:
    return {"type": "bbo", "symbol": symbol, "time": TIME, "bid": [["1.10", "2"]], "ask": [], **more}


def level2(*bids: tuple[str, str], symbol: str = "AAPL-USD", **more: Any) -> dict[str, Any]:
    return {"type": "level2", "symbol": symbol, "time": TIME, "bid": bids, "ask": [("101", "3")], **more}


def decoded(*values: Any) -> Any:
    (found,) = MDS.decode(json.dumps(values[0]).encode())
    return found


def test_counters_may_be_quoted() -> None:
    candle = {"type": "candle", "symbol": "A-USD", "start": TIME, "resolution": "1MIN"}
    prices = dict.fromkeys(("open", "high", "low", "close"), "1.0")
    update = decoded({**candle, **prices, "usdVolume": "16700", "trades": "16"})
    assert (update.usdVolume, update.trades) == (16700, 16)
    funding = {"type": "funding", "symbol": "A-USD", "time": TIME, "funding_rate": "0.01", "time_remaining": "30"}
    assert decoded(funding).time_remaining == 30


def test_the_old_name_of_funding_is_understood() -> None:
    update = decoded({"type": "funding_rate", "symbol": "A-USD", "time": TIME, "rate": "0.01"})
    assert update == qfex.FundingUpdate(symbol="A-USD", time=TIME, funding_rate=D("0.01"))


def test_times_are_exact_to_the_nanosecond() -> None:
    assert decoded(bbo()).time_ns == 1_756_977_999_545_268_322
    assert decoded(bbo(time="2025-09-04T09:26:39Z")).time_ns == 1_756_977_999 * 10**9
    assert decoded(bbo(time="2025-09-04T11:26:39.5+02:00")).time_ns == 1_756_977_999_500_000_000


def test_several_messages_may_come_in_one_list() -> None:
    found = MDS.decode(json.dumps([bbo("A-USD"), {"type": "subscribed"}, [bbo()]]).encode())
    assert isinstance(found[0], qfex.BboUpdate)
    assert isinstance(found[2], Unrecognised)


def test_the_order_of_members_does_not_matter() -> None:
    message = bbo()
    back = dict(reversed(list(message.items())))
    assert decoded(back) == decoded(message)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        b"7",
        b'"x"',
        b"[7]",
        b'{"type":"bbo"}',
        b'{"type":"bbo',
        b'{"type":7}',
        b'{"type":"nothing we know"}',
        b'{"type":"level2","symbol":"A-USD","time":"x","bid":[["1"]],"ask":[]}',
        b'{"type":"trade","symbol":"A-USD","time":"x","trade_id":"1","size":"NaN","price":"1","side":"BUY"}',
        b'{"type":"bbo","symbol":"A-USD","time":"x","bid":[["Infinity","1"]],"ask":[]}',
        b'{"type":"funding_rate"}',
        b'{"type":"subscribed","channels":7}\xff',
        b"[" * 5000,
    ],
)
def test_nonsense_is_reported_and_never_raises(payload: bytes) -> None:
    (found,) = MDS.decode(payload)
    assert isinstance(found, Unrecognised)


def test_of_figures_of_many_symbols_only_the_one_that_cannot_be_read_is_missing() -> None:
    prices = [{"time": "x", "symbol": "A", "price": "NaN"}, {"symbol": "B", "price": "2"}]
    update, trouble = MDS.decode(json.dumps({"type": "market_stats", "symbol": "*", "mark_prices": prices}).encode())
    assert isinstance(update, qfex.MarketStatsUpdate)
    assert [price.symbol for price in update.mark_prices] == ["B"]
    assert isinstance(trouble, Unrecognised)
    assert trouble.concerns == ("market_stats", "A")


def test_a_push_that_cannot_be_read_says_which_topic_has_missed_something() -> None:
    assert decoded({"type": "bbo", "symbol": "A-USD"}).concerns == ("bbo", "A-USD")
    assert decoded({"type": "level2", "symbol": "A-USD", "sig_figs": 1}).concerns == ("level2", "A-USD", 1)
    assert decoded({"type": "candle", "symbol": "A-USD", "resolution": "1DAY"}).concerns == ("candle", "A-USD", "1DAY")


def test_updates_know_their_topics() -> None:
    pairs: tuple[tuple[Any, Any], ...] = (
        (decoded(bbo()), qfex.Bbo("AAPL-USD")),
        (decoded(level2()), qfex.Level2("AAPL-USD")),
    )
    for update, topic in pairs:
        assert isinstance(update, Update)
        assert update.topic_key == topic.key


@pytest.mark.parametrize("channel", sorted({model.channel for model in MARKET_FEEDS.values()} - {"market_stats"}))
def test_an_unreadable_push_of_every_feed_names_its_topic(channel: str) -> None:
    found = decoded({"type": channel, "symbol": "A-USD", "sequence": {}})
    assert isinstance(found, Unrecognised)
    assert found.concerns is not None
    assert found.concerns[:2] == (channel, "A-USD")
    assert decoded({"type": channel, "symbol": "*", "sequence": {}}).concerns[1] is None


@pytest.mark.parametrize(
    ("fields", "is_oldest_answered"),
    [({"channels": ["bbo"], "symbols": ["A-USD"]}, False), ({"channels": ["bbo"]}, True), ({"symbols": []}, True)],
)
def test_an_acknowledgement_that_names_no_symbol_answers_whoever_waits_longest(
    fields: dict[str, Any], is_oldest_answered: bool
) -> None:
    found = decoded({"type": "subscribed", **fields})
    assert isinstance(found, Answer)
    assert found.may_be_stray
    assert (OLDEST in found.keys) is is_oldest_answered
    assert found.keys[0] == keys_of({"type": "subscribe", **fields})[0]


def test_a_list_may_hold_a_hundred_messages_and_no_more() -> None:
    assert len(MDS.decode(json.dumps([bbo()] * MAX_MANY).encode())) == MAX_MANY
    (found,) = MDS.decode(json.dumps([bbo()] * (MAX_MANY + 1)).encode())
    assert isinstance(found, Unrecognised)
    assert "a list of 101 messages; the limit is 100" in found.why


@pytest.mark.parametrize(
    "refusal",
    [{"err": {"error_code": "InvalidParameter", "message": "m"}}, {"type": "ERROR", "message": "m"}, {"type": "error"}],
)
def test_a_refusal_in_the_new_form_or_the_old_answers_a_request(refusal: dict[str, Any]) -> None:
    found = decoded(refusal)
    assert isinstance(found, Answer)
    assert found.refusal is not None
    assert found.refusal.message == refusal.get("message", refusal.get("err", {}).get("message", ""))
