"""The guard of a blocking CoinEx client: it acts in the calls that wait, and with `background=True` in a thread of its own.

When it acts is decided in `coinex_driver.guarding`, what is cancelled in `coinex_driver.order_sweep`. Needs the extra `http`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, final
from weakref import ref

import coinex_trio.http  # noqa: F401  (without the extra it fails here, and not when it has to act)
from coinex_driver.coinex_trading import Action
from coinex_driver.guarding import Guarding
from coinex_driver.order_guard import OrderGuard
from coinex_driver.order_sweep import carry_out
from coinex_proto import Event
from coinex_trio._http.acting import act
from coinex_trio._io.guarded_io import GuardedIO, GuardedLines

if TYPE_CHECKING:
    from coinex_driver.client_core import ClientCore
    from coinex_driver.coinex_facade import Module
    from coinex_driver.exit_orders import ExitOrder
    from coinex_driver.order_guard import Cause, OrdersGuarded
    from coinex_trio._io.background import Worker
    from coinex_trio._io.blocking_io import BlockingIO
    from coinex_trio._io.blocking_lines import BlockingLines
    from coinex_trio.http import BlockingHttp
    from coinex_trio.network import Network

T = TypeVar("T")

JOIN_MARGIN: Final = 2.0
"""Seconds beyond a round's time that its thread is waited for on the way out."""


class Guarded(Protocol):
    """What a guard needs of its client."""

    _core: ClientCore
    _io: BlockingIO | BlockingLines
    _worker: Worker | None
    _network: Network
    guarded: OrdersGuarded | None
    cancelled_on_exit: tuple[ExitOrder, ...]

    def step(self, work: Callable[[Any, float], T]) -> T:
        """As every client has it."""
        ...

    def _change(self, step: Callable[[], T]) -> T: ...
    def _do(self, action: Action) -> object: ...
    def _new_http(self) -> BlockingHttp: ...


@final
class ClientGuard:
    """The guard of one client. It keeps no client alive."""

    def __init__(self, client: Guarded, guard: OrderGuard, module: Module) -> None:
        self._client_of = ref(client)
        self._core = core = client._core
        self._worker = worker = client._worker
        self._network = client._network
        self._thread: threading.Thread | None = None
        client_of = self._client_of

        def step(work: Callable[[Any, float], T], /) -> T:
            if worker is not None:
                return worker.run_step(lambda: work(core.session, core.now()))
            owner = client_of()
            assert owner is not None, "only its client has it act"
            return owner.step(work)

        self._guarding = Guarding(guard, core, module, step, self._wake)
        assert isinstance(client._io, GuardedIO | GuardedLines)
        client._io.alarm = self
        self._guarding.watch()  # no thread drives the client yet, and any may be the first to
        if worker is not None:
            worker.when_raised = self._guarding.raised
        self.handling: Callable[[Callable[[Event, Exception], object]], Callable[[Event, Exception], object]] = (
            self._guarding.handling
        )

    def _wake(self) -> None:
        if self._worker is not None:
            self._worker.wake()

    # The alarm of the connection --------------------------------------------------------------------------------------

    @property
    def at(self) -> float:
        """When it wants to act."""
        return self._guarding.at

    def ring(self) -> None:
        """Acts, if there is a reason to: here, or in a thread."""
        cause = self._guarding.take_due()
        client = self._client_of()
        if cause is None or client is None:
            return
        if self._worker is None:
            self._act(client, cause, client._do)
            return
        self._thread = threading.Thread(
            target=self._act_aside, args=(client, cause), name=f"guard of {self._core.name}", daemon=True
        )
        self._thread.start()

    def raised(self) -> None:
        """A callback has raised in this thread, whose exception comes out behind this."""
        self._guarding.raised()
        self.ring()

    # Acting -----------------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Acts on the way out, if it has to."""
        client = self._client_of()
        assert client is not None, "it is leaving"
        if self._thread is not None:
            self._thread.join(self._guarding.guard.within + JOIN_MARGIN)
        cause = self._guarding.cause_at_exit()
        if cause is not None:
            try:
                self._act(client, cause, client._do)
            finally:
                assert client.guarded is not None, "it has just acted"
                client.cancelled_on_exit = client.guarded.orders

    def _act(self, client: Guarded, cause: Cause, do: Callable[[Action], object]) -> None:
        once = self._guarding.begin(cause, self._network.sources, is_cut=client._io.is_interrupted)
        try:
            carry_out(once.actions(), do)
        finally:
            client.guarded = once.end()

    def _act_aside(self, client: Guarded, cause: Cause) -> None:
        """In a thread: the calling thread has the client's own HTTP."""
        http = client._new_http()
        try:
            self._act(client, cause, lambda action: act(action, http, self._network))
        finally:
            http.close()
