"""The commands over CoinEx's HTTP interface, and the signing helper. Needs the extra `http` (signing does not)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich.console import Console
from rich.text import Text

from coinex_proto import PayloadError, SdkError, UsageError
from coinex_proto.coinex.http import Json, futures, prepared, spot
from coinex_trio import credentials_from_env
from coinex_trio._cli.feeds import credentials_if_set
from coinex_trio._cli.screens import change, new_table
from coinex_trio._cli.terminal import short, unknown_market

if TYPE_CHECKING:
    from coinex_trio.http import BlockingHttp


def opened(url: str | None) -> BlockingHttp:
    """A client of this base URL (None: the venue's own), signed in when the environment has keys."""
    from coinex_trio.http import BlockingHttp

    credentials = credentials_if_set()
    return BlockingHttp(credentials) if url is None else BlockingHttp(credentials, url=url)


def parameters(pairs: Sequence[str]) -> dict[str, object]:
    """`name=text`, and `name:=JSON` for numbers, lists and truth values. Raises `UsageError` for anything else."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.rstrip(":"):
            raise UsageError(f"{pair!r}: write name=value, or name:=JSON for numbers, lists, true and false")
        if not name.endswith(":"):
            found[name] = value
            continue
        try:
            found[name[:-1]] = json.loads(value, parse_float=Decimal)
        except ValueError as error:
            raise UsageError(f"{pair!r}: {value!r} is no JSON ({error})") from error
    return found


def run_call(method: str, path: str, pairs: Sequence[str], url: str | None, *, as_json: bool, out: Console) -> int:
    """Any call; its data as JSON, for people indented."""
    with opened(url) as client:
        data = client.call(method.upper(), path, **parameters(pairs))
    out.print(_line(data) if as_json else _indented(data))
    return 0


def run_ticker(markets: Sequence[str], url: str | None, *, is_futures: bool, as_json: bool, out: Console) -> int:
    """24 hours of some markets, or of all."""
    chosen = tuple(markets)
    wrong = [market for market in chosen if market != market.upper()]
    if wrong:
        raise SdkError("; ".join(map(unknown_market, wrong)))
    with opened(url) as client:
        if as_json:
            data = client.call("GET", "/futures/ticker" if is_futures else "/spot/ticker", market=chosen or None)
            _print_rows(data, out)
            return _name_missing(chosen, [str(row.get("market")) for row in _rows(data)])
        found: Sequence[spot.SpotTicker | futures.FuturesTicker] = (
            client.request(futures.ListMarketTicker(market=chosen))
            if is_futures
            else client.request(spot.ListMarketTicker(market=chosen))
        )
    rows = new_table("market", "last", "24 h", "high", "low", "volume")
    for each in found:
        others = (each.high, each.low, each.volume)
        rows.add_row(Text(each.market, "bold"), short(each.last), change(each.last, each.open), *map(short, others))
    if found or not chosen:
        out.print(rows)
    return _name_missing(chosen, [each.market for each in found])


def _name_missing(chosen: Sequence[str], found: Sequence[str]) -> int:
    """Names each market that was asked for and is not in the answer; the exit status."""
    missing = [market for market in chosen if market not in found]
    for market in missing:
        sys.stderr.write(f"coinex: {unknown_market(market)}\n")
    return 1 if missing else 0


def run_markets(url: str | None, *, is_futures: bool, as_json: bool, out: Console) -> int:
    """What is listed, with fees and smallest amounts."""
    with opened(url) as client:
        found = client.call("GET", "/futures/market" if is_futures else "/spot/market")
    if as_json:
        _print_rows(found, out)
        return 0
    rows = new_table("market", "base", "quote", "maker fee", "taker fee", "min amount", texts=3)
    for each in _rows(found):
        names = ("market", "base_ccy", "quote_ccy", "maker_fee_rate", "taker_fee_rate", "min_amount")
        rows.add_row(*(Text(str(each.get(name, "–"))) for name in names))
    out.print(rows)
    return 0


def run_time(url: str | None, *, as_json: bool, out: Console) -> int:
    """How far our clock is off the exchange's."""
    with opened(url) as client:
        offset = client.sync_clock()
    if as_json:
        out.print(json.dumps({"offset_seconds": round(offset, 6)}))
    else:
        out.print(f"the exchange's clock is {offset:+.3f} s from ours")
    return 0


def run_sign(text: str, *, as_json: bool, out: Console) -> int:
    """The text that is signed and its signature by the environment's key; never the key."""
    signature = credentials_from_env().sign(text)
    if as_json:
        out.print(json.dumps({"prepared": text, "signature": signature}))
    else:
        out.print(f"prepared   {text}")
        out.print(f"signature  {signature}")
    return 0


def http_text(method: str, path: str, body: str, timestamp_ms: int) -> str:
    """What is signed for an HTTP request: `path` with query, as sent, /v2 included."""
    if not path.startswith("/"):
        raise UsageError(f"{path!r}: give path and query as they are sent, for example /v2/assets/spot/balance")
    try:
        return prepared(method.upper(), path, body.encode("ascii"), timestamp_ms)
    except UnicodeEncodeError as error:
        raise UsageError(
            "the body is signed as sent, and CoinEx bodies are ASCII; escape other characters in the JSON"
        ) from error


def _print_rows(data: Json, out: Console) -> None:
    for row in _rows(data):
        out.print(_line(row))


def _rows(data: Json) -> list[dict[str, Any]]:
    """The objects of a list. Raises `PayloadError` for anything else."""
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise PayloadError("the answer is not a list of objects; `coinex http` shows any answer")
    return [each for each in data if isinstance(each, dict)]


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
"""Fractions are written digit for digit as they came, which json cannot."""


def _line(data: Json) -> str:
    return _ascii(_ENCODER.encode(data))


def _indented(data: Json) -> str:
    return _ascii(msgspec.json.format(_ENCODER.encode(data), indent=2))


def _ascii(text: bytes) -> str:
    """JSON that any terminal and any pipe can take."""
    return re.sub("[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text.decode())
