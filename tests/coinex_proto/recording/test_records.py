"""What a recording says of itself, and what is counted at a mark."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import Any

import pytest

from coinex_proto.errors import UsageError
from coinex_proto.recording import records
from coinex_proto.recording.records import (
    COUNTERS,
    DATA,
    DISTRIBUTION,
    FORMAT,
    FRAME,
    TIMEOUT,
    Header,
    check_record,
    counters_of,
    header_of,
    sdk_version,
    without_cookies,
)
from tests.coinex_proto.harness.scripts import frame
from tests.coinex_proto.harness.sessions import asked, ladder, price
from tests.coinex_proto.harness.tiny import Ladder, Price

HEADER = Header(
    recording_id="r1",
    frame=3,
    sdk="0.1",
    python="3.11",
    name="tiny",
    dialect=b"d",
    config=b"c",
    began_at=5.0,
    why="a checksum",
)


def record() -> list[Any]:
    return HEADER.record(9.0)


def test_a_header_comes_out_as_it_was_written() -> None:
    assert record()[:3] == [FRAME, 9.0, []]
    assert header_of(record()) == HEADER
    assert not HEADER.is_flight


@pytest.mark.parametrize("number", [2, 3])
def test_earlier_formats_can_be_read(number: int) -> None:
    written = record()
    written[3]["format"] = number
    assert header_of(written) == HEADER


def test_a_later_format_is_refused_by_its_number() -> None:
    written = record()
    written[3]["format"] = FORMAT + 1
    with pytest.raises(UsageError, match=f"format '{FORMAT + 1}'.*up to {FORMAT}"):
        header_of(written)


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        {},
        [],
        [FRAME, 9.0, []],
        ["data", 9.0, [], {"magic": "coinex recording", "format": FORMAT}],
        [FRAME, 9.0, [], "header"],
        [FRAME, 9.0, [], {"format": FORMAT}],
    ],
)
def test_a_frame_without_a_header_is_of_no_recording(foreign: object) -> None:
    with pytest.raises(UsageError, match="a frame begins without a header"):
        header_of(foreign)


def test_what_a_header_lacks_is_named() -> None:
    written = record()
    del written[3]["sdk"]
    with pytest.raises(UsageError, match="its header has no 'sdk'"):
        header_of(written)


@pytest.mark.parametrize(("name", "value"), [("frame", "3"), ("dialect", "d"), ("began_at", None)])
def test_what_a_header_holds_in_another_type_is_named(name: str, value: object) -> None:
    written = record()
    written[3][name] = value
    with pytest.raises(UsageError, match=f"its header has no '{name}'"):
        header_of(written)


@pytest.mark.parametrize(
    "sound",
    [
        record(),
        ["checkpoint", 1.0, [], b"p"],
        ["mark", 1.0, [], [1, 2]],
        ["told", 1, [], "Lost", "{}"],
        ["missing", 1.0, [], 1, 2, "why"],
        ["end", 1.0, [], "why"],
        ["send", 1.0, [], b"p", "text", ""],
        [DATA, 1.0, [], b"bytes"],
        [DATA, 1.0, [], [b"bytes", b"inflated"]],
        [TIMEOUT, 1.0, 5],
    ],
)
def test_a_record_in_its_shape_can_be_played(sound: list[Any]) -> None:
    check_record(sound)
    with pytest.raises(UsageError, match="has no time"):
        check_record([sound[0], "1.0", *sound[2:]])
    if len(sound) > 3:
        for damaged in (sound[:-1], [*sound[:-1], 1.5]):
            with pytest.raises(UsageError, match="a record of the recording is damaged"):
                check_record(damaged)


@pytest.mark.parametrize("foreign", [None, [], ["end", 1.0], [DATA, math.nan, []], [DATA, math.inf, [], b""]])
def test_what_has_no_time_is_no_record(foreign: object) -> None:
    with pytest.raises(UsageError, match="a record of the recording has no time"):
        check_record(foreign)


@pytest.mark.parametrize("kind", [None, 48, "other", ["end"]])
def test_a_record_of_an_unknown_kind_is_named_and_not_played(kind: object) -> None:
    with pytest.raises(UsageError, match="is of a kind that this version does not know"):
        check_record([kind, 1.0, []])


def test_cookies_of_an_upgrade_are_not_kept_and_nothing_else_is_changed() -> None:
    answer = b"HTTP/1.1 101 OK\r\nSet-Cookie: id=SECRET; Path=/\r\nUpgrade: websocket\r\nset-cookie : b=SECRET\r\n\r\n"
    kept = without_cookies(answer)
    assert kept == b"HTTP/1.1 101 OK\r\nSet-Cookie: *\r\nUpgrade: websocket\r\nset-cookie : *\r\n\r\n"
    assert without_cookies(b"X-Set-Cookie: a\r\n") == b"X-Set-Cookie: a\r\n"


def test_a_mark_holds_what_was_counted_with_the_events_that_nobody_has_taken_yet() -> None:
    session, wire = asked(Price("A"), Ladder("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"), {"ladder": ladder("A", {"1": 1})})
    wire.say(2.0, {"push": ladder("A", {"2": 1}, whole=False, total=9)})
    taken = dict(zip(COUNTERS, counters_of(session), strict=True))
    session.receive_data(frame(b'"?"') + wire.peer.text(price("A")), 3.0)
    found = dict(zip(COUNTERS, counters_of(session), strict=True))
    assert {name: found[name] - taken[name] for name in COUNTERS if found[name] != taken[name]} == {
        "events": 2,
        "messages": 2,
        "updates": 1,
        "unrecognised": 1,
    }
    assert (found["checksums_passed"], found["checksums_failed"]) == (1, 1)
    assert found["gaps"] == session.stats.gaps


def test_the_version_is_that_of_the_installed_distribution_and_of_a_copy_that_is_not_installed_it_is_0(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sdk_version() == version(DISTRIBUTION)
    monkeypatch.setattr(records, "DISTRIBUTION", "no-such-distribution")
    assert sdk_version() == "0"
