"""What the MDS socket is to the shared core: no sign-in, no limits, a book for `Level2` alone."""

import json
from typing import Any

import pytest

from coinex_proto import Opening, UsageError, qfex
from coinex_proto.ids import RequestId
from coinex_proto.qfex._mds.subscription import MarketSubscription, keys_of
from coinex_proto.qfex.topics import ACCOUNT_FEEDS, MARKET_FEEDS

MDS = qfex.mds()
SYMBOL = "A-USD"


def topic_of(kind: Any) -> Any:
    return kind(SYMBOL) if kind is qfex.Level2 else kind()


def test_there_is_nothing_to_sign_in_to_and_nothing_to_follow() -> None:
    assert (MDS.name, MDS.has_credentials, MDS.limits, MDS.ping, MDS.clock) == ("qfex mds", False, {}, None, None)
    assert MDS.opening(Opening(wall_time_ns=0, random_bytes=bytes)) == ()
    assert MDS.order(qfex.BboUpdate(symbol=SYMBOL, time="x", bid=(), ask=())) == ()
    assert MDS.find_out(()) == ()
    assert qfex.mds(url=qfex.MDS_UAT_URL).endpoint.host == "mds.qfex.io"


@pytest.mark.parametrize("kind", list(MARKET_FEEDS))
def test_each_market_topic_is_subscribed_and_ended_by_its_channel(kind: Any) -> None:
    topic = topic_of(kind)
    for method, name in ((MDS.subscribe, "subscribe"), (MDS.unsubscribe, "unsubscribe")):
        ((command, topics),) = method((topic,))
        assert tuple(topics) == (topic,)
        assert isinstance(command, MarketSubscription)
        assert (command.type, command.channels) == (name, (MARKET_FEEDS[kind].channel,))
    assert (MDS.book(topic) is not None) is (kind is qfex.Level2)


@pytest.mark.parametrize("kind", list(ACCOUNT_FEEDS))
def test_an_account_topic_is_refused(kind: Any) -> None:
    with pytest.raises(UsageError, match="no topic of the QFEX market data socket"):
        MDS.subscribe((kind(),))


def test_a_subscription_needs_no_answer_and_has_the_keys_of_its_wire_form() -> None:
    ((command, _),) = MDS.subscribe((qfex.Candles(SYMBOL, "1DAY"),))
    outgoing = MDS.encode(command, RequestId(1))
    assert outgoing.is_reply_optional
    assert outgoing.keys == keys_of(command.message())  # type: ignore[attr-defined]


def test_a_command_of_the_other_socket_is_refused() -> None:
    with pytest.raises(UsageError, match="no request of the QFEX market data socket"):
        MDS.encode(qfex.GetUserOrders(), RequestId(1))


def test_topics_of_different_intervals_or_figures_go_in_requests_of_their_own() -> None:
    minute, day = qfex.Candles(SYMBOL, "1MIN"), qfex.Candles(SYMBOL, "1DAY")
    other = qfex.Candles("B-USD", "1DAY")
    assert [list(topics) for _, topics in MDS.subscribe((minute, day, other))] == [[minute], [day, other]]
    fine, coarse = qfex.Level2(SYMBOL), qfex.Level2(SYMBOL, sig_figs=1)
    assert [list(topics) for _, topics in MDS.subscribe((fine, coarse))] == [[fine], [coarse]]


def test_what_comes_is_read() -> None:
    (update,) = MDS.decode(b'{"type":"bbo","symbol":"A-USD","time":"2025-09-04T09:26:40Z","bid":[["1","2"]],"ask":[]}')
    assert isinstance(update, qfex.BboUpdate)


ROWS: list[tuple[Any, dict[str, Any]]] = [
    (qfex.Level2(SYMBOL), {"channels": ["level2"], "symbols": [SYMBOL]}),
    (qfex.Level2(SYMBOL, sig_figs=2), {"channels": ["level2"], "symbols": [SYMBOL], "sig_figs": [2]}),
    (qfex.Level2All(), {"channels": ["level2"], "symbols": ["*"]}),
    (qfex.Level2All(sig_figs=1), {"channels": ["level2"], "symbols": ["*"], "sig_figs": [1]}),
    (qfex.Bbo(SYMBOL), {"channels": ["bbo"], "symbols": [SYMBOL]}),
    (qfex.Bbo(), {"channels": ["bbo"], "symbols": ["*"]}),
    (qfex.Trades(SYMBOL), {"channels": ["trade"], "symbols": [SYMBOL]}),
    (qfex.Candles(SYMBOL, "1MIN"), {"channels": ["candle"], "symbols": [SYMBOL], "intervals": ["1MIN"]}),
    (qfex.Underlier(SYMBOL), {"channels": ["underlier"], "symbols": [SYMBOL]}),
    (qfex.MarkPrice(SYMBOL), {"channels": ["mark_price"], "symbols": [SYMBOL]}),
    (qfex.Funding(SYMBOL), {"channels": ["funding"], "symbols": [SYMBOL]}),
    (qfex.OpenInterest(SYMBOL), {"channels": ["open_interest"], "symbols": [SYMBOL]}),
    (qfex.MinMaxPrice(SYMBOL), {"channels": ["minmax_price"], "symbols": [SYMBOL]}),
    (qfex.MarketStats(SYMBOL), {"channels": ["market_stats"], "symbols": [SYMBOL]}),
    (qfex.Refdata(), {"channels": ["refdata"], "symbols": ["*"]}),
]


def test_every_market_topic_has_a_row_of_what_is_said() -> None:
    assert {type(topic) for topic, _ in ROWS} == set(MARKET_FEEDS)


@pytest.mark.parametrize(("topic", "message"), ROWS, ids=[str(topic) for topic, _ in ROWS])
def test_what_is_said_for_a_topic_is_as_documented(topic: Any, message: dict[str, Any]) -> None:
    for method, kind in ((MDS.subscribe, "subscribe"), (MDS.unsubscribe, "unsubscribe")):
        ((command, _),) = method((topic,))
        assert json.loads(MDS.encode(command, RequestId(1)).text) == {"type": kind, **message}


def test_a_raw_request_has_its_fields_at_the_top_level_and_the_keys_of_its_wire_form() -> None:
    outgoing = MDS.encode(qfex.Raw("subscribe", {"channels": ["bbo"], "symbols": [SYMBOL]}), RequestId(1))
    assert json.loads(outgoing.text) == {"type": "subscribe", "channels": ["bbo"], "symbols": [SYMBOL]}
    assert outgoing.keys == keys_of(json.loads(outgoing.text))
    assert outgoing.is_reply_optional


def test_all_symbols_and_single_ones_of_a_channel_go_in_requests_of_their_own() -> None:
    single, every = qfex.Bbo(SYMBOL), qfex.Bbo()
    assert [list(topics) for _, topics in MDS.subscribe((single, every))] == [[single], [every]]


def test_nothing_private_is_asked_on_this_socket() -> None:
    assert (MDS.private_check(()), MDS.find_out(())) == ((), ())
    with pytest.raises(UsageError, match="no topic"):
        MDS.subscribe(("AAPL",))  # type: ignore[arg-type]


def test_text_that_anybody_can_read_is_refused_unless_it_was_allowed() -> None:
    with pytest.raises(UsageError):
        qfex.mds(url="ws://mds.qfex.com")
    assert not qfex.mds(url="ws://mds.qfex.com", allow_plaintext=True).endpoint.tls


def test_topics_of_one_kind_go_in_one_request() -> None:
    topics = (qfex.Bbo("A-USD"), qfex.Trades("A-USD"), qfex.Bbo("B-USD"))
    found = [list(group) for _, group in MDS.subscribe(topics)]
    assert found == [[topics[0], topics[2]], [topics[1]]]
