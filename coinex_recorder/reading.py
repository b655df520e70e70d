"""Recordings read from files: one, several in a row, or a whole directory."""

from __future__ import annotations

import glob
import json
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from coinex_proto import Callbacks, Dialect, UsageError
from coinex_proto.recording import Replay
from coinex_proto.recording import replay as replay_bytes
from coinex_proto.recording.frames import Batch, read_frames
from coinex_proto.recording.records import Header, header_of
from coinex_recorder.files import INDEX, SUFFIX

PIECE: Final = 1 << 18


def replay(
    path: str | os.PathLike[str],
    *,
    callbacks: Callbacks | None = None,
    dialect: Dialect | None = None,
    packages: Iterable[str] = (),
    start: float = -math.inf,
    end: float = math.inf,
    any_version: bool = False,
) -> Replay:
    """As `coinex_proto.replay`, of a file, or of a directory that holds the files of one recording.

    With a `start` it begins to read where the index says. Raises `UsageError` for what is no recording, or several ones.
    """
    return replay_bytes(
        _pieces(files_of(path), start),
        callbacks=callbacks,
        dialect=dialect,
        packages=packages,
        start=start,
        end=end,
        any_version=any_version,
    )


def files_of(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """The file itself, or in their order those of a directory, or those whose names begin so. Raises `UsageError` for none, or for
    several recordings.
    """
    found = Path(path)
    if found.exists() and not found.is_dir():
        return (found,)
    directory, begins = (found, "") if found.is_dir() else (found.parent, found.name)
    files = tuple(sorted(directory.glob(f"{glob.escape(begins)}*{SUFFIX}")))
    if not files:
        where = f"there is no recording (*{SUFFIX}) in {found}" if found.is_dir() else f"there is no recording {found}"
        raise UsageError(where)
    stems = {one.stem.rpartition("-")[0] for one in files}
    if len(stems) > 1:
        raise UsageError(
            f"{found} holds {len(stems)} recordings: name a file, or the beginning of one: {', '.join(sorted(stems))}"
        )
    return files


def header(path: str | os.PathLike[str]) -> Header:
    """What the recording says of itself. Raises `UsageError` for a foreign file."""
    for found in read_frames(_pieces(files_of(path)[:1], -math.inf)):
        if isinstance(found, Batch):
            return header_of(found.records[0])
    raise UsageError(f"{path} is no recording: the file is empty")


def index_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a file's index; empty without one. A line that was cut off is left out."""
    try:
        text = Path(f"{path}{INDEX}").read_text()
    except OSError:
        return []
    lines: list[dict[str, Any]] = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines


def _pieces(files: tuple[Path, ...], start: float) -> Iterator[bytes]:
    skipped, offset = _beginning(files, start)
    for path in files[skipped:]:
        with open(path, "rb") as file:
            file.seek(offset)
            offset = 0
            while piece := file.read(PIECE):
                yield piece


def _beginning(files: tuple[Path, ...], start: float) -> tuple[int, int]:
    """The last frame that begins before this time: which file, and where in it."""
    found = (0, 0)
    if start == -math.inf:
        return found
    for number, path in enumerate(files):
        size = path.stat().st_size
        for line in index_of(path):
            if line["from"] <= start and line["offset"] < size:
                found = (number, line["offset"])
    return found
