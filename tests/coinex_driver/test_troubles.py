"""A kind of trouble is one line, then a count at growing distances."""

from coinex_driver.log import MOST_KINDS, Troubles


def test_a_kind_is_told_once_and_then_at_growing_distances() -> None:
    troubles = Troubles()
    told = [
        text
        for number in range(1000)
        if (text := troubles.told(f"message of {number} bytes: unknown method")) is not None
    ]
    assert told == [
        "message of 0 bytes: unknown method",
        "message of 9 bytes: unknown method (10 times so far)",
        "message of 99 bytes: unknown method (100 times so far)",
        "message of 999 bytes: unknown method (1000 times so far)",
    ]


def test_another_kind_is_told_at_once() -> None:
    troubles = Troubles()
    assert troubles.told("unknown method 'a'") == "unknown method 'a'"
    assert troubles.told("unknown method 'b'") == "unknown method 'b'"
    assert troubles.told("unknown method 'a'") is None


def test_a_peer_that_makes_up_kinds_fills_neither_the_log_nor_the_memory() -> None:
    troubles = Troubles()
    names = ["x" * length for length in range(1, 2000)]
    told = [name for name in names if troubles.told(name) is not None]
    assert len(told) <= MOST_KINDS + 4
    assert len(troubles._counts) == MOST_KINDS + 1
