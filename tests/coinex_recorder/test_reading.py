"""Which files are meant."""

from pathlib import Path

import pytest

from coinex_proto import UsageError
from coinex_recorder import files_of


def test_one_of_several_recordings_is_named_by_a_file_or_by_how_its_files_begin(tmp_path: Path) -> None:
    names = ("coinex-spot-1-aaaa-0000", "coinex-spot-1-aaaa-0001", "coinex-spot-2-bbbb-0000")
    files = [tmp_path / f"{name}.rec" for name in names]
    for file in files:
        file.touch()
    with pytest.raises(UsageError, match=r"holds 2 recordings: .*coinex-spot-1-aaaa, coinex-spot-2-bbbb"):
        files_of(tmp_path)
    assert files_of(tmp_path / "coinex-spot-1-aaaa") == tuple(files[:2])
    assert files_of(tmp_path / "coinex-spot-2") == (files[2],)
    assert files_of(files[1]) == (files[1],)
    with pytest.raises(UsageError, match="there is no recording"):
        files_of(tmp_path / "qfex")
