"""Recordings on the command line, against a local exchange on loopback."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

from coinex_trio import Exchange, local_exchange
from tests.coinex_recorder.recorded import recorded
from tests.processes import HANGS_AFTER, warm_python
from tests.warm import WarmProgram


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=3) as running:
        yield running


def start(*arguments: str) -> WarmProgram:
    return WarmProgram(["-m", "coinex_trio", *arguments])


def coinex(*arguments: str) -> tuple[int, str, str]:
    done = warm_python("-m", "coinex_trio", *arguments)
    return done.returncode, done.stdout, done.stderr


def until_it_holds(directory: Path, size: int, files: int = 1) -> None:
    """Waits for the recorder, not for a time."""
    while True:
        found = list(directory.glob("*.rec"))
        if len(found) >= files and sum(path.stat().st_size for path in found) >= size:
            return
        time.sleep(0.05)


@pytest.mark.early
def test_a_market_is_recorded_checked_replayed_and_exported(exchange: Exchange, tmp_path: Path) -> None:
    rec = tmp_path / "rec"
    process = start("record", "book:BTCUSDT", "trades:BTCUSDT", "--url", exchange.url, "--to", str(rec))
    until_it_holds(rec, 3000)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=HANGS_AFTER)
    assert (process.returncode, err) == (0, "")
    (path,) = out.split()
    status, out, _ = coinex("recording", "check", path)
    assert status == 0
    assert "depth BTCUSDT" in out
    assert "every input is there, and gives what it gave live" in out
    status, out, _ = coinex("replay", str(rec))
    assert status == 0
    kinds = {json.loads(line)["type"] for line in out.splitlines()}
    assert {"Ready", "BookChanged", "DepthUpdate", "Closed"} <= kinds
    status, out, _ = coinex("export", path, "--to", str(tmp_path / "out"), "--format", "tardis")
    assert status == 0
    assert "incremental_book_L2_BTCUSDT.csv" in out


@pytest.mark.early
def test_sigterm_ends_the_file_and_sighup_begins_another(exchange: Exchange, tmp_path: Path) -> None:
    process = start("record", "book:BTCUSDT", "--url", exchange.url, "--to", str(tmp_path))
    until_it_holds(tmp_path, 500)
    process.send_signal(signal.SIGHUP)
    until_it_holds(tmp_path, 500, files=2)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=HANGS_AFTER)
    assert (process.returncode, err) == (0, "")
    assert len(out.split()) == 2
    for path in out.split():
        status, said, _ = coinex("recording", "check", path, "--json")
        assert status == 0
        assert json.loads(said)["is_whole"]
    assert json.loads(coinex("recording", "check", str(tmp_path), "--json")[1])["is_ended"]


def test_a_kill_loses_the_tail_at_most(exchange: Exchange, tmp_path: Path) -> None:
    process = start("record", "book:BTCUSDT", "--url", exchange.url, "--to", str(tmp_path))
    until_it_holds(tmp_path, 3000)
    process.kill()
    process.communicate(timeout=HANGS_AFTER)
    status, out, _ = coinex("recording", "check", str(tmp_path), "--json")
    found = json.loads(out)
    assert status == 0
    assert found["is_cut"]
    assert not found["is_ended"]
    assert found["topics"]["depth BTCUSDT"]["messages"] > 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("record", "candles:BTCUSDT", "--to", "DIR"), "'candles:BTCUSDT' is no topic"),
        (("replay", "DIR/none.rec"), "there is no recording"),
        (("recording", "check", "FOREIGN"), "this is no recording"),
        (("replay", "FOREIGN", "--speed", "0"), "neither a number above 0 nor max"),
        (("replay", "FOREIGN", "--from", "yesterday"), "neither Unix seconds nor a time"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.rec"
    foreign.write_bytes(b"something else entirely")
    names = {"DIR": str(tmp_path), "FOREIGN": str(foreign), "DIR/none.rec": str(tmp_path / "none.rec")}
    status, _, err = coinex(*(names.get(one, one) for one in arguments))
    assert status == 2
    assert said in err
    assert "Traceback" not in err


def test_a_recorded_market_is_served_to_any_client(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, seconds=10, faults=""):
        pass
    process = start("sim", "--replay", str(tmp_path), "--speed", "max", "--json")
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    with connect(told["ws"], compression=None) as socket:
        params = {"market_list": ["BTCUSDT"]}
        socket.send(json.dumps({"method": "deals.subscribe", "params": params, "id": 1}))
        first, second = (json.loads(gzip.decompress(socket.recv())) for _ in range(2))  # type: ignore[arg-type]
    assert (first["id"], first["code"], second["method"]) == (1, 0, "deals.update")
    with urlopen(told["control"]) as answer:
        assert json.load(answer)["played"] > 0
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=HANGS_AFTER)
    assert (process.returncode, err) == (143, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--replay", "DIR/none.rec"), "there is no recording"),
        (("--replay", "DIR", "--seed", "3"), "--seed is of no use with --replay"),
        (("--speed", "3"), "--speed, --from and --any-version go with --replay"),
    ],
)
def test_a_replay_that_makes_no_sense_is_wrong_usage(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    status, _, err = coinex("sim", *(one.replace("DIR", str(tmp_path)) for one in arguments))
    assert status == 2
    assert said in err
    assert "Traceback" not in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_a_clear_failure(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    status, _, err = coinex("record", "book:BTCUSDT", "--to", str(tmp_path / "rec"))
    assert status == 1
    assert "cannot record to" in err


@pytest.mark.early
def test_the_commands_of_the_docs_work_as_they_stand(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The block under "Record"; its first command gets an address, and a time to end."""
    docs = Path(__file__).parents[3] / "docs" / "recording.md"
    block = docs.read_text().split("## Record\n", 1)[1].split("```text\n", 1)[1].split("```", 1)[0]
    monkeypatch.chdir(tmp_path)
    for line in block.splitlines():
        name, *arguments = line.split()
        assert name == "coinex"
        if arguments[0] == "record":
            arguments += ["--url", exchange.url, "--seconds", "5"]
        status, out, err = coinex(*arguments)
        assert (status, err) == (0, ""), line
        assert out, line


@pytest.mark.early
def test_what_ended_a_recording_is_said_once(exchange: Exchange, tmp_path: Path) -> None:
    limits = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
    # `-B`: CPython 3.11 keeps a compiled module that the limit has cut, and every later import of it fails.
    command = [sys.executable, "-B", "-c", limits + "from coinex_trio.cli import main; main()"]
    process = subprocess.Popen(
        [*command, "record", "book:BTCUSDT", "--url", exchange.url, "--to", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
    )
    _, err = process.communicate(timeout=HANGS_AFTER)
    assert process.returncode == 1
    (line,) = err.splitlines()
    (path,) = tmp_path.glob("*.rec")
    assert line == f"coinex: the recording has ended: File too large; what was written is in {path}"
    assert coinex("recording", "check", str(path))[0] == 0
