"""No number that is not finite slips through a decoder, wherever the annotations put it; a gap in the check does not build."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, FloatOperation, localcontext
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar

import msgspec
import pytest
from attrs import frozen

from coinex_proto.decoding import (
    LEAST_BYTES,
    MANY_VALUES,
    UNREADABLE,
    check_count,
    decode_again,
    decode_plain,
    finite_check,
    json_decoder,
    plain_decoder,
    plain_text,
)
from coinex_proto.errors import PayloadError
from coinex_proto.updates import Update

T = TypeVar("T")
Price = NewType("Price", Decimal)


@frozen(kw_only=True)
class Deal:
    price: Decimal
    amount: Decimal = Decimal(1)
    side: Literal["buy", "sell"] = "buy"


class Fees(msgspec.Struct):
    rate: Decimal | None = None
    paid: Decimal | msgspec.UnsetType = msgspec.UNSET


@dataclass
class Limit:
    largest: Decimal


class Level(NamedTuple):
    price: Decimal
    size: Decimal


@frozen(kw_only=True)
class Trade(Update):
    deal: Deal
    fees: Fees | None = None


@frozen(kw_only=True)
class Quote(Update):
    price: Decimal | None = None


@frozen(kw_only=True)
class Notice(Update):
    text: str = ""
    scope: tuple[str, ...] = ()
    info: Any = None


class Page(msgspec.Struct, Generic[T]):
    rows: tuple[T, ...]


class Row(TypedDict):
    price: Decimal


CASES: list[tuple[Any, str]] = [
    (Decimal, "*"),
    (Price, "*"),
    (Annotated[Decimal, msgspec.Meta(description="a price")], "*"),
    (Deal, '{"price":*}'),
    (Deal, '{"price":"1","amount":*}'),
    (Quote, '{"price":*}'),
    (Trade, '{"deal":{"price":*}}'),
    (Trade, '{"deal":{"price":"1"},"fees":{"rate":*}}'),
    (Trade, '{"deal":{"price":"1"},"fees":{"paid":*}}'),
    (Limit, '{"largest":*}'),
    (Level, '["1",*]'),
    (tuple[Deal, ...], '[{"price":"1"},{"price":*}]'),
    (list[Decimal], '["1",*]'),
    (Sequence[Decimal], '["1",*]'),
    (tuple[tuple[Decimal, Decimal], ...], '[["1","2"],["1",*]]'),
    (tuple[str, Decimal], '["*",*]'),
    (dict[str, Deal], '{"A":{"price":"1"},"B":{"price":*}}'),
    (Mapping[str, Decimal], '{"A":"1","B":*}'),
    (tuple[Deal, ...] | Deal, '{"price":*}'),
    (tuple[Deal, ...] | Deal, '[{"price":*}]'),
    (list[Decimal | None], '[null,"1",*]'),
]
READABLE = [
    (Notice, '{"text":"NaN","scope":["NaN"],"info":{"price":"NaN"}}'),
    (Literal["NaN"], '"NaN"'),
    (set[str], '["NaN"]'),
]


@pytest.mark.parametrize(("hint", "text"), CASES)
@pytest.mark.parametrize("bad", ['"NaN"', '"sNaN"', '"Infinity"', '"-Infinity"'])
def test_d9_d12_a_number_that_is_not_finite_is_refused_wherever_it_stands(hint: Any, text: str, bad: str) -> None:
    with pytest.raises(PayloadError, match="with a number that is not finite"):
        json_decoder(hint)(text.replace("*", bad).replace('""', '"').encode())


@pytest.mark.parametrize(("hint", "text"), CASES)
@pytest.mark.parametrize("good", ['"0"', '"-1.50"', '"1E+400"'])
def test_finite_numbers_pass_as_they_are(hint: Any, text: str, good: str) -> None:
    payload = text.replace("*", good).replace('""', '"').encode()
    assert json_decoder(hint)(payload) == msgspec.json.decode(payload, type=hint)


def test_a_caller_who_traps_floats_reads_the_same_floats() -> None:
    with localcontext(Context(traps=[FloatOperation])):
        assert json_decoder(dict[str, float])(b'{"a":0.5,"b":2}') == {"a": 0.5, "b": 2.0}
        with pytest.raises(PayloadError, match="not finite"):
            json_decoder(dict[str, float], strict=False)(b'{"a":"NaN"}')


@pytest.mark.parametrize(
    ("hint", "text"), [(Quote, "{}"), (Quote, '{"price":null}'), (Trade, '{"deal":{"price":"1"}}')]
)
def test_absent_numbers_pass(hint: Any, text: str) -> None:
    json_decoder(hint)(text.encode())


@pytest.mark.parametrize(("hint", "text"), READABLE)
def test_texts_are_no_numbers(hint: Any, text: str) -> None:
    json_decoder(hint)(text.encode())


@pytest.mark.parametrize("hint", [float, float | None, dict[str, float]])
def test_a_lenient_decoder_refuses_floats_that_are_not_finite_too(hint: Any) -> None:
    text = b'{"A":"NaN"}' if hint == dict[str, float] else b'"NaN"'
    with pytest.raises(PayloadError):
        json_decoder(hint, strict=False)(text)


def test_a_lenient_decoder_takes_integers_in_quotes() -> None:
    assert json_decoder(int, strict=False)(b'"5"') == 5
    with pytest.raises(msgspec.ValidationError):
        json_decoder(int)(b'"5"')


@pytest.mark.parametrize(
    ("hint", "name"), [(Deal, "Deal"), (Quote, "Quote"), (tuple[Deal, ...], "Deal"), (dict[str, Deal], "Deal")]
)
def test_the_message_names_the_class(hint: Any, name: str) -> None:
    text = {Deal: b'{"price":"NaN"}', Quote: b'{"price":"NaN"}', tuple[Deal, ...]: b'[{"price":"NaN"}]'}
    with pytest.raises(PayloadError, match=re.escape(f"{name} with a number that is not finite")):
        json_decoder(hint)(text.get(hint, b'{"A":{"price":"NaN"}}'))


@pytest.mark.parametrize(
    "hint", [Page[Decimal], Row, T, tuple[Page[Decimal], ...], "Deal", set[Decimal], dict[Decimal, str]]
)
def test_what_cannot_be_looked_into_does_not_build(hint: Any) -> None:
    with pytest.raises(TypeError, match="cannot be looked for"):
        finite_check(hint)


def test_the_check_gives_the_very_object() -> None:
    for value in (Deal(price=Decimal(1)), Quote(price=None), Notice(text="x")):
        assert finite_check(type(value))(value) is value


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 5000, b"1e999999999999999999999"])
def test_what_no_json_is_raises_what_is_named(payload: bytes) -> None:
    with pytest.raises(UNREADABLE):
        decode_plain(payload)


def test_plain_json_keeps_the_digits() -> None:
    assert repr(decode_plain(b'{"a":[1,1.50,"NaN",null]}')) == "{'a': [1, Decimal('1.50'), 'NaN', None]}"


@frozen
class Amounts:
    price: Decimal
    sizes: tuple[Decimal, ...] = ()
    other: Decimal | None = None


@pytest.mark.parametrize("text", ["0.00000010", "45283.50", "1", "9999999999.999999", "-0.10", "0"])
def test_a_plain_text_is_the_venues_own(text: str) -> None:
    found = plain_decoder(Amounts)(b'{"price":%b,"sizes":[%b],"other":null}' % (text.encode(), text.encode()))
    assert (plain_text(found.price), plain_text(found.sizes[0]), found.other) == (text, text, None)


@pytest.mark.parametrize(
    "bad", ['"NaN"', '"sNaN"', '"-Infinity"', "1e999999999", "1e31", "1e-31", "0e999999999", "9" * 32]
)
@pytest.mark.parametrize("name", ["price", "sizes", "other"])
def test_a_number_that_cannot_be_written_out_is_refused(bad: str, name: str) -> None:
    value = f"[{bad}]" if name == "sizes" else bad
    members = {"price": "1", name: value}
    text = "{" + ",".join(f'"{key}":{each}' for key, each in members.items()) + "}"
    with pytest.raises(PayloadError, match="not finite"):
        plain_decoder(Amounts)(text.encode())
    with pytest.raises(PayloadError, match="not finite"):
        plain_text(Decimal(bad.strip('"')))


def test_the_largest_and_the_finest_number_that_can_be_written_out() -> None:
    assert plain_text(Decimal("1e30")) == "1" + "0" * 30
    assert plain_text(Decimal("1e-30")) == "0." + "0" * 29 + "1"


# How much one message may hold ----------------------------------------------------------------------------------------


def values(count: int, size: int = 1) -> bytes:
    """A list of so many values of so many bytes each; the bracket counts as one, and each comma."""
    return b"[" + b",".join([b"1" * size] * count) + b"]"


def test_a_message_may_hold_as_many_values_as_was_said_and_not_one_more() -> None:
    check_count(values(10), 10)
    with pytest.raises(PayloadError, match="11 values in one message; the limit is 10"):
        check_count(values(11), 10)
    check_count(values(11), None)
    check_count(values(1), 10)
    check_count(b"1" * 100, 10)


def test_an_object_counts_as_three_values_however_short_the_message() -> None:
    check_count(b"[{},{}]", 8)
    with pytest.raises(PayloadError, match="8 values"):
        check_count(b"[{},{}]", 7)


def test_what_is_read_a_second_time_is_read_as_plain_values() -> None:
    assert decode_again(b'{"a":[1,2.50,"x",null]}') == {"a": [1, Decimal("2.50"), "x", None]}


def test_a_second_reading_is_for_what_is_no_denser_than_anything_real() -> None:
    assert len(decode_again(values(MANY_VALUES))) == MANY_VALUES
    with pytest.raises(PayloadError, match="not as documented"):
        decode_again(values(MANY_VALUES + 1))
    spread = values(MANY_VALUES + 100, LEAST_BYTES - 1)
    assert len(decode_again(spread)) == MANY_VALUES + 100
    with pytest.raises(PayloadError, match="not as documented"):
        decode_again(values(MANY_VALUES + 100, LEAST_BYTES - 2))
