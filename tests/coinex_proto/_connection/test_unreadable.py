"""When too many messages in a row could not be read."""

from __future__ import annotations

import pytest

from coinex_proto import Inbound, Unrecognised
from coinex_proto._connection.unreadable import UnreadableInARow, is_strange, is_unreadable
from coinex_proto.dialect import Answer

PUSH = Unrecognised(raw=b"", why="no", concerns=("price", None))
METHOD = Unrecognised(raw=b"", why="unknown method")


def test_only_messages_in_a_row_count_and_the_limit_is_said_once() -> None:
    counter = UnreadableInARow(3)
    assert [counter.count(number) for number in (1, 2, 4, 5, 6, 7)] == [None, None, None, None, 3, None]


def test_without_a_limit_nothing_is_too_many() -> None:
    counter = UnreadableInARow(None)
    assert {counter.count(number) for number in range(1, 50)} == {None}


@pytest.mark.parametrize(
    ("inbound", "expected"),
    [((PUSH,), True), ((METHOD,), False), ((PUSH, METHOD), True), ((PUSH, Answer(keys=())), False)],
)
def test_a_message_counts_when_nothing_of_it_was_read_and_it_may_have_been_a_push(
    inbound: tuple[Inbound, ...], expected: bool
) -> None:
    assert is_unreadable(inbound) is expected


@pytest.mark.parametrize("raw", [b"{}", b"5", b" null", b'"x"', b"[]", b"[1,2]", b" { } "])
def test_d16_a_message_that_names_nothing_counts_though_it_could_be_read(raw: bytes) -> None:
    assert is_unreadable((Unrecognised(raw=raw, why="a message of an unknown kind"),))


@pytest.mark.parametrize("raw", [b'{"method":"new"}', b'["new"]', b' {"new":1}'])
def test_d16_a_message_that_nobody_knows_does_not_count(raw: bytes) -> None:
    assert not is_unreadable((Unrecognised(raw=raw, why="a message of an unknown kind"),))
    assert is_strange((Unrecognised(raw=raw, why="a message of an unknown kind"),))
