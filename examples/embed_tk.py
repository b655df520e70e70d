"""The core inside Tk's own event loop: a live ladder in a window, TLS, reconnects, time-outs, stop; no thread but to connect.

Copy `Driver` into a program with a window; the rest shows how it is used. On Linux and macOS.
Run: python examples/embed_tk.py --url wss://socket.coinex.com/v2/spot --seconds 30
"""

import argparse
import contextlib
import os
import queue
import socket
import ssl
import threading
import time
import tkinter
from collections.abc import Callable

from coinex_proto import BookChanged, Callbacks, Lost, Open, Session, Sources, Stop, coinex

SHIFT = time.time() - time.monotonic()
LEVELS = 8


def now() -> float:
    """Seconds that never go back and read as Unix time."""
    return time.monotonic() + SHIFT


class Driver:
    """One session in the loop of a Tcl interpreter. After every step of the session, `process()` does all that is left to do."""

    def __init__(self, tk: tkinter.Misc, session: Session, callbacks: Callbacks, ended: Callable[[], object]) -> None:
        self.tk, self.session, self.callbacks, self.ended = tk, session, callbacks, ended
        self.connection: socket.socket | None = None
        self.connecting: queue.SimpleQueue[socket.socket | OSError] = queue.SimpleQueue()
        self.unsent = b""
        self.timer = self.pause = ""
        self.error: Exception | None = None
        self.is_over = False

    def advance(self) -> None:
        """There is no connection: the next attempt, a pause before it, or the end."""
        step = self.session.next_step(now())
        self.process()
        self.pause = ""
        if isinstance(step, Open):
            threading.Thread(target=self.connect, args=(step,), daemon=True).start()
            self.look_for_connection()
        elif isinstance(step, Stop):
            self.error, self.is_over = self.error or step.error, True
            self.ended()
        else:
            self.pause = self.tk.after(max(0, round((step.until - now()) * 1000)), self.advance)

    def connect(self, step: Open) -> None:
        """In a thread: TCP, then TLS with certificate and hostname checked, within the time for opening."""
        try:
            plain = socket.create_connection((step.host, step.port), timeout=self.session.config.open_timeout)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secure = ssl.create_default_context().wrap_socket(plain, server_hostname=step.host) if step.tls else plain
            secure.setblocking(False)
            self.connecting.put(secure)
        except OSError as error:
            self.connecting.put(error)

    def look_for_connection(self) -> None:
        """Tk is not for other threads: what the one that connects has found is looked for 50 times a second."""
        if self.connecting.empty():
            self.tk.after(20, self.look_for_connection)
            return
        found = self.connecting.get()
        if isinstance(found, OSError):
            self.end(str(found) or "time-out")
            return
        self.connection, self.unsent = found, b""
        self.session.connected(now())
        self.process()

    def ready(self, *_: object) -> None:
        """Tk says that the socket can be read or written."""
        try:
            while self.connection is not None and (data := self.connection.recv(65536)):
                self.session.receive_data(data, now())
                self.process()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self.process()
        except OSError as error:
            self.end(str(error))
        else:
            self.end("the peer ended the connection")

    def end(self, why: str) -> None:
        """The connection is gone, or was never made."""
        connection, self.connection = self.connection, None
        if connection is not None:
            self.tk.tk.deletefilehandler(connection)
            connection.close()
        if not self.is_over:
            self.session.disconnected(now(), why)
            self.advance()

    def process(self) -> None:
        """The whole duty of a driver: hand out events, send, look at the clock."""
        while (event := self.session.next_event()) is not None:
            try:
                self.callbacks.dispatch(event)
            except Exception as error:  # noqa: BLE001 - Tk would print it and go on
                self.error = self.error or error
                self.session.stop(now())
        if self.connection is not None:
            self.unsent += self.session.data_to_send()
            with contextlib.suppress(BlockingIOError, ssl.SSLWantWriteError, BrokenPipeError, ConnectionResetError):
                self.unsent = self.unsent[self.connection.send(self.unsent) :] if self.unsent else b""
            mask = tkinter.READABLE | (tkinter.WRITABLE if self.unsent else 0)
            self.tk.tk.createfilehandler(self.connection, mask, self.ready)
            if self.session.wants_close and not self.unsent:
                self.tk.after_idle(self.end, "closed")
        if self.timer:
            self.tk.after_cancel(self.timer)
        deadline = self.session.next_deadline()
        milliseconds = 1000.0 if deadline is None else max(0.0, min((deadline - now()) * 1000 + 1, 1000.0))
        self.timer = "" if self.is_over else self.tk.after(int(milliseconds), self.timeout)

    def timeout(self) -> None:
        """A deadline has come, or a second has passed, in which the machine may have slept."""
        self.timer = ""
        self.session.handle_timeout(now())
        self.process()

    def stop(self) -> None:
        """Closes in good order; `ended` is called when the connection is closed."""
        self.session.stop(now())
        if self.pause:
            self.tk.after_cancel(self.pause)
            self.advance()
        self.process()


class Ladder:
    """The best levels of one book in a window; grey while they are not proved."""

    def __init__(self, root: tkinter.Tk) -> None:
        self.rows = [tkinter.Label(root, font="TkFixedFont", width=28, anchor="e") for _ in range(2 * LEVELS)]
        for row in self.rows:
            row.pack()

    def show(self, event: BookChanged) -> None:
        """The book has changed, and is proved."""
        if not event.book.trusted:
            return
        levels = [*reversed(event.book.asks[:LEVELS]), *event.book.bids[:LEVELS]]
        for row, (price, size) in zip(self.rows, levels, strict=False):
            row.configure(text=f"{price}  {size}", foreground="black")

    def doubt(self, _: Lost) -> None:
        """What is shown may not be true any more."""
        for row in self.rows:
            row.configure(foreground="grey")


def main(url: str, seconds: float) -> None:
    """A window for so long, or until it is closed."""
    root = tkinter.Tk()
    root.title("BTCUSDT")
    session = Session(coinex.spot(url=url), Sources(time.time_ns, os.urandom))
    callbacks, ladder, depth = Callbacks(), Ladder(root), coinex.Depth("BTCUSDT", 20)
    callbacks.add(depth, ladder.show)
    callbacks.add(Lost, ladder.doubt)
    session.subscribe(depth, now=now())
    driver = Driver(root, session, callbacks, root.quit)
    root.protocol("WM_DELETE_WINDOW", driver.stop)
    root.after(round(seconds * 1000), driver.stop)
    root.after_idle(driver.advance)
    root.mainloop()
    print("best bid shown:", ladder.rows[LEVELS].cget("text"))
    root.destroy()
    if driver.error is not None:
        raise driver.error


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="A live ladder in a window")
    arguments.add_argument("--url", default=coinex.SPOT_URL)
    arguments.add_argument("--seconds", type=float, default=30.0)
    chosen = arguments.parse_args()
    main(chosen.url, chosen.seconds)
