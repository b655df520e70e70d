"""The same inputs give the same events (law 6): what a live client handed out, a replay hands out again."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from coinex_proto import BookChanged, BookNotTrusted, Event, UsageError, coinex, to_json
from coinex_proto.recording import RecordingGap
from coinex_proto.recording import replay as replay_bytes
from coinex_proto.recording.frames import Batch, FrameWriter, read_frames
from coinex_proto.recording.noted import packed, time_of
from coinex_recorder import check, files_of, header, index_of, replay
from tests.coinex_recorder.recorded import CLIENTS, recorded


@pytest.mark.parametrize("name", CLIENTS)
def test_a_replay_gives_the_events_of_the_live_client_in_order(name: str, tmp_path: Path) -> None:
    with recorded(name, tmp_path) as (live, _, _):
        pass
    played = replay(tmp_path)
    assert [to_json(event) for event in played] == live
    assert played.differences == []
    assert played.is_ended
    if "trade" not in name:
        assert len(live) > 100
        assert any('"type":"Lost"' in line for line in live)
        assert any('"type":"Unrecognised"' in line for line in live)


@pytest.mark.parametrize("name", CLIENTS)
def test_no_secret_is_in_a_recording(name: str, tmp_path: Path) -> None:
    with recorded(name, tmp_path, compression="gzip") as (_, exchange, files):
        pass
    held = b"".join(
        repr(found.records).encode()
        for path in files.paths
        for found in read_frames([path.read_bytes()])
        if isinstance(found, Batch)
    )
    assert len(held) > 10_000
    secrets = [
        str(getattr(exchange, what))
        for what in ("secret_key", "access_id", "public_key", "cookie", "passphrase")
        if hasattr(exchange, what)
    ]
    assert secrets
    found = [secret for secret in (*secrets, "signed_str", "signature", "api_key=") if secret.encode() in held]
    assert found == []


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


def test_each_file_of_a_rotated_recording_can_be_played_by_itself(tmp_path: Path) -> None:
    faults = "every 9s drop"
    with recorded("coinex", tmp_path, faults=faults, files_wanted=3, flush_every=0.01) as (live, _, files):
        pass
    assert len(files.paths) == 3
    assert [to_json(event) for event in replay(tmp_path)] == live
    last = [to_json(event) for event in replay(files.paths[-1])]
    assert last == live[len(live) - len(last) :]


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


def test_damage_in_the_first_frame_costs_nothing_that_came_before(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, seconds=120, faults="", compression="gzip") as (_, _, files):
        pass
    path = files.paths[0]
    whole = path.read_bytes()
    assert len(whole) > 20_000
    path.write_bytes(whole[:-400] + bytes(20) + whole[-380:])
    report = check(path)
    assert not report.is_whole
    assert report.damaged_bytes > 0
    assert "NOT WHOLE" in report.text()


def with_checkpoints(tmp_path: Path) -> tuple[bytes, list[int], list[str]]:
    """A recording in three frames, where each begins, and what was live."""
    from coinex_proto import Config
    from coinex_proto.recording.tap import Tap
    from coinex_trio import memory_exchange
    from tests.coinex_recorder.recorded import coinex_client

    class Maker:
        def tap(self, dialect: Any, sources: Any) -> Tap:
            self.made = Tap(dialect, sources)
            return self.made

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
        (__import__("gzip").compress(b"an honest gzip file of something else" * 10, mtime=0), "no recording"),
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


def test_a_pickle_of_a_stranger_runs_nothing(tmp_path: Path) -> None:
    import os
    import pickle

    from coinex_proto.recording.safe_pickle import loads

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, ("touch /tmp/never",)

    with pytest.raises(UsageError, match="not of the SDK"):
        loads(pickle.dumps(Evil()))


def test_what_a_check_says(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="at 10s drop") as (live, _, _):
        pass
    report = check(tmp_path)
    assert report.is_whole
    assert report.is_ended
    depth = next(one for one in report.topics.values() if one.topic == "depth BTCUSDT")
    assert depth.losses == 1
    assert 30 < depth.live_seconds < 40
    assert depth.messages == sum('"type":"DepthUpdate"' in line for line in live)
    assert sum(report.events.values()) == len(live)
    assert "every input is there" in report.text()


def test_a_notebook_shows_what_a_check_says(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="at 10s drop") as (_, _, files):
        pass
    shown = check(tmp_path)._repr_html_()
    assert "<td>depth BTCUSDT</td>" in shown
    assert "every input is there, and gives what it gave live" in shown
    path = files.paths[0]
    path.write_bytes(path.read_bytes()[:-200])
    report = check(path)
    report.name = "<script>"
    assert "a torn tail" in report._repr_html_()
    assert "<script>" not in report._repr_html_()


def test_a_seek_goes_to_the_file_and_frame_of_its_time(tmp_path: Path) -> None:
    """From any time on, the events are those of the whole, and what lies far before is not even opened."""
    faults = "every 9s drop"
    with recorded("coinex", tmp_path, faults=faults, files_wanted=3, flush_every=0.01) as (live, _, files):
        pass
    assert len(files.paths) == 3
    whole = [(step.now, [to_json(event) for event in step.events]) for step in replay(tmp_path).steps()]
    assert [event for _, events in whole for event in events] == live
    first, last = whole[0][0], whole[-1][0]
    for share in (0.05, 0.3, 0.5, 0.77, 0.98):
        start = first + (last - first) * share
        wanted = [event for now, events in whole if now >= start for event in events]
        assert [to_json(event) for event in replay(tmp_path, start=start)] == wanted
    files.paths[0].write_bytes(b"not looked at")
    start = index_of(files.paths[-1])[0]["from"] + 0.01
    assert [to_json(e) for e in replay(tmp_path, start=start)] == [e for n, es in whole if n >= start for e in es]


def test_a_check_of_a_cut_file_says_so(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, seconds=10, faults="") as (_, _, files):
        pass
    path = files.paths[0]
    path.write_bytes(path.read_bytes()[:-200])
    report = check(path)
    assert not report.is_ended
    assert "cut off" in report.text()


def test_an_index_says_what_stands_where(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="") as (_, _, files):
        pass
    (line,) = index_of(files.paths[0])
    assert line["offset"] == 0
    assert line["size"] == files.paths[0].stat().st_size
    assert line["to"] - line["from"] > 30
    assert line["topics"]["depth BTCUSDT"] > 10
    assert header(tmp_path).name == "coinex spot"
    assert files_of(tmp_path) == files.paths


def test_a_replay_may_begin_and_end_anywhere(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="") as (live, _, files):
        pass
    (line,) = index_of(files.paths[0])
    some = [to_json(event) for event in replay(tmp_path, start=line["from"] + 10, end=line["from"] + 20)]
    assert 10 < len(some) < len(live)
    at = live.index(some[0])
    assert live[at : at + len(some)] == some


def test_a_text_that_is_no_utf_8_is_damage_and_no_error_of_python() -> None:
    body = b"\x92\xa3\xff\xff\xff\x01"  # a list of a text and a number
    frame = gzip.compress(len(body).to_bytes(4) + body)
    with pytest.raises(UsageError, match="a batch of records is damaged"):
        list(read_frames(iter([frame])))
