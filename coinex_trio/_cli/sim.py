"""`coinex sim`: the local exchange as a program of its own, for clients in any language."""

from __future__ import annotations

import json
import sys

from coinex_trio import Exchange

EVERYWHERE = frozenset({"0.0.0.0", "::"})
"""Addresses that other machines can reach."""


def banner(exchange: Exchange, seed: int, markets: int, address: str) -> str:
    """What a person needs to know to connect."""
    lines = [
        f"A local CoinEx with {markets} market{'s' if markets != 1 else ''}, seed {seed}. Ctrl-C ends it.",
        "",
        f"  spot        {exchange.url}",
        f"  futures     {exchange.futures_url}",
        f"  HTTP        {exchange.http_url}/v2",
        f"  access id   {exchange.access_id}",
        f"  secret key  {exchange.secret_key}",
        "",
        f"Try: coinex watch book BTCUSDT --url {exchange.url}",
    ]
    if address in EVERYWHERE:
        lines.insert(1, "It can be reached from other machines.")
    return "\n".join(lines)


def run_sim(exchange: Exchange, text: str) -> int:
    """Prints the text (banner or JSON) and serves until Ctrl-C."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    exchange.run()
    return 0


def json_line(exchange: Exchange) -> str:
    """One line that programs read: where it listens, and the account's keys."""
    return json.dumps(
        {
            "ws": exchange.socket_url,
            "http": exchange.http_url,
            "access_id": exchange.access_id,
            "secret_key": exchange.secret_key,
        }
    )
