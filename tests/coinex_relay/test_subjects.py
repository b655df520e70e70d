"""Subjects: no name of a venue becomes a wildcard, a separator, or another subject."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coinex_proto import UsageError, coinex, coinflex, qfex
from coinex_relay.dialect import RelayDialect
from coinex_relay.publishing import Publisher
from coinex_relay.subjects import LONGEST, Names, escape, unescape

SPOT = Names.of(coinex.spot())


@pytest.mark.parametrize(
    ("topic", "tail"),
    [
        (coinex.Depth("BTCUSDT"), "coinex.spot.depth.BTCUSDT"),
        (coinex.Depth("BTCUSDT", limit=20), "coinex.spot.depth_2Climit_3D20.BTCUSDT"),
        (coinex.Trades("BTCUSDT"), "coinex.spot.deals.BTCUSDT"),
        (coinex.Ticker(), "coinex.spot.state._all"),
        (coinex.Ticker("A.B*>"), "coinex.spot.state.A_2EB_2A_3E"),
    ],
)
def test_a_topic_has_its_subject(topic: coinex.Ticker, tail: str) -> None:
    assert SPOT.tail(topic) == tail


def test_a_venue_with_one_socket_and_names_with_dashes() -> None:
    names = Names.of(qfex.mds())
    assert names.tail(qfex.Level2("AAPL-USD")).endswith(".AAPL-USD")
    assert names.tail(qfex.Level2("AAPL-USD")).count(".") == 3


@pytest.mark.parametrize("private", [coinex.Balances(), coinex.Orders(), coinex.UserTrades()])
def test_a_private_topic_has_none(private: coinex.Balances) -> None:
    with pytest.raises(UsageError, match="never go over a relay"):
        SPOT.tail(private)


@given(st.text(max_size=60))
def test_every_name_is_one_token_and_comes_back(name: str) -> None:
    try:
        token = escape(name)
    except UsageError:
        return  # too long, or no Unicode text
    assert not set(token) & set(".*> \t\r\n")
    assert token
    assert unescape(token) == name


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_names_never_share_a_token(one: str, other: str) -> None:
    assume(one != other)
    try:
        tokens = escape(one), escape(other)
    except UsageError:
        return
    assert tokens[0] != tokens[1]


@pytest.mark.parametrize("token", ["", "a.b", "*", ">", "_all", "_relay", "_2e", "_41", "_FF", "_", "a b"])
def test_what_escape_never_makes_is_refused(token: str) -> None:
    with pytest.raises(UsageError):
        unescape(token)


def test_a_name_that_is_too_long_or_no_text_is_refused() -> None:
    with pytest.raises(UsageError, match="too long"):
        escape("x" * (LONGEST + 1))
    with pytest.raises(UsageError, match="text"):
        escape(b"x")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="surrogates"):
        escape("\ud800")


def test_a_book_that_a_consumer_could_not_prove_is_refused_at_the_relay_and_at_the_consumer() -> None:
    venue = coinflex.live()
    book = coinflex.OrderBook(63488, 64128)
    with pytest.raises(UsageError, match="cannot be relayed"):
        Publisher("a", venue, [book])
    consumer = RelayDialect(venue=venue, where=venue.endpoint)
    with pytest.raises(UsageError, match="cannot be relayed"):
        consumer.subscribe([book])
