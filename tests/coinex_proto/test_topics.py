"""Topics and their keys."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from attrs import frozen

from coinex_proto import Topic
from coinex_proto.topics import is_wide, wide
from tests.coinex_proto.harness.tiny import Ladder, Own, Price, PriceUpdate


def test_the_key_of_all_markets_keeps_everything_but_the_market() -> None:
    assert wide(("level2", "A", 1)) == ("level2", None, 1)
    assert wide(("price", "A")) == wide(("price", None)) == ("price", None)
    assert is_wide(("level2", None, 1))
    assert not is_wide(("level2", "A", 1))


def test_topics_are_values() -> None:
    assert Price("A") == Price("A") != Price("B")
    assert len({Price("A"), Price("A"), Price(), Own()}) == 3
    assert Ladder("A", step=1).key == Ladder("A", step=2).key


@frozen
class Paced(Topic[PriceUpdate]):
    """Pushed at a rate that the venue documents."""

    pushed_every: ClassVar[float | None] = 1.0


@frozen
class Quick(Topic[PriceUpdate]):
    """Pushed more often than silence is looked for."""

    pushed_every: ClassVar[float | None] = 0.1


def test_a_topic_is_silent_after_twenty_pushes_that_did_not_come_and_never_below_ten_seconds() -> None:
    assert (Paced().silent_after, Quick().silent_after, Own().silent_after) == (20.0, 10.0, None)


def test_a_topic_that_says_nothing_is_public_pushes_changes_at_any_time_and_each_is_complete() -> None:
    plain: Topic[Any] = Topic()
    assert (plain.is_private, plain.is_whole_state, plain.pushed_every) == (False, False, None)
    assert (plain.every_read, plain.is_pushed_at(0.0), plain.merger()) == (False, True, None)


def test_a_topic_must_say_what_it_is() -> None:
    topic: Topic[Any] = Topic()
    with pytest.raises(NotImplementedError, match="Topic has no key"):
        _ = topic.key
