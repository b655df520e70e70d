"""One bad field costs that field, and one bad market costs that market: pushes about many markets through `Session`."""

from __future__ import annotations

from typing import Any

from coinex_proto import Lost, Restored, Unrecognised
from coinex_proto.coinex import Balances, Credentials, Index, Ticker, TickerUpdate, spot
from tests.coinex_proto.coinex.test_transcripts import SECRET, acknowledged, gzipped, opened

FIGURES = dict.fromkeys(("last", "open", "close", "high", "low", "volume", "value", "volume_sell", "volume_buy"), "1")


def tickers(*entries: Any) -> Any:
    return {"method": "state.update", "data": {"state_list": list(entries)}, "id": None}


def ticker(market: object, **changed: object) -> Any:
    return {"market": market, **FIGURES, "period": 86400, **changed}


def index(market: str, price: object = "1") -> Any:
    return {"method": "index.update", "data": {"market": market, "index_price": price, "mark_price": "1"}}


def test_a_market_without_a_price_costs_nothing_but_the_price() -> None:
    session, line = opened(Ticker("BTCUSDT"), Ticker("NEW1USDT"))
    acknowledged(line)
    events = gzipped(line, 1.0, tickers(ticker("NEW1USDT", last=None, high=[]), ticker("BTCUSDT")))
    assert [event.market for event in events if isinstance(event, TickerUpdate)] == ["NEW1USDT", "BTCUSDT"]
    assert session.trusted(Ticker("NEW1USDT"))
    assert session.stats.unreadable_fields == 1
    assert session.stats.unrecognised == 0


def test_an_entry_without_a_market_is_told_but_costs_no_named_market_for_long() -> None:
    session, line = opened(Ticker("BTCUSDT"))
    acknowledged(line)
    gzipped(line, 1.0, tickers(ticker("BTCUSDT")))
    events = gzipped(line, 2.0, tickers(ticker("BTCUSDT"), ticker(5)))
    assert [type(event) for event in events] == [TickerUpdate, Unrecognised, Lost, Restored]
    assert session.trusted(Ticker("BTCUSDT"))


def test_a_market_whose_pushes_cannot_be_read_is_lost_once_until_one_can_be_and_no_other_is() -> None:
    session, line = opened(Index("BTCUSDT"), Index("BADUSDT"), dialect=None)
    acknowledged(line)
    gzipped(line, 1.0, index("BTCUSDT"), index("BADUSDT"))
    events = gzipped(line, 2.0, *(message for _ in range(300) for message in (index("BADUSDT", "?"), index("BTCUSDT"))))
    assert [event.topics for event in events if isinstance(event, Lost)] == [(Index("BADUSDT"),)]
    assert not [event for event in events if isinstance(event, Restored)]
    assert (session.trusted(Index("BADUSDT")), session.trusted(Index("BTCUSDT"))) == (False, True)
    (update, restored) = sorted(gzipped(line, 3.0, index("BADUSDT")), key=lambda event: isinstance(event, Restored))
    assert isinstance(restored, Restored)
    assert (restored.topics, restored.since) == ((Index("BADUSDT"),), 1.0)
    assert session.trusted(Index("BADUSDT"))
    assert update.topic_key == ("index", "BADUSDT")  # type: ignore[attr-defined]


def test_a_topic_of_all_markets_is_told_once_a_connection_what_is_wrong_with_which_market() -> None:
    everything = Ticker()
    session, line = opened(everything)
    acknowledged(line)
    gzipped(line, 1.0, tickers(ticker("BTCUSDT")))
    odd = {"market": "NEW1USDT"} | {"period": 1}
    worse = {**odd, "market": None, "inner": {"market": "NEW2USDT"}}
    events = gzipped(line, 2.0, *(tickers(ticker("BTCUSDT"), odd, worse) for _ in range(300)))
    assert [(event.topics, event.why) for event in events if isinstance(event, Lost)] == [
        ((everything,), "a push could not be read: NEW2USDT")
    ]
    assert len([event for event in events if isinstance(event, Restored)]) == 1
    assert session.trusted(everything)
    assert session.stats.unrecognised == 300


def test_a_private_topic_is_told_each_time() -> None:
    session, line = opened(Balances(), dialect=spot(credentials=Credentials("id", SECRET)))
    acknowledged(line)
    acknowledged(line)
    odd = {"method": "balance.update", "data": {"balance_list": [{"ccy": "CET", "available": "?", "frozen": "0"}]}}
    events = gzipped(line, 2.0, odd, odd)
    assert len([event for event in events if isinstance(event, Lost)]) == 2
    assert session.trusted(Balances())
