"""Runs the tests in forks of one process that has collected them: `pytest -p tests.forks --forks 3`.

Where each worker collects for itself, as with pytest-xdist, importing 13,000 tests is paid for by every one of them: a fifth of
all the time. Which tests come next is in a pipe that all workers read from, so that nobody has to hand them out; reports come back as
pytest-xdist's do. It needs `os.fork`, and that no test module starts a thread when it is imported.
"""

from __future__ import annotations

import gc
import os
import signal
import struct
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from itertools import groupby
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

import pytest

TOGETHER: Final = 20
"""At most so many tests of a module are handed out at once; its fixtures may be made once more for each such part."""
NUMBER: Final = struct.Struct("i")

Parts: TypeAlias = list[list[pytest.Item]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--forks", type=int, default=0, metavar="N", help="run the tests in N forks of this process")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Without garbage collection, which takes a third of the time: next to nothing of what comes here goes again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """True: the tests were run here. None: somebody else runs them."""
    forks = session.config.getoption("forks")
    if not forks or session.config.option.collectonly or session.testsfailed:
        return None
    assert threading.active_count() == 1, f"a module has started a thread: {threading.enumerate()}"
    parts = parts_of(session.items)
    gc.collect()
    gc.freeze()  # a collection in a worker need not look at what all of them have
    with tempfile.TemporaryDirectory(prefix="tests-") as folder:
        turns = in_turn(len(parts))
        workers = [Worker(session, parts, turns, Path(folder) / str(number)) for number in range(forks)]
        os.close(turns)
        try:
            hear(session, workers)
        finally:
            for worker in workers:
                worker.kill()
    return True


def parts_of(items: Sequence[pytest.Item]) -> Parts:
    """What is handed out at once: neighbours of one module, those that take long first and each by itself."""
    early = [[item] for item in items if item.get_closest_marker("early")]
    others = [item for item in items if not item.get_closest_marker("early")]
    modules = [list(found) for _, found in groupby(others, key=lambda item: item.path)]
    return early + [module[start : start + TOGETHER] for module in modules for start in range(0, len(module), TOGETHER)]


def in_turn(count: int) -> int:
    """A pipe with the numbers from 0, each of which is read by one worker, and the end after them."""
    turns, fill = os.pipe()
    os.write(fill, b"".join(map(NUMBER.pack, range(count))))
    os.close(fill)
    return turns


class Worker:
    """One fork, as its parent sees it."""

    def __init__(self, session: pytest.Session, parts: Parts, turns: int, folder: Path) -> None:
        self.reports, says = Pipe(duplex=False)
        sys.stdout.flush()
        sys.stderr.flush()
        self.process = os.fork()
        if not self.process:
            work(session, parts, turns, folder, says)
        says.close()
        self.running: tuple[str, tuple[str, int | None, str]] | None = None
        """Id and location of the test that it has begun and not ended."""

    def heard(self) -> tuple[str, Any] | None:
        """What it says next; None after its last word."""
        try:
            kind, what = self.reports.recv()
        except EOFError:
            return None
        self.running = what if kind == "start" else None if kind == "finish" else self.running
        return kind, what

    def ended(self) -> pytest.TestReport | None:
        """After its last word. A worker that has died is the failure of the test that it was at."""
        self.reports.close()
        _, status = os.waitpid(self.process, 0)
        if not status:
            return None
        name, location = self.running or ("between two tests", ("", None, ""))
        why = f"a worker died, with exit status {os.waitstatus_to_exitcode(status)}"
        return pytest.TestReport(name, location, {}, "failed", why, "call")

    def kill(self) -> None:
        """Nothing, for one that has ended."""
        if not self.reports.closed:
            self.reports.close()
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)


def hear(session: pytest.Session, workers: Sequence[Worker]) -> None:
    """Passes on what the workers report, until all have ended. Raises when the session is to stop before that."""
    config, hook = session.config, session.config.hook
    talking = {worker.reports: worker for worker in workers}
    while talking:
        for pipe in wait(list(talking)):
            match talking[pipe].heard():  # type: ignore[index]
                case None:
                    if (failure := talking.pop(pipe).ended()) is not None:  # type: ignore[call-overload]
                        hook.pytest_runtest_logreport(report=failure)
                case "start", (name, location):
                    hook.pytest_runtest_logstart(nodeid=name, location=location)
                case "finish", (name, location):
                    hook.pytest_runtest_logfinish(nodeid=name, location=location)
                case _, data:
                    report = hook.pytest_report_from_serializable(config=config, data=data)
                    hook.pytest_runtest_logreport(report=report)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)


# In the fork ----------------------------------------------------------------------------------------------------------


class Told:
    """What pytest says of the tests of this worker, for the parent."""

    def __init__(self, config: pytest.Config, says: Connection) -> None:
        self.config = config
        self.says = says

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self.says.send(("start", (nodeid, location)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.says.send(("report", data))

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self.says.send(("finish", (nodeid, location)))


class Silent:
    """Stands for the terminal, which is the parent's: only a time-out writes the stacks of all threads to it."""

    def __init__(self, terminal: Any) -> None:
        self._tw = terminal._tw  # what `Config.get_terminal_writer` gives


def work(session: pytest.Session, parts: Parts, turns: int, folder: Path, says: Connection) -> NoReturn:
    """All that a worker does. What fails outside of any test ends it, with a traceback on standard error."""
    status = 1
    try:
        folder.mkdir()
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)  # `tmp_path` apart from those of the others
        plugins = session.config.pluginmanager
        plugins.register(Silent(plugins.unregister(name="terminalreporter")), "terminalreporter")
        plugins.register(Told(session.config, says))
        capture = plugins.getplugin("capturemanager")
        capture.stop_global_capturing()  # its files would be shared with the other workers
        capture.start_global_capturing()
        run(session, parts, turns)
        status = 0
    except BaseException:  # noqa: BLE001  (a fork has nobody above it)
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def run(session: pytest.Session, parts: Parts, turns: int) -> None:
    mine = items(parts, turns)
    item = next(mine, None)
    while item is not None:
        following = next(mine, None)  # pytest keeps the fixtures that both need
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        item = following


def items(parts: Parts, turns: int) -> Iterator[pytest.Item]:
    while number := os.read(turns, NUMBER.size):
        yield from parts[NUMBER.unpack(number)[0]]
