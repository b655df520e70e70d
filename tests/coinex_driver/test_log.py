"""The log of the drivers: what it says, what it never says, and handlers that fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from coinex_driver.log import MOST_KINDS, Troubles
from coinex_proto import coinex
from coinex_trio import BlockingClient
from tests.coinex_trio.venue import VirtualNetwork

SECRET = "S3CRET" + "x" * 34
KEYS = coinex.Credentials("a" * 32, SECRET)
LOGGER = logging.getLogger("coinex_trio")


class Failing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError(f"cannot write {record.getMessage()!r}")


@pytest.fixture
def failing() -> Iterator[None]:
    handler, level = Failing(), LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    yield
    LOGGER.setLevel(level)
    LOGGER.removeHandler(handler)


def session() -> BlockingClient:
    network = VirtualNetwork()
    dialect = coinex.spot(credentials=KEYS, url="wss://socket.example.com/v2/spot?token=S3CRET")
    with BlockingClient(dialect, network=network) as client:
        client.request(coinex.ServerTime())
        network.last.send(b"\x82\x06S3CRET")
        network.last.end()
        client.run(seconds=5)
    return client


def test_the_life_of_a_connection_is_logged_with_names_and_ids_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(1, logger="coinex_trio"):
        session()
    said = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "coinex_trio"]
    assert ("INFO", "coinex spot: connecting to socket.example.com:443") in said
    assert ("INFO", "coinex spot: ready") in said
    assert ("DEBUG", "coinex spot: ServerTime is request 2") in said
    assert any(level == "WARNING" and "unrecognised message of 6 bytes" in text for level, text in said)
    assert any("attempt 1 in" in text for _, text in said)
    assert "S3CRET" not in caplog.text  # X4
    assert {record.module for record in caplog.records} >= {"client_core", "blocking_io"}


def test_c8_a_handler_that_raises_is_reported_and_does_not_break_anything(
    failing: None, capsys: pytest.CaptureFixture[str]
) -> None:
    client = session()
    assert client.stats.reconnects == 1
    assert "RuntimeError: cannot write 'coinex spot: ready'" in capsys.readouterr().err


def test_c8_where_logging_is_set_to_be_silent_it_is(
    failing: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    session()
    assert capsys.readouterr().err == ""


def test_a_kind_of_trouble_is_told_once_and_then_counted_at_growing_distances() -> None:
    troubles = Troubles()
    told = [troubles.told(f"lost {number} topics") for number in range(1, 101)]
    assert told[0] == "lost 1 topics"
    assert told[9] == "lost 10 topics (10 times so far)"
    assert told[99] == "lost 100 topics (100 times so far)"
    assert [text for text in told if text] == [told[0], told[9], told[99]]
    assert troubles.told("another") == "another"


def test_beyond_so_many_kinds_of_trouble_the_others_are_one_kind() -> None:
    troubles = Troubles()
    for number in range(MOST_KINDS):
        assert troubles.told("x" * (number + 1)) is not None
    assert troubles.told("the first of the others") == "the first of the others"
    assert troubles.told("the second") is None
    assert [troubles.told(str(text)) for text in "abcdefg"] == [None] * 7
    assert troubles.told("the tenth") == "the tenth (10 times so far)"
    assert troubles.told("x") is None, "it is counted as itself"
