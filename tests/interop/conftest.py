"""Other people's clients against `coinex sim`, run by `make interop`: they are no dependency of anything else, so `make test` leaves them out."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.interop.sim import Sim

collect_ignore_glob = [] if os.environ.get("COINEX_INTEROP") else ["test_*.py"]


def running(*switches: str) -> Iterator[Sim]:
    """A local exchange as a program of its own."""
    command = [sys.executable, "-m", "coinex_trio", "sim", "--json", "--seed", "7", "--markets", "3", *switches]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Sim(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def sim() -> Iterator[Sim]:
    """As it is started by default."""
    yield from running()


@pytest.fixture(scope="module")
def strict_sim() -> Iterator[Sim]:
    """One that takes HMAC only."""
    yield from running("--strict-signatures")


@pytest.fixture(scope="module")
def inverse_sim() -> Iterator[Sim]:
    """One that lists a coin-margined future."""
    yield from running("--markets", "BTCUSDT,BTCUSD")
