"""What holds for every test: how many cases hypothesis generates, that helpers' asserts count, and that Ctrl-C is not ignored."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# pytest does so for test files only: elsewhere `-O` would take the asserts away, and what they call.
pytest.register_assert_rewrite(
    *(f"{__package__}.{path.parent.name}" for path in Path(__file__).parent.glob("*/__init__.py"))
)

# How slow a case is made says something about the machine, and nothing about a test.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", UNHURRIED, max_examples=50, derandomize=True)
settings.register_profile("long", UNHURRIED, max_examples=10_000, print_blob=True)
settings.register_profile(  # tests/mutate.py asks whether a test fails, not for the smallest case
    "mutate", settings.get_profile("quick"), phases=[Phase.explicit, Phase.generate], database=None
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as a shell does to what it starts in the background; children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
