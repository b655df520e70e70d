"""A call as a value: where its parameters go, and what cannot be one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from attrs import field, frozen

from coinex_proto import UsageError
from coinex_proto.errors import PayloadError
from coinex_proto.qfex.http.command import HttpCommand, to_time, to_time_or_none, within


@frozen(kw_only=True)
class Ask(HttpCommand[Any]):
    path: ClassVar[str] = "/things/{name}/{part}"

    name: str
    part: int
    since: str | None = None
    limit: int | None = field(default=None, validator=within(1, 1000))


@frozen(kw_only=True)
class Tell(HttpCommand[Any]):
    method: ClassVar[str] = "POST"
    path: ClassVar[str] = "/things"
    in_body: ClassVar[frozenset[str]] = frozenset({"amount", "note"})

    account: str
    amount: Decimal | None = None
    note: str | None = None


@frozen(kw_only=True)
class Text(HttpCommand[str]):
    path: ClassVar[str] = "/text"
    reads: ClassVar[Any] = str


def test_a_parameter_fills_the_path_where_that_has_its_name_and_stands_in_the_query_otherwise() -> None:
    call = Ask(name="a/b c", part=2, since="x&y=1", limit=5)
    assert call.target == "/things/a%2Fb%20c/2?since=x%26y%3D1&limit=5"
    assert call.body == b""
    assert (call.endpoint, call.changes_something) == ("GET /things/{name}/{part}", False)


def test_what_is_not_said_is_not_sent() -> None:
    assert Ask(name="a", part=0).target == "/things/a/0"
    assert Tell(account="7").target == "/things?account=7"
    assert Tell(account="7").body == b""


def test_a_parameter_of_the_body_stands_there_alone_and_exact() -> None:
    call = Tell(account="7", amount=Decimal("0.10"), note="ü")
    assert call.target == "/things?account=7"
    assert call.body == '{"amount":0.10,"note":"ü"}'.encode()
    assert (call.endpoint, call.changes_something) == ("POST /things", True)


def test_by_default_a_call_is_an_unsigned_query() -> None:
    assert not Text().is_signed
    assert Text().target == "/text"


def test_an_answer_is_read_as_the_class_says() -> None:
    assert Text().parse(b"a,b\n") == "a,b\n"
    assert Tell(account="7").parse(b'{"any": [1]}') == {"any": [1]}
    with pytest.raises(PayloadError):
        Tell(account="7").parse(b"{")


@pytest.mark.parametrize("limit", [1, 1000, None])
def test_a_number_within_its_bounds_passes(limit: int | None) -> None:
    assert Ask(name="a", part=0, limit=limit).limit == limit


@pytest.mark.parametrize("limit", [0, 1001, -1, 5.0, "5", True])
def test_a_number_out_of_its_bounds_is_refused_with_name_and_bounds(limit: Any) -> None:
    with pytest.raises(UsageError, match=r"Ask\(limit=.*\): must be a whole number from 1 to 1000"):
        Ask(name="a", part=0, limit=limit)


def test_a_time_is_a_text_or_has_a_zone() -> None:
    assert to_time("2026-11-28T09:30:00Z") == "2026-11-28T09:30:00Z"
    zone = timezone(timedelta(hours=-5))
    assert to_time(datetime(2026, 11, 28, 9, 30, tzinfo=zone)) == "2026-11-28T09:30:00-05:00"
    assert to_time_or_none(None) is None
    assert to_time_or_none("2026-11-28T09:30:00Z") == "2026-11-28T09:30:00Z"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (datetime(2026, 11, 28), "needs a time zone: 2026-11-28T00:00:00"),  # noqa: DTZ001  (what is refused)
        (1_700_000_000, "an RFC 3339 text or a datetime"),
        ("yesterday", "'yesterday' is no RFC 3339 time"),
    ],
)
def test_what_is_no_time_is_refused(value: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        to_time(value)
