from typing import Any

import pytest
from attrs import evolve

from coinex_proto import Opening, UsageError
from coinex_proto.coinex import Depth
from coinex_proto.coinflex import (
    Asset,
    Assets,
    Balances,
    GetOrders,
    OrderBook,
    OwnOrders,
    Ticker,
    TradeVolume,
    live,
    staging,
)
from tests.coinex_proto.coinflex.venue import USDT, XBT, private


def test_there_are_two_addresses() -> None:
    assert (live().endpoint.host, live().endpoint.target) == ("api.coinflex.com", "/v1")
    assert staging().endpoint.host == "stgapi.coinflex.com"
    assert live().name == "coinflex"


@pytest.mark.parametrize("url", ["http://api.coinflex.com", "ws://api.coinflex.com/v1", "wss://a b", "wss://u:p@h"])
def test_h19_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        live(url=url)


def test_plain_text_to_another_machine_must_be_chosen() -> None:
    assert not live(url="ws://api.coinflex.com/v1", allow_plaintext=True).endpoint.tls


@pytest.mark.parametrize("options", [{"credentials": ("a", "b")}, {"assets": [Asset(id=1, name="A", scale=1)]}])
def test_what_is_given_must_be_of_its_class(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="must be coinflex"):
        live(**options)


def test_the_opening_waits_for_the_challenge_and_is_nothing_without_credentials() -> None:
    start = Opening(challenge=None, wall_time_ns=0, random_bytes=lambda count: b"\1" * count)
    assert live().opening(start) == ()
    assert private().opening(start) is None
    signed = private().opening(evolve(start, challenge=b"x" * 16))
    assert signed is not None
    assert "Authenticate(user_id=100007)" in repr(signed)


def test_a_topic_of_another_venue_is_refused() -> None:
    with pytest.raises(UsageError, match="no topic of CoinFLEX"):
        live().subscribe((Depth("BTCUSDT"),))


def test_private_notices_cannot_be_ended() -> None:
    assert private().unsubscribe((OwnOrders(), Balances(), TradeVolume(XBT))) == []


def test_only_order_books_have_one() -> None:
    assert live().book(OrderBook(XBT, USDT)) is not None
    assert live().book(Ticker(XBT, USDT)) is None


def test_amounts_in_a_book_have_the_decimals_of_its_base_asset() -> None:
    assets = Assets((Asset(id=1, name="A", scale=100), Asset(id=2, name="B", scale=1)))
    book = live(assets=assets).book(OrderBook(1, 2))
    assert book is not None
    (watch, _), *_ = live(assets=assets).subscribe((OrderBook(1, 2),))
    book.apply(watch.parse(b'{"orders":[{"id":1,"quantity":150,"price":20000,"time":0}]}'))
    assert repr(book.levels().bids) == "<1 levels: 2.0000:1.50>"


def test_unknown_orders_are_looked_for_among_those_that_stand() -> None:
    assert private().find_out(()) == (GetOrders(),)
    assert (private().ping, private().clock) == (None, None)
    assert private().limits["orders"].burst == 100


@pytest.mark.parametrize("make", [OrderBook, Ticker])
@pytest.mark.parametrize("codes", [("XBT", USDT), (XBT, None), (-1, USDT), (True, USDT), (1.0, 2)])
def test_a_market_is_two_codes(make: Any, codes: tuple[Any, Any]) -> None:
    with pytest.raises(UsageError, match="asset code"):
        make(*codes)
