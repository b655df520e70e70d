"""Payloads of several subjects: which copy is handed on for all of them, and which for its own topic alone."""

from coinex_relay.flows import Flow, Past, Phase
from coinex_relay.messages import Stored
from coinex_relay.shared import REMEMBERED, Share, Shared


def flow(tail: str, *, source: str = "a", handed: int = 0, phase: Phase = Phase.LIVE) -> Flow:
    return Flow(tail, (tail,), False, True, Past(source=source), phase, handed=handed)


def message(sequence: int, *, relay: str = "a", shared: str = "p") -> Stored:
    return Stored(b"{}", relay, "", "", sequence, 0, False, "", shared)


def test_the_first_copy_is_for_all_and_the_others_for_none() -> None:
    shared, flows = Shared(), [flow("x"), flow("y"), flow("z")]
    assert [shared.came(one, message(5), flows) for one in flows] == [Share.ALL, Share.NONE, Share.NONE]


def test_the_same_words_from_the_same_subject_are_news() -> None:
    shared, flows = Shared(), [flow("x"), flow("y")]
    shared.came(flows[0], message(5), flows)
    assert [shared.came(one, message(9), flows) for one in flows] == [Share.ALL, Share.NONE]


def test_where_a_topic_is_not_live_or_with_another_relay_or_further_each_copy_is_for_its_own() -> None:
    for other in (flow("y", phase=Phase.REPLAYING), flow("y", source="b"), flow("y", handed=6)):
        shared, flows = Shared(), [flow("x"), other]
        assert [shared.came(one, message(5), flows) for one in flows] == [Share.OWN, Share.OWN]


def test_the_copies_of_two_relays_are_told_apart() -> None:
    shared, flows = Shared(), [flow("x"), flow("y")]
    assert shared.came(flows[0], message(5), flows) is Share.ALL
    assert shared.came(flows[1], message(6, relay="b"), flows) is Share.OWN


def test_a_topic_that_something_late_was_told_of_has_its_own_copy() -> None:
    shared, flows = Shared(), [flow("x"), flow("y")]
    assert shared.came(flows[0], message(5), flows) is Share.ALL
    shared.came_late(flows[1], message(4, shared=""))
    assert shared.came(flows[1], message(6), flows) is Share.OWN


def test_of_what_came_late_for_one_the_other_copies_are_for_their_own() -> None:
    shared, flows = Shared(), [flow("x"), flow("y"), flow("z")]
    shared.came_late(flows[0], message(5))
    shared.came_late(flows[1], message(6))
    assert shared.came(flows[2], message(7), flows) is Share.OWN


def test_what_is_remembered_is_bounded() -> None:
    shared, flows = Shared(), [flow("x"), flow("y")]
    for number in range(REMEMBERED + 1):
        shared.came(flows[0], message(number, shared=str(number)), flows)
    assert shared.came(flows[1], message(0, shared="1"), flows) is Share.NONE
    assert shared.came(flows[1], message(0, shared="0"), flows) is Share.ALL
