"""A handful of interrupts, one in each driver; `make interrupts` does hundreds."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.interrupts.campaign import campaign


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts sockets in /proc")
def test_interrupts_at_random_times_leave_nothing_behind() -> None:
    assert campaign(4, seed=1) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts sockets in /proc")
def test_an_interrupt_reaches_the_programs_of_a_campaign_that_a_shell_has_started_in_the_background() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert campaign(1, seed=1) == []
    finally:
        signal.signal(signal.SIGINT, before)
