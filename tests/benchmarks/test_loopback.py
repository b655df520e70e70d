"""The clients of the loopback benchmark see the same messages, and the figures are taken where they say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.growth import memory_of_books, over_time
from benchmarks.loopback import Server, missing, report, run, runnable, seen_by_all, updates_in
from benchmarks.stream import stream
from tests.processes import HANGS_AFTER

MESSAGES = seen_by_all(stream(count=120))
OURS = ["ours, blocking", "ours, trio", "websockets + gzip + json"]


def test_messages_with_several_updates_stay_in_the_stream() -> None:
    kinds = {message.kind for message in stream(count=3_000)} - {"private"}
    assert {message.kind for message in seen_by_all(stream(count=3_000))} == kinds
    assert sum(updates_in(message) > 1 for message in MESSAGES) > 2
    assert all(updates_in(message) == 1 for message in MESSAGES if "ticker" not in message.kind)


@pytest.mark.parametrize("name", OURS)
def test_a_client_takes_the_whole_stream_and_says_what_it_cost(name: str) -> None:
    figures = run(name, MESSAGES, 0)
    assert set(figures) == {"cpu"}
    assert figures["cpu"] > 0


def test_paced_the_delay_is_taken_from_send_to_the_users_function() -> None:
    with Server(MESSAGES, 2_000.0) as server:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.clients", "ours, blocking", server.url],
            input=json.dumps([updates_in(message) for message in MESSAGES]),
            capture_output=True,
            text=True,
            timeout=HANGS_AFTER,
            cwd=Path(__file__).parent.parent.parent,
            check=True,
        )
    times = json.loads(done.stdout)["times"]
    assert len(times) == len(server.sent_at) == len(MESSAGES)
    assert all(there > here for here, there in zip(server.sent_at, times, strict=True))


def test_the_report_names_each_client_and_its_ratio() -> None:
    text = report("title", "cpu", {"a": {"cpu": [1.0, 3.0]}, "websockets + gzip + json": {"cpu": [2.0, 4.0]}})
    assert "0.62" in text  # the median of 1/2 and 3/4
    assert "× websockets + gzip + json" in text


def test_clients_whose_libraries_are_missing_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.loopback.CLIENTS", {"nobody": (None, ("no_such_module",))})
    monkeypatch.setattr("benchmarks.loopback.CCXT_PYTHON", Path("no such python"))
    assert runnable() == []
    assert missing("nobody") == ["no_such_module"]


def test_growth_is_measured_on_books_that_are_really_kept() -> None:
    assert 0.05 < memory_of_books(10) < 1.0
    first, last = over_time(4)
    assert first > 0
    assert last > 0
