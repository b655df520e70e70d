"""What holds for every test: how many cases hypothesis generates, whose asserts count, that Ctrl-C is not ignored, and whom TLS trusts."""

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

# Nobody but whom a test itself says it trusts. To read the authorities of the system takes 20 ms for each client, and no test
# reaches a server that one of them has signed for. Programs that tests start inherit it.
os.environ.update(SSL_CERT_FILE=os.devnull, SSL_CERT_DIR=os.devnull)
