"""The commands over HTTP against a local exchange, and the signing helper against known vectors."""

import json
from collections.abc import Iterator

import pytest

from coinex_proto import UsageError
from coinex_trio import Exchange, local_exchange
from coinex_trio._cli.http import http_text, parameters
from tests.coinex_trio._cli.program import coinex, environment
from tests.coinex_trio.http_peer import http_peer, reply
from tests.processes import python


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, markets=3) as running:
        yield running


def test_tickers_and_markets_are_tables_for_people(exchange: Exchange) -> None:
    ticker = coinex("ticker", "BTCUSDT", "ETHUSDT", "--url", exchange.http_url)
    assert ticker.returncode == 0, ticker.stderr
    assert [line.split()[0] for line in ticker.stdout.splitlines()] == ["market", "BTCUSDT", "ETHUSDT"]
    markets = coinex("markets", "--futures", "--url", exchange.http_url)
    assert [line.split()[0] for line in markets.stdout.splitlines()] == ["market", "BTCUSDT", "ETHUSDT", "CETUSDT"]


@pytest.mark.parametrize("more", [(), ("--json",), ("--futures",)])
@pytest.mark.parametrize(("market", "hint"), [("btcusdt", "try BTCUSDT"), ("NOSUCH", "NOSUCH")])
def test_a_market_that_there_is_not_is_named_with_status_1(
    exchange: Exchange, market: str, hint: str, more: tuple[str, ...]
) -> None:
    done = coinex("ticker", market, "--url", exchange.http_url, *more)
    assert (done.returncode, done.stdout) == (1, "")
    assert hint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_with_json_each_line_is_one_row(exchange: Exchange) -> None:
    for command in ("ticker", "markets"):
        done = coinex(command, "--json", "--url", exchange.http_url)
        assert {json.loads(line)["market"] for line in done.stdout.splitlines()} == {"BTCUSDT", "ETHUSDT", "CETUSDT"}


def test_the_clock_is_shown_in_words_and_in_json(exchange: Exchange) -> None:
    assert "the exchange's clock is" in coinex("time", "--url", exchange.http_url).stdout
    found = json.loads(coinex("time", "--json", "--url", exchange.http_url).stdout)
    assert abs(found["offset_seconds"]) < 2


def test_any_call_can_be_made_and_signed_with_the_keys_of_the_environment(exchange: Exchange) -> None:
    order = ("market=BTCUSDT", "market_type=SPOT", "side=buy", "type=limit", "amount=0.01", "price=50000")
    done = coinex(
        "http", "post", "/spot/order", *order, "--url", exchange.http_url, "--json", env=environment(exchange)
    )
    assert done.returncode == 0, done.stderr
    order_id = json.loads(done.stdout)["order_id"]
    assert order_id in [each.order_id for each in exchange.orders()]
    listed = coinex("http", "GET", "/futures/ticker", "market=BTCUSDT", "--url", exchange.http_url)
    assert json.loads(listed.stdout)[0]["market"] == "BTCUSDT"


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("http", "GET", "/assets/spot/balance"), 2, "Authentication required"),
        (("http", "GET", "/spot/ticker", "oops"), 2, "name=value"),
        (("http", "GET", "no-slash"), 2, "path"),
        (("http", "GET", "/spot/depth", "market=NOSUCH"), 1, "refused"),
        (("sign", "ws"), 2, "COINEX_ACCESS_ID"),
    ],
)
def test_what_goes_wrong_is_one_line(exchange: Exchange, arguments: tuple[str, ...], status: int, text: str) -> None:
    url = ("--url", exchange.http_url) if arguments[0] == "http" else ()
    done = coinex(*arguments, *url)
    assert done.returncode == status, done.stdout + done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_clock_that_is_far_off_is_named_with_the_refusal() -> None:
    env = environment(None, COINEX_ACCESS_ID="ID", COINEX_SECRET_KEY="EXAMPLESECRET")
    with http_peer(reply({}, code=4010), reply({"timestamp": 1_000_000_000_000}), reply({}, code=4010)) as peer:
        done = coinex("http", "GET", "/assets/spot/balance", "--url", peer.url, env=env)
    assert done.returncode == 1
    assert "set the clock" in done.stderr
    assert "no more than 300 s are corrected" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_signature_is_shown_with_its_text_and_without_the_key() -> None:
    # the worked example of CoinEx API v2, server.sign
    secret = "EXAMPLESECRETKEY0123456789ABCDEF0123456789ABCDEF"
    env = environment(None, COINEX_ACCESS_ID="ID", COINEX_SECRET_KEY=secret)
    done = coinex("sign", "ws", "--timestamp", "1700490703564", env=env)
    assert "prepared   1700490703564\n" in done.stdout
    assert "561f7d81cfcdd597b7798fad04386b772b5c0bf20e2364360405dcfb2f4cb383" in done.stdout
    assert secret not in done.stdout
    found = json.loads(coinex("sign", "http", "get", "/v2/x?a=1", "--timestamp", "5", "--json", env=env).stdout)
    assert found["prepared"] == "GET/v2/x?a=15"


def test_parameters_are_text_unless_said_to_be_json() -> None:
    assert parameters(["a=1", "b:=2", "c:=true", "d==", "e:=[1]"]) == {"a": "1", "b": 2, "c": True, "d": "=", "e": [1]}
    for wrong in ("a", "=1", ":=1", "a:=nope"):
        with pytest.raises(UsageError):
            parameters([wrong])


def test_what_cannot_be_signed_is_refused() -> None:
    with pytest.raises(UsageError, match="/v2/assets"):
        http_text("GET", "assets", "", 1)
    with pytest.raises(UsageError, match="ASCII"):
        http_text("POST", "/v2/x", "ü", 1)


def test_without_the_extra_http_the_command_says_what_to_install(exchange: Exchange) -> None:
    program = "import sys; sys.modules['httpx2'] = sys.modules['httpcore2'] = None; sys.argv = ['coinex', 'markets']; from coinex_trio.cli import main; main()"
    done = python("-c", program, env=environment())
    assert done.returncode == 2
    assert "coinex-sdk[http]" in done.stderr
