"""How the HTTP commands are spelt; what they do is in `http`."""

from __future__ import annotations

import time
from typing import Final

import click

from coinex_trio._cli.commands import finish
from coinex_trio._cli.http import http_text, run_call, run_markets, run_sign, run_ticker, run_time
from coinex_trio._cli.terminal import console

URL = click.option("--url", help="Base of the HTTP interface; the venue's own by default.")
FUTURES = click.option("--futures", "is_futures", is_flag=True, help="Futures instead of spot.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON, and nothing else on standard output.")
TIMESTAMP = click.option("--timestamp", type=int, help="Unix milliseconds; now by default.")


@click.command("http")
@click.argument("method", type=click.Choice(["GET", "POST"], case_sensitive=False))
@click.argument("path")
@click.argument("parameters", nargs=-1)
@URL
@JSON
def call(method: str, path: str, parameters: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Make any call: coinex http GET /futures/ticker market=BTCUSDT.

    Parameters are name=text, or name:=JSON for numbers, lists and truth values. Calls that need it are signed with
    COINEX_ACCESS_ID and COINEX_SECRET_KEY.
    """
    finish(lambda: run_call(method, path, parameters, url, as_json=as_json, out=console()))


@click.command()
@click.argument("markets", nargs=-1)
@FUTURES
@URL
@JSON
def ticker(markets: tuple[str, ...], is_futures: bool, url: str | None, as_json: bool) -> None:
    """24 hours of some markets, or of all."""
    finish(lambda: run_ticker(markets, url, is_futures=is_futures, as_json=as_json, out=console()))


@click.command()
@FUTURES
@URL
@JSON
def markets(is_futures: bool, url: str | None, as_json: bool) -> None:
    """What is listed, with fees and smallest amounts."""
    finish(lambda: run_markets(url, is_futures=is_futures, as_json=as_json, out=console()))


@click.command("time")
@URL
@JSON
def clock(url: str | None, as_json: bool) -> None:
    """How far this machine's clock is off the exchange's."""
    finish(lambda: run_time(url, as_json=as_json, out=console()))


@click.group()
def sign() -> None:
    """Show what is signed, and the signature; never the key."""


@sign.command("ws")
@TIMESTAMP
@JSON
def sign_ws(timestamp: int | None, as_json: bool) -> None:
    """The sign-in of the socket."""
    at = int(time.time() * 1000) if timestamp is None else timestamp
    finish(lambda: run_sign(str(at), as_json=as_json, out=console()))


@sign.command("http")
@click.argument("method")
@click.argument("path")
@click.option("--body", default="", help="Exactly as sent.")
@TIMESTAMP
@JSON
def sign_http(method: str, path: str, body: str, timestamp: int | None, as_json: bool) -> None:
    """A request: METHOD, and PATH with query exactly as sent (/v2 included)."""
    at = int(time.time() * 1000) if timestamp is None else timestamp
    finish(lambda: run_sign(http_text(method, path, body, at), as_json=as_json, out=console()))


HTTP_COMMANDS: Final[tuple[click.Command, ...]] = (call, ticker, markets, clock, sign)
