"""Recordings in files: written by a thread of their own, rotated, and complete up to the last second whatever ends the program.

    with RecordingFiles("recordings") as files:
        with CoinexClient("spot", config=Config(recorder=files)) as client: …

A client only appends to a deque. What cannot be written ends the recording, never the client: `error` says why.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import logging
import math
import os
import re
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from coinex_proto import Dialect, SdkError, Sources, UsageError
from coinex_proto.recording.frames import Compression, FrameWriter, best_compression, check_compression
from coinex_proto.recording.noted import Noted, packed, time_of
from coinex_proto.recording.records import CHECKPOINT, END, MARK, MISSING, TOLD
from coinex_proto.recording.tap import MOST_WAITING, Tap

LOG: Final = logging.getLogger("coinex_recorder")

SUFFIX: Final = ".rec"
INDEX: Final = ".index"
LOCK: Final = ".coinex-recorder.lock"
BLOCK: Final = 1 << 20
"""Bytes of the peer after which the writing thread is woken before its time: what it takes is still near the processor, and makes
one batch."""
FRAME_SECONDS: Final = 60.0
FRAME_BYTES: Final = 1 << 25
"""A frame begins with a checkpoint: a replay from a time reads a minute in vain at most."""
PATIENCE: Final = 10.0
"""Seconds that closing waits for a disk."""
UNWANTED: Final = re.compile(r"[^A-Za-z0-9]+")


@final
class RecordingFiles:
    """A directory of recordings; give it to clients as `Config(recorder=…)`. Each client's session gets files of its own.

    A file ends after `max_bytes` or `max_seconds`, and the next begins with a checkpoint, so that each can be replayed by itself.
    Raises `UsageError` when another recorder has the directory, and `OSError` when it cannot be written.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        max_bytes: int = 1 << 28,
        max_seconds: float = 3600.0,
        compression: Compression | None = None,
        flush_every: float = 0.5,
        on_error: Callable[[OSError | SdkError], object] | None = None,
    ) -> None:
        """`compression`: "zstd" (with `zstandard` installed the default) or "gzip". `on_error` is called, in the writing thread, once
        the recording has ended because it could not be written.
        """
        if max_bytes < 1 or not 0 < max_seconds < math.inf or not 0 < flush_every <= 1:
            raise UsageError("max_bytes and max_seconds must be above 0, flush_every at most a second")
        self.compression: Compression = best_compression() if compression is None else compression
        check_compression(self.compression)
        self.directory: Path = Path(directory)
        self.max_bytes: int = max_bytes
        self.max_seconds: float = max_seconds
        self.flush_every = flush_every
        self.error: OSError | SdkError | None = None
        """What ended a recording before its client: the disk, or a fault of the recorder's own."""
        self.on_error = on_error
        self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = self._locked()
        self._writers: list[FileTap] = []

    def _locked(self) -> int:
        lock = os.open(self.directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise UsageError(
                f"another recorder writes to {self.directory}: give each a directory of its own"
            ) from error
        return lock

    def tap(self, dialect: Dialect, sources: Sources) -> Tap:
        """For a client: see `Config.recorder`."""
        if self._lock < 0:
            raise UsageError("these recording files were closed: make new ones")
        made = FileTap(self, dialect, sources)
        self._writers.append(made)
        return made

    def rotate(self) -> None:
        """Each recording goes on in a new file, as soon as its session is between two messages. Safe in a signal handler."""
        for writer in self._writers:
            writer.rotates = True

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files written so far, in the order in which they were begun."""
        return tuple(path for writer in self._writers for path in writer.paths)

    @property
    def bytes_written(self) -> int:
        """To all files."""
        return sum(writer.bytes_written for writer in self._writers)

    @property
    def is_recording(self) -> bool:
        """False once every recording has ended."""
        return any(writer.is_alive() for writer in self._writers)

    def close(self) -> None:
        """Ends what is still recorded, and waits until it is on the disk."""
        for writer in self._writers:
            writer.finish()
        if self._lock >= 0:
            lock, self._lock = self._lock, -1
            os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@final
class FileTap(Tap):
    """The records of one session, on their way to files."""

    def __init__(self, files: RecordingFiles, dialect: Dialect, sources: Sources) -> None:
        super().__init__(dialect, sources)
        self.paths: list[Path] = []
        self.rotates: bool = False
        self.bytes_written: int = 0
        self._files = files
        self._stem = f"{UNWANTED.sub('-', dialect.name)}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(sources.wall_time_ns() / 1e9))}"
        self._recording_id = uuid.uuid4().hex
        self._began_at = sources.wall_time_ns() / 1e9
        self._file = -1
        self._frame: FrameWriter | None = None
        self._frames = 0
        self._frame_offset = self._size = 0
        self._frame_bytes = 0
        self._frame_began = self._file_began = -math.inf
        self._first_now = self._last_now = 0.0
        self._topics: dict[str, int] = {}
        self._gaps = 0
        self.full_at: float = BLOCK
        self._wake = threading.Event()
        self._most: float = MOST_WAITING
        """The count of the peer's bytes from which on inputs are left out."""
        self._is_checkpoint_due = False
        self._is_ending = False
        self._is_broken = False
        self._thread = threading.Thread(target=self._run, name="coinex recorder", daemon=True)
        atexit.register(self.finish)
        self._thread.start()

    # In the client's thread -------------------------------------------------------------------------------------------

    def close(self, now: float) -> None:
        """The client has ended: what is left is written without its waiting for it."""
        if not self._is_ending and not self._is_broken:
            self.mark(now)
            self.records.append((END, now, (), "the client has ended"))
        self._is_ending = True
        self._wake.set()

    def finish(self) -> None:
        """Ends the files, also under a client that goes on; waits for the disk, but not for ever."""
        atexit.unregister(self.finish)
        self._is_ending = True
        self._wake.set()
        if self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)

    def has_failed(self) -> None:
        """What came before is written, and the client goes on without a recording."""
        self._is_ending = True
        self._wake.set()

    def is_alive(self) -> bool:
        """Whether it still writes."""
        return self._thread.is_alive() and not self._is_broken

    # In its own thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._is_ending:
                self._wake.wait(self._files.flush_every)
                self._drain()
            self._drain()
            self._end_file()
            if self.failure:
                self._stop_writing(SdkError(f"the recorder has failed by a fault of its own: {self.failure}"))
        except OSError as error:
            self._stop_writing(error)
        except Exception as error:  # the thread's own boundary: a fault of ours must be seen
            LOG.exception("the recorder has ended by a fault of its own")
            self._stop_writing(SdkError(f"the recorder has failed by a fault of its own: {error}"))
        finally:
            self._ignore_the_rest()

    def turn(self, now: float) -> bool:
        """As of any tap; here `full_at` is also where the writing thread is woken."""
        if now >= self.checkpoint_at:
            self._checkpoint(now)
        count = self._stats.bytes_in
        if self.full_at == -math.inf:
            return False  # for ever
        if count >= self.full_at:
            self._wake.set()
            self.full_at = min(count + BLOCK, self._most)
        return count < self._most

    def _drain(self) -> None:
        """Everything that waits: a batch, or two with a checkpoint between them."""
        self._wake.clear()
        if self._session is None:
            return
        records, count = self.records, len(self.records)
        while count and type(records[count - 1]) is bytes:
            count -= 1  # messages of a read that is not over
        batch = records[:count]
        del records[:count]
        if self._is_checkpoint_due and self.checkpoint_at == math.inf:
            batch = self._end_frame_at_checkpoint(batch)
        self._write(batch)
        self._most = self._stats.bytes_in + MOST_WAITING
        self._tell_what_was_left_out()
        self._ask_for_checkpoint()

    def _end_frame_at_checkpoint(self, batch: list[Noted]) -> list[Noted]:
        """What comes before it is written; the rest."""
        for at, one in enumerate(batch):
            if one[0] == CHECKPOINT:
                self._write(batch[:at])
                self._is_checkpoint_due = False
                self._end_frame()
                if self._must_rotate():
                    self._end_file()
                return batch[at:]
        return batch  # it is about to come

    def _tell_what_was_left_out(self) -> None:
        if self.left_out:
            count, size = self.left_out, self.left_out_bytes
            self.left_out = self.left_out_bytes = 0
            why = "the disk was too slow"
            self._gaps += 1
            self._write([(MISSING, self._last_now, (), count, size, why)])
            self._ask()

    def _ask_for_checkpoint(self) -> None:
        age = time.monotonic() - self._frame_began
        if self._frame is not None and (self.rotates or age >= FRAME_SECONDS or self._frame_bytes >= FRAME_BYTES):
            self._ask()

    def _ask(self) -> None:
        self._is_checkpoint_due = True
        self.checkpoint_at: float = -math.inf

    def _must_rotate(self) -> bool:
        is_due = (
            self.rotates
            or self._size >= self._files.max_bytes
            or time.monotonic() - self._file_began >= self._files.max_seconds
        )
        self.rotates = False
        return is_due

    def _write(self, noted: list[Noted]) -> None:
        if not noted or self._is_broken:
            return
        if self._frame is None:
            self._begin_frame(time_of(next(one for one in noted if type(one) is tuple)))
        assert self._frame is not None
        self._last_now = time_of(noted[-1])
        batch = packed(noted)
        for record in batch[0]:
            if record[0] == MARK:
                for topic, count in record[4].items():
                    self._topics[topic] = self._topics.get(topic, 0) + count
            elif record[0] == TOLD:
                self._gaps += record[3] in ("Lost", "ConsumerTooSlow", "Unrecognised")
        self._put(self._frame.batch(batch))

    def _begin_frame(self, now: float) -> None:
        if self._file < 0:
            self._open()
        self._frame = FrameWriter(self._files.compression)
        self._frame_offset, self._frame_bytes, self._frame_began = self._size, 0, time.monotonic()
        self._first_now = now
        header = self.header(self._recording_id, self._frames, self._began_at)
        self._frames += 1
        self._put(self._frame.batch([header.record(now)]))

    def _open(self) -> None:
        path = self._files.directory / f"{self._stem}-{self._recording_id[:4]}-{len(self.paths):04}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._size = 0
        self._file_began = time.monotonic()
        self.paths.append(path)

    def _put(self, data: bytes) -> None:
        """All of it, or the file as it was before."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)
        self._frame_bytes += len(data)
        self.bytes_written += len(data)

    def _end_frame(self) -> None:
        if self._frame is None:
            return
        self._put(self._frame.end())
        self._frame = None
        line = {
            "offset": self._frame_offset,
            "size": self._size - self._frame_offset,
            "frame": self._frames - 1,
            "from": self._first_now,
            "to": self._last_now,
            "gaps": self._gaps,
            "topics": self._topics,
        }
        with open(str(self.paths[-1]) + INDEX, "a") as index:
            index.write(json.dumps(line) + "\n")
        self._topics, self._gaps = {}, 0

    def _end_file(self) -> None:
        self._end_frame()
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
            self._file = -1

    def _stop_writing(self, error: OSError | SdkError) -> None:
        self._is_broken = True
        self._files.error = error
        where = self.paths[-1] if self.paths else self._files.directory
        LOG.error("recording to %s has ended: %s", where, (isinstance(error, OSError) and error.strerror) or error)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._files.on_error is not None:
            self._files.on_error(error)

    def _ignore_the_rest(self) -> None:
        """The client goes on without a recording."""
        self.full_at = self._most = -math.inf
        self.checkpoint_at = math.inf
        self.records.clear()
