"""A market as a picture."""

from pathlib import Path

import pytest

from coinex_proto import UsageError
from coinex_recorder.plotting import _look, plot
from tests.coinex_recorder.recorded import recorded


def test_a_gap_is_a_band_and_a_quiet_hour_is_none(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="at 10s drop\nat 20s halt all\nat 35s resume all"):
        pass
    ((since, until),) = _look(tmp_path, None, False)[1].gaps
    assert 9 < since - 1_800_000_000 < until - 1_800_000_000 < 11


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    recording = tmp_path / "rec"
    with recorded("coinex", recording, faults="at 15s drop"):
        pass
    plot(recording, tmp_path / "market.png")
    plot(recording, tmp_path / "market.html", market="BTCUSDT")
    assert (tmp_path / "market.png").read_bytes().startswith(b"\x89PNG")
    assert "data:image/png" in (tmp_path / "market.html").read_text()
    with pytest.raises(UsageError, match="no book of ETHUSDT"):
        plot(recording, tmp_path / "market.png", market="ETHUSDT")
    with pytest.raises(UsageError, match=r"is a \.png or \.html file"):
        plot(recording, tmp_path / "market.pdf")
