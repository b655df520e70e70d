"""Topics and their keys."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import Topic
from coinex_proto.topics import is_wide, wide
from tests.coinex_proto.harness.tiny import Ladder, Own, Price


def test_the_key_of_all_markets_keeps_everything_but_the_market() -> None:
    assert wide(("level2", "A", 1)) == ("level2", None, 1)
    assert wide(("price", "A")) == wide(("price", None)) == ("price", None)
    assert is_wide(("level2", None, 1))
    assert not is_wide(("level2", "A", 1))


def test_topics_are_values() -> None:
    assert Price("A") == Price("A") != Price("B")
    assert len({Price("A"), Price("A"), Price(), Own()}) == 3
    assert Ladder("A", step=1).key == Ladder("A", step=2).key


def test_a_topic_must_say_what_it_is() -> None:
    topic: Topic[Any] = Topic()
    with pytest.raises(NotImplementedError, match="Topic has no key"):
        _ = topic.key
