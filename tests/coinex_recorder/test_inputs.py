"""A new input of `Session` must be recorded, or said to change nothing."""

import inspect

from coinex_proto import Session
from coinex_proto.recording.inputs import INPUTS

HOT = {"receive_data", "handle_timeout"}
INSIDE = {"subscribe"}
"""They are other inputs inside."""
QUERIES = {"is_proved", "proved_at", "trusted_at", "wall_time"}
"""They change nothing."""


def test_every_method_of_a_session_that_takes_a_time_is_recorded() -> None:
    found = {
        name
        for name, method in inspect.getmembers(Session, inspect.isfunction)
        if not name.startswith("_") and "now" in inspect.signature(method).parameters
    }
    assert found - HOT - INSIDE - QUERIES == set(INPUTS)
