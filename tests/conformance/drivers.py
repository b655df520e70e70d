"""The five ways in which this project drives a client."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import trio

import coinex_asyncio
import coinex_trio
from coinex_proto import BookChanged, Callbacks, Config, Dialect, Topic
from tests.conformance.driver import Driver, Handle
from tests.conformance.peer import GUARD


class Ended(BaseException):
    """The client has ended while the test used it; its own error comes out of the block."""


# Blocking -------------------------------------------------------------------------------------------------------------


class BlockingHandle(Handle):
    """The client lives in the thread of the test."""

    def __init__(self, client: coinex_trio.BlockingClient) -> None:
        self.client = client

    def call(self, use: Callable[[Any], Any]) -> Any:
        return use(self.client)

    def until(self, is_true: Callable[[], bool]) -> None:
        while not is_true() and not self.client._core.is_over:
            self.client.run(seconds=0.005)

    def take(self, stream: Any) -> Any:
        return next(stream, None)

    def book(self, client: Any, topic: Topic[BookChanged]) -> Any:
        return client.book(topic, timeout=0.0)


class BlockingDriver(Driver):
    """`BlockingClient`, with and without a thread of its own."""

    def __init__(self, *, background: bool) -> None:
        self.name = "blocking-background" if background else "blocking"
        self._background = background

    @contextmanager
    def open(
        self,
        dialect: Dialect,
        *,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008
    ) -> Iterator[Handle]:
        client = coinex_trio.BlockingClient(dialect, callbacks=callbacks, config=config, background=self._background)
        try:
            with client:
                yield BlockingHandle(client)
        finally:
            client.close()


# asyncio --------------------------------------------------------------------------------------------------------------


class AsyncioHandle(Handle):
    """The loop runs while the test waits for something, in the thread of the test; the block is a task of its own."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.client: Any = None
        self.block: asyncio.Task[None] | None = None

    def call(self, use: Callable[[Any], Any]) -> Any:
        async def work() -> Any:
            found = use(self.client)
            return await found if inspect.isawaitable(found) else found

        return self.run(work())

    def until(self, is_true: Callable[[], bool]) -> None:
        async def work() -> None:
            while not is_true():  # noqa: ASYNC110  (any condition)
                await asyncio.sleep(0.001)

        self.run(work())

    def take(self, stream: Any) -> Any:
        async def work() -> Any:
            async for event in stream:
                return event
            return None

        return self.run(work())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Its result; raises `Ended` when the block has ended before."""
        assert self.block is not None
        block = self.block

        async def guarded() -> Any:
            task = asyncio.ensure_future(work)
            await asyncio.wait({task, block}, timeout=GUARD, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            task.cancel()
            await asyncio.wait({task})
            raise Ended

        return self._runner.run(guarded())


class AsyncioDriver(Driver):
    """`coinex_asyncio`, on any loop."""

    def __init__(self, name: str, module: str) -> None:
        self.name = name
        self._module = module

    def why_not(self) -> str | None:
        return None if importlib.util.find_spec(self._module) else f"{self._module} is not installed"

    @contextmanager
    def open(
        self,
        dialect: Dialect,
        *,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008
    ) -> Iterator[Handle]:
        factory = importlib.import_module(self._module).new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            handle = AsyncioHandle(runner)
            entered, left = asyncio.Event(), runner.get_loop().create_future()

            async def block() -> None:
                try:
                    async with coinex_asyncio.open_client(dialect, callbacks=callbacks, config=config) as client:
                        handle.client = client
                        entered.set()
                        await left
                finally:
                    entered.set()

            async def begin() -> None:
                handle.block = asyncio.create_task(block())
                await entered.wait()

            async def end() -> None:
                assert handle.block is not None
                await handle.block

            runner.run(begin())
            failure: Ended | None = None
            try:
                if handle.client is not None:
                    yield handle
                if not left.done():
                    left.set_result(None)
            except Ended as ended:
                failure = ended
            except BaseException as error:  # noqa: BLE001  (as if it were raised in the block)
                if not left.done():
                    left.set_exception(error)
            runner.run(end())
            if failure is not None:
                raise AssertionError("the client has ended by itself, or a test hangs")


# trio -----------------------------------------------------------------------------------------------------------------


class TrioHandle(Handle):
    """Trio runs in a thread of its own."""

    def __init__(self) -> None:
        self.client: Any = None
        self.token: trio.lowlevel.TrioToken | None = None
        self.entered = threading.Event()
        self.left: trio.Event | None = None
        self.body_error: BaseException | None = None
        self.over: trio.Event | None = None
        self.error: BaseException | None = None

    def call(self, use: Callable[[Any], Any]) -> Any:
        async def work() -> Any:
            found = use(self.client)
            return await found if inspect.isawaitable(found) else found

        return self.run(work)

    def until(self, is_true: Callable[[], bool]) -> None:
        async def work() -> None:
            while not is_true():  # noqa: ASYNC110  (any condition)
                await trio.sleep(0.001)

        self.run(work)

    def take(self, stream: Any) -> Any:
        async def work() -> Any:
            async for event in stream:
                return event
            return None

        return self.run(work)

    def run(self, work: Callable[[], Any]) -> Any:
        """Its result; raises `Ended` when the block has ended before."""

        async def guarded() -> Any:
            outcome: list[Any] = []
            failure: list[BaseException] = []

            async def watch(scope: trio.CancelScope) -> None:
                assert self.over is not None
                await self.over.wait()
                scope.cancel()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(watch, nursery.cancel_scope)
                try:
                    outcome.append(await work())
                except Exception as error:  # noqa: BLE001  (raised in the test)
                    failure.append(error)
                nursery.cancel_scope.cancel()
            if failure:
                raise failure[0]
            if not outcome:
                raise Ended
            return outcome[0]

        try:
            return trio.from_thread.run(guarded, trio_token=self.token)
        except (trio.RunFinishedError, trio.Cancelled):
            raise Ended from None


class TrioDriver(Driver):
    """`coinex_trio.open_client`."""

    name = "trio"

    @contextmanager
    def open(
        self,
        dialect: Dialect,
        *,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008
    ) -> Iterator[Handle]:
        handle = TrioHandle()

        async def main() -> None:
            handle.token = trio.lowlevel.current_trio_token()
            handle.left, handle.over = trio.Event(), trio.Event()
            try:
                async with coinex_trio.open_client(dialect, callbacks=callbacks, config=config) as client:
                    handle.client = client
                    handle.entered.set()
                    try:
                        await handle.left.wait()
                    finally:
                        handle.over.set()
                    if handle.body_error is not None:
                        raise handle.body_error
            finally:
                handle.over.set()

        def run() -> None:
            try:
                trio.run(main)
            except BaseException as error:  # noqa: BLE001  (raised in the test)
                handle.error = error
            handle.entered.set()

        thread = threading.Thread(target=run, name="trio")
        thread.start()
        handle.entered.wait(GUARD)
        failure: Ended | None = None
        try:
            if handle.client is not None:
                yield handle
        except Ended as ended:
            failure = ended
        except BaseException as error:  # noqa: BLE001  (as if it were raised in the block)
            handle.body_error = error
        if handle.left is not None and handle.token is not None:
            try:
                handle.token.run_sync_soon(handle.left.set)
            except trio.RunFinishedError:
                pass
        thread.join(GUARD)
        if handle.error is not None:
            raise handle.error
        if failure is not None:
            raise AssertionError("the client has ended by itself, or a test hangs")


DRIVERS: tuple[Driver, ...] = (
    BlockingDriver(background=False),
    BlockingDriver(background=True),
    TrioDriver(),
    AsyncioDriver("asyncio", "asyncio"),
    AsyncioDriver("asyncio-uvloop", "uvloop"),
)
