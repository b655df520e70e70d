"""What no venue sends, read by the decoder of each: nothing raises, no number that is none comes through, repeats and extras do no harm."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from coinex_proto import Dialect, Unrecognised, Update, coinex, coinflex, qfex

DATA: Final = Path(__file__).parents[2] / "data"
SOCKETS: Final[dict[str, tuple[Dialect, str]]] = {
    "coinex spot": (coinex.spot(), "coinex-ws-examples.jsonl"),
    "coinex futures": (coinex.futures(), "coinex-ws-examples.jsonl"),
    "qfex market data": (qfex.mds(), "qfex-examples.jsonl"),
    "qfex trade": (qfex.trade(qfex.JwtCredentials("x")), "qfex-examples.jsonl"),
    "coinflex": (coinflex.live(), "coinflex-examples.jsonl"),
}
NO_MESSAGE: Final = {
    "d4 zlib": b"\x78\x9c\xab\xae\x05\x00\x01\x75\x00\xf9",
    "d4 raw deflate": b"\xab\xae\x05\x00",
    "d4 half a gzip member": b"\x1f\x8b\x08\x00",
    "d6 latin-1": '{"type":"é"}'.encode("latin-1"),
    "d6 byte order mark": b'\xef\xbb\xbf{"type":"bbo"}',
    "d6 utf-16": '{"type":"bbo"}'.encode("utf-16"),
    "d6 a null byte": b'{"type":\x00}',
    "d6 nothing": b"",
    "d7 lists": b"[" * 100_000 + b"]" * 100_000,
    "d7 objects": b'{"type":' * 100_000 + b"1" + b"}" * 100_000,
    "d8 a number": b"9" * 100_000,
    "d8 its id": b'{"id":' + b"9" * 100_000 + b',"code":0,"tag":' + b"9" * 100_000 + b',"error_code":0}',
    "d8 its code": b'{"id":1,"tag":1,"code":' + b"9" * 100_000 + b',"error_code":' + b"9" * 100_000 + b"}",
    "d8 its type": b'{"type":' + b"9" * 100_000 + b',"method":' + b"9" * 100_000 + b"}",
    "d18 null": b"null",
    "d18 a list": b"[]",
    "d18 a list of null": b"[null]",
    "d18 a number": b"5",
    "d18 a point": b"1.5",
    "d18 a text": b'"bbo"',
    "d18 true": b"true",
    "d18 an empty object": b"{}",
}


def pushes(name: str) -> list[Any]:
    """The recorded pushes that this socket reads as updates."""
    dialect, file = SOCKETS[name]
    rows = [json.loads(line) for line in (DATA / file).read_text().splitlines()]
    found = [row["message"] for row in rows if row["kind"] == "push"]
    return [message for message in found if updates(dialect, json.dumps(message))]


def updates(dialect: Dialect, text: str) -> list[Update]:
    return [found for found in dialect.decode(text.encode()) if isinstance(found, Update)]


@pytest.fixture(params=SOCKETS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.mark.parametrize("payload", NO_MESSAGE.values(), ids=NO_MESSAGE)
def test_d4_d6_d7_d8_d18_what_is_no_message_is_told_and_is_nothing_else(name: str, payload: bytes) -> None:
    (found,) = SOCKETS[name][0].decode(payload)
    assert isinstance(found, Unrecognised)
    assert len(found.why) < 1000
    assert found.why.isprintable()


# Numbers --------------------------------------------------------------------------------------------------------------


def spoilt(value: Any, other: str) -> Iterator[str]:
    """The JSON text of a message with one of its numbers, or numbers in a text, replaced by this."""
    text = json.dumps(value, separators=(",", ":"))

    def at(place: Any, put: Callable[[str], str]) -> Iterator[str]:
        if isinstance(place, dict):
            for key, inner in place.items():
                yield from at(inner, lambda new, k=key, p=place: put(_object(p, k, new)))  # type: ignore[misc]
        elif isinstance(place, list):
            for number, inner in enumerate(place):
                yield from at(inner, lambda new, n=number, p=place: put(_list(p, n, new)))  # type: ignore[misc]
        elif isinstance(place, int | float) or (isinstance(place, str) and _is_number(place)):
            yield put(other)

    found = list(at(value, str))
    assert text not in found
    yield from found


def _object(value: dict[str, Any], key: str, new: str) -> str:
    return "{" + ",".join(f"{json.dumps(k)}:{new if k == key else json.dumps(v)}" for k, v in value.items()) + "}"


def _list(value: list[Any], number: int, new: str) -> str:
    return "[" + ",".join(new if place == number else json.dumps(v) for place, v in enumerate(value)) + "]"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdecimal()


def numbers(value: Any) -> Iterator[Decimal | float]:
    """All numbers of an update, however deep."""
    if isinstance(value, Decimal | float):
        yield value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from numbers(inner)


@pytest.mark.parametrize("bad", ['"NaN"', '"sNaN"', '"-Infinity"', "NaN", "Infinity", "1e999", '"1e999"'])
def test_d9_d12_no_number_that_is_not_finite_comes_through(name: str, bad: str) -> None:
    dialect = SOCKETS[name][0]
    seen = 0
    for message in pushes(name):
        for text in spoilt(message, bad):
            found = dialect.decode(text.encode())
            if bad in ("NaN", "Infinity"):
                assert [type(one) for one in found] == [Unrecognised], text
            for update in found:
                if isinstance(update, Update):
                    assert all(
                        number.is_finite() if isinstance(number, Decimal) else abs(number) < float("inf")
                        for number in numbers(update)
                    ), text
            seen += 1
    assert seen > 20


# Members --------------------------------------------------------------------------------------------------------------


def repeated(value: Any) -> str:
    """As JSON, with every member sent before with something else."""
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(k)}:{_other(v)},{json.dumps(k)}:{repeated(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(repeated, value)) + "]"
    return json.dumps(value)


def _other(value: Any) -> str:
    return {str: '"zz"', dict: "{}", list: "[]", bool: "false"}.get(type(value), "7")


def test_d10_of_a_repeated_member_the_last_counts(name: str) -> None:
    dialect = SOCKETS[name][0]
    for message in pushes(name):
        assert updates(dialect, repeated(message)) == updates(dialect, json.dumps(message))


@pytest.mark.parametrize("key", ["method", "type", "notice"])
def test_d10_so_it_is_with_the_member_that_says_what_it_is(name: str, key: str) -> None:
    dialect = SOCKETS[name][0]
    for message in pushes(name):
        if key in message:
            text = json.dumps(message, separators=(",", ":"))
            assert updates(dialect, f'{text[:-1]},"{key}":"nothing we know"}}') == []


def enriched(value: Any) -> Any:
    if isinstance(value, dict):
        more = {key: enriched(inner) for key, inner in value.items()}
        return {
            "zz_new": [1, {"a": None}],
            **more,
            "raw": "x",
            "received_at": 5,
            "topic_key": "x",
            "is_recovered": True,
        }
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [enriched(inner) for inner in value]
    return value


def test_d15_members_that_nobody_knows_change_nothing_and_stand_in_raw(name: str) -> None:
    dialect = SOCKETS[name][0]
    for message in pushes(name):
        if name == "qfex trade":  # the name of a member says what the record is
            more = {key: enriched(value) for key, value in message.items()}
        else:
            more = enriched(message)
        assert updates(dialect, json.dumps(more)) == updates(dialect, json.dumps(message))
        assert not any(update.is_recovered for update in updates(dialect, json.dumps(more)))
