"""Which assets and markets the local CoinFLEX lists."""

import pytest

from coinex_proto.simulator.coinflex.catalogue import asset_name, market_names, pair, specs
from tests.coinex_proto.simulator.coinflex_peer import quiet_server


def test_the_markets_have_the_documented_ticks() -> None:
    assert market_names(2) == ("XBT/USDT", "ETH/USDT")
    assert pair("ETH/USDT").tick == 1000
    assert [spec.price_places for spec in specs(("XBT/USDT", "USDC/USDT"))] == [0, 3]


@pytest.mark.parametrize("name", ["XBTUSDT", "DOGE/USDT", "XBT/USDC", ""])
def test_a_market_that_is_not_listed_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no market"):
        pair(name)
    with pytest.raises(ValueError, match="no market"):
        quiet_server().quote(name, 1, 2)


def test_an_asset_is_found_by_its_number() -> None:
    assert (asset_name(63488), asset_name(1)) == ("XBT", None)
