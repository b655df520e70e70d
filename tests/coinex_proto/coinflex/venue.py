"""What the tests of CoinFLEX start from: a session on a link, signed in or not, and the exchange's side of the talk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from coinex_proto import Config, Event, Open, Ready, Session, Topic
from coinex_proto.coinflex import CoinflexDialect, Credentials, live
from tests.coinex_proto.harness.wire import Wire, sources

EXAMPLES: Final = [
    json.loads(wire)
    for wire in (Path(__file__).parents[2] / "data" / "coinflex-examples.jsonl").read_text().splitlines()
]
BY_NAME: Final[Mapping[str, Any]] = {example["name"]: example for example in EXAMPLES}
VECTORS: Final = [example for example in EXAMPLES if example["kind"] == "vector"]

XBT, USDT = 63488, 65283
PLAIN: Final = BY_NAME["auth.plain"]
WELCOME: Final = PLAIN["welcome"]
CONFIG: Final = Config(retry_first=True)


def credentials() -> Credentials:
    values = PLAIN["values"]
    return Credentials(values["user_id"], values["cookie"], values["passphrase"])


def private() -> CoinflexDialect:
    return live(credentials=credentials())


def message(name: str) -> Any:
    """One of the documented examples."""
    return BY_NAME[name]["message"]


def connected(session: Session, now: float = 0.0) -> Wire:
    """A new connection, upgraded."""
    step = session.next_step(now)
    assert step == Open("api.coinflex.com", 443, True)
    session.connected(now)
    return Wire(session).open(now)


def opened(*topics: Topic[Any], dialect: CoinflexDialect | None = None) -> tuple[Session, Wire]:
    """A session that is ready and has subscribed these topics; its requests are still to be read."""
    session = Session(dialect or live(), sources(), CONFIG)
    session.subscribe(*topics, now=0.0)
    link = connected(session)
    if dialect is not None and dialect.has_credentials:
        link.say(0.0, WELCOME)
        (login,) = link.sent()
        assert link.say(0.0, ok(login)) == [Ready()]
    else:
        assert link.events() == [Ready()]
    return session, link


def ok(request: Mapping[str, Any], **members: object) -> dict[str, object]:
    """The reply to a request."""
    return {"tag": request["tag"], "error_code": 0, **members}


def refused(request: Mapping[str, Any], code: int, text: str = "") -> dict[str, object]:
    return {"tag": request["tag"], "error_code": code, "error_msg": text}


def notice(name: str, **members: object) -> dict[str, object]:
    """A notice in the market XBT/USDT."""
    return {"notice": name, "base": XBT, "counter": USDT, **members}


def order(order_id: int, quantity: int, price: int) -> dict[str, int]:
    """One order of a snapshot."""
    return {"id": order_id, "quantity": quantity, "price": price, "time": 1}


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]
