"""The core inside asyncio, without trio: TLS, reconnect, time-outs, commands from any task, awaiting a reply, stop.

Copy `Driver` into a bot; the rest shows how it is used.
Run: python examples/embed_asyncio.py --url wss://socket.coinex.com/v2/spot --seconds 30
"""

import argparse
import asyncio
import contextlib
import os
import ssl
import time
from typing import Any

from coinex_proto import Callbacks, Command, Failed, Open, Replied, Session, Sources, Stop, coinex

SHIFT = time.time() - time.monotonic()


def now() -> float:
    """Seconds that never go back and read as Unix time."""
    return time.monotonic() + SHIFT


class Driver(asyncio.Protocol):
    """One session on asyncio. After every step of the session, `process()` does all that is left to do."""

    def __init__(self, session: Session, callbacks: Callbacks) -> None:
        self.session, self.callbacks = session, callbacks
        self.transport: asyncio.Transport | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.stopping = asyncio.Event()
        self.error: Exception | None = None

    async def run(self) -> None:
        """Connects again and again until `stop()`, until a callback raises, or until the session gives up."""
        loop, session = asyncio.get_running_loop(), self.session
        while not isinstance(step := session.next_step(now()), Stop):
            self.lost: asyncio.Future[str] = loop.create_future()
            if isinstance(step, Open):
                try:
                    async with asyncio.timeout(session.config.open_timeout):
                        tls = ssl.create_default_context() if step.tls else None
                        self.transport, _ = await loop.create_connection(lambda: self, step.host, step.port, ssl=tls)
                    session.connected(now())
                    self.process()
                    why = await self.lost
                except OSError as error:
                    why = str(error) or "time-out"
                self.transport = None
                session.disconnected(now(), why)
                self.process()
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), step.until - now())
        if (failure := self.error or step.error) is not None:
            raise failure

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self.session.receive_data(data, now())
        self.process()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.lost.set_result(str(exc or "the peer ended the connection"))

    def process(self) -> None:
        """The whole duty of a driver: send, hand out events, look at the clock."""
        while (event := self.session.next_event()) is not None:
            try:
                self.callbacks.dispatch(event)
            except Exception as error:  # noqa: BLE001 - asyncio would log it and go on; `run()` raises it instead
                self.error = self.error or error
                self.session.stop(now())
                self.stopping.set()
        if self.transport is not None:
            self.transport.write(self.session.data_to_send())
            if self.session.wants_close:
                self.transport.close()
        if self.timer is not None:
            self.timer.cancel()
        deadline = self.session.next_deadline()
        self.timer = None if deadline is None else asyncio.get_running_loop().call_later(deadline - now(), self.timeout)

    def timeout(self) -> None:
        """A deadline has come."""
        self.session.handle_timeout(now())
        self.process()

    async def request(self, command: Command[Any]) -> Any:
        """Sends at once, from any task, and waits for the answer."""
        reply: asyncio.Future[Replied[Any] | Failed] = asyncio.get_running_loop().create_future()
        self.callbacks.expect(self.session.send(command, now()), reply.set_result)
        self.process()
        answer = await reply
        if isinstance(answer, Failed):
            raise answer.error
        return answer.result

    def stop(self) -> None:
        """Closes in good order; `run()` returns when the connection is closed."""
        self.session.stop(now())
        self.stopping.set()
        self.process()


async def main(url: str, seconds: float) -> None:
    """Prints best quotes while another task queries the exchange's time."""
    session = Session(coinex.spot(url=url), Sources(time.time_ns, os.urandom))
    callbacks = Callbacks()
    driver = Driver(session, callbacks)
    quotes = coinex.BestQuote("BTCUSDT")
    callbacks.add(quotes, lambda q: print(q.market, q.best_bid_price, q.best_ask_price))
    session.subscribe(quotes, now=now())
    running = asyncio.create_task(driver.run())
    await asyncio.sleep(seconds / 2)
    print("exchange time", await driver.request(coinex.ServerTime()))
    await asyncio.sleep(seconds / 2)
    driver.stop()
    await running


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Best quotes on asyncio")
    arguments.add_argument("--url", default=coinex.SPOT_URL)
    arguments.add_argument("--seconds", type=float, default=30.0)
    chosen = arguments.parse_args()
    asyncio.run(main(chosen.url, chosen.seconds))
