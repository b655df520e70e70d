"""The same inputs give the same events (law 6): what a live client handed out, a replay hands out again."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from coinex_proto import UsageError, to_json
from coinex_proto.recording.frames import Batch, read_frames
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


def test_each_file_of_a_rotated_recording_can_be_played_by_itself(tmp_path: Path) -> None:
    faults = "every 9s drop"
    with recorded("coinex", tmp_path, faults=faults, files_wanted=3, flush_every=0.01) as (live, _, files):
        pass
    assert len(files.paths) == 3
    assert [to_json(event) for event in replay(tmp_path)] == live
    last = [to_json(event) for event in replay(files.paths[-1])]
    assert last == live[len(live) - len(last) :]


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


def test_a_text_that_is_no_utf_8_is_damage_and_no_error_of_python() -> None:
    body = b"\x92\xa3\xff\xff\xff\x01"  # a list of a text and a number
    frame = gzip.compress(len(body).to_bytes(4) + body)
    with pytest.raises(UsageError, match="a batch of records is damaged"):
        list(read_frames(iter([frame])))
