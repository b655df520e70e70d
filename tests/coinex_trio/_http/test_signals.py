"""Signal handlers that may raise, held back while a foreign library works."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from coinex_trio._http.signals import HeldSignals


@pytest.fixture
def default_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("default_handler")
def test_an_interrupt_comes_out_at_the_end_when_nothing_waited() -> None:
    done: list[str] = []

    def work() -> None:
        with HeldSignals():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("default_handler")
def test_an_interrupt_comes_out_of_the_first_wait() -> None:
    done: list[str] = []

    def work() -> None:
        with HeldSignals() as held:
            os.kill(os.getpid(), signal.SIGINT)
            done.append("before")
            with held.let_in():
                done.append("waited")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["before"]


@pytest.mark.usefixtures("default_handler")
def test_an_interrupt_ends_a_wait_at_once() -> None:
    done: list[str] = []

    def work() -> None:
        with HeldSignals() as held:
            with held.let_in():
                os.kill(os.getpid(), signal.SIGINT)
                done.append("waited on")
            done.append("worked on")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == []


def test_handlers_of_the_user_run_once_and_stay() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    mine = signal.getsignal(signal.SIGTERM)
    try:
        with HeldSignals() as held:
            os.kill(os.getpid(), signal.SIGTERM)
            assert came == []
            with held.let_in():
                assert came == [signal.SIGTERM]
        assert came == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_nothing_is_touched() -> None:
    found: list[object] = []
    before = signal.getsignal(signal.SIGINT)

    def work() -> None:
        with HeldSignals() as held, held.let_in():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


def test_a_handler_that_was_set_in_between_stays() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def other(number: int, frame: object) -> None: ...

    try:
        signal.signal(signal.SIGTERM, lambda *_: None)
        with HeldSignals():
            signal.signal(signal.SIGTERM, other)
        assert signal.getsignal(signal.SIGTERM) is other
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("default_handler")
def test_an_interrupt_behind_a_wait_is_held_back_again() -> None:
    done: list[str] = []

    def work() -> None:
        with HeldSignals() as held:
            with held.let_in():
                done.append("waited")
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["waited", "all of it"]


@pytest.mark.usefixtures("default_handler")
def test_behind_an_interrupt_that_came_out_of_a_wait_the_next_is_held_back_again() -> None:
    done: list[str] = []

    def work() -> None:
        with HeldSignals() as held:
            os.kill(os.getpid(), signal.SIGINT)
            try:
                with held.let_in():
                    done.append("never")
            except KeyboardInterrupt:
                done.append("interrupted")
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["interrupted", "all of it"]
