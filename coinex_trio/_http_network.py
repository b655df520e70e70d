"""HTTP over a client's `Network` instead of the system's sockets: what lets a bot's HTTP calls run in memory.

One connection a request, no TLS, no proxy: networks other than the system's lead to a local exchange. HTTP itself is
h11's. Must not import trio when it is imported.
"""

from __future__ import annotations

import math
from typing import Final

import h11
import httpx2

from coinex_trio._failures import describe
from coinex_trio.network import Network, SystemNetwork, Transport

READ_SIZE: Final = 65536


def blocking_transport(network: Network) -> httpx2.BaseTransport | None:
    """The transport for this network; None for the system's, where httpx2 has its own."""
    return None if isinstance(network, SystemNetwork) else BlockingNetworkTransport(network)


def trio_transport(network: Network) -> httpx2.AsyncBaseTransport | None:
    """The same for trio."""
    return None if isinstance(network, SystemNetwork) else TrioNetworkTransport(network)


class _Conversation:
    """One request and its answer as h11 sees them; no I/O."""

    def __init__(self, request: httpx2.Request, body: bytes) -> None:
        self._peer = h11.Connection(h11.CLIENT)
        self._request = request
        self._body = bytearray()
        self._head: h11.Response | None = None
        headers = [*request.headers.raw, (b"Connection", b"close")]
        target = request.extensions.get("target", request.url.raw_path)
        opening = h11.Request(method=request.method, target=target, headers=headers)
        parts = [self._peer.send(opening)]
        if body:
            parts.append(self._peer.send(h11.Data(data=body)))
        parts.append(self._peer.send(h11.EndOfMessage()))
        self.to_send = b"".join(part for part in parts if part)

    def receive(self, data: bytes) -> httpx2.Response | None:
        """Takes bytes in (empty: the end); the answer once it is whole. Raises `httpx2.RemoteProtocolError`."""
        try:
            self._peer.receive_data(data)
            while True:
                event = self._peer.next_event()
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    return self._whole()
                elif event is h11.NEED_DATA:
                    return None
        except h11.RemoteProtocolError as error:
            raise httpx2.RemoteProtocolError(str(error), request=self._request) from error

    def _whole(self) -> httpx2.Response:
        assert self._head is not None
        head = self._head
        return httpx2.Response(head.status_code, headers=list(head.headers), content=bytes(self._body))


class BlockingNetworkTransport(httpx2.BaseTransport):
    """Each request on a transport of its own, moved on whenever the network says that it can go on."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer. Raises the errors of httpx2."""
        conversation = _Conversation(request, request.read())
        timeouts = request.extensions["timeout"]
        transport = self._open(request, timeouts["connect"])
        try:
            return self._talk(transport, conversation, self._network.now() + (timeouts["read"] or math.inf))
        except OSError as error:
            raise httpx2.ReadError(describe(error), request=request) from error
        finally:
            transport.close()

    def _open(self, request: httpx2.Request, timeout: float | None) -> Transport:
        until = self._network.now() + (timeout or math.inf)
        transport = None
        try:
            transport = self._network.dial(request.url.host, request.url.port or 80, None)
            while not transport.progress(self._network.now()):
                if self._network.now() >= until:
                    raise httpx2.ConnectTimeout("no connection in time", request=request)
                self._network.wait(((transport, False),), min(until, transport.wakes_at()))
        except BaseException as error:
            if transport is not None:
                transport.close()
            if isinstance(error, OSError):
                raise httpx2.ConnectError(describe(error), request=request) from error
            raise
        return transport

    def _talk(self, transport: Transport, conversation: _Conversation, until: float) -> httpx2.Response:
        unsent = memoryview(conversation.to_send)
        while True:
            while unsent and (taken := transport.send(unsent)):
                unsent = unsent[taken:]
            while (data := transport.receive(READ_SIZE)) is not None:
                response = conversation.receive(data)
                if response is not None:
                    return response
            if self._network.now() >= until:
                raise httpx2.ReadTimeout("no answer in time")
            self._network.wait(((transport, bool(unsent)),), until)


class TrioNetworkTransport(httpx2.AsyncBaseTransport):
    """Each request on a stream of its own."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer. Raises the errors of httpx2; the caller bounds the time."""
        import trio

        conversation = _Conversation(request, await request.aread())
        try:
            limiter = trio.CapacityLimiter(1)
            stream = await self._network.open_stream(request.url.host, request.url.port or 80, None, limiter)
        except OSError as error:
            raise httpx2.ConnectError(describe(error), request=request) from error
        try:
            async with stream:
                await stream.send_all(conversation.to_send)
                while True:
                    response = conversation.receive(bytes(await stream.receive_some(READ_SIZE)))
                    if response is not None:
                        return response
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError) as error:
            raise httpx2.ReadError(describe(error), request=request) from error
