"""What something takes of memory."""

import tracemalloc
from collections.abc import Callable


def traced(run: Callable[[], object]) -> tuple[int, int]:
    """Bytes that are more afterwards, and at most at once meanwhile.

    What other threads allocate counts too: a socket that a test has left behind waits with 64 KiB. Where that much matters, the least of
    several runs tells.
    """
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
