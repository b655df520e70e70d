"""One CoinFLEX request from the command line; prints its reply and the notices that follow, one line of JSON each.

Run: python examples/coinflex_request.py '{"method": "GetBalances"}' --auth --seconds 5

With --auth it signs in with COINFLEX_USER_ID, COINFLEX_COOKIE and COINFLEX_PASSPHRASE (or --id, --cookie, --phrase, which
other users of this machine may see), and sends nothing before the exchange has said yes.
"""

import argparse
import json
import math
import sys
from typing import Any

from coinex_proto import Event, SdkError, Topic, UsageError, coinflex, to_json
from coinex_trio import CoinflexClient, Events
from coinex_trio.coinflex import credentials_from_env, fetch_assets

WATCHED = {"WatchOrders": coinflex.OrderBook, "WatchTicker": coinflex.Ticker}


def topics_of(request: dict[str, Any], *, is_signed_in: bool) -> list[Topic[Event]]:
    """What a request to watch something stands for, and the own account where there is one."""
    found: list[Topic[Event]] = [coinflex.OwnOrders(), coinflex.Balances()] if is_signed_in else []
    if request.get("method") in WATCHED and request.get("watch") is True:
        base, counter = (request.get(name, "no number") for name in ("base", "counter"))  # the topic says what is wrong
        found.append(WATCHED[request["method"]](base, counter))
    return found


def credentials_of(chosen: argparse.Namespace) -> coinflex.Credentials | None:
    """From the options, else from the environment; None without --auth."""
    if not chosen.auth:
        return None
    if chosen.id is None and chosen.cookie is None and chosen.phrase is None:
        return credentials_from_env()
    return coinflex.Credentials(chosen.id, chosen.cookie, chosen.phrase)


def main(chosen: argparse.Namespace) -> None:
    """Sends the request and prints what comes."""
    request = json.loads(chosen.request)
    if not isinstance(request, dict):
        raise UsageError("the request must be a JSON object with a method")
    assets = fetch_assets(chosen.http_url) if chosen.http_url else coinflex.ASSETS_2020
    credentials = credentials_of(chosen)
    with CoinflexClient(credentials, assets=assets, url=chosen.url) as cf:
        topics = topics_of(request, is_signed_in=credentials is not None)
        events: Events[Event] = cf.events(seconds=chosen.seconds)
        cf.subscribe(*topics)
        if request.get("method") not in WATCHED or request.get("watch") is not True:
            if chosen.tag is not None:
                request["tag"] = chosen.tag
            print(json.dumps(cf.request(coinflex.Raw(request)), default=str), flush=True)
        for event in events:
            print(to_json(event), flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="One CoinFLEX request; prints the reply and the notices that follow")
    options.add_argument("request", help='for example {"method": "GetOrders"}')
    options.add_argument("--auth", action="store_true", help="sign in first")
    options.add_argument("--tag", type=int, help="stands in the reply")
    options.add_argument("--url", default=coinflex.LIVE_URL)
    options.add_argument("--http-url", help="load the table of assets from here")
    options.add_argument("--id", type=int)
    options.add_argument("--cookie")
    options.add_argument("--phrase")
    options.add_argument("--seconds", type=float, default=math.inf, help="how long notices are printed")
    try:
        main(options.parse_args())
    except (SdkError, json.JSONDecodeError) as error:
        sys.exit(str(error))
