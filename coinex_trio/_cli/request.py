"""`coinex request`: one request of a socket as JSON, its reply, and the notices that follow."""

from __future__ import annotations

import json
import sys
from typing import Any, Final

import click

from coinex_proto import Event, Topic, UsageError, coinflex, to_json
from coinex_trio import CoinflexClient, Events
from coinex_trio._cli.commands import finish
from coinex_trio.coinflex import credentials_from_env

WATCHED: Final[dict[str, type[coinflex.OrderBook | coinflex.Ticker]]] = {
    "WatchOrders": coinflex.OrderBook,
    "WatchTicker": coinflex.Ticker,
}
"""Requests that are a topic: the SDK sends these by itself, again after each reconnect."""
FIRST: Final = (coinflex.OrdersUpdate, coinflex.TickerUpdate)
"""What their replies are."""


def run_request(text: str, url: str | None, seconds: float, credentials: coinflex.Credentials | None) -> int:
    """Prints the reply, and the notices for so long. Raises `UsageError` for what is no request.

    The reply to a request to watch something is the topic's first update.
    """
    wanted = request_of(text)
    with CoinflexClient(credentials, url=url) as client:
        topics: list[Topic[Event]] = [coinflex.OwnOrders(), coinflex.Balances()] if credentials and seconds else []
        events: Events[Event] = client.events(seconds=seconds)
        watched = topic_of(wanted)
        if watched is None:
            client.subscribe(*topics)
            print(json.dumps(client.request(coinflex.Raw(wanted)), default=str))
        else:
            client.subscribe(watched, *topics)
            client.ready(watched)
            if not seconds:
                print(to_json(next(event for event in events if isinstance(event, FIRST))))
        for event in events if seconds else ():
            print(to_json(event))
            sys.stdout.flush()
    return 0


def request_of(text: str) -> dict[str, Any]:
    """The request. Raises `UsageError`."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the request is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError('the request must be an object with a method, for example {"method": "GetOrders"}')
    return found


def topic_of(wanted: dict[str, Any]) -> coinflex.OrderBook | coinflex.Ticker | None:
    """What a request to watch something stands for."""
    make = WATCHED.get(str(wanted.get("method")))
    if make is None or wanted.get("watch") is not True:
        return None
    return make(wanted.get("base"), wanted.get("counter"))  # type: ignore[arg-type]  # it refuses what is no code


def credentials_of(user_id: int | None, cookie: str | None, phrase: str | None) -> coinflex.Credentials:
    """From the options, else from the environment. Raises `UsageError` when only some of the options are given."""
    if user_id is None and cookie is None and phrase is None:
        return credentials_from_env()
    if user_id is None or cookie is None or phrase is None:
        raise UsageError("--id, --cookie and --phrase go together")
    return coinflex.Credentials(user_id, cookie, phrase)


VENUES: Final = {"coinflex": run_request}
"""By the name that `--venue` takes."""


@click.command()
@click.argument("text", metavar="JSON")
@click.option("--venue", type=click.Choice(sorted(VENUES)), required=True)
@click.option("--url", help="Of the socket; the venue's own by default.")
@click.option("--auth", is_flag=True, help="Sign in first, with COINFLEX_USER_ID, _COOKIE and _PASSPHRASE.")
@click.option("--id", "user_id", type=int, help="The user id, instead of the environment; with --cookie and --phrase.")
@click.option("--cookie", help="Other users of this machine may see it; the environment is safer.")
@click.option("--phrase", help="As --cookie.")
@click.option("--seconds", type=click.FloatRange(min=0.0), default=0.0, help="How long notices are printed after it.")
def request(
    text: str,
    venue: str,
    url: str | None,
    auth: bool,
    user_id: int | None,
    cookie: str | None,
    phrase: str | None,
    seconds: float,
) -> None:
    """Send one request and print its reply: coinex request '{"method": "GetBalances"}' --venue coinflex --auth."""
    if not auth and (user_id, cookie, phrase) != (None, None, None):
        raise click.UsageError("--id, --cookie and --phrase are for signing in: give --auth as well")
    finish(lambda: VENUES[venue](text, url, seconds, credentials_of(user_id, cookie, phrase) if auth else None))
