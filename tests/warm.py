"""Programs that tests start, in forks of an interpreter that has loaded the SDK already: most of the time of a start is that.

A program is alone in its fork as in an interpreter of its own: `__main__`, arguments, folder, environment, streams, signals, exit
status and what Python does at the end. Only two things are no longer as they were: modules are loaded already, so what is
loaded when belongs into `test_start.py`, and variables that Python or the SDK read when they are loaded cannot be set.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import linecache
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, Any, Final

ROOT: Final = Path(__file__).parent.parent
LOADED: Final = (
    *("asyncio", "trio", "click", "rich.live", "rich.table", "rich.text"),
    *("coinex_asyncio.client", "coinex_trio.blocking", "coinex_trio.cli", "coinex_trio.client", "coinex_trio.exchange"),
    *("coinex_trio._local.coinflex", "coinex_trio._local.qfex", "coinex_trio.http", "coinex_proto.simulator"),
)
"""With what these import. No program needs more than part of it."""
READ_WHEN_LOADED: Final = ("COINEX_PURE", "PYTHON")
"""How the names of such variables begin."""
LENGTH: Final = struct.Struct("i")
LATENESS: Final = re.compile(
    r"^(\d+\.\d s behind: what the random traders would have done meanwhile is left out"
    r"|.*: callbacks of \w+ took \d+\.\d\d s)\n",
    re.MULTILINE,
)


def apart_from_lateness(errors: str) -> str:
    """Without the warnings that a program was too late, which a busy machine makes any program say."""
    return LATENESS.sub("", errors)


class WarmProgram:
    """A program that runs, used as a `subprocess.Popen` with both outputs in pipes, as text, or all three streams in a terminal."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        terminal: int | None = None,
    ) -> None:
        env = os.environ if env is None else env
        different = [
            name
            for name, value in env.items()
            if name.startswith(READ_WHEN_LOADED) and name != "PYTHONPATH" and value != os.environ.get(name)
        ]
        assert not different, f"{different} must be set when an interpreter starts: take tests.processes.python"
        self.args = [str(each) for each in arguments]
        self.returncode: int | None = None
        self._minder, theirs = socket.socketpair()
        out, their_out = os.pipe()
        err, their_err = os.pipe()
        self.stdout: IO[str] = os.fdopen(out, "r", encoding="utf-8")
        self.stderr: IO[str] = os.fdopen(err, "r", encoding="utf-8")
        asked = json.dumps((self.args, dict(env), str(cwd or Path.cwd()))).encode()
        interpreter = warm_interpreter()
        with open(os.devnull, "rb") as nothing, theirs:
            fds = (nothing.fileno(), their_out, their_err) if terminal is None else (terminal,) * 3
            socket.send_fds(interpreter, [LENGTH.pack(len(asked))], [*fds, theirs.fileno()])
        os.close(their_out)
        os.close(their_err)
        interpreter.sendall(asked)
        self.pid: int = self._told()

    def _told(self) -> int:
        said = self._minder.recv(LENGTH.size, socket.MSG_WAITALL)
        if not said:
            raise RuntimeError(f"the warm interpreter has gone before {self.args} ended")
        number: int = LENGTH.unpack(said)[0]
        return number

    def poll(self) -> int | None:
        """Exit status if it has ended, as `Popen.poll` has it."""
        if self.returncode is None and select.select([self._minder], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if timeout is not None:
                self._minder.settimeout(timeout)
            try:
                self.returncode = self._told()
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0) from None
            self._minder.close()
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """All that it prints from now on, once it has ended."""
        printed: dict[str, str] = {}
        streams = {"out": self.stdout, "err": self.stderr}
        readers = [
            threading.Thread(target=lambda n=name, s=stream: printed.update({n: s.read()}), daemon=True)
            for name, stream in streams.items()
        ]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout)
        for stream in streams.values():
            stream.close()
        return printed["out"], apart_from_lateness(printed["err"])

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Killed, if it still runs; and nothing of it is left."""
        self.kill()
        self.wait()
        self.stdout.close()
        self.stderr.close()


@cache
def warm_interpreter() -> socket.socket:
    """Where to ask for programs. It ends with the process that uses it."""
    ours, theirs = socket.socketpair()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    program = f"from tests.warm import serve; serve({theirs.fileno()})"
    theirs.set_inheritable(True)
    with theirs:
        # A Popen object would warn of its child at the end of the tests: it ends by itself, after us.
        os.posix_spawn(sys.executable, [sys.executable, "-W", "error", "-c", program], environment)
    return ours


# In the warm interpreter ----------------------------------------------------------------------------------------------


def serve(number: int) -> None:
    """Starts programs until nobody can ask for any more; in a fork, is the program."""
    for name in LOADED:
        importlib.import_module(name)
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()  # a program need not look at what was loaded for it, above all not when it ends: that takes longer than most of them
    asked = socket.socket(fileno=number)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the minders
    while True:
        length, fds, _, _ = socket.recv_fds(asked, LENGTH.size, 4)
        if not length:
            return
        arguments, environment, folder = json.loads(asked.recv(LENGTH.unpack(length)[0], socket.MSG_WAITALL))
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            minder = socket.socket(fileno=fds.pop())
            program = os.fork()
            if program:
                mind(program, fds, minder)
            minder.close()
            for stream, fd in enumerate(fds):
                os.dup2(fd, stream)
                os.close(fd)
            become(arguments, environment, folder)
            return
        for fd in fds:
            os.close(fd)


def mind(program: int, fds: Sequence[int], minder: socket.socket) -> None:
    """Tells of the program what its parent would know."""
    for fd in fds:
        os.close(fd)
    minder.sendall(LENGTH.pack(program))
    _, status = os.waitpid(program, 0)
    try:
        minder.sendall(LENGTH.pack(os.waitstatus_to_exitcode(status)))
    finally:
        os._exit(0)


def become(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """What `python ARGUMENTS` does: options -u and -W error, then -c, -m or a file, and its own arguments."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if "" in sys.path:
        sys.path.remove("")
    if is_unbuffered := arguments[0] == "-u":
        del arguments[0]
    if is_unbuffered or sys.stdout.isatty():
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if arguments[:2] == ["-W", "error"]:
        del arguments[:2]
    else:
        as_without_options()
    main = ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    match arguments:
        case ["-c", text, *rest]:
            name, sys.argv = "<string>", ["-c", *rest]
            sys.path.insert(0, "")
            if name in linecache.cache:  # from 3.13 on a traceback shows the lines of -c
                linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        case ["-m", module, *rest]:
            spec = importlib.util.find_spec(f"{module}.__main__") or importlib.util.find_spec(module)
            assert spec is not None
            assert spec.origin is not None
            name, sys.argv = spec.origin, [spec.origin, *rest]
            main.__dict__.update(__spec__=spec, __package__=spec.parent, __file__=name)
            sys.path.insert(0, folder)
            text = Path(name).read_text(encoding="utf-8")
        case [name, *rest]:
            sys.argv = [name, *rest]
            main.__dict__["__file__"] = name
            sys.path.insert(0, str(Path(name).parent))
            text = Path(name).read_text(encoding="utf-8")
        case _:
            raise ValueError(f"no program in {arguments}")
    sys.excepthook = own_frames_only
    exec(compile(text, name, "exec", dont_inherit=True), main.__dict__)


def as_without_options() -> None:
    """The filters of an interpreter that got no -W."""
    sys.warnoptions.clear()
    warnings.resetwarnings()
    for kind in (ResourceWarning, ImportWarning, PendingDeprecationWarning, DeprecationWarning):
        warnings.simplefilter("ignore", kind)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")


def own_frames_only(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What came out of the program, without the frames of this file that it runs under."""
    while trace is not None and trace.tb_frame.f_code.co_filename in {"<string>", __file__} and below_us(trace):
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)


def below_us(trace: TracebackType) -> bool:
    """The program itself may be a `<string>` as well."""
    following: Any = trace
    while following is not None:
        if following.tb_frame.f_code.co_filename == __file__:
            return True
        following = following.tb_next
    return False
