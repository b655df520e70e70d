"""A handful of interrupts; `make interrupts` does hundreds."""

from __future__ import annotations

import sys

import pytest

from tests.interrupts.campaign import campaign


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts sockets in /proc")
def test_interrupts_at_random_times_leave_nothing_behind() -> None:
    assert campaign(4, seed=1) == []
