"""How events reach users: callbacks, and bounded streams."""

from coinex_proto.delivery.callbacks import Callbacks, Registration
from coinex_proto.delivery.streams import Latest, Queue

__all__ = ["Callbacks", "Latest", "Queue", "Registration"]
