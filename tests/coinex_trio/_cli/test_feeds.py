"""What can be watched, by venue."""

from collections.abc import Iterator

import pytest

from coinex_trio import Exchange, local_exchange
from tests.coinex_trio._cli.program import coinex, environment


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


def test_without_keys_watching_the_account_says_which_variable_is_missing(exchange: Exchange) -> None:
    done = coinex("watch", "account", "--url", exchange.url)
    assert done.returncode == 2
    assert "COINEX_ACCESS_ID" in done.stderr


def test_a_wrong_key_is_one_line_with_a_hint(exchange: Exchange) -> None:
    keys = {"COINEX_ACCESS_ID": exchange.access_id, "COINEX_SECRET_KEY": "nobody-knows-this-one"}
    done = coinex("watch", "account", "--url", exchange.url, env=environment(None, **keys))
    assert done.returncode == 1
    assert "LoginRefused" in done.stderr
    assert "check" in done.stderr
    assert "nobody-knows-this-one" not in done.stderr + done.stdout
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    done = coinex("watch", "ticker", "BTCUSDT", "--url", "ws://127.0.0.1:9")
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
