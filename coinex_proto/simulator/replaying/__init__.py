"""A recorded market served again: the venue's own messages as they came, to whoever subscribes."""

from coinex_proto.simulator.replaying.server import ReplayServer
from coinex_proto.simulator.replaying.tape import Book, Broken, OpenTape, Tape, Taped

__all__ = ["Book", "Broken", "OpenTape", "ReplayServer", "Tape", "Taped"]
