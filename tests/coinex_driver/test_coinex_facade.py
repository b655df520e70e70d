"""Where the CoinEx clients connect."""

from __future__ import annotations

import pytest

from coinex_driver.coinex_facade import dialect_of, http_url_of
from coinex_proto import UsageError


@pytest.mark.parametrize(
    ("socket", "http"),
    [
        (None, None),
        ("wss://socket.coinex.com/v2/futures", None),
        ("ws://127.0.0.1:7000/v2/spot", "http://127.0.0.1:7000/v2"),
        ("wss://proxy.example/coinex/v2/futures/", "https://proxy.example/coinex/v2"),
    ],
)
def test_http_goes_where_the_socket_goes(socket: str | None, http: str | None) -> None:
    assert http_url_of(socket) == http


def test_the_halves_of_the_venue_are_two_dialects_and_no_more() -> None:
    assert [dialect_of(half, None, None, allow_plaintext=False).name for half in ("spot", "futures")] == [
        "coinex spot",
        "coinex futures",
    ]
    with pytest.raises(UsageError, match="'spot' and 'futures'"):
        dialect_of("margin", None, None, allow_plaintext=False)  # type: ignore[arg-type]
