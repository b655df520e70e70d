"""Sessions and the local QFEX, joined in memory on virtual time."""

from __future__ import annotations

from typing import Any

from coinex_proto import Event, Session, Sources, Stop, Wait, qfex
from coinex_proto.simulator import CrowdSettings, QfexServer, ServerConnection
from tests.coinex_proto.harness.wire import NONCE

START = 1_700_000_000.0


class Joined:
    """One server and the sessions that are connected to it; time moves by `run` alone."""

    def __init__(self, **options: Any) -> None:
        self.now = START
        self.server = QfexServer(now=START, crowd=CrowdSettings(rate=options.pop("rate", 0.0001)), **options)
        self.links: dict[Session, ServerConnection | None] = {}
        self.events: dict[Session, list[Event]] = {}
        self._drawn = 0

    def _random(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(8) + (NONCE * (count // 64 + 1))[: count - 8] if count > 8 else NONCE[:count]

    def sources(self) -> Sources:
        return Sources(lambda: int(self.now * 1e9), self._random)

    def trade(self, **options: Any) -> Session:
        keys = qfex.HmacCredentials(self.server.public_key, self.server.secret_key)
        return self.connect(Session(qfex.trade(keys, url="ws://127.0.0.1", **options), self.sources()))

    def mds(self) -> Session:
        return self.connect(Session(qfex.mds(url="ws://127.0.0.1"), self.sources()))

    def connect(self, session: Session) -> Session:
        self.links[session] = None
        self.events[session] = []
        self.deliver()
        return session

    def deliver(self) -> None:
        """Everything that can be said now is said."""
        is_busy = True
        while is_busy:
            is_busy = sum(self._move(session) for session in tuple(self.links)) > 0
            self.server.take_ready()

    def _move(self, session: Session) -> bool:
        link = self.links[session]
        if link is None:
            step = session.next_step(self.now)
            if isinstance(step, (Wait, Stop)) and not (isinstance(step, Wait) and step.until <= self.now):
                return False
            session.connected(self.now)
            self.links[session] = self.server.accept(self.now)
            return True
        data = session.data_to_send()
        if data:
            link.receive_data(data, self.now)
        answer = link.data_to_send()
        if answer:
            session.receive_data(answer, self.now)
        if link.wants_close is not None or session.wants_close:
            link.end("rst")
            session.disconnected(self.now, "reset")
            self.links[session] = None
        self._collect(session)
        return bool(data or answer) or self.links[session] is None

    def _collect(self, session: Session) -> None:
        while (event := session.next_event()) is not None:
            self.events[session].append(event)

    def run(self, seconds: float) -> None:
        """So long; every timer is served when it is due."""
        end = self.now + seconds
        while True:
            self.deliver()
            times = [self.server.next_deadline(), *(session.next_deadline() for session in self.links)]
            times += [
                step.until
                for session, link in self.links.items()
                if link is None and isinstance(step := session.next_step(self.now), Wait)
            ]
            due = min((time for time in times if time is not None), default=end)
            if due > end:
                break
            self.now = max(self.now, due)
            self.server.advance(self.now)
            for session in self.links:
                session.handle_timeout(self.now)
        self.now = end
        self.server.advance(end)
        self.deliver()

    def take(self, session: Session) -> list[Event]:
        """What has come out since the last time."""
        self.deliver()
        taken, self.events[session] = self.events[session], []
        return taken
