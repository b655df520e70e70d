from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import UsageError
from coinex_proto.coinflex import ASSETS_2020, Asset, Assets, ask_on_tick, bid_on_tick, price_of, price_units
from coinex_proto.coinflex.assets import _MOST_PLACES, decimal_of, scaled, text_of


@pytest.mark.parametrize(
    ("name", "code"),
    [("XBT", 63488), ("USDT", 65283), ("FLEX", 65285), ("XBTMAR", 51202), ("USDTDEC", 51891), ("ETHJUN20", 10029)],
)
def test_the_table_of_2020_names_the_codes(name: str, code: int) -> None:
    assert ASSETS_2020.named(name).id == code
    assert ASSETS_2020.named(code).name == name
    assert ASSETS_2020.named(code).scale == 10_000


def test_the_table_has_every_documented_asset_once() -> None:
    assert len(ASSETS_2020) == len({asset.id for asset in ASSETS_2020}) == len({asset.name for asset in ASSETS_2020})
    assert len(ASSETS_2020) == 6 + 6 + 60 + 5


def test_a_market_is_named_by_both_assets() -> None:
    assert ASSETS_2020.pair("XBTMAR/USDTMAR") == (51202, 51882)
    assert ASSETS_2020.market_name(51202, 51882) == "XBTMAR/USDTMAR"
    assert ASSETS_2020.market_name(63488, 1) == "XBT/1"


@pytest.mark.parametrize("market", ["XBTUSDT", "XBT/", "/USDT", "XBT/NOPE", "xbt/usdt", 5])
def test_a_market_that_is_none_is_refused(market: str) -> None:
    with pytest.raises(UsageError):
        ASSETS_2020.pair(market)


@pytest.mark.parametrize(
    ("decimal", "units"), [("12.3456", 123456), ("1.654", 16540), ("4443", 44430000), ("-0.5", -5000)]
)
def test_the_documented_numbers_go_both_ways(decimal: str, units: int) -> None:
    assert ASSETS_2020.units("XBT", decimal) == units
    assert ASSETS_2020.amount("XBT", units) == Decimal(decimal)
    assert price_of(units) == Decimal(decimal)
    if units > 0:
        assert price_units(decimal) == units


@pytest.mark.parametrize("amount", ["0.00001", "1.23456", Decimal("1E-5"), 0.5, "1e3", "nan", True])
def test_what_does_not_fit_is_refused_and_never_rounded(amount: str) -> None:
    with pytest.raises(UsageError):
        ASSETS_2020.units("XBT", amount)
    with pytest.raises(UsageError):
        price_units(amount)


def test_zeros_behind_the_last_decimal_do_fit() -> None:
    assert ASSETS_2020.units("XBT", "1.50000000") == 15000
    assert ASSETS_2020.units("XBT", Decimal("1.5E3")) == 15_000_000


@given(st.integers(-(10**30), 10**30), st.integers(0, 18))
def test_units_survive_the_way_through_decimals(units: int, places: int) -> None:
    decimal = decimal_of(units, places)
    if abs(decimal) < 10**30:
        assert scaled(decimal, places, "amount") == units
    assert Decimal(text_of(units, places)) == decimal


@given(st.integers(1, 10**12), st.integers(1, 10**6))
def test_a_bid_goes_down_to_the_tick_and_an_ask_up(price: int, tick: int) -> None:
    bid, ask = bid_on_tick(price, tick), ask_on_tick(price, tick)
    assert bid % tick == ask % tick == 0
    assert bid <= price <= ask
    assert ask - bid in (0, tick)


def test_the_documented_bid_opens_on_its_tick() -> None:
    assert bid_on_tick(1601900, 1000) == 1601000


@pytest.mark.parametrize("tick", [0, -1, True, 1.0])
def test_a_tick_is_a_positive_whole_number(tick: int) -> None:
    with pytest.raises(UsageError, match="tick"):
        bid_on_tick(5, tick)


@pytest.mark.parametrize("scale", [0, -10, 5, 20, 10**19])
def test_a_scale_that_decimals_cannot_show_is_refused(scale: int) -> None:
    with pytest.raises(ValueError, match="power of ten"):
        Asset(id=1, name="A", scale=scale)


def test_a_table_of_ones_own_counts() -> None:
    table = Assets((Asset(id=1, name="A", scale=100), Asset(id=2, name="B", scale=1)))
    assert table.units("A", "1.25") == 125
    assert table.amount(2, 7) == Decimal(7)
    with pytest.raises(UsageError, match="assets="):
        table.named("XBT")
    assert table.get(9) is None


@pytest.mark.parametrize("price", [1601900.5, "1601900", Decimal(1601900), True, None])
def test_a_price_on_its_tick_is_a_whole_number_of_units(price: Any) -> None:
    for on_tick in (bid_on_tick, ask_on_tick):
        with pytest.raises(UsageError, match="price_units"):
            on_tick(price, 1000)


CODES = {
    "XBT": 63488, "BCH": 63496, "ETH": 63520, "USDC": 65282, "USDT": 65283, "FLEX": 65285, "DOTF": 65287, "USDTDOT": 65288,
    "DFNF": 65290, "USDTDFN": 65291, "LIBF": 65295, "USDTLIB": 65296,
}  # fmt: skip


@pytest.mark.parametrize("name", list(CODES))
def test_the_codes_of_what_does_not_expire_are_the_documented_ones(name: str) -> None:
    assert ASSETS_2020.named(name).id == CODES[name]


def test_two_tables_of_the_same_assets_are_one_key() -> None:
    one, other = Assets([Asset(id=1, name="A", scale=1)]), Assets((Asset(id=1, name="A", scale=1),))
    assert (one == other, hash(one) == hash(other)) == (True, True)
    assert repr(one).count("Asset(") == 1
    assert list(one) == list(one.all)


FUTURES = {
    "XBT": (51200, 10005), "BCH": (51220, 10017), "ETH": (51240, 10029), "USDC": (51860, 10041), "USDT": (51880, 10053),
}  # fmt: skip


@pytest.mark.parametrize("spot", list(FUTURES))
def test_a_future_has_a_code_for_each_month_and_one_for_june_2020(spot: str) -> None:
    january, june_2020 = FUTURES[spot]
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    assert [ASSETS_2020.named(f"{spot}{month}").id for month in months] == [january + index for index in range(12)]
    assert ASSETS_2020.named(f"{spot}JUN20").id == june_2020
    assert (ASSETS_2020.named(f"{spot}JAN").spot_id, ASSETS_2020.named(f"{spot}JAN").spot_name) == (CODES[spot], spot)


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [
        (15, 4, "0.0015"),
        (-15, 4, "-0.0015"),
        (0, 4, "0.0000"),
        (12345, 4, "1.2345"),
        (15, 0, "15"),
        (-15, 0, "-15"),
        (5, 1, "0.5"),
    ],
)
def test_units_are_written_with_all_their_decimals_and_one_digit_before_them(
    units: int, places: int, text: str
) -> None:
    assert text_of(units, places) == text
    assert str(decimal_of(units, places)) == text


@pytest.mark.parametrize("places", [0, 1, _MOST_PLACES])
def test_a_scale_is_a_power_of_ten(places: int) -> None:
    assert Asset(id=1, name="A", scale=10**places).places == places


@pytest.mark.parametrize("scale", [0, -1, 3, 10 ** (_MOST_PLACES + 1)])
def test_another_scale_is_none(scale: int) -> None:
    with pytest.raises((UsageError, ValueError)):
        Asset(id=1, name="A", scale=scale)
