"""Each test of the suite, on each driver. For a driver of your own, name it here: `mypackage.tests:MyDriver`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.conformance.driver import Driver
from tests.conformance.drivers import DRIVERS
from tests.conformance.peer import Peer, scripted


def drivers() -> tuple[Driver, ...]:
    """Those of this project, or the one that COINEX_CONFORMANCE names, as `module:Class`."""
    named = os.environ.get("COINEX_CONFORMANCE")
    if not named:
        return DRIVERS
    module, _, name = named.partition(":")
    made: Driver = getattr(import_module(module), name)()
    return (made,)


@pytest.fixture(params=drivers(), ids=lambda driver: driver.name)
def driver(request: pytest.FixtureRequest) -> Driver:
    found: Driver = request.param
    if (why := found.why_not()) is not None:
        pytest.skip(why)
    return found


@pytest.fixture
def peer() -> Iterator[Peer]:
    with scripted() as found:
        yield found
