"""The core on a plain socket, without trio: TLS, reconnect, time-outs, commands from any thread, awaiting a reply, stop.

Copy `Driver` into a bot; the rest shows how it is used.
Run: python examples/embed_socket.py --url wss://socket.coinex.com/v2/spot --seconds 30
"""

import argparse
import os
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from coinex_proto import Callbacks, Command, Failed, Open, Replied, SdkError, Session, Sources, Stop, coinex

SHIFT = time.time() - time.monotonic()


def now() -> float:
    """Seconds that never go back and read as Unix time."""
    return time.monotonic() + SHIFT


class Driver:
    """One session on one socket, in the thread that calls `run()`; other threads use `call`, `request` and `stop`."""

    def __init__(self, session: Session, callbacks: Callbacks) -> None:
        self.session, self.callbacks = session, callbacks
        self.queued: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self.waker, self.wakes = socket.socketpair()
        self.is_over = False

    def run(self) -> None:
        """Connects again and again until `stop()`, or until the session gives up."""
        while not isinstance(step := self.session.next_step(now()), Stop):
            if isinstance(step, Open):
                try:
                    connection = self.connect(step)
                except OSError as error:
                    why = str(error) or "time-out"
                else:
                    with connection:  # closed too when a callback raises, which ends run()
                        self.session.connected(now())
                        why = self.serve(connection)
                self.session.disconnected(now(), why)
                self.hand_out()
            else:
                self.wait([], step.until)
        self.is_over = True
        while not self.queued.empty():
            self.queued.get()()
        if step.error is not None:
            raise step.error

    def connect(self, step: Open) -> socket.socket:
        """TCP, then TLS with certificate and hostname checked, within the time for opening."""
        plain = socket.create_connection((step.host, step.port), timeout=self.session.config.open_timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = ssl.create_default_context().wrap_socket(plain, server_hostname=step.host) if step.tls else plain
        secure.settimeout(self.session.config.ping_timeout)  # a send that blocks longer is the end of the connection
        return secure

    def serve(self, connection: socket.socket) -> str:
        """Reads and serves timers until the connection ends; says why it ended."""
        while True:
            self.hand_out()
            try:
                connection.sendall(self.session.data_to_send())
            except OSError as error:
                return str(error) or "time-out"
            if self.session.wants_close:
                return "closed"
            deadline = self.session.next_deadline()
            if connection in self.wait([connection], deadline):
                try:
                    data = connection.recv(65536)
                except OSError as error:
                    return str(error) or "time-out"
                if not data:
                    return "the peer ended the connection"
                self.session.receive_data(data, now())
            elif deadline is not None:
                self.session.handle_timeout(now())

    def wait(self, sockets: list[socket.socket], until: float | None) -> list[socket.socket]:
        """Waits for input, time, or another thread's function, which is called here."""
        timeout = None if until is None else max(0.0, until - now())
        ready, _, _ = select.select([*sockets, self.wakes], [], [], timeout)
        if self.wakes in ready:
            self.wakes.recv(1)
            self.queued.get()()
        return ready

    def hand_out(self) -> None:
        """Gives every event to the callbacks."""
        while (event := self.session.next_event()) is not None:
            self.callbacks.dispatch(event)

    def call(self, function: Callable[[], object]) -> None:
        """From any thread: the function runs in the driving thread, at once."""
        if self.is_over:
            function()
            return
        self.queued.put(function)
        self.waker.send(b"!")

    def request(self, command: Command[Any]) -> Any:
        """From any other thread: sends at once and waits for the answer."""
        replies: queue.SimpleQueue[Replied[Any] | Failed | SdkError] = queue.SimpleQueue()

        def send() -> None:
            try:
                self.callbacks.expect(self.session.send(command, now()), replies.put)
            except SdkError as error:
                replies.put(error)

        self.call(send)
        answer = replies.get()
        if isinstance(answer, Replied):
            return answer.result
        raise answer.error if isinstance(answer, Failed) else answer

    def stop(self) -> None:
        """From any thread: closes in good order; `run()` returns when the connection is closed."""
        self.call(lambda: self.session.stop(now()))


def main(url: str, seconds: float) -> None:
    """Prints best quotes while another thread queries the exchange's time."""
    session = Session(coinex.spot(url=url), Sources(time.time_ns, os.urandom))
    callbacks = Callbacks()
    driver = Driver(session, callbacks)
    quotes = coinex.BestQuote("BTCUSDT")
    callbacks.add(quotes, lambda q: print(q.market, q.best_bid_price, q.best_ask_price))
    session.subscribe(quotes, now=now())

    def other_thread() -> None:
        time.sleep(seconds / 2)
        print("exchange time", driver.request(coinex.ServerTime()))
        time.sleep(seconds / 2)
        driver.stop()

    other = threading.Thread(target=other_thread)
    other.start()
    driver.run()
    other.join()
    driver.waker.close()
    driver.wakes.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Best quotes on a plain socket")
    arguments.add_argument("--url", default=coinex.SPOT_URL)
    arguments.add_argument("--seconds", type=float, default=30.0)
    chosen = arguments.parse_args()
    main(chosen.url, chosen.seconds)
