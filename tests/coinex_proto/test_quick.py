"""What the extension is told of a class: read straight into it is what msgspec reads, and what it cannot fill does not build."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, NewType, cast

import attrs
import pytest
from attrs import field, frozen

from coinex_proto._quick import quick_model
from coinex_proto.fitting import OWN
from coinex_proto.speedups import speed
from coinex_proto.updates import Update

pytestmark = pytest.mark.skipif(speed is None, reason="the extension is not built")

Price = NewType("Price", Decimal)


@frozen(kw_only=True)
class Inner:
    price: Decimal
    note: str | None = None


@frozen(kw_only=True)
class Whole(Update):
    market: str
    number: int
    is_new: bool
    price: Price
    size: Annotated[Decimal, "a size"]
    levels: tuple[tuple[str, str], ...]
    inner: Inner
    rows: tuple[Inner, ...]
    maybe: Decimal | None
    late: Inner | None = None
    count: int = 7
    ours: str = field(default="ours", metadata=OWN)


PAYLOAD = (
    b'{"method":"m","data":{"market":"A","number":5,"is_new":true,"price":"1.50","size":"2","levels":[["1","2"]],'
    b'"inner":{"price":"3","note":null},"rows":[{"price":"4","note":"x"}],"maybe":null},"id":null}'
)


def quick(model: type[Any]) -> Any:
    return quick_model(cast("Any", speed), model)


def read(model: type[Any], payload: bytes) -> Any:
    found = cast("Any", speed).decode({"m": (None, quick(model))}, payload)
    return None if found is None else found[0]


def test_a_class_is_filled_with_what_its_annotations_say() -> None:
    found = read(Whole, PAYLOAD)
    assert (found.market, found.number, found.is_new, found.price, found.size) == (
        "A", 5, True, Decimal("1.50"), Decimal(2),
    )  # fmt: skip
    assert tuple(found.levels) == (("1", "2"),)
    assert found.inner == Inner(price=Decimal(3))
    assert tuple(found.rows) == (Inner(price=Decimal(4), note="x"),)
    assert (found.maybe, found.late, found.count, found.ours) == (None, None, 7, "ours")
    assert isinstance(found, Update)


def test_the_digits_are_kept_until_a_number_is_read_and_then_it_is_one() -> None:
    found = read(Whole, PAYLOAD)
    assert str(found.price) == "1.50"
    assert type(found.price) is Decimal
    assert attrs.evolve(found, market="B").price == Decimal("1.5")


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        (b'"number":5', b'"number":null'),
        (b'"number":5,', b""),
        (b'"market":"A"', b'"market":null'),
        (b'"price":"1.50"', b'"price":null'),
        (b'"is_new":true', b'"is_new":1'),
        (b'"inner":{"price":"3","note":null}', b'"inner":{"note":null}'),
        (b'"inner":{"price":"3","note":null}', b'"inner":null'),
        (b'"rows":[{"price":"4","note":"x"}]', b'"rows":null'),
    ],
)
def test_what_is_not_as_annotated_is_left_to_msgspec(said: bytes, instead: bytes) -> None:
    assert said in PAYLOAD
    assert read(Whole, PAYLOAD.replace(said, instead)) is None


def test_what_a_peer_sends_under_a_name_of_our_own_is_not_read() -> None:
    found = read(Whole, PAYLOAD.replace(b'"market":"A"', b'"market":"A","ours":"theirs"'))
    assert found is None or found.ours == "ours"


def test_a_class_may_be_made_ready_twice() -> None:
    assert read(Whole, PAYLOAD) == read(Whole, PAYLOAD)


class Plain:
    """No class of attrs."""


@attrs.frozen(slots=False)
class WithDict:
    text: str


@frozen
class WithInit:
    text: str

    def __attrs_post_init__(self) -> None:
        """Something that the extension would leave out."""


@frozen
class Converted:
    text: str = field(converter=str)


@frozen
class Validated:
    text: str = field(validator=attrs.validators.instance_of(str))


@frozen
class Made:
    rows: tuple[Inner, ...] = field(factory=tuple)


@frozen
class Inherited(Inner):
    text: str = ""


@frozen
class EitherKind:
    text: str | int


@frozen
class EitherOrNone:
    text: str | int | None


@frozen
class Listed:
    rows: list[str]


@frozen
class Pair:
    pair: tuple[Inner, Inner]


@pytest.mark.parametrize(
    "model",
    [Plain, WithDict, WithInit, Converted, Validated, Made, Inherited, EitherKind, EitherOrNone, Listed, Pair],
    ids=lambda model: model.__name__,
)
def test_a_class_that_cannot_be_filled_as_it_would_be_made_does_not_build(model: type[Any]) -> None:
    with pytest.raises(TypeError):
        quick(model)
