"""Settings that hold for every test: how many cases hypothesis generates, and that Ctrl-C is not ignored."""

import os
import signal

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=50, derandomize=True, deadline=None)
settings.register_profile(
    "long", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as a shell does to what it starts in the background; children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
