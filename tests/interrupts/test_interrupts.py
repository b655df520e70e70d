"""A handful of interrupts, blocking and under asyncio; `make interrupts` does hundreds, those under trio among them.

Under trio the campaign has found an interrupt after which a program went on: `python -m tests.interrupts 25 200`.
"""

from __future__ import annotations

import sys

import pytest

from tests.interrupts.campaign import campaign


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts sockets in /proc")
def test_interrupts_at_random_times_leave_nothing_behind() -> None:
    assert campaign(4, seed=9) == []
