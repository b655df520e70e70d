"""How the HTTP commands are spelt; what they do is in `http`."""

from __future__ import annotations

import time
from typing import Final

import click

from coinex_proto.coinex.http import Module
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


@click.command(
    epilog="Exit status: 0 the heartbeat has stopped and nothing is open any more; 3 it has stopped and orders may still "
    "stand; 1 the venue refuses the key; 2 wrong usage; 130 Ctrl-C, nothing more was cancelled."
)
@click.option(
    "--heartbeat", required=True, metavar="FILE|URL", help="A file that is touched, or a URL that answers 200."
)
@click.option("--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds of silence.")
@click.option("--every", type=click.FloatRange(min=0.05), default=1.0, show_default=True, help="Seconds between looks.")
@click.option(
    "--within",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    help="Seconds of one round of cancelling.",
)
@click.option(
    "--give-up-after",
    type=click.FloatRange(min=0.1),
    default=600.0,
    show_default=True,
    help="Seconds of rounds, while HTTP fails or orders may still stand.",
)
@click.option(
    "--only", type=click.Choice(["spot", "futures"]), help="One half of the venue; both by default, margin is left out."
)
@click.option("--market", "names", multiple=True, help="Only orders there; may be given several times.")
@click.option("--stops", is_flag=True, help="Stop orders too, also those that protect a position.")
@URL
def guard(
    heartbeat: str,
    timeout: float,
    every: float,
    within: float,
    give_up_after: float,
    only: str | None,
    names: tuple[str, ...],
    stops: bool,
    url: str | None,
) -> None:
    """Cancel every open order when the heartbeat of the program that trades stops.

    It runs beside that program, best on another machine. The first heartbeat has as long as any other, from the start. It
    cancels what the venue lists for the key in COINEX_ACCESS_ID and COINEX_SECRET_KEY, whoever placed it, prints one line an
    order, and ends.
    """
    from coinex_trio._cli.guard import Watch, run_guard

    modules: dict[str | None, tuple[Module, ...]] = {"spot": ("spot",), "futures": ("futures",)}
    watch = Watch(
        heartbeat=heartbeat,
        timeout=timeout,
        every=every,
        within=within,
        give_up_after=give_up_after,
        modules=modules.get(only, ("spot", "futures")),
        markets=names,
        with_stops=stops,
        url=url,
    )
    finish(lambda: run_guard(watch, console()))


HTTP_COMMANDS: Final[tuple[click.Command, ...]] = (call, ticker, markets, clock, sign, guard)
