"""Whether a thread is inside a call that waits."""

from __future__ import annotations

import threading

from coinex_driver.reentry import CURRENT_THREAD


def test_each_thread_has_its_own_state() -> None:
    assert not CURRENT_THREAD.is_waiting
    CURRENT_THREAD.is_waiting = True
    try:
        seen: list[bool] = []
        other = threading.Thread(target=lambda: seen.append(CURRENT_THREAD.is_waiting))
        other.start()
        other.join()
        assert seen == [False]
        assert CURRENT_THREAD.is_waiting
    finally:
        CURRENT_THREAD.is_waiting = False
