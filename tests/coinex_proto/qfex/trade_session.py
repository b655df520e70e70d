"""A Trade session against a scripted peer: what tests of the venue's rules are written on."""

from __future__ import annotations

from typing import Any, TypeVar

from coinex_proto import Command, Config, Event, RequestId, Session, qfex
from tests.coinex_proto.harness.wire import Wire, sources

E = TypeVar("E", bound=Event)

KEYS = qfex.HmacCredentials("qfex_pub_xxxxx", "qfex_secret_yyyyyy")


class TradeSession:
    """A session that was signed in at `now`; `say` is the venue, `sent` what it got."""

    def __init__(self, now: float = 0.0, config: Config = Config(), **options: Any) -> None:  # noqa: B008
        self.now = now
        self.session = Session(qfex.trade(KEYS, **options), sources(), config)
        self.link = self.connect()

    def connect(self) -> Wire:
        """Up to the upgrade: what was sent until then is not looked at."""
        self.session.next_step(self.now)
        self.session.connected(self.now)
        self.link = Wire(self.session)
        return self.link.open(self.now)

    def sign_in(self) -> TradeSession:
        self.say({"authenticated": True})
        self.say({"subscribed": "order_responses"})
        if self.session.dialect.cancel_on_disconnect:  # type: ignore[attr-defined]
            self.say({"ack": {"incoming_message": {"type": "cancel_on_disconnect", "params": {}}}})
        self.link.sent()
        return self

    def say(self, *values: object) -> list[Event]:
        return self.link.say(self.now, *values)

    def sent(self) -> list[Any]:
        return self.link.sent()

    def send(self, command: Command[Any]) -> RequestId:
        return self.session.send(command, self.now)

    def wait(self, until: float) -> list[Event]:
        """Time passes; every timer is served when it is due."""
        while (due := self.session.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.session.handle_timeout(self.now)
        self.now = until
        return self.link.events()

    def drop(self) -> list[Event]:
        """The link breaks."""
        self.session.disconnected(self.now, "reset")
        return self.link.events()

    def reconnect(self) -> TradeSession:
        """After a drop: waits as long as it must, opens and signs in."""
        step = self.session.next_step(self.now)
        self.now = max(self.now, getattr(step, "until", self.now))
        self.connect()
        return self.sign_in_again()

    def sign_in_again(self) -> TradeSession:
        self.say({"authenticated": True})
        return self


def only(kind: type[E], events: list[Event]) -> E:
    """The one event of this class."""
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def record(status: str, **fields: Any) -> dict[str, Any]:
    """An order_response as the venue writes them."""
    order = {
        "order_id": "o-1",
        "symbol": "AAPL-USD",
        "status": status,
        "quantity": 10.0,
        "price": 150.5,
        "take_profit": 0.0,
        "stop_loss": 0.0,
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "user_id": "u",
        "client_order_id": "c-1",
        "quantity_remaining": 10.0,
        "trade_id": None,
    }
    return {"order_response": {name: value for name, value in {**order, **fields}.items() if value != "absent"}}


def limit(client_order_id: str = "c-1", **fields: Any) -> qfex.AddOrder:
    values: dict[str, Any] = {"side": "BUY", "order_type": "LIMIT", "quantity": 10, "price": "150.5", **fields}
    return qfex.AddOrder(symbol="AAPL-USD", client_order_id=client_order_id, **values)
