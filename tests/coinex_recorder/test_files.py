"""What ends a recording, and what is left of it then."""

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any, cast

import pytest

from coinex_proto import Config, Event, OrderChanged, Session, Statistics, Unrecognised, UsageError, coinex, to_json
from coinex_proto.recording import RecordingGap
from coinex_proto.recording.frames import Batch, read_frames
from coinex_proto.recording.tap import Tap
from coinex_recorder import FlightRecorder, RecordingFiles, check, header, replay
from coinex_recorder.files import FileTap
from coinex_trio import CoinexClient, memory_exchange
from tests.coinex_recorder.recorded import coinex_client, recorded


def test_two_recorders_in_one_directory_are_refused(tmp_path: Path) -> None:
    with RecordingFiles(tmp_path), pytest.raises(UsageError, match="another recorder writes to"):
        RecordingFiles(tmp_path)
    RecordingFiles(tmp_path).close()


@pytest.mark.parametrize("several", [{"lines": 2}, {"renew_every": 60.0}, {"topics_per_connection": 10}])
@pytest.mark.parametrize("recorder", ["recorder", "flight_recorder"])
def test_a_client_with_several_sockets_is_not_recorded(tmp_path: Path, recorder: str, several: dict[str, Any]) -> None:
    with RecordingFiles(tmp_path / "all") as files:
        makers = {"recorder": files, "flight_recorder": FlightRecorder(tmp_path / "last", seconds=5.0)}
        config: Any = {recorder: makers[recorder], **several}
        with pytest.raises(UsageError, match="a recording is of one socket"):
            CoinexClient(config=Config(**config), network=memory_exchange().network)


def test_a_full_disk_ends_the_recording_and_not_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = [5_000]
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


def why_of(path: Path) -> str:
    return header(path).why


def test_a_callback_that_raises_is_kept_and_raises_again(tmp_path: Path) -> None:
    flight = FlightRecorder(tmp_path, seconds=5.0)
    client = coinex_client(memory_exchange(seed=4), Config(flight_recorder=flight))
    ids: list[int] = []
    fatal: list[int] = []

    def fail(update: coinex.TradesUpdate) -> None:
        ids.append(update.deal_list[0].deal_id)
        if len(ids) == 40:
            fatal.append(ids[-1])
        if ids[-1] in fatal:
            raise ZeroDivisionError("mine")

    client.on(coinex.TradesUpdate)(fail)
    with pytest.raises(ZeroDivisionError), client:
        client.run(seconds=60)
    (path,) = tmp_path.glob("*.rec")
    assert why_of(path) == "a callback raised ZeroDivisionError"
    played = replay(path)
    live = list(ids)
    ids.clear()
    played.on(coinex.TradesUpdate, fail)
    with pytest.raises(ZeroDivisionError, match="mine"):
        for _ in played:
            pass
    assert live[-len(ids) :] == ids, "the same trades led to it"
    assert 1 < len(ids) < len(live)


def test_a_message_that_cannot_be_read_is_kept_and_unreadable_again(tmp_path: Path) -> None:
    _, (path,), _ = flown(tmp_path, "on deals.update 20 corrupt")
    assert why_of(path) == "a message could not be read"
    assert [event for event in replay(path) if isinstance(event, Unrecognised)]


def test_an_order_that_became_unknown_is_kept_and_becomes_unknown_again(tmp_path: Path) -> None:
    flight = FlightRecorder(tmp_path, seconds=5.0)
    exchange = memory_exchange(seed=4)
    client = coinex_client(exchange, Config(flight_recorder=flight, retry_first=True))
    with client:
        client.run(seconds=12)
        order = exchange.place("BTCUSDT", "buy", "50000", "0.01")
        client.run(seconds=1)
        exchange.drop()
        client.run(seconds=1)
    (path,) = tmp_path.glob("*.rec")
    assert why_of(path) == "an order is unknown"
    unknown = [e.order for e in replay(path) if isinstance(e, OrderChanged) and e.order.state == "unknown"]
    assert [one.order_id for one in unknown] == [order.order_id]


def test_sigusr1_writes_what_there_is(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    flight = FlightRecorder(tmp_path, seconds=5.0)
    flight.write_on()
    try:
        client = coinex_client(memory_exchange(seed=4), Config(flight_recorder=flight))
        with client:
            client.run(seconds=12)
            signal.raise_signal(signal.SIGUSR1)
            client.run(seconds=1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    (path,) = tmp_path.glob("*.rec")
    assert why_of(path) == "SIGUSR1"
    assert sum(1 for _ in replay(path)) > 10


def test_no_secret_is_in_what_a_flight_recorder_writes(tmp_path: Path) -> None:
    _, (path,), exchange = flown(tmp_path, "on depth.update 30 wrong-checksum")
    held = b"".join(
        repr(found.records).encode() for found in read_frames([path.read_bytes()]) if isinstance(found, Batch)
    )
    assert b"depth.update" in held, "what is searched is inflated"
    for secret in (exchange.secret_key, exchange.access_id, "signed_str"):
        assert secret.encode() not in held


def test_a_flight_recorder_that_cannot_write_says_so_and_the_client_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    flight = FlightRecorder(tmp_path / "file", seconds=5.0)
    client = coinex_client(memory_exchange(seed=4), Config(flight_recorder=flight))
    with client:
        client.run(seconds=5)
        assert flight.write() == ()
        client.run(seconds=5)
        assert client.trusted(coinex.Depth("BTCUSDT"))
    assert "the flight recorder cannot write to" in caplog.text


def test_a_fault_of_the_recorder_ends_the_recording_and_not_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> bytes:
        raise TypeError("cannot pickle a socket")

    told: list[Any] = []
    with RecordingFiles(tmp_path, on_error=told.append) as files:
        client = coinex_client(memory_exchange(seed=4), Config(recorder=files))
        with client:
            client.run(seconds=10)
            monkeypatch.setattr(Tap, "_packed", fail)
            client.subscribe(coinex.BestQuote("BTCUSDT"))
            client.run(seconds=10)
            client.unsubscribe(coinex.BestQuote("BTCUSDT"))
            client.run(seconds=10)
            assert client.trusted(coinex.Depth("BTCUSDT"))
    assert [str(error) for error in told] == [
        "the recorder has failed by a fault of its own: TypeError: cannot pickle a socket"
    ]
    assert files.error is told[0]
    assert caplog.text.count("cannot pickle a socket") == 1
    monkeypatch.undo()
    gaps = [event for event in replay(tmp_path) if isinstance(event, RecordingGap)]
    assert len(gaps) == 1
    assert "cannot pickle a socket" in gaps[0].why


def test_permission_that_is_lost_ends_the_recording_and_not_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next file cannot be opened; as root nothing is refused, so that the refusal is the system's in words only."""
    opened, refused = os.open, PermissionError(errno.EACCES, "Permission denied")

    def open_file(path: Any, *rest: Any, **named: Any) -> int:
        if str(path).endswith("-0001.rec"):
            raise refused
        return opened(path, *rest, **named)

    monkeypatch.setattr("coinex_recorder.files.os.open", open_file)
    with recorded("coinex", tmp_path, seconds=10, faults="") as (_, _, files):
        pass
    assert files.error is None, "there was one file only"
    told: list[Any] = []
    exchange = memory_exchange(seed=4)
    with RecordingFiles(tmp_path / "two", on_error=told.append) as files:
        client = coinex_client(exchange, Config(recorder=files))
        with client:
            client.run(seconds=5)
            files.rotate()
            while not told:
                client.run(seconds=1)
            assert client.trusted(coinex.Depth("BTCUSDT"))
    assert told == [refused]
    assert check(tmp_path / "two").topics


def test_a_thread_that_writes_before_its_session_is_known_in_full_waits_for_it(tmp_path: Path) -> None:
    class Slowly(Session):
        """The thread has its turn while this session is being looked at."""

        @property
        def stats(self) -> Statistics:
            tap._drain()
            return self._counted

        @stats.setter
        def stats(self, value: Statistics) -> None:
            self._counted = value

    with RecordingFiles(tmp_path) as files:
        dialect = coinex.spot()
        sources = memory_exchange().network.sources
        tap = cast(FileTap, files.tap(dialect, sources))
        session = tap.session_class(Slowly)(dialect, tap.sources, Config())
        tap.attach(session)
        tap._drain()
    assert files.error is None


@pytest.mark.parametrize("seconds", [60, pytest.param(1800, marks=pytest.mark.long)])
def test_what_a_recorder_keeps_does_not_grow(seconds: float, tmp_path: Path) -> None:
    """What waits is bounded by what has not been written yet, and nothing is kept of what has."""
    with RecordingFiles(tmp_path, flush_every=0.01) as files:
        client = CoinexClient(network=memory_exchange(seed=4).network, config=Config(recorder=files))
        client.subscribe(coinex.Ticker())
        with client:
            (tap,) = files._writers
            held: list[int] = []
            for _ in range(6):
                client.run(seconds=seconds)
                while tap.records:
                    time.sleep(0.001)
                held.append(len(tap._counts) + len(tap._topics) + len(tap._holders))
    assert max(held) <= 3, held
    assert files.bytes_written > 1_000


def test_a_flight_recorder_keeps_no_more_than_it_may(tmp_path: Path) -> None:
    flight = FlightRecorder(tmp_path, seconds=3600.0, max_bytes=20_000)
    client = coinex_client(memory_exchange(seed=4), Config(flight_recorder=flight))
    with client:
        for _ in range(10):
            client.run(seconds=20)
            (tap,) = flight._taps
            reads: list[Any] = [one for one in tap.records if type(one[0]) is float]
            assert sum(len(data) for _, _, data, *_ in reads if data) <= 21_000
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
