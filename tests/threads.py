"""Which threads a test has brought: others may end meanwhile, so that a count says nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def new_threads() -> Iterator[Callable[[], set[threading.Thread]]]:
    """A function that gives those that run now and did not at the beginning of the block."""
    before = frozenset(threading.enumerate())
    yield lambda: set(threading.enumerate()) - before
