"""When too many messages in a row could not be read."""

from __future__ import annotations

import pytest

from coinex_proto import Inbound, Unrecognised
from coinex_proto._connection.unreadable import UnreadableInARow, is_unreadable
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
