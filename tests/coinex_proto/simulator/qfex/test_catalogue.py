"""Which symbols the local QFEX lists."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.qfex.catalogue import PRICES, symbol_names, symbol_specs


def test_as_many_symbols_as_requested_the_known_ones_first() -> None:
    names = symbol_names(len(PRICES) + 2)
    assert names[: len(PRICES)] == tuple(PRICES)
    assert names[len(PRICES) :] == ("SIM0001-USD", "SIM0002-USD")


def test_a_symbol_is_a_perpetual_in_dollars_with_a_price_that_follows_from_its_name() -> None:
    known, other, again = symbol_specs(["AAPL-USD", "OTHER-USD", "OTHER-USD"])
    assert (known.key, known.base, known.settle, known.start_price) == ("futures:AAPL-USD", "AAPL", "USD", 20_000)
    assert other.start_price == again.start_price >= 5_000


@pytest.mark.parametrize("name", ["AAPL", "AAPL-EUR", "-USD", ""])
def test_a_name_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not like AAPL-USD"):
        symbol_specs([name])
