import json

import pytest

from coinex_proto import PayloadError, RequestRefused
from coinex_proto.coinflex.http import GetAssets, GetMarkets
from tests.coinex_proto.coinflex.venue import message


def test_the_answer_becomes_the_table_of_assets() -> None:
    assets = GetAssets().parse(200, json.dumps(message("rest./assets/")).encode())
    assert assets.pair("XBT/XBTMAR") == (63488, 51202)
    assert assets.named("XBTMAR").spot_id == 63488


def test_markets_are_told_apart_by_both_codes() -> None:
    rows = message("rest./markets/")
    rows = [*rows, {**rows[0], "counter": 1, "name": "XBT/OTHER"}]
    markets = GetMarkets().parse(200, json.dumps(rows).encode())
    assert [markets[63488, 65283].name, markets[63488, 1].name] == ["XBT/USDT", "XBT/OTHER"]
    assert markets[51202, 51882].expires == 1585310400000
    assert markets[63488, 65283].expires is None


def test_assets_that_are_not_traded_any_more_must_be_chosen() -> None:
    assert GetAssets().target == "/assets/"
    assert GetAssets(active_only=False).target == "/assets/?activeOnly=false"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"id":1,"name":"A","scale":3}]',
        b'[{"id":1,"name":"A","scale":"ten"}]',
        b"\xff",
        b"[" * 10**5,
    ],
)
def test_an_answer_that_is_no_table_is_a_payload_error(body: bytes) -> None:
    with pytest.raises(PayloadError, match="/assets/"):
        GetAssets().parse(200, body)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(404, False), (429, True), (499, False), (500, True), (599, True), (600, False), (302, False)],
)
def test_another_status_is_a_refusal_with_it(status: int, retryable: bool) -> None:
    with pytest.raises(RequestRefused) as caught:
        GetMarkets().parse(status, b"<html>" + b"x" * 10_000)
    assert (caught.value.code, caught.value.retryable) == (status, retryable)
    assert len(str(caught.value)) < 400


def test_a_table_keeps_what_nobody_documented() -> None:
    row = {"id": 1, "name": "A", "scale": 10, "colour": "blue"}
    (asset,) = GetAssets().parse(200, json.dumps([row]).encode())
    assert asset.extra == {"colour": "blue"}


def test_an_error_names_the_call() -> None:
    assert GetMarkets().target == "/markets/"
    with pytest.raises(RequestRefused, match="GET /markets/"):
        GetMarkets().parse(404, b"no")


def test_of_what_was_answered_in_place_of_a_table_the_beginning_is_kept() -> None:
    with pytest.raises(RequestRefused) as caught:
        GetMarkets().parse(404, b"x" * 300)
    assert caught.value.message == "x" * 200
