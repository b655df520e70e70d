"""What callers hand in is looked at before anything has changed."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import OrderView, UsageError
from coinex_proto.checks import check_command, check_order, check_topics, grouped
from tests.coinex_proto.harness.tiny import Do, Ladder, Price


def test_what_is_no_command_is_refused() -> None:
    check_command(Do(verb="a"))
    with pytest.raises(UsageError, match=r"a command was expected.* not 'ping'"):
        check_command("ping")


@pytest.mark.parametrize("nonsense", ["BTCUSDT", None, OrderView, 7])
def test_what_is_no_topic_and_no_order_is_refused_and_shown(nonsense: Any) -> None:
    with pytest.raises(UsageError, match="a topic was expected"):
        check_topics([nonsense])
    with pytest.raises(UsageError, match="an order was expected"):
        check_order(nonsense)
    check_topics([])


def test_topics_of_which_the_same_is_said_go_together_in_the_order_in_which_they_came() -> None:
    topics = [Ladder("A", 1), Ladder("B", 2), Ladder("C", 1)]
    assert grouped(topics, Ladder, by=lambda topic: topic.step) == [
        (Ladder("A", 1), Ladder("C", 1)),
        (Ladder("B", 2),),
    ]
    with pytest.raises(UsageError, match="is no topic of this venue and socket"):
        grouped([Ladder("A"), Price("A")], Ladder, by=lambda topic: topic.step)
