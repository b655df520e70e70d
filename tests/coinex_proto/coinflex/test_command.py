"""The base of requests, the checks of what goes out, and raw requests, which keep the rules of the command of their name."""

from typing import Any

import msgspec
import pytest
from attrs import field, fields, frozen

from coinex_proto import PayloadError, UsageError, coinflex
from coinex_proto.coinflex import _own_commands, commands, queries
from coinex_proto.coinflex._command import (
    MAX_INTEGER,
    CoinflexCommand,
    Raw,
    check_integer,
    check_integer_or_none,
    check_measure,
    check_positive_or_none,
    given,
    read,
)

CLASSES = {
    kind.method: kind
    for module in (commands, queries, _own_commands)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, CoinflexCommand) and "method" in vars(kind)
}


@frozen
class Owner:
    member: Any = field(default=None)


MEMBER: Any = fields(Owner).member


@pytest.mark.parametrize("method", sorted(set(CLASSES) - {"Authenticate"}))
def test_a_raw_request_keeps_the_rules_of_the_command_of_its_name(method: str) -> None:
    raw, kind = Raw({"method": method}), CLASSES[method]
    assert (raw.bucket, raw.may_wait, raw.needs_credentials) == (kind.bucket, kind.may_wait, kind.is_private)


def test_every_command_that_is_not_the_sessions_own_is_exported() -> None:
    own = {kind.__name__ for kind in CLASSES.values() if kind.__module__ == _own_commands.__name__}
    assert {kind.__name__ for kind in CLASSES.values()} - own <= set(coinflex.__all__)
    assert not own & set(coinflex.__all__)


@pytest.mark.parametrize("request_", [{}, {"method": ""}, {"method": 7}, [], None, {"method": "Authenticate"}])
def test_a_raw_request_has_a_method_that_the_sdk_does_not_send_itself(request_: Any) -> None:
    with pytest.raises(UsageError):
        Raw(request_)


def test_a_raw_reply_has_the_callers_tag_or_none() -> None:
    body = b'{"tag":7,"error_code":0,"x":1.50}'
    assert list(Raw({"method": "GetBalances"}).parse(body)) == ["error_code", "x"]
    assert Raw({"method": "GetBalances", "tag": "mine"}).parse(body)["tag"] == "mine"
    assert Raw({"method": "GetBalances"}).parse(b"[1]") == [1]


@pytest.mark.parametrize("value", [0, -1, MAX_INTEGER, -MAX_INTEGER])
def test_a_whole_number_of_the_wire_is_taken(value: int) -> None:
    check_integer(Owner(), MEMBER, value)
    check_integer_or_none(Owner(), MEMBER, value)


@pytest.mark.parametrize(
    ("value", "words"),
    [(MAX_INTEGER + 1, "63 bits"), (True, "63 bits"), (0.5, "scaled integers"), ("1", "scaled integers")],
)
def test_another_number_is_refused(value: object, words: str) -> None:
    for check in (check_integer, check_integer_or_none, check_positive_or_none):
        with pytest.raises(UsageError, match=rf"Owner\(member=.*{words}"):
            check(Owner(), MEMBER, value)


def test_what_was_not_given_is_not_checked_and_does_not_leave() -> None:
    check_integer_or_none(Owner(), MEMBER, None)
    check_positive_or_none(Owner(), MEMBER, None)
    assert given(a=None, b=0) == {"b": 0}
    assert CLASSES["GetOrders"]().params() == {}


@pytest.mark.parametrize(("quantity", "total"), [(None, None), (1, 1), (0, None), (None, 0)])
def test_an_amount_is_one_of_two_and_not_zero(quantity: int | None, total: int | None) -> None:
    with pytest.raises(UsageError, match="Owner: "):
        check_measure(Owner(), quantity, total)
    check_measure(Owner(), 1, None)


def test_a_reply_that_cannot_be_read_names_its_request() -> None:
    with pytest.raises(PayloadError, match="the reply to GetOrders cannot be read"):
        read(msgspec.json.Decoder(int), b"x", "GetOrders")


def nested(depth: int, value: object) -> object:
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [0, 1, 10, 40])
def test_a_float_is_found_as_deep_as_anybody_nests(depth: int) -> None:
    for members in ({"x": nested(depth, 0.5)}, {"x": {"y": (nested(depth, 0.5),)}}):
        with pytest.raises(UsageError, match="a float is not exact"):
            Raw({"method": "GetBalances", **members})
    Raw({"method": "GetBalances", "x": nested(depth, 1)})


def test_a_list_that_holds_itself_is_looked_at_no_deeper_than_anybody_nests() -> None:
    endless: list[Any] = []
    endless.append(endless)
    Raw({"method": "GetBalances", "x": endless})


@frozen(kw_only=True)
class Answered:
    name: str
    price: int | None = None


def test_of_a_reply_a_member_that_can_be_done_without_is_left_out_where_it_cannot_be_read() -> None:
    decoder = msgspec.json.Decoder(Answered)
    assert read(decoder, b'{"name":"a","price":"x"}', "Any") == Answered(name="a", price=None)
    with pytest.raises(PayloadError, match="the reply to Any cannot be read"):
        read(decoder, b'{"price":1}', "Any")


@pytest.mark.parametrize("value", [1, None, MAX_INTEGER])
def test_a_number_above_zero_or_none_is_taken(value: int | None) -> None:
    check_positive_or_none(Owner(), MEMBER, value)


@pytest.mark.parametrize("value", [0, -1])
def test_a_number_that_is_not_above_zero_is_refused(value: int) -> None:
    with pytest.raises(UsageError, match="must be above 0"):
        check_positive_or_none(Owner(), MEMBER, value)


def test_a_request_is_no_trade_and_has_no_limit_of_its_own_unless_it_says_so() -> None:
    assert (CoinflexCommand.may_wait, CoinflexCommand.bucket, CoinflexCommand.is_private) == (True, None, False)
