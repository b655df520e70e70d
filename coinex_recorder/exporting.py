"""Recordings as tables for research: Parquet with exact decimals, and the CSV layouts of tardis.dev.

Numbers stay the venue's texts until they are written, and each market has a file of its own. One row group is in memory at a time.
`rows.py` says what is exported, `parquet_files.py` and `tardis_files.py` how it is written.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final, Literal, TypeAlias

from coinex_proto import UsageError
from coinex_recorder.parquet_files import ParquetFile, check_arrow
from coinex_recorder.reading import header
from coinex_recorder.rows import rows
from coinex_recorder.tables import UNWANTED, count_rows
from coinex_recorder.tardis_files import TARDIS, CsvFile

Format: TypeAlias = Literal["parquet", "tardis"]

MOST_ROWS: Final = 150_000
"""Of all files together that wait in memory: about 60 MB of Python."""
FEW: Final = 1_000
"""Fewer rows of a file than these wait on when others are written."""


def export(
    path: str | os.PathLike[str],
    to: str | os.PathLike[str],
    *,
    as_format: Format = "parquet",
    snapshot_every: float = 60.0,
    exchange: str | None = None,
    any_version: bool = False,
) -> tuple[Path, ...]:
    """Writes the tables of a recording into the directory `to`, one file a table and market, and gives the files.

    `snapshot_every`: seconds of the recording between two whole books (Parquet). `exchange`: what the tables call it, for readers
    that know a list of names only; by default what the recording says, such as "coinex-spot". Nothing that is there is written over:
    `UsageError` then, for what is no recording, and without pyarrow.
    """
    if as_format not in ("parquet", "tardis"):
        raise UsageError(f"as_format={as_format!r}: there are 'parquet' and 'tardis'")
    if not snapshot_every > 0:
        raise UsageError(f"snapshot_every={snapshot_every!r}: must be above 0")
    if as_format == "parquet":
        check_arrow()
    exchange = UNWANTED.sub("-", header(path).name if exchange is None else exchange)
    directory = Path(to)
    directory.mkdir(parents=True, exist_ok=True)
    make = ParquetFile if as_format == "parquet" else CsvFile
    files: dict[tuple[str, str], ParquetFile | CsvFile] = {}
    waiting = 0
    try:
        for table, market, found in rows(path, snapshot_every=snapshot_every, any_version=any_version):
            if as_format == "tardis" and table.name not in TARDIS:
                continue
            file = files.get((table.name, market))
            if file is None:
                file = files[table.name, market] = make(directory, exchange, table, market)
            file.rows += found
            waiting += count_rows(table, found)
            if waiting >= MOST_ROWS:
                waiting = _flush(files.values())
        for file in files.values():
            file.end()
    finally:
        for file in files.values():
            file.close()
    return tuple(file.path for file in files.values())


def _flush(files: Collection[ParquetFile | CsvFile]) -> int:
    """The rows of large files, to them: there are hundreds of others with a few each. How many still wait."""
    for file in files:
        if file.waiting() >= FEW:
            file.flush()
    left = sum(file.waiting() for file in files)
    if left < MOST_ROWS // 2:
        return left
    for file in files:
        file.flush()
    return 0
