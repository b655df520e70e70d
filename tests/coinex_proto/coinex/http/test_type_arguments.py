from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from attrs import frozen

from coinex_proto.coinex.http._type_arguments import argument_of, hints_of

A = TypeVar("A")
B = TypeVar("B")


class Result(Generic[A]):
    pass


@frozen(kw_only=True)
class Pair(Result[tuple[A, ...]], Generic[A, B]):
    first: A
    second: B | None = None
    third: Annotated[int, "a rule"] = 0


class Numbers(Pair[int, B]):
    pass


class Words(Numbers[Literal["x"]]):
    pass


class Untold(Result):  # type: ignore[type-arg]
    pass


def test_a_variable_stands_for_what_the_class_statements_on_the_way_put_for_it() -> None:
    assert hints_of(Words) == {"first": int, "second": Literal["x"] | None, "third": Annotated[int, "a rule"]}


def test_the_same_variable_may_stand_for_another_type_in_each_base() -> None:
    assert argument_of(Words, Result) == tuple[int, ...]


def test_a_variable_without_a_type_stays_what_it_is() -> None:
    assert argument_of(Untold, Result) is A
    assert hints_of(Numbers)["second"] == B | None
