"""What may stand in topics and commands: each check, value by value."""

from decimal import Decimal as D
from typing import Any

import pytest
from attrs import field, fields, frozen

from coinex_proto import UsageError
from coinex_proto.qfex import _checks


@frozen
class Owner:
    member: Any = field(default=None)


MEMBER: Any = fields(Owner).member
TOO_LONG = "x" * (_checks.MAX_TEXT + 1)


@pytest.mark.parametrize(
    ("check", "value", "complaint"),
    [
        (_checks.check_symbol, "AAPL-USD", ""),
        (_checks.check_symbol, "BRK.B-USD", ""),
        (_checks.check_symbol, 7, "must be a str"),
        (_checks.check_symbol, None, "must be a str"),
        (_checks.check_symbol, "*", "leave it out"),
        (_checks.check_symbol, "aapl-usd", "did you mean 'AAPL-USD'"),
        (_checks.check_symbol, "a" * 90, f"did you mean '{'A' * 64}'"),
        (_checks.check_symbol, "", "QFEX writes symbols like"),
        (_checks.check_symbol, "A" * 65, "QFEX writes symbols like"),
        (_checks.check_symbol_or_none, None, ""),
        (_checks.check_symbol_or_none, "*", "leave it out"),
        (_checks.one_of(("a", 1)), "a", ""),
        (_checks.one_of(("a", 1)), 1, ""),
        (_checks.one_of(("a", 1)), True, "must be one of 'a', 1"),
        (_checks.one_of(("a", 1)), "A", "must be one of 'a', 1"),
        (_checks.check_text, "x", ""),
        (_checks.check_text, "", "is empty"),
        (_checks.check_text, 7, "must be a str"),
        (_checks.check_text, "x\n", "must be printable"),
        (_checks.check_text, TOO_LONG, "must be printable"),
        (_checks.check_text_or_empty, "", ""),
        (_checks.check_text_or_empty, "\0", "must be printable"),
        (_checks.check_flag, True, ""),
        (_checks.check_flag, None, "must be True or False"),
        (_checks.check_flag, 1, "must be True or False"),
        (_checks.check_flag_or_none, None, ""),
        (_checks.check_flag_or_none, 0, "must be True or False"),
        (_checks.at_least(2), 2, ""),
        (_checks.at_least(2), 1, "a whole number of at least 2"),
        (_checks.at_least(1), True, "a whole number of at least 1"),
        (_checks.at_least(1), 2.0, "a whole number of at least 1"),
        (_checks.at_least(1), None, "a whole number of at least 1"),
        (_checks.at_least_or_none(1), None, ""),
        (_checks.at_least_or_none(1), 0, "a whole number of at least 1"),
    ],
)
def test_a_check_takes_or_refuses(check: _checks.Validator, value: object, complaint: str) -> None:
    if not complaint:
        check(Owner(), MEMBER, value)
        return
    with pytest.raises(UsageError, match=rf"Owner\(member=.*{complaint}"):
        check(Owner(), MEMBER, value)


def test_what_may_be_chosen_is_what_the_venue_lists() -> None:
    assert _checks.SIDES == ("BUY", "SELL")
    assert _checks.ORDER_TYPES == ("LIMIT", "MARKET", "ALO", "TAKE_PROFIT", "STOP_LOSS")
    assert _checks.TIMES_IN_FORCE == ("GTC", "IOC", "FOK")
    assert _checks.INTERVALS == ("1MIN", "5MINS", "15MINS", "30MINS", "1HOUR", "4HOURS", "1DAY")
    assert _checks.SIG_FIGS == (0, 1, 2)


CONVERTERS = (
    _checks.to_quantity,
    _checks.to_price_or_none,
    _checks.to_quantity_or_none,
    _checks.to_stop_or_none,
    _checks.to_leverage,
)


@pytest.mark.parametrize("convert", CONVERTERS)
@pytest.mark.parametrize("number", ["1.50", D("1.50"), 2])
def test_a_number_is_kept_with_its_digits(convert: Any, number: Any) -> None:
    assert str(convert(number)) == str(number)


@pytest.mark.parametrize("convert", CONVERTERS)
@pytest.mark.parametrize("number", [-1, "-0.1", 0.5, "x", "NaN", True, D("Infinity")])
def test_what_is_no_exact_number_above_zero_is_refused(convert: Any, number: Any) -> None:
    with pytest.raises(UsageError):
        convert(number)


@pytest.mark.parametrize("convert", CONVERTERS)
def test_zero_is_a_stop_alone(convert: Any) -> None:
    if convert is _checks.to_stop_or_none:
        assert convert(0) == 0
    else:
        with pytest.raises(UsageError, match="must be above zero"):
            convert(0)


def test_only_what_may_be_left_out_may_be_none() -> None:
    for convert in (_checks.to_price_or_none, _checks.to_quantity_or_none, _checks.to_stop_or_none):
        assert convert(None) is None
