"""Typed answers keep what their classes do not know."""

import copy
import json
import pickle
from decimal import Decimal
from typing import Any

from coinex_proto.coinex.http import futures, spot
from coinex_proto.coinflex.http import GetAssets, GetMarkets
from coinex_proto.rows import Row, unreadable_in

MARKET = {
    "market": "BTCUSDT",
    "maker_fee_rate": "0.002",
    "taker_fee_rate": "0.002",
    "min_amount": "0.0005",
    "base_ccy": "BTC",
    "quote_ccy": "USDT",
    "base_ccy_precision": 8,
    "quote_ccy_precision": 2,
    "contract_type": "linear",
    "tick_size": "0.01",
}


def markets(**changed: Any) -> Any:
    body = json.dumps({"code": 0, "data": [{**MARKET, **changed}, MARKET], "message": "OK"}).encode()
    return futures.ListMarket().parse(body)


def test_members_that_are_not_known_stay_as_plain_json() -> None:
    odd, plain = markets(brand_new={"a": [1.50, "x"]}, leverage=[1, 2])
    assert odd.extra == {"brand_new": {"a": [Decimal("1.50"), "x"]}}
    assert plain.extra == {}
    assert odd.leverage == (1, 2)


def test_one_odd_tick_size_costs_that_member_and_stays_to_be_seen() -> None:
    odd, plain = markets(tick_size="?", leverage=[1, "x"])
    assert (odd.market, odd.tick_size, odd.min_amount, odd.leverage) == ("BTCUSDT", None, Decimal("0.0005"), (1,))
    assert odd.extra == {"tick_size": "?", "leverage": [1, "x"]}
    assert plain.tick_size == Decimal("0.01")


def test_members_that_could_not_be_read_are_counted_in_rows_and_rows_within_them() -> None:
    assert unreadable_in(markets(tick_size="?", leverage=[1, "x"])) == 2
    assert unreadable_in(markets(brand_new=1)) == 0, "that one is new, and not unreadable"
    source = {"exchange": "A", "created_at": 1, "index_weight": "?"}
    data = [{"market": "BTCUSDT", "created_at": "?", "price": "1", "sources": [source, source]}]
    found = spot.ListMarketIndex().parse(json.dumps({"code": 0, "data": data, "message": "OK"}).encode())
    assert unreadable_in(found) == 3
    assert [unreadable_in(other) for other in (None, "text", 5)] == [0, 0, 0]


def test_rows_within_rows_keep_theirs() -> None:
    source = {"exchange": "A", "created_at": 1, "index_weight": "1", "region": "B"}
    data = [{"market": "BTCUSDT", "created_at": "1.8e12", "price": "1", "sources": [source]}]
    (index,) = spot.ListMarketIndex().parse(json.dumps({"code": 0, "data": data, "message": "OK"}).encode())
    assert index.created_at == 1_800_000_000_000
    assert index.sources[0].extra == {"region": "B"}
    assert index.extra == {}


def test_what_is_not_known_survives_copies_and_takes_no_part_in_comparing() -> None:
    odd, plain = markets(brand_new=1)
    assert odd == plain
    assert hash(odd) == hash(plain)
    for twin in (copy.copy(odd), copy.deepcopy(odd), pickle.loads(pickle.dumps(odd))):
        assert (twin, twin.extra) == (odd, odd.extra)


def test_the_tables_of_coinflex_keep_theirs_too() -> None:
    assets = GetAssets().parse(200, b'[{"id":1,"name":"A","scale":10000,"spot_name":5,"new":1}]')
    assert next(iter(assets)).extra == {"spot_name": 5, "new": 1}
    (market,) = GetMarkets().parse(200, b'[{"base":1,"counter":2,"name":"A/B","tick":1.5,"new":[1]}]').values()
    assert (market.tick, market.extra) == (None, {"tick": Decimal("1.5"), "new": [1]})


def test_nothing_can_be_put_into_what_is_not_known() -> None:
    (odd, _) = markets(_extra="x", extra="y")
    assert odd.extra == {"_extra": "x", "extra": "y"}
    assert isinstance(odd, Row)
