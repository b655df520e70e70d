"""The command line as its user meets it: a process, its output, its exit status."""

from collections.abc import Iterator

import pytest

from coinex_trio import Exchange, local_exchange
from tests.coinex_trio._cli.program import coinex


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("watch", "book"), "name at least one market"),
        (("watch", "book", "btc/usdt"), "BTCUSDT"),
        (("watch", "weather", "BTCUSDT"), "weather"),
        (("watch", "book", "BTCUSDT", "--url", "ws://example.com"), "plain"),
        (("sim", "--access-id", "x"), "go together"),
        (("demo", "--seconds", "1"), "2.0"),
    ],
)
def test_wrong_usage_ends_with_status_2_and_says_why(arguments: tuple[str, ...], text: str) -> None:
    done = coinex(*arguments)
    assert done.returncode == 2, done.stdout
    assert text in done.stderr
    assert "Traceback" not in done.stderr
