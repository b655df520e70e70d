"""What ends a recording, and what is left of it then."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from coinex_proto import Config, Event, UsageError, coinex, to_json
from coinex_recorder import FlightRecorder, RecordingFiles, replay
from coinex_trio import memory_exchange
from tests.coinex_recorder.recorded import coinex_client, recorded


def test_two_recorders_in_one_directory_are_refused(tmp_path: Path) -> None:
    with RecordingFiles(tmp_path), pytest.raises(UsageError, match="another recorder writes to"):
        RecordingFiles(tmp_path)
    RecordingFiles(tmp_path).close()


def test_a_full_disk_ends_the_recording_and_not_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = [20_000]
    write = os.write

    def until_full(file: int, data: Any) -> int:
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(file, data[: max(1, room[0])])
        room[0] -= written
        return written

    monkeypatch.setattr("coinex_recorder.files.os.write", until_full)
    told: list[OSError] = []
    with recorded("coinex", tmp_path, seconds=60, faults="", on_error=told.append) as (live, _, files):
        pass
    assert files.error is not None
    assert [error.errno for error in told] == [errno.ENOSPC]
    assert not files.is_recording
    assert any('"type":"BookChanged"' in line for line in live[-20:])
    events = [to_json(event) for event in replay(files.paths[0])] if files.paths[0].stat().st_size else []
    assert events == live[: len(events)]


def test_a_directory_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        RecordingFiles(tmp_path / "file")


def test_recording_files_that_were_closed_take_no_client(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path)
    files.close()
    with pytest.raises(UsageError, match="were closed"):
        coinex_client(memory_exchange(), Config(recorder=files))


def test_a_clock_that_jumped_is_recorded_as_it_was(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="at 10s skew 100\nat 20s skew -250") as (live, _, _):
        pass
    assert [to_json(event) for event in replay(tmp_path)] == live


def flown(tmp_path: Path, faults: str, seconds: float = 40.0, **options: Any) -> tuple[list[str], list[Path], Any]:
    """What a client with a flight recorder handed out, and the files that it left."""
    flight = FlightRecorder(tmp_path, seconds=5.0, **options)
    exchange = memory_exchange(seed=4, faults=faults)
    client = coinex_client(exchange, Config(flight_recorder=flight))
    live: list[str] = []
    client.on(Event)(lambda event: live.append(to_json(event)))
    with client:
        client.run(seconds=seconds)
    return live, sorted(tmp_path.glob("*.rec")), exchange


def test_a_checksum_that_does_not_fit_is_kept_and_fails_again(tmp_path: Path) -> None:
    live, (path,), exchange = flown(tmp_path, "at 30s drop\non depth.update 60 wrong-checksum")
    played = replay(path)
    events = [to_json(event) for event in played]
    assert played.header is not None
    assert played.header.why == "a checksum did not fit"
    assert played.session.stats.checksums_failed == 1
    assert any("checksum" in event for event in events[-5:])
    at = live.index(events[0])
    assert live[at : at + len(events)] == events
    assert at > 10, "it holds the last moments only"
    assert exchange.secret_key.encode() not in path.read_bytes()


def test_a_callback_that_raises_is_kept_and_raises_again(tmp_path: Path) -> None:
    flight = FlightRecorder(tmp_path, seconds=5.0)
    client = coinex_client(memory_exchange(seed=4), Config(flight_recorder=flight))
    seen = 0

    def fail(update: coinex.TradesUpdate) -> None:
        nonlocal seen
        seen += 1
        if seen == 8:
            raise ZeroDivisionError("mine")

    client.on(coinex.TradesUpdate)(fail)
    with pytest.raises(ZeroDivisionError), client:
        client.run(seconds=60)
    (path,) = tmp_path.glob("*.rec")
    played = replay(path)
    seen = 0
    played.on(coinex.TradesUpdate, fail)
    try:
        for _ in played:
            pass
    except ZeroDivisionError:
        seen = 8
    assert played.header is not None
    assert played.header.why == "a callback raised ZeroDivisionError"
    assert seen >= 1


def test_a_flight_recorder_keeps_no_more_than_it_may(tmp_path: Path) -> None:
    flight = FlightRecorder(tmp_path, seconds=3600.0, max_bytes=20_000)
    client = coinex_client(memory_exchange(seed=4), Config(flight_recorder=flight))
    with client:
        for _ in range(10):
            client.run(seconds=20)
            (tap,) = flight._taps
            assert sum(len(record[3]) for record in tap.records if record[0] == 0) <= 21_000
        (path,) = flight.write()
    played = replay(path)
    for _ in played:
        pass
    assert played.differences == []


def test_the_oldest_flights_are_removed(tmp_path: Path) -> None:
    flight = FlightRecorder(tmp_path, max_files=2)
    client = coinex_client(memory_exchange(), Config(flight_recorder=flight))
    with client:
        client.run(seconds=1)
        for _ in range(4):
            flight.write()
    assert len(list(tmp_path.glob("*.rec"))) == 2


@pytest.mark.parametrize("bad", [{"seconds": 0}, {"max_bytes": -1}, {"max_files": float("inf")}])
def test_a_flight_recorder_refuses_what_makes_no_sense(bad: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="finite number above 0"):
        FlightRecorder(tmp_path, **bad)
