"""Keys of a terminal, and that it is given back whatever ends the drawing; the terminal is a real one (a pty)."""

import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest
from attrs import frozen

from coinex_trio import local_exchange
from coinex_trio._cli.keys import TERMINATED, can_be_pressed, keyboard, keys_in
from tests.coinex_trio._cli.program import environment
from tests.processes import HANGS_AFTER


@frozen
class Terminal:
    """Both ends of a pty: the person's and the program's."""

    person: int
    program: int

    def settings(self) -> list[object]:
        return list(termios.tcgetattr(self.program))

    def type(self, keys: bytes) -> None:
        os.write(self.person, keys)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Standard input of this process is its end for programs."""
    person, program = os.openpty()
    with os.fdopen(os.dup(program)) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield Terminal(person, program)
    for end in (person, program):
        try:
            os.close(end)
        except OSError:
            pass  # a test may have closed it


def nothing() -> None:
    pass


def test_bytes_of_a_terminal_are_keys_and_what_has_no_name_is_left_out() -> None:
    assert keys_in(b"qn+?") == ["q", "n", "+", "?"]
    assert keys_in(b"\x1b[A\x1b[B\x1b[C\x1b[D\x1bOA\t\x1b[Z") == [
        "up",
        "down",
        "right",
        "left",
        "up",
        "tab",
        "back-tab",
    ]
    assert keys_in(b"\x1b[1;5Cq\x1b[15~n") == ["q", "n"]
    assert keys_in(b"\x1b") == keys_in("é€".encode()) == keys_in(b"\x00\x01\x7f\xff") == keys_in(b"") == []


def test_keys_come_without_echo_and_without_enter_and_then_the_terminal_is_as_it_was(terminal: Terminal) -> None:
    before = terminal.settings()
    drawn: list[str] = []
    with keyboard(lambda: drawn.append("on"), lambda: drawn.append("off")) as pressed:
        assert not int(str(terminal.settings()[3])) & (termios.ECHO | termios.ICANON)
        assert int(str(terminal.settings()[3])) & termios.ISIG  # Ctrl-C still is a signal
        assert pressed() == []
        terminal.type(b"n\x1b[A")
        keys: list[str] = []
        while len(keys) < 2:
            keys += pressed()
        assert keys == ["n", "up"]
        assert drawn == ["on"]
    assert terminal.settings() == before
    assert drawn == ["on", "off"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_an_exception_gives_the_terminal_back(terminal: Terminal, error: type[BaseException]) -> None:
    before, drawn = terminal.settings(), list[str]()
    with pytest.raises(error), keyboard(nothing, lambda: drawn.append("off")):
        raise error
    assert terminal.settings() == before
    assert drawn == ["off"]


def test_a_drawing_that_cannot_begin_or_end_gives_the_terminal_back(terminal: Terminal) -> None:
    before = terminal.settings()

    def fail() -> None:
        raise ValueError("no terminal")

    for on, off in ((fail, nothing), (nothing, fail)):
        with pytest.raises(ValueError, match="no terminal"), keyboard(on, off):
            pass
        assert terminal.settings() == before


def test_sigterm_gives_the_terminal_back_and_the_handler_that_was_there(terminal: Terminal) -> None:
    before, handler = terminal.settings(), signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, keyboard(nothing, nothing):
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == TERMINATED
    assert terminal.settings() == before
    assert signal.getsignal(signal.SIGTERM) == handler


def test_a_stop_waits_until_nothing_is_being_drawn(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    before, told = terminal.settings(), list[str]()

    def stand(process: int, number: int) -> None:
        assert (process, number) == (os.getpid(), signal.SIGSTOP)
        assert terminal.settings() == before
        told.append("stopped")

    monkeypatch.setattr("coinex_trio._cli.keys.os.kill", stand)
    with keyboard(lambda: told.append("on"), lambda: told.append("off")) as pressed:
        signal.raise_signal(signal.SIGTSTP)
        told.append("drawn")
        assert pressed() == pressed() == []
        assert terminal.settings() != before
        assert told == ["on", "drawn", "off", "stopped", "on"]
    assert terminal.settings() == before


def test_a_terminal_that_goes_away_is_the_end(terminal: Terminal) -> None:
    with keyboard(nothing, nothing) as pressed:
        os.close(terminal.person)
        assert pressed() == ["q"]


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as null:
        monkeypatch.setattr(sys, "stdin", null)
        assert not can_be_pressed()
    assert not can_be_pressed()  # closed by now
    monkeypatch.setattr(sys, "stdin", None)
    assert not can_be_pressed()


def test_a_terminal_that_another_program_has_is_left_alone(terminal: Terminal) -> None:
    assert not can_be_pressed()  # of no session: none of ours


# The program itself ---------------------------------------------------------------------------------------------------

ON_ITS_TERMINAL = """
import faulthandler, fcntl, signal, sys, termios
faulthandler.register(signal.SIGUSR1, all_threads=True)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.argv = ["coinex", *sys.argv[1:]]
from coinex_trio.cli import main
main()
"""
SCREEN_ON, SCREEN_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
CURSOR_OFF, CURSOR_ON = b"\x1b[?25l", b"\x1b[?25h"


def is_as_it_was(output: bytes) -> bool:
    return output.rfind(SCREEN_OFF) > output.rfind(SCREEN_ON) >= 0 and output.rfind(CURSOR_ON) > output.rfind(
        CURSOR_OFF
    )


def test_a_ladder_is_worked_by_keys_stopped_by_ctrl_z_and_ended_by_q_and_leaves_no_trace() -> None:
    person, program = os.openpty()
    termios.tcsetwinsize(program, (24, 100))
    before = termios.tcgetattr(program)
    output = b""

    def until(*texts: bytes) -> None:
        nonlocal output
        start = len(output)
        by = time.monotonic() + HANGS_AFTER / 2
        while not all(text in output[start:] for text in texts):
            if not select.select([person], [], [], max(0.0, by - time.monotonic()))[0] or time.monotonic() > by:
                watch.send_signal(signal.SIGUSR1)  # it says where it is, unless it stands
                said = os.read(person, 65536) if select.select([person], [], [], 5.0)[0] else b""
                pytest.fail(f"{texts} did not come: {(output[start:] + said)[-6000:]!r}")
            output += os.read(person, 65536)

    with local_exchange(seed=2, markets=2, rate=20.0) as exchange:
        command = [sys.executable, "-c", ON_ITS_TERMINAL, "watch", "book", "BTCUSDT", "ETHUSDT", "--url", exchange.url]
        env = environment(TERM="xterm-256color")
        with subprocess.Popen(
            command, env=env, start_new_session=True, stdin=program, stdout=program, stderr=program
        ) as watch:
            try:
                until(b"BTCUSDT", b"ETHUSDT", b"verified", b"connected, live")
                assert SCREEN_ON in output
                os.write(person, b"1")
                until(b"BTCUSDT of 2")
                os.write(person, b"---")
                until(b"depth 10")
                os.write(person, b"t")
                until(b"time (UTC)", b"buy")
                os.write(person, b"\x1a")
                assert os.WIFSTOPPED(os.waitpid(watch.pid, os.WUNTRACED)[1])
                os.write(person, b"\r")  # an echo, so that there is something to read
                until(SCREEN_OFF)
                assert is_as_it_was(output)
                assert termios.tcgetattr(program) == before
                watch.send_signal(signal.SIGCONT)
                until(SCREEN_ON, b"time (UTC)")
                os.write(person, b"q")
                until(SCREEN_OFF)
                assert watch.wait(HANGS_AFTER) == 0
            finally:
                watch.kill()
    assert is_as_it_was(output)
    assert termios.tcgetattr(program) == before
    os.close(person)
    os.close(program)
