"""A guard beside the sockets of a blocking client: when it is rung, and what it hears of."""

from __future__ import annotations

import math
from typing import Any

import pytest

from coinex_driver.client_core import ClientCore
from coinex_proto import Config, coinex
from coinex_trio._io.guarded_io import GuardedIO, GuardedLines, guarded_io
from tests.coinex_trio.venue import VirtualNetwork


class Alarm:
    """Keeps what it heard."""

    def __init__(self) -> None:
        self.at = math.inf
        self.heard: list[str] = []

    def ring(self) -> None:
        self.heard.append("rung")
        self.at = math.inf

    def raised(self) -> None:
        self.heard.append("raised")


def made(config: Config = Config()) -> tuple[Any, ClientCore, VirtualNetwork]:  # noqa: B008
    network = VirtualNetwork()
    core = ClientCore(coinex.spot(), None, config, network.sources, network.now)
    return guarded_io(core, network, None), core, network


def test_a_client_has_one_socket_or_as_many_as_it_needs() -> None:
    assert isinstance(made()[0], GuardedIO)
    assert isinstance(made(Config(renew_every=math.inf))[0], GuardedLines)


def test_the_alarm_has_a_time_of_its_own_and_is_rung_when_it_has_come() -> None:
    io, _, network = made()
    io.turn()
    alone = io.wakes_at()
    io.alarm = alarm = Alarm()
    assert io.wakes_at() == alone
    alarm.at = network.now() + 1.0
    assert io.wakes_at() == min(alone, alarm.at)
    io.turn()
    assert alarm.heard == []
    network.sleep(1.0)
    io.turn()
    assert alarm.heard == ["rung"]
    io.turn()
    assert alarm.heard == ["rung"]


def test_a_callback_that_raised_is_heard_of_and_comes_out() -> None:
    io, core, _ = made()
    io.alarm = alarm = Alarm()

    def raising() -> None:
        raise ValueError("mine")

    core.deliver = raising  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="mine"):
        for _ in range(10):
            io.turn()
    assert alarm.heard == ["raised"]


def test_an_interrupt_in_the_middle_of_a_step_is_none_of_a_callback() -> None:
    io, core, _ = made()
    io.alarm = alarm = Alarm()

    def interrupted() -> None:
        io.is_interrupted = True
        raise KeyboardInterrupt

    core.deliver = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        for _ in range(10):
            io.turn()
    assert alarm.heard == []


def test_without_an_alarm_it_is_the_socket_alone() -> None:
    io, core, _ = made()

    def raising() -> None:
        raise ValueError("mine")

    core.deliver = raising  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="mine"):
        for _ in range(10):
            io.turn()
