"""Settings that hold for every test: how many cases hypothesis generates."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=50, derandomize=True, deadline=None)
settings.register_profile(
    "long", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
