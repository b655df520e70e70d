"""The commands of `coinex`, their options, and what their exit statuses mean.

0: success, also when the reader of a pipe has seen enough; 1: a failure, with the reason; 2: wrong usage; 130: Ctrl-C.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, NoReturn

import click

from coinex_proto import SdkError, UsageError, speedups
from coinex_trio._cli.browser import WEB_PORT
from coinex_trio._cli.demo import run_demo
from coinex_trio._cli.doctor import STATUSES, run_doctor
from coinex_trio._cli.feeds import FEEDS, coinex_dialect, credentials_if_set
from coinex_trio._cli.relay import KINDS, run_relay
from coinex_trio._cli.relay import Settings as RelaySettings
from coinex_trio._cli.screens import SCREENS
from coinex_trio._cli.sim import VENUES, Replayed, Settings, run_replay, run_sim
from coinex_trio._cli.terminal import console
from coinex_trio._cli.times import moment, speed_of
from coinex_trio._cli.watch import run_watch

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coinex-sdk", prog_name="coinex")
def coinex() -> None:
    """Watch markets and accounts, run a local exchange, and find out why a connection does not work."""


def markets_of(text: str) -> int | tuple[str, ...]:
    """A number from 1 to 1,000, or names with commas between them."""
    if not text.isdecimal():
        return tuple(name.strip() for name in text.split(","))
    if not 1 <= int(text) <= 1000:
        raise click.BadParameter(f"{text} is not from 1 to 1000")
    return int(text)


OPTIONS: Final = (
    (re.compile(r", or allow_plaintext=True if you know better"), "; plain ws:// with keys is for this machine only"),
    (re.compile(r"\burl must begin"), "--url must begin"),
    (re.compile(r"\bname it with url=\S*"), "name it with --url"),
    (
        re.compile(r"trust it with ssl_context= or SSL_CERT_FILE"),
        "trust it with SSL_CERT_FILE=company.pem in the environment",
    ),
    (re.compile(r"\b(ssl_context|network|http_url|credentials)=[\w.()]*"), r"the Python option \1="),
)
"""Words of the library that mean something else, or nothing, on a command line."""


def in_options(text: str) -> str:
    """An error of the library in the words of this command line."""
    for pattern, said in OPTIONS:
        text = pattern.sub(said, text)
    return text


def finish(work: Callable[[], int]) -> NoReturn:
    """Runs a command and ends the process with its status; errors of the SDK are one line, not a traceback."""
    try:
        status = work()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough: that is no failure. Python flushes what is left once more
        # at exit, and would make 120 of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except UsageError as error:
        click.echo(f"coinex: {in_options(str(error))}", err=True)
        status = 2
    except SdkError as error:
        name = "" if type(error) is SdkError else f"{type(error).__name__}: "
        said = "; ".join((f"{name}{error}", *getattr(error, "__notes__", ())))
        click.echo(f"coinex: {in_options(said)}", err=True)
        status = 1
    sys.exit(status)


@coinex.command()
@click.option("--seconds", type=click.FloatRange(min=2.0), default=10.0, show_default=True, help="How long it runs.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another market.")
def demo(seconds: float, seed: int) -> None:
    """Trade on a local exchange for some seconds: market data, an own order, a lost connection that comes back."""
    finish(lambda: run_demo(seconds, seed, console()))


SERVED: Final = frozenset({"port", "address", "tls", "as_json", "speed", "start", "any_version"})
"""Options of `sim` that a replay knows."""


@coinex.command()
@click.option("--venue", type=click.Choice(sorted(VENUES)), default="coinex", show_default=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), help=f"0 takes a free one, as by default; with --web {WEB_PORT}."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same market and keys.")
@click.option(
    "--markets",
    type=markets_of,
    metavar="N|NAMES",
    default="1",
    show_default=True,
    help="How many it lists, or their names: BTCUSDT,BTCUSD",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0.01),
    default=4.0,
    show_default=True,
    help="Actions of the random traders a second and market.",
)
@click.option("--access-id", help="Of its one account; made from the seed by default.")
@click.option("--secret-key", help="Goes with the access id.")
@click.option("--faults", type=click.File(), help="What goes wrong and when, one fault a line, such as: every 30s drop")
@click.option(
    "--address", default="127.0.0.1", show_default=True, help="Where it listens; only this machine by default."
)
@click.option(
    "--accounts",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="How many, each with keys of its own.",
)
@click.option(
    "--strict-signatures",
    is_flag=True,
    help="HTTP takes HMAC only, not also SHA-256 of text and secret as the live one.",
)
@click.option("--tls", is_flag=True, help="wss:// and https://, with a certificate of its own; it says what to trust.")
@click.option("--web", is_flag=True, help="Also a page to watch it and make it do things, opened in your browser.")
@click.option(
    "--json", "as_json", is_flag=True, help="The first line is JSON with its URLs and keys; opens no browser."
)
@click.option(
    "--replay",
    "recorded",
    type=click.Path(path_type=Path),
    help="Serve this recording, a file or a directory, instead of an invented market.",
)
@click.option("--speed", type=speed_of, default="1", show_default=True, help="Of a replay: 10, ten times as fast; max.")
@click.option("--from", "start", type=moment, help="Of a replay: Unix seconds, or a time in ISO 8601.")
@click.option("--any-version", is_flag=True, help="Of a replay: also a recording of another version of the SDK.")
@click.pass_context
def sim(
    context: click.Context,
    venue: str,
    port: int | None,
    seed: int,
    markets: int | tuple[str, ...],
    rate: float,
    access_id: str | None,
    secret_key: str | None,
    faults: IO[str] | None,
    address: str,
    accounts: int,
    strict_signatures: bool,
    tls: bool,
    web: bool,
    as_json: bool,
    recorded: Path | None,
    speed: float,
    start: float | None,
    any_version: bool,
) -> None:
    """Run a local exchange that other programs can connect to, until Ctrl-C; or play them a recorded market.

    A replay passes while somebody has subscribed, and is controlled over HTTP: GET /replay, POST /replay/seek?to=UNIX_SECONDS,
    /replay/speed?x=10, /replay/pause and /replay/play.
    """
    given = {
        name
        for name in context.params
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT and name != "recorded"
    }
    if recorded is not None:
        if given - SERVED:
            raise click.UsageError(f"--{min(given - SERVED).replace('_', '-')} is of no use with --replay")
        replayed = Replayed(path=recorded, speed=speed, start=start, any_version=any_version)
        finish(lambda: run_replay(replayed, address=address, port=port or 0, tls=tls, as_json=as_json))
    if given & {"speed", "start", "any_version"}:
        raise click.UsageError("--speed, --from and --any-version go with --replay")
    if (access_id is None) != (secret_key is None):
        raise click.UsageError("--access-id and --secret-key go together")

    settings = Settings(
        seed=seed,
        markets=markets,
        rate=rate,
        faults=faults.read() if faults is not None else "",
        address=address,
        port=port,
        access_id=access_id,
        secret_key=secret_key,
        accounts=accounts,
        strict_signatures=strict_signatures,
        tls=tls,
        web=web,
    )
    finish(lambda: run_sim(venue, settings, as_json=as_json))


@coinex.command()
@click.argument("what", type=click.Choice(sorted(SCREENS)))
@click.argument("markets", nargs=-1)
@click.option("--venue", type=click.Choice(sorted(FEEDS)), default="coinex", show_default=True)
@click.option("--url", help="Of the socket; the venue's own by default.")
@click.option("--futures", "is_futures", is_flag=True, help="Futures instead of spot.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=math.inf, help="How long; for ever by default.")
@click.option(
    "--json", "as_json", is_flag=True, help="JSON Lines: one event a line, and nothing else on standard output."
)
def watch(
    what: str,
    markets: tuple[str, ...],
    venue: str,
    url: str | None,
    is_futures: bool,
    seconds: float,
    as_json: bool,
) -> None:
    """Watch tickers, order books, trades or the own account.

    The account needs COINEX_ACCESS_ID and COINEX_SECRET_KEY in the environment. Exit status 1 when a market was refused or
    never came.
    """

    def work() -> int:
        feed = FEEDS[venue](what, markets, url, is_futures=is_futures)
        return run_watch(what, feed, seconds, as_json=as_json, out=console())

    finish(work)


@coinex.command(
    epilog=f"Exit status by failing stage: {', '.join(f'{name} {number}' for name, number in STATUSES.items())}."
)
@click.option("--url", help="Of the socket; the venue's own by default.")
@click.option("--futures", "is_futures", is_flag=True, help="Futures instead of spot.")
def doctor(url: str | None, is_futures: bool) -> None:
    """Find out why a connection does not work, stage by stage.

    Says first whether the compiled extension runs. Signs in when COINEX_ACCESS_ID and COINEX_SECRET_KEY are set.
    """

    def work() -> int:
        out = console()
        out.print(f"runs with  {speedups.description}", markup=False)
        return run_doctor(lambda who: coinex_dialect(url, who, is_futures=is_futures), credentials_if_set(), out)

    finish(work)


@coinex.command()
@click.option("--venue", type=click.Choice(sorted(FEEDS)), default="coinex", show_default=True)
@click.option("--markets", metavar="NAMES", default="", help="With commas between them: BTCUSDT,ETHUSDT")
@click.option(
    "--topics", metavar="KINDS", default="", help=f"Of {', '.join(KINDS)}; all that the venue has by default."
)
@click.option("--url", help="Of the venue's socket; its own by default.")
@click.option("--futures", "is_futures", is_flag=True, help="Futures instead of spot.")
@click.option("--nats", metavar="URL", help="Of the server: nats:// or tls://; off this machine TLS is demanded.")
@click.option("--creds", type=click.Path(exists=True, dir_okay=False), help="A NATS credentials file.")
@click.option(
    "--allow-plaintext", is_flag=True, help="No TLS to another machine, in a network that is secured otherwise."
)
@click.option("--shard", metavar="K/N", default="1/1", show_default=True, help="Carry this part of the markets.")
@click.option("--id", "relay_id", help="Begins its name in heartbeats and reasons; the rest is made by chance.")
@click.option("--embedded", is_flag=True, help="Start the bundled server on this machine, for a first try.")
@click.option("--directory", type=click.Path(file_okay=False), help="Where the bundled server keeps its streams.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=math.inf, help="How long; for ever by default.")
def relay(
    venue: str,
    markets: str,
    topics: str,
    url: str | None,
    is_futures: bool,
    nats: str | None,
    creds: str | None,
    allow_plaintext: bool,
    shard: str,
    relay_id: str | None,
    embedded: bool,
    directory: str | None,
    seconds: float,
) -> None:
    """Publish market data of one connection on NATS, for many programs.

    Market data only: own orders and keys never go over it. Needs the extra "relay".
    """
    settings = RelaySettings(
        venue=venue,
        markets=[name.strip() for name in markets.split(",") if name.strip()],
        kinds=[kind.strip() for kind in topics.split(",") if kind.strip()],
        url=url,
        is_futures=is_futures,
        nats=nats,
        credentials=creds,
        allow_plaintext=allow_plaintext,
        shard=shard,
        relay_id=relay_id,
        embedded=embedded,
        directory=directory,
        seconds=seconds,
    )
    finish(lambda: run_relay(settings))
