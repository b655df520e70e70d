"""Which markets there are."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.catalogue import market_names, specs, split_name


def test_as_many_names_as_requested_the_known_ones_first() -> None:
    names = market_names(1000)
    assert len(set(names)) == 1000
    assert names[:2] == ("BTCUSDT", "ETHUSDT")


@pytest.mark.parametrize(
    ("name", "pair"), [("BTCUSDT", ("BTC", "USDT")), ("ETHBTC", ("ETH", "BTC")), ("XUSDC", ("X", "USDC"))]
)
def test_names_are_split_at_their_quote(name: str, pair: tuple[str, str]) -> None:
    assert split_name(name) == pair


@pytest.mark.parametrize("name", ["USDT", "BTCEUR", ""])
def test_a_name_without_a_known_quote_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="does not end in"):
        split_name(name)


def test_futures_exist_where_the_quote_has_them_and_follow_spot() -> None:
    found = specs(["BTCUSDT", "ETHBTC"])
    assert [spec.key for spec in found] == ["spot:BTCUSDT", "futures:BTCUSDT", "spot:ETHBTC"]
    assert found[1].follows == "spot:BTCUSDT"


def test_a_value_of_one_coin_is_its_price() -> None:
    for spec in specs(market_names(20)):
        one_coin = 10**spec.amount_places
        assert spec.start_price * one_coin * spec.value_factor == spec.start_price * 10 ** (20 - spec.price_places)
        assert one_coin * spec.base_factor == 10**20
