"""The local exchange for programs and tests under asyncio: the same as everywhere.

`async with local_exchange() as exchange` runs in real time on loopback, in a thread of its own. A `memory_exchange()` follows
the time of the loop in which a client connects to it: on a loop of virtual time an hour of market takes no time.
"""

from coinex_trio.exchange import Exchange, local_exchange, memory_exchange

__all__ = ["Exchange", "local_exchange", "memory_exchange"]
