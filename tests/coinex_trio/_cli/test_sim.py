"""`coinex sim`."""

import json
import logging
import re
import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from coinex_trio import Exchange, local_exchange
from coinex_trio._cli.commands import INTERRUPTED
from coinex_trio._cli.sim import Settings, _serve
from tests.coinex_trio._cli.program import coinex, coinex_process, environment
from tests.processes import ended


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


def test_the_first_line_of_a_local_exchange_shows_a_program_where_it_is_and_its_keys() -> None:
    with coinex_process("sim", "--json", "--seed", "9", "--markets", "2") as process:
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        assert set(found) == {"ws", "http", "access_id", "secret_key"}
        keys = {"COINEX_ACCESS_ID": found["access_id"], "COINEX_SECRET_KEY": found["secret_key"]}
        doctor = coinex("doctor", "--url", found["ws"], env=environment(None, **keys))
        assert doctor.returncode == 0, doctor.stdout
        assert "accepted" in doctor.stdout
        assert found["secret_key"] not in doctor.stdout
        watch = coinex("watch", "ticker", "ETHUSDT", "--url", found["ws"], until=lambda out: "ETHUSDT" in out)
        assert watch.returncode == INTERRUPTED, watch.stderr
        process.send_signal(signal.SIGINT)
        status, out, err = ended(process)
    assert (status, out) == (INTERRUPTED, "")
    assert all(" s behind" in line for line in err.splitlines())  # a busy machine may make it say so


def test_faults_come_from_a_file_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    script = tmp_path / "faults.txt"
    script.write_text("# calm so far\nat 5s explode\n")
    done = coinex("sim", "--faults", str(script))
    assert done.returncode == 2
    assert "explode" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("venue", "names"),
    [
        ("qfex", {"mds", "trade", "public_key", "secret_key"}),
        ("coinflex", {"ws", "http", "user_id", "cookie", "passphrase"}),
    ],
)
def test_each_venue_shows_what_its_clients_need(venue: str, names: set[str]) -> None:
    with coinex_process("sim", "--venue", venue, "--json") as process:
        assert process.stdout is not None
        assert set(json.loads(process.stdout.readline())) == names
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == INTERRUPTED
    for switch in (["--strict-signatures"], ["--accounts", "2"]):
        refused = coinex("sim", "--venue", venue, *switch)
        assert refused.returncode == 2
        assert "CoinEx only" in refused.stderr


def test_a_person_gets_a_banner_with_what_to_try() -> None:
    with coinex_process("sim", "--access-id", "AN-ID", "--secret-key", "A-KEY") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
    assert any(re.fullmatch(r"  ws          ws://127\.0\.0\.1:\d+/v2/spot and /v2/futures\n", line) for line in lines)
    assert "  access id   AN-ID\n" in lines
    assert lines[-1].startswith("Try: coinex watch book BTCUSDT --url ws://")


def test_markets_are_listed_by_name_and_tls_says_what_to_trust_until_it_ends() -> None:
    with coinex_process("sim", "--json", "--tls", "--markets", "ETHUSDT,BTCUSD", "--address", "127.0.0.2") as process:
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        assert found["ws"].startswith("wss://127.0.0.2:")
        trusting = environment(None, SSL_CERT_FILE=found["ca_file"])
        for market, module in (("ETHUSDT", ()), ("BTCUSD", ("--futures",))):
            url = found["ws"] + ("/v2/futures" if module else "/v2/spot")
            lines = coinex("watch", "ticker", market, *module, "--url", url, env=trusting, until=partial(names, market))
            assert lines.returncode == INTERRUPTED, lines.stderr
        process.terminate()
        status, out, err = ended(process)
    assert (status, out) == (143, "")
    assert all(" s behind" in line for line in err.splitlines())  # a busy machine may make it say so
    assert not Path(found["ca_file"]).exists()


def names(market: str, out: str) -> bool:
    return market in out


def test_an_address_that_others_can_reach_is_said_on_standard_error() -> None:
    with coinex_process("sim", "--json", "--address", "0.0.0.0") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ws"].startswith("ws://0.0.0.0:")
        process.send_signal(signal.SIGINT)
        assert "other machines can reach it" in ended(process)[2]


@pytest.mark.parametrize(
    ("markets", "why"), [("0", "from 1 to 1000"), ("1001", "from 1 to 1000"), ("NOPE", "does not end in")]
)
def test_markets_that_cannot_be_are_said_in_one_line(markets: str, why: str) -> None:
    done = coinex("sim", "--markets", markets)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_in_one_line(exchange: Exchange) -> None:
    done = coinex("sim", "--port", exchange.http_url.rpartition(":")[2])
    assert done.returncode == 2
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


SETTINGS = Settings(
    seed=0, markets=1, rate=1.0, faults="", address="127.0.0.1", port=0, access_id=None, secret_key=None,
    accounts=1, strict_signatures=False, tls=False,
)  # fmt: skip


class BehindExchange:
    """Warns once, as the host of a local exchange does."""

    ca_file: Path | None = None

    def run(self) -> None:
        logging.getLogger("coinex_trio.exchange").warning("%.1f s behind", 2.5)


def test_on_standard_error_the_sim_says_that_it_is_behind(capsys: pytest.CaptureFixture[str]) -> None:
    _serve(BehindExchange(), {"ws": "ws://x"}, SETTINGS, as_json=True)
    told = capsys.readouterr()
    assert told.out == '{"ws": "ws://x"}\n'
    assert told.err == "coinex: 2.5 s behind\n"
    assert logging.getLogger("coinex_trio.exchange").handlers == []


def test_several_accounts_have_keys_of_their_own() -> None:
    with coinex_process("sim", "--accounts", "3", "--json") as process:
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
    assert found["accounts"][0] == {"access_id": found["access_id"], "secret_key": found["secret_key"]}
    assert len({one["access_id"] for one in found["accounts"]}) == 3


def test_a_page_is_printed_and_no_program_that_reads_json_gets_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("coinex_trio._cli.sim.open_page", opened.append)
    for switches in (["--json"], []):
        done = coinex("sim", "--web", "--port", "0", *switches, until=lambda out: "\n" in out)
        assert done.returncode == INTERRUPTED, done.stderr
        if switches:
            assert json.loads(done.stdout)["web"] == json.loads(done.stdout)["http"] + "/"
            assert opened == []
        else:
            assert "  web         http://127.0.0.1:" in done.stdout


def test_without_a_browser_the_address_of_the_page_is_said() -> None:
    nothing = {**environment(), "PATH": "/nonexistent", "BROWSER": "no-such-browser", "DISPLAY": ""}
    with coinex_process("sim", "--web", "--port", "0", env=nothing) as process:
        assert process.stderr is not None
        assert "no browser could be opened on this machine; open http://127.0.0.1:" in process.stderr.readline()


def test_a_page_has_its_own_port_so_that_one_left_open_finds_it_and_another_where_that_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("coinex_trio._cli.sim.WEB_PORT", port)
        done = coinex("sim", "--web", "--json", until=lambda out: "\n" in out)
        assert f"port {port} is taken" in done.stderr
        assert "taking a free one" in done.stderr
        assert not json.loads(done.stdout)["web"].endswith(f":{port}/")
        refused = coinex("sim", "--web", "--json", "--port", str(port))
        assert refused.returncode == 2
        assert "port 0 takes a free one" in refused.stderr
    done = coinex("sim", "--web", "--json", until=lambda out: "\n" in out)
    assert json.loads(done.stdout)["web"] == f"http://127.0.0.1:{port}/"


def test_where_others_can_reach_it_the_page_wants_the_token_of_its_address() -> None:
    done = coinex("sim", "--web", "--json", "--address", "0.0.0.0", "--port", "0", until=lambda out: "\n" in out)
    assert "/#token=" in json.loads(done.stdout)["web"]


@pytest.mark.parametrize("venue", ["qfex", "coinflex"])
def test_other_venues_say_that_the_page_is_for_coinex(venue: str) -> None:
    done = coinex("sim", "--venue", venue, "--web")
    assert done.returncode == 2
    assert "--web is for CoinEx only" in done.stderr
