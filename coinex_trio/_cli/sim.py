"""`coinex sim`: a local exchange as a program of its own, for clients in any language."""

from __future__ import annotations

import gc
import json
import logging
import math
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from attrs import evolve, frozen

from coinex_proto import UsageError
from coinex_proto.simulator import Fault
from coinex_trio import CoinflexExchange, Exchange, QfexExchange, local_exchange
from coinex_trio._cli.browser import WEB_PORT, is_free, open_page
from coinex_trio.replaying import replay_exchange

LOOPBACK: Final = ("127.", "::1", "localhost")
"""How the addresses begin that no other machine can reach."""

TERMINATED: Final = 143
"""128 + SIGTERM."""

RARELY: Final = 200
"""Between two looks of the garbage collector at everything that lives: with a thousand markets one stops the program for long."""

Addresses: TypeAlias = Mapping[str, str | int | list[dict[str, str]]]
"""What a client must know, by the name that it has in the JSON line."""


class Running(Protocol):
    """An exchange of any venue."""

    @property
    def ca_file(self) -> Path | None:
        """What clients have to trust, with TLS."""
        ...

    def run(self) -> None:
        """Serves its clients for ever."""
        ...


@frozen(kw_only=True)
class Settings:
    """What the command line says, whatever the venue."""

    seed: int
    markets: int | tuple[str, ...]
    """How many, or which."""
    rate: float
    faults: str | tuple[Fault, ...]
    address: str
    port: int | None
    """None: a free one, but always the same for a page, so that one that was left open finds the exchange again."""
    access_id: str | None
    secret_key: str | None
    accounts: int
    strict_signatures: bool
    tls: bool
    web: bool = False
    """It serves a page, too."""


def run_sim(venue: str, settings: Settings, *, as_json: bool) -> int:
    """Serves until Ctrl-C; a SIGTERM ends it as tidily, with the status that shells have for it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    if settings.web and settings.port is None:
        settings = evolve(settings, port=_web_port(settings.address))
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, RARELY)
    try:
        VENUES[venue](settings, as_json)
    finally:
        gc.set_threshold(young, middle, old)
    return 0


def _coinex(settings: Settings, as_json: bool) -> None:
    chosen = settings
    with local_exchange(
        "coinex",
        seed=chosen.seed,
        markets=chosen.markets,
        rate=chosen.rate,
        faults=chosen.faults,
        access_id=chosen.access_id,
        secret_key=chosen.secret_key,
        address=chosen.address,
        port=chosen.port or 0,
        tls=chosen.tls,
        allows_old_signatures=not chosen.strict_signatures,
        accounts=chosen.accounts,
        web=chosen.web,
    ) as exchange:
        trust = "" if exchange.ca_file is None else f"SSL_CERT_FILE={exchange.ca_file} "
        hint = f"{trust}coinex watch book BTCUSDT --url {exchange.url}"
        words = {"ws": f"{exchange.url} and /v2/futures"}
        _serve(exchange, coinex_addresses(exchange), chosen, as_json, hint, words)


def _qfex(settings: Settings, as_json: bool) -> None:
    _refuse_switches_of_coinex(settings)
    chosen = settings
    with local_exchange(
        "qfex",
        seed=chosen.seed,
        markets=chosen.markets,
        rate=chosen.rate,
        faults=chosen.faults,
        access_id=chosen.access_id,
        secret_key=chosen.secret_key,
        address=chosen.address,
        port=chosen.port or 0,
        tls=chosen.tls,
    ) as exchange:
        _serve(exchange, qfex_addresses(exchange), chosen, as_json)


def _coinflex(settings: Settings, as_json: bool) -> None:
    _refuse_switches_of_coinex(settings)
    if settings.access_id is not None:
        raise UsageError("a local CoinFLEX has the one account of its documentation: no --access-id, no --secret-key")
    chosen = settings
    with local_exchange(
        "coinflex",
        seed=chosen.seed,
        markets=chosen.markets,
        rate=chosen.rate,
        faults=chosen.faults,
        address=chosen.address,
        port=chosen.port or 0,
        tls=chosen.tls,
    ) as exchange:
        _serve(exchange, coinflex_addresses(exchange), chosen, as_json)


VENUES: Final[dict[str, Callable[[Settings, bool], None]]] = {"coinex": _coinex, "coinflex": _coinflex, "qfex": _qfex}
"""By the name that `--venue` takes."""


def coinex_addresses(exchange: Exchange) -> Addresses:
    """The sockets live below `ws`, at /v2/spot and /v2/futures, and HTTP below `http`, at /v2.

    `accounts` lists them all, the first one too, where there are several.
    """
    several = exchange.accounts if len(exchange.accounts) > 1 else ()
    found: dict[str, str | int | list[dict[str, str]]] = {
        "ws": exchange.socket_url,
        "http": exchange.http_url,
        "access_id": exchange.access_id,
        "secret_key": exchange.secret_key,
    }
    if exchange.web_url is not None:
        found["web"] = exchange.web_url
    if several:
        found["accounts"] = [{"access_id": one.access_id, "secret_key": one.secret_key} for one in several]
    return found


def qfex_addresses(exchange: QfexExchange) -> Addresses:
    """Market data and trading are two sockets."""
    return {
        "mds": exchange.mds_url,
        "trade": exchange.trade_url,
        "public_key": exchange.public_key,
        "secret_key": exchange.secret_key,
    }


def coinflex_addresses(exchange: CoinflexExchange) -> Addresses:
    """The socket, HTTP, and the one account."""
    return {
        "ws": exchange.url,
        "http": exchange.http_url,
        "user_id": exchange.user_id,
        "cookie": exchange.cookie,
        "passphrase": exchange.passphrase,
    }


def _serve(
    exchange: Running,
    addresses: Addresses,
    settings: Settings,
    as_json: bool,
    hint: str = "",
    words: Mapping[str, str] = {},
) -> None:
    """`words`: what a person is told instead of the address of this name."""
    if exchange.ca_file is not None:
        addresses = {**addresses, "ca_file": str(exchange.ca_file)}
    _warn(settings.address)
    sys.stdout.write(json.dumps(dict(addresses)) + "\n" if as_json else banner({**addresses, **words}, settings, hint))
    sys.stdout.flush()
    page = addresses.get("web")
    if isinstance(page, str) and not as_json:
        open_page(page)
    teller = logging.StreamHandler(sys.stderr)
    teller.setFormatter(logging.Formatter("coinex: %(message)s"))
    logger = logging.getLogger("coinex_trio.exchange")
    logger.addHandler(teller)  # when the machine cannot keep up, and by how much
    try:
        exchange.run()
    finally:
        logger.removeHandler(teller)


@frozen(kw_only=True)
class Replayed:
    """What is served again, and how."""

    path: Path
    speed: float
    start: float | None
    any_version: bool


def run_replay(replayed: Replayed, *, address: str, port: int, tls: bool, as_json: bool) -> int:
    """Serves a recording until Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    start = -math.inf if replayed.start is None else replayed.start
    with replay_exchange(
        replayed.path,
        speed=replayed.speed,
        start=start,
        any_version=replayed.any_version,
        address=address,
        port=port,
        tls=tls,
    ) as exchange:
        _warn(address)
        addresses = {"ws": exchange.url, "control": exchange.control_url}
        if exchange.ca_file is not None:
            addresses["ca_file"] = str(exchange.ca_file)
        if as_json:
            sys.stdout.write(json.dumps(addresses) + "\n")
        else:
            lines = [f"  {name.replace('_', ' '):<11} {value}" for name, value in addresses.items()]
            said = f"The market recorded in {replayed.path}; it plays while somebody has subscribed. Ctrl-C ends it."
            sys.stdout.write("\n".join([said, "", *lines, "", f"Try: curl {exchange.control_url}"]) + "\n")
        sys.stdout.flush()
        exchange.run()
    return 0


def banner(addresses: Addresses, settings: Settings, hint: str) -> str:
    """What a person needs to know to connect."""
    told: list[tuple[str, str | int]] = []
    count = settings.markets if isinstance(settings.markets, int) else len(settings.markets)
    lines = [f"A local exchange with {count} market{'s' if count != 1 else ''}, seed {settings.seed}. Ctrl-C ends it."]
    for name, value in addresses.items():
        if isinstance(value, str | int):
            told.append((name.replace("_", " "), value))
        else:
            told += [(f"account {number}", " ".join(one.values())) for number, one in enumerate(value[1:], 2)]
    lines += ["", *(f"  {name:<11} {value}" for name, value in told)]
    if hint:
        lines += ["", f"Try: {hint}"]
    return "\n".join(lines) + "\n"


def _warn(address: str) -> None:
    if not address.startswith(LOOPBACK):
        sys.stderr.write(f"coinex: listening on {address}, other machines can reach it\n")


def _web_port(address: str) -> int:
    if is_free(address, WEB_PORT):
        return WEB_PORT
    sys.stderr.write(f"coinex: port {WEB_PORT} is taken, by another exchange perhaps: taking a free one\n")
    return 0


def _refuse_switches_of_coinex(settings: Settings) -> None:
    for name, is_set in (
        ("--strict-signatures", settings.strict_signatures),
        ("--accounts", settings.accounts > 1),
        ("--web", settings.web),
    ):
        if is_set:
            raise UsageError(f"{name} is for CoinEx only")
