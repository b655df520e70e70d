import json
from typing import Any

import pytest
from attrs import evolve

from coinex_proto import Opening, RequestId, UsageError
from coinex_proto.coinex import Depth
from coinex_proto.coinflex import (
    Asset,
    Assets,
    Balances,
    GetOrders,
    OrderBook,
    OwnOrders,
    Raw,
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


def test_credentials_decide_what_can_be_had() -> None:
    assert (private().has_credentials, live().has_credentials) == (True, False)
    bare = private().without_sign_in()
    assert (bare.has_credentials, bare.endpoint) == (False, private().endpoint)
    with pytest.raises(UsageError, match="Authentication required: GetBalances"):
        live().encode(Raw({"method": "GetBalances"}), RequestId(1))


def test_a_request_leaves_with_its_tag_and_is_found_by_it() -> None:
    for command, members in (
        (GetOrders(), {"method": "GetOrders"}),
        (Raw({"method": "GetOrders"}), {"method": "GetOrders"}),
    ):
        outgoing = private().encode(command, RequestId(7))
        assert json.loads(outgoing.text) == {"tag": 7, **members}
        assert (outgoing.keys, outgoing.bucket, outgoing.may_wait) == ((("tag", 7),), "information", True)


REQUESTS: list[tuple[Any, dict[str, Any], dict[str, Any] | None]] = [
    # topic, what begins it, what ends it
    (
        OrderBook(XBT, USDT),
        {"method": "WatchOrders", "base": XBT, "counter": USDT, "watch": True},
        {"method": "WatchOrders", "base": XBT, "counter": USDT, "watch": False},
    ),
    (
        Ticker(XBT, USDT),
        {"method": "WatchTicker", "base": XBT, "counter": USDT, "watch": True},
        {"method": "WatchTicker", "base": XBT, "counter": USDT, "watch": False},
    ),
    (OwnOrders(), {"method": "GetOrders"}, None),
    (Balances(), {"method": "GetBalances"}, None),
    (TradeVolume(XBT), {"method": "GetTradeVolume", "asset": XBT}, None),
]


@pytest.mark.parametrize(("topic", "begins", "ends"), REQUESTS, ids=str)
def test_a_topic_is_begun_and_ended_by_a_request_of_its_own(
    topic: Any, begins: dict[str, Any], ends: dict[str, Any] | None
) -> None:
    for requests, expected in ((private().subscribe((topic,)), begins), (private().unsubscribe((topic,)), ends)):
        sent = [json.loads(private().encode(command, RequestId(1)).text) for command, _ in requests]
        assert sent == ([] if expected is None else [{"tag": 1, **expected}])
        assert all(tuple(topics) == (topic,) for _, topics in requests)


def test_the_limits_leave_the_venues_own_numbers_untouched_in_any_window() -> None:
    limits = private().limits
    # 200 order commands a second, 10 queries in 10 s.
    assert (limits["orders"].per_second, limits["orders"].burst) == (100.0, 100.0)
    assert (limits["information"].per_second, limits["information"].burst) == (0.5, 5.0)
    assert private().topics_per_connection is None


def test_what_comes_is_read_and_own_orders_are_named_by_the_table_of_assets() -> None:
    assets = Assets((Asset(id=1, name="A", scale=100), Asset(id=2, name="B", scale=1)))
    dialect = live(assets=assets)
    update, own = dialect.decode(
        b'{"notice":"OrderOpened","id":7,"tonce":8,"base":1,"counter":2,"quantity":150,"price":20000,"time":0}'
    )
    (fact,) = dialect.order(own)  # type: ignore[arg-type]
    assert (fact.market, str(fact.amount)) == ("A/B", "1.50")
    (lost,) = dialect.decode(b'{"notice":"OrderOpened","id":"x","tonce":8,"base":1,"counter":2}')
    assert lost.orders.market == "A/B"  # type: ignore[union-attr]
    assert update != own


def test_the_last_tag_of_the_venue_may_be_used() -> None:
    outgoing = live().encode(Raw({"method": "X"}), RequestId(2**63 - 1))
    assert outgoing.keys == (("tag", 2**63 - 1),)
