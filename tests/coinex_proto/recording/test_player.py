"""A recording played again: what comes of its inputs, what of damage, and what is refused."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from coinex_proto import BookChanged, BookNotTrusted, BookView, Config, Event, UsageError, coinex, to_json
from coinex_proto.recording import Difference, RecordingGap, Tap
from coinex_proto.recording import replay as replay_bytes
from coinex_proto.recording.frames import FrameWriter
from coinex_proto.recording.noted import packed, time_of
from coinex_recorder import index_of, replay
from coinex_trio import CoinexClient, memory_exchange
from tests.coinex_recorder.recorded import coinex_client, recorded

BOOK = coinex.Depth("BTCUSDT")


class Maker:
    """Gives a client a tap, and keeps it."""

    made: Tap

    def tap(self, dialect: Any, sources: Any) -> Tap:
        self.made = Tap(dialect, sources)
        return self.made


def test_callbacks_streams_and_books_of_a_replay_are_those_of_a_client(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults=""):
        pass
    played = replay(tmp_path)
    topic = coinex.Depth("BTCUSDT")
    bids: list[object] = []
    played.on(topic, lambda changed: bids.append(changed.book.best_bid))
    stream = played.stream(coinex.Trades("BTCUSDT"), size=100_000)
    iterated = [event for event in played if isinstance(event, BookChanged)]
    assert bids == [changed.book.best_bid for changed in iterated]
    assert bids
    assert stream.waiting > 10
    assert played.book(topic).best_bid == bids[-1] if played.session.trusted(topic) else True


def test_a_callback_of_a_replay_that_raises_comes_out_and_the_next_step_goes_on(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults=""):
        pass
    played = replay(tmp_path)
    failed: list[BaseException] = []

    def fail(event: Event) -> None:
        raise ArithmeticError("mine")

    played.on(coinex.TradesUpdate, fail)
    with pytest.raises(ArithmeticError):
        for _ in played:
            pass
    played.on_error(lambda event, error: failed.append(error))
    assert sum(1 for _ in played) > 10
    assert failed


def cut(path: Path) -> list[bytes]:
    """The file as it was at each byte: what a kill at that moment would have left."""
    whole = path.read_bytes()
    return [whole[:size] for size in range(0, len(whole), max(1, len(whole) // 60))]


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_file_that_ends_anywhere_gives_what_was_written_before(compression: Any, tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, seconds=10, faults="", compression=compression) as (live, _, files):
        pass
    for left in cut(files.paths[0]):
        try:
            played = replay_bytes(left)
            events = [to_json(event) for event in played]
        except UsageError as error:
            if "no recording" not in str(error) and "nothing of it can be read" not in str(error):
                raise
            continue
        assert events == live[: len(events)]
        assert played.damages, "a frame that is not closed is told"


def test_damage_in_the_middle_is_a_gap_and_the_rest_goes_on_at_a_checkpoint(tmp_path: Path) -> None:
    data, offsets, live = with_checkpoints(tmp_path)
    assert len(offsets) == 3
    middle = (offsets[1] + offsets[2]) // 2
    broken = data[:middle] + bytes(64) + data[middle + 64 :]
    played = replay_bytes(broken)
    events = list(played)
    gaps = [event for event in events if isinstance(event, RecordingGap)]
    assert len(gaps) == 1
    assert gaps[0].since is not None
    assert gaps[0].until is not None
    after = [to_json(event) for event in events[events.index(gaps[0]) + 1 :]]
    assert after == live[len(live) - len(after) :]
    assert len(after) > 10
    assert sum(damage.size for damage in played.damages) > 0


def with_checkpoints(tmp_path: Path) -> tuple[bytes, list[int], list[str]]:
    """A recording in three frames, where each begins, and what was live."""
    maker = Maker()
    live: list[str] = []
    exchange = memory_exchange(seed=5)
    client = coinex_client(exchange, Config(recorder=maker))
    client.on(Event)(lambda event: live.append(to_json(event)))
    with client:
        for _ in range(3):
            client.run(seconds=10)
            maker.made.checkpoint_at = 0.0
    data = b""
    offsets: list[int] = []
    writer: FrameWriter | None = None
    part: list[Any] = []
    for noted in maker.made.records:
        part.append(noted)
        if type(noted) is bytes:
            continue
        if writer is None or noted[0] == "checkpoint":
            data += b"" if writer is None else writer.end()
            if len(offsets) < 3:
                offsets.append(len(data))
            writer = FrameWriter("zstd")
            data += writer.batch([maker.made.header("id", len(offsets) - 1, 0.0).record(time_of(noted))])
        data += writer.batch(packed(part))
        part = []
    assert writer is not None
    return data + writer.end(), offsets, live


def test_a_view_of_before_a_gap_gives_no_numbers(tmp_path: Path) -> None:
    data, offsets, _ = with_checkpoints(tmp_path)
    middle = (offsets[1] + offsets[2]) // 2
    played = replay_bytes(data[:middle] + bytes(64) + data[middle + 64 :])
    topic, view = coinex.Depth("BTCUSDT"), None
    for event in played:
        if view is None and isinstance(event, BookChanged):
            view = played.book(topic)
        if isinstance(event, RecordingGap):
            assert view is not None
            with pytest.raises(BookNotTrusted):
                _ = view.best_bid
            assert played.book(topic).best_bid
            return
    pytest.fail("there was no gap")


@pytest.mark.parametrize(
    ("foreign", "why"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 a zip file", "neither a gzip member nor a zstd frame"),
        (b"\x1f\x8b\x08 not really gzip, but it says so", "no recording"),
        (gzip.compress(b"an honest gzip file of something else" * 10, mtime=0), "no recording"),
    ],
)
def test_a_foreign_file_is_refused(foreign: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=re.escape(why)):
        list(replay_bytes(foreign))


def test_a_recording_of_another_format_is_refused(tmp_path: Path) -> None:
    writer = FrameWriter("gzip")
    foreign = writer.batch([["frame", 0.0, [], {"magic": "coinex recording", "format": 99}]]) + writer.end()
    with pytest.raises(UsageError, match=r"format '?99'?, and this version of the SDK reads formats up to 3"):
        list(replay_bytes(foreign))


def test_a_recording_of_another_version_is_refused_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded("coinex", tmp_path, seconds=5, faults="") as (live, _, _):
        pass
    monkeypatch.setattr("coinex_proto.recording.player.sdk_version", lambda: "99.0")
    with pytest.raises(UsageError, match=r"and this is 99\.0"):
        list(replay(tmp_path))
    assert [to_json(event) for event in replay(tmp_path, any_version=True)] == live


def test_a_replay_may_begin_and_end_anywhere(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="") as (live, _, files):
        pass
    (line,) = index_of(files.paths[0])
    some = [to_json(event) for event in replay(tmp_path, start=line["from"] + 10, end=line["from"] + 20)]
    assert 10 < len(some) < len(live)
    at = live.index(some[0])
    assert live[at : at + len(some)] == some


def test_events_at_the_first_and_the_last_moment_asked_for_are_among_them(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults=""):
        pass
    times = [step.now for step in replay(tmp_path).steps() if step.events]
    start, end = times[5], times[15]
    played = [step.now for step in replay(tmp_path, start=start, end=end).steps()]
    assert (played[0], played[-1]) == (start, end)


def frames(tmp_path: Path) -> list[bytes]:
    """Three of one recording; the second and the third begin with a checkpoint."""
    data, offsets, _ = with_checkpoints(tmp_path)
    return [data[begin:end] for begin, end in zip(offsets, [*offsets[1:], len(data)], strict=True)]


def test_a_frame_that_is_missing_is_a_gap_that_says_how_many(tmp_path: Path) -> None:
    first, _, third = frames(tmp_path)
    played = replay_bytes(first + third)
    events = list(played)
    (gap,) = [event for event in events if isinstance(event, RecordingGap)]
    assert gap.why == "1 frames are missing"
    assert gap.since is not None
    assert gap.until is not None
    assert any(isinstance(event, BookChanged) for event in events[events.index(gap) :])


def test_another_recording_behind_the_first_is_a_gap(tmp_path: Path) -> None:
    first, second, _ = frames(tmp_path)
    with recorded("coinex", tmp_path, seconds=5, faults="") as (_, _, files):
        pass
    (gap,) = [e for e in replay_bytes(first + second + files.paths[0].read_bytes()) if isinstance(e, RecordingGap)]
    assert gap.why == "another recording follows"


def test_where_the_recording_ends_in_a_gap_it_is_told_at_the_end(tmp_path: Path) -> None:
    first, second, third = frames(tmp_path)
    *_, last = replay_bytes(first + second + third[: len(third) // 3])
    assert not isinstance(last, RecordingGap), "a tail that is torn is no gap"
    *_, last = replay_bytes(first + bytes(64) + b"nothing more")
    assert isinstance(last, RecordingGap)
    assert last.until is None


def test_a_book_that_was_asked_for_twice_is_one_view_until_a_gap(tmp_path: Path) -> None:
    first, _, third = frames(tmp_path)
    played = replay_bytes(first + third)
    views: list[BookView] = []
    for event in played:
        if isinstance(event, BookChanged) and not played._gap_why and len(views) < 3:
            views.append(played.book(BOOK))
        if isinstance(event, RecordingGap):
            break
    assert len(views) == 3
    assert all(view is views[0] for view in views)
    with pytest.raises(BookNotTrusted, match="1 frames are missing"):
        _ = views[0].best_bid


def made(*uses: Any) -> bytes:
    """A recording of a client that did this."""
    maker = Maker()
    exchange = memory_exchange(seed=5)
    with CoinexClient(network=exchange.network, config=Config(recorder=maker)) as client:
        for use in uses:
            use(client)
            client.run(seconds=1)
    return framed(maker.made, maker.made.records)


def framed(tap: Tap, records: Any) -> bytes:
    writer = FrameWriter("gzip")
    start = writer.batch([tap.header("id", 0, 0.0).record(0.0)])
    return start + writer.batch(packed(list(records))) + writer.end()


def refused(client: CoinexClient) -> None:
    with pytest.raises(UsageError):
        client.subscribe(coinex.Depth("BTCUSDT", 5))


def test_what_told_its_caller_of_a_mistake_live_changes_nothing_in_a_replay(tmp_path: Path) -> None:
    played = replay_bytes(made(lambda client: client.subscribe(BOOK), refused, lambda client: client.ready(BOOK)))
    assert sum(isinstance(event, BookChanged) for event in played) > 3
    assert played.differences == []


def test_a_mistake_that_was_none_live_says_that_the_recording_does_not_fit() -> None:
    maker = Maker()
    exchange = memory_exchange(seed=5)
    with CoinexClient(network=exchange.network, config=Config(recorder=maker)) as client:
        client.subscribe(BOOK)
        client.run(seconds=1)
        refused(client)
        records = [(*one[:5], "") if one[0] == "hold" and one[5] else one for one in maker.made.records]
        assert records != list(maker.made.records)
        data = framed(maker.made, records)
    with pytest.raises(UsageError, match="does not fit this version of the SDK"):
        list(replay_bytes(data))


def test_counters_that_differ_are_told_and_those_of_an_sdk_with_fewer_are_compared_as_far_as_they_go() -> None:
    maker = Maker()
    exchange = memory_exchange(seed=5)
    with CoinexClient(network=exchange.network, config=Config(recorder=maker)) as client:
        client.subscribe(BOOK)
        client.run(seconds=5)
        records = list(maker.made.records)
        at = client._network.now()
        data = framed(maker.made, [*records, ("mark", at, (), [999_999])])
    played = replay_bytes(data)
    list(played)
    (difference,) = played.differences
    assert isinstance(difference, Difference)
    assert list(difference.live.values()) == [999_999]
    assert difference.replayed["events"] != 999_999


def test_before_its_first_step_it_has_no_session() -> None:
    played = replay_bytes(made(lambda client: client.subscribe(BOOK)))
    assert not played.has_session
    with pytest.raises(UsageError, match="before its first step"):
        _ = played.session
    next(iter(played))
    assert played.has_session
