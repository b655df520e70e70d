"""A flight recorder: the last moments of each client, in memory, written to a file when something goes wrong.

    config = Config(flight_recorder=FlightRecorder("black-box"))

Something is wrong when a callback raises, a checksum does not fit, an own order is unknown, or a message cannot be read; and
whenever the program says so (`write`, or a signal with `write_on`). `coinex replay FILE` gives the same failure again.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import time
import uuid
import weakref
from pathlib import Path
from typing import Final, final

from coinex_proto import Dialect, Event, OrderChanged, Restored, Sources, Unrecognised, UsageError
from coinex_proto.recording.frames import FrameWriter, best_compression
from coinex_proto.recording.noted import Noted, packed, time_of
from coinex_proto.recording.records import END
from coinex_proto.recording.tap import Tap
from coinex_recorder.files import SUFFIX, UNWANTED

LOG: Final = logging.getLogger("coinex_recorder")

BATCH: Final = 8192
"""Records of one batch."""


@final
class FlightRecorder:
    """A directory for what was kept when something went wrong; give it to clients as `Config(flight_recorder=…)`.

    Each client keeps at least the last `seconds`, at most twice that, and no more than `max_bytes` of the peer's bytes. At most one
    file is written in `every` seconds and client, and the oldest are removed beyond `max_files`.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        seconds: float = 30.0,
        max_bytes: int = 1 << 24,
        every: float = 60.0,
        max_files: int = 20,
    ) -> None:
        """Raises `UsageError` for what is not above 0. The directory is made when there is something to write."""
        for name, value in (("seconds", seconds), ("max_bytes", max_bytes), ("max_files", max_files)):
            if not 0 < value < math.inf:
                raise UsageError(f"{name}={value!r}: must be a finite number above 0")
        self.directory: Path = Path(directory)
        self.seconds: float = seconds
        self.max_bytes: int = max_bytes
        self.every: float = every
        self.max_files: int = max_files
        self._taps: weakref.WeakSet[FlightTap] = weakref.WeakSet()

    def tap(self, dialect: Dialect, sources: Sources) -> Tap:
        """For a client: see `Config.flight_recorder`."""
        made = FlightTap(self, dialect, sources)
        self._taps.add(made)
        return made

    def write(self, why: str = "asked for") -> tuple[Path, ...]:
        """Writes what every client has now, and gives the files."""
        found = (tap.write(why) for tap in tuple(self._taps))
        return tuple(path for path in found if path is not None)

    def write_on(self, number: int = signal.SIGUSR1) -> None:
        """Has this signal write. In the main thread."""
        signal.signal(number, lambda *_: self.write(signal.Signals(number).name) and None)

    def remove_oldest(self) -> None:
        """Keeps the newest `max_files`."""
        files = sorted(self.directory.glob(f"flight-*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
        for path in files[: -self.max_files]:
            path.unlink(missing_ok=True)


@final
class FlightTap(Tap):
    """The last moments of one session."""

    inflates = False

    def __init__(self, recorder: FlightRecorder, dialect: Dialect, sources: Sources) -> None:
        super().__init__(dialect, sources)
        self._recorder = recorder
        self._began_at = sources.wall_time_ns() / 1e9
        self._written_at = -math.inf
        self._failed_checksums = 0
        self._is_from_the_beginning = True
        self._last = 0
        """Where in `records` the last checkpoint is; 0: there is none but perhaps what it begins with."""
        self._oldest_bytes = self._last_bytes = 0
        """What the peer had sent where `records` begins, and at the last checkpoint."""
        self.full_at: float = recorder.max_bytes
        self.checkpoint_at: float = -math.inf
        self._has_begun = False

    def turn(self, now: float) -> bool:
        """There always is room: what is oldest makes it."""
        if not self._has_begun:
            self._has_begun = True
            self.checkpoint_at = now + self._recorder.seconds
        if now >= self.checkpoint_at:
            self._checkpoint(now)
        if self._stats.bytes_in >= self.full_at and not self.failure:
            self._make_room()
        return not self.failure

    def _checkpoint(self, now: float) -> None:
        super()._checkpoint(now)
        if self.checkpoint_at != math.inf or self.failure:
            return  # at the next input
        self.checkpoint_at = now + self._recorder.seconds
        self._forget_before_last()
        self._last, self._last_bytes = len(self.records) - 1, self._stats.bytes_in

    def _forget_before_last(self) -> None:
        """Everything before the last checkpoint."""
        if self._last:
            del self.records[: self._last]
            self._is_from_the_beginning = False
            self._last, self._oldest_bytes = 0, self._last_bytes
            self.full_at = self._oldest_bytes + self._recorder.max_bytes

    def _make_room(self) -> None:
        """Only what is since the last checkpoint is kept, or nothing, until the next."""
        self._forget_before_last()
        if self._stats.bytes_in >= self.full_at:
            self.records.clear()
            self._is_from_the_beginning = False
            self._oldest_bytes = self._last_bytes = self._stats.bytes_in
            self.full_at = self._oldest_bytes + self._recorder.max_bytes
        self.checkpoint_at = -math.inf

    # What goes wrong --------------------------------------------------------------------------------------------------

    def told(self, event: Event, now: float) -> None:
        """An event that may say that something is wrong."""
        super().told(event, now)
        why = self._trouble_of(event)
        if why:
            self._write_now_and_then(why, now)

    def _trouble_of(self, event: Event) -> str:
        assert self._session is not None
        failed = self._session.stats.checksums_failed
        has_failed, self._failed_checksums = failed != self._failed_checksums, failed
        if has_failed:
            return "a checksum did not fit"
        if isinstance(event, Unrecognised):
            return "a message could not be read"
        if isinstance(event, OrderChanged) and event.order.state == "unknown":
            return "an order is unknown"
        if isinstance(event, Restored) and event.unknown_orders:
            return "orders are still unknown"
        return ""

    def note(self, what: str, text: str, now: float) -> None:
        """Something that is no event."""
        super().note(what, text, now)
        if what == "CallbackRaised":
            self._write_now_and_then(text, now)

    def _write_now_and_then(self, why: str, now: float) -> None:
        if now - self._written_at >= self._recorder.every and self.write(why) is not None:
            self._written_at = now

    def write(self, why: str) -> Path | None:
        """Writes what there is, and gives the file; None, and a line in the log, when it cannot be written."""
        records = self.records.copy()
        try:
            return self._write(records, why)
        except Exception as error:  # noqa: BLE001 - a flight recorder does not end a client
            said = (isinstance(error, OSError) and error.strerror) or error
            LOG.error("the flight recorder cannot write to %s: %s", self._recorder.directory, said)
            return None

    def has_failed(self) -> None:
        """It is told once, and the client goes on."""
        LOG.error("the flight recorder has failed by a fault of its own and keeps nothing more: %s", self.failure)

    def _write(self, records: list[Noted], why: str) -> Path:
        directory = self._recorder.directory
        directory.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        recording_id = uuid.uuid4().hex
        path = directory / f"flight-{UNWANTED.sub('-', self.dialect.name)}-{stamp}-{recording_id[:4]}{SUFFIX}"
        frame = 0 if self._is_from_the_beginning else 1
        times = [time_of(one) for one in (*records[:1], *records[-1:])] or [0.0]
        header = self.header(recording_id, frame, self._began_at, is_flight=True, why=why)
        writer = FrameWriter(best_compression())
        with open(path, "xb") as file:
            file.write(writer.batch([header.record(times[0])]))
            parts = (records[begin : begin + BATCH] for begin in range(0, len(records), BATCH))
            file.writelines(writer.batch(packed(part)) for part in parts)
            file.write(writer.batch(packed([(END, times[-1], (), why)])) + writer.end())
        self._recorder.remove_oldest()
        LOG.warning("%s: %s; the last moments are in %s", self.dialect.name, why, path)
        return path
