"""Connections to NATS, with TLS wherever the network is not this machine's own, and the two streams of a relay.

nats-py takes TLS only where the server demands it, and would send a password in plain text to one that does not: here the connection
ends before that. Facts: nats-py 2.16, nats-server 2.15.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError, StaleConnectionError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, PersistMode, RePublish, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from coinex_driver.network_errors import describe
from coinex_proto import ConnectFailed, SdkError, UsageError
from coinex_relay.messages import ToPublish
from coinex_relay.reading import Reader, Socket, Take
from coinex_relay.subjects import DATA, LIVE, WHOLE

STREAM: Final = "MD"
WHOLE_STREAM: Final = "MD-WHOLE"
KEPT: Final = 180.0
"""Seconds that the stream keeps: three times the minute after which CoinEx sends a whole book again."""
DUPLICATES: Final = 120.0
"""Seconds within which the server takes two messages of one id for one."""
CONNECT_TIMEOUT: Final = 5
API_TIMEOUT: Final = 5.0
MOST_BUFFERED: Final = 1 << 20
"""Bytes that may wait in the socket's buffer; what comes after them waits where it can still be given up."""


class RelayFailed(SdkError):
    """A relay or its server cannot go on; the text says why."""


@final
@frozen(kw_only=True)
class Nats:
    """Where the server is, and how to sign in there."""

    url: str = field(repr=False)
    """`nats://host:4222` or `tls://host:4222`; several with commas between them, for one user.

    A user and password, or a token, may stand in it: `nats://user:password@host`; what a URL cannot hold is written as `%` and two hex digits.
    """
    credentials: str | os.PathLike[str] | None = None
    """A credentials file as `nsc` writes it."""
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)
    allow_plaintext: bool = False
    """True: no TLS to another machine, for a network that is secured otherwise."""

    def __attrs_post_init__(self) -> None:
        for address in self.addresses:
            try:
                parts = urlsplit(address)
                is_right = parts.scheme in ("nats", "tls") and parts.hostname and (parts.port or 4222)
            except ValueError:
                is_right = False
            if not is_right:
                raise UsageError(
                    "the URL of NATS begins with nats:// or tls:// and names a host, such as nats://127.0.0.1:4222"
                )
        if self.credentials is not None and not Path(self.credentials).is_file():
            raise UsageError(f"there is no NATS credentials file {os.fspath(self.credentials)!r}")

    @property
    def addresses(self) -> list[str]:
        """Each server's URL."""
        if not isinstance(self.url, str):
            raise UsageError("the URL of NATS is a text")
        return [part.strip() for part in self.url.split(",")]

    @property
    def where(self) -> str:
        """Hosts and ports, without what must not be shown."""
        parts = [urlsplit(address) for address in self.addresses]
        return ", ".join([f"{one.hostname}:{one.port or 4222}" for one in parts])

    @property
    def sign_in(self) -> dict[str, str]:
        """User and password, or token, as nats-py takes them."""
        for parts in map(urlsplit, self.addresses):
            if parts.username and parts.password is not None:
                return {"user": unquote(parts.username), "password": unquote(parts.password)}
            if parts.username:
                return {"token": unquote(parts.username)}
        return {}

    @property
    def needs_tls(self) -> bool:
        """Whether a connection without TLS is refused."""
        parts = [urlsplit(address) for address in self.addresses]
        if any(one.scheme == "tls" for one in parts):
            return True
        return not self.allow_plaintext and not all(is_loopback(one.hostname or "") for one in parts)


def is_loopback(host: str) -> bool:
    """Whether this name never leaves the machine."""
    return host in ("localhost", "::1") or host.startswith("127.")


@final
class Connection(Client):
    """nats-py's client with a short way for what comes often: no queue and no task between the socket and its taker."""

    needs_tls = False

    def __init__(self) -> None:
        super().__init__()
        self.direct: dict[int, Take] = {}
        self.take_many: Callable[[bytes, int], int] = _nobody_takes
        self.read_ends: Callable[[], None] = _nobody_looks
        self._ps = Reader(self)
        self._transport = Socket(self._ps)
        self.said_last = ""

    async def take(self, subject: str, take: Take) -> Any:
        """A subscription whose messages go to `take` at once. It must not raise."""
        subscription = await self.subscribe(subject)
        self.direct[subscription._id] = take
        return subscription

    def put(self, messages: Sequence[ToPublish], inbox: str, number: int) -> list[int]:
        """Writes them at once, all in one piece; a heartbeat's confirmation comes to the inbox and its number. The numbers of those.

        They are counted from `number` on. What nobody reads any more is lost with the connection.
        """
        parts: list[bytes] = []
        beats: list[int] = []
        for message in messages:
            parts += (message.head, message.payload, b"\r\n")
            if message.is_beat:
                beats.append(number + len(parts) // 3 - 1)
                parts[-3] = message.head_with(f"{inbox}.{beats[-1]}")
        self._writer.write(b"".join(parts))
        return beats

    @property
    def is_full(self) -> bool:
        """More is written than the server has taken for now."""
        return self._writer.transport.get_write_buffer_size() > MOST_BUFFERED

    async def drained(self) -> None:
        """Returns when it has taken enough."""
        await self._writer.drain()

    @property
    def _writer(self) -> asyncio.StreamWriter:
        transport: Any = self._transport
        writer: asyncio.StreamWriter = transport._io_writer
        return writer

    def abort(self) -> None:
        """Lets go of the sockets, which `close` leaves open after an attempt that failed."""
        for name in ("_io_writer", "_bare_io_writer"):
            writer = getattr(self._transport, name, None)
            if writer is not None:
                writer.transport.abort()

    async def drop(self, subscription: Any) -> None:
        """Ends it."""
        self.direct.pop(subscription._id, None)
        await subscription.unsubscribe()

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        take = self.direct.get(sid)
        if take is None:
            await super()._process_msg(sid, subject, reply, data, headers)
        else:
            take(subject.decode("latin-1"), data, headers)

    def _connect_command(self) -> bytes:
        if self.needs_tls and not self._server_info.get("tls_required"):
            raise NatsError("the server offers no TLS, and nothing was said to it: see allow_plaintext")
        return super()._connect_command()


def _nobody_looks() -> None:
    """Each message is looked at by itself."""


def _nobody_takes(_: bytes, at: int) -> int:
    return at


async def connect(to: Nats, name: str, ended: Callable[[str], None], *, reconnects: bool = False) -> Connection:
    """A connection; `ended` is called with the reason when it is gone for good. Raises `ConnectFailed`."""
    connection = Connection()
    connection.needs_tls = to.needs_tls

    async def on_error(error: Exception) -> None:
        connection.said_last = said(error)

    async def on_closed() -> None:
        error = connection.last_error
        ended(connection.said_last or ("the server ended the connection" if error is None else said(error)))

    options: dict[str, Any] = dict(to.sign_in)
    if to.credentials is not None:
        options["user_credentials"] = os.fspath(to.credentials)
    if to.needs_tls or to.ssl_context is not None:
        options["tls"] = to.ssl_context or ssl.create_default_context()
    # nats-py tries a server that refuses for ever unless this is above 0, also without allow_reconnect.
    options.update(max_reconnect_attempts=-1 if reconnects else 1, reconnect_time_wait=0.2 if reconnects else 0.02)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT + 1):
            await connection.connect(
                to.addresses,
                name=name,
                error_cb=on_error,
                closed_cb=on_closed,
                allow_reconnect=reconnects,
                connect_timeout=CONNECT_TIMEOUT,
                ping_interval=2,
                max_outstanding_pings=2,
                **options,
            )
    except (OSError, NatsError, TimeoutError, ValueError, ImportError) as error:
        await closed(connection)
        why = f"no answer within {CONNECT_TIMEOUT} s" if isinstance(error, TimeoutError) else said(error)
        text = connection.said_last or why
        if connection._server_info.get("auth_required") and "uthorization" not in text:
            text += "; the server demands authorization, and ends a connection whose credentials it refuses"
        raise ConnectFailed(f"NATS at {to.where}: {text}") from None
    return connection


def said(error: BaseException) -> str:
    """An error of nats-py in a line, without what a URL may hold."""
    if isinstance(error, TimeoutError):
        text = "no answer in time"
    elif type(error) is StaleConnectionError:
        text = "the server answers no more"
    elif isinstance(error, APIError) and error.description:
        text = error.description
    else:
        text = describe(error) if isinstance(error, OSError) and not isinstance(error, NatsError) else str(error)
    return (text or type(error).__name__).removeprefix("nats: ").strip(" '")[:200]


async def closed(connection: Connection) -> None:
    """Ends a connection within a second, whatever is in the way."""
    try:
        with suppress(Exception):
            async with asyncio.timeout(1.0):
                await connection.close()
    finally:
        connection.abort()


async def ensure_streams(context: JetStreamContext, *, max_bytes: int, in_memory: bool, replicas: int) -> None:
    """Makes the two streams where they are not; one that is there is taken as it is, if it can do what is needed.

    Raises `RelayFailed`.
    """
    storage = StorageType.MEMORY if in_memory else StorageType.FILE
    wanted = (
        StreamConfig(
            name=STREAM,
            subjects=[f"{DATA}.>"],
            max_age=KEPT,
            max_bytes=max_bytes,
            discard=DiscardPolicy.OLD,
            storage=storage,
            num_replicas=replicas,
            duplicate_window=DUPLICATES,
            allow_direct=True,
            republish=RePublish(src=f"{DATA}.>", dest=f"{LIVE}.>"),
            # Written without waiting for the disk: a relay says again what a server may have lost by a crash.
            persist_mode=PersistMode.ASYNC if replicas == 1 and not in_memory else None,
        ),
        StreamConfig(
            name=WHOLE_STREAM,
            subjects=[f"{WHOLE}.>"],
            max_msgs_per_subject=1,
            max_bytes=max(max_bytes // 8, 1 << 20),
            discard=DiscardPolicy.OLD,
            storage=storage,
            num_replicas=replicas,
            allow_direct=True,
        ),
    )
    for config in wanted:
        try:
            await _ensure(context, config)
        except (NatsError, TimeoutError) as error:
            if without := without_jetstream(error):
                raise RelayFailed(without) from error
            raise RelayFailed(f"the stream {config.name}: {said(error)}") from error


def without_jetstream(error: BaseException) -> str:
    """What to do where it is JetStream that does not answer; empty: it does, and says something else."""
    if not isinstance(error, (NoRespondersError, ServiceUnavailableError, TimeoutError)):
        return ""
    return "JetStream does not answer: the server needs `jetstream` in its configuration, and this user the right to use it"


async def _ensure(context: JetStreamContext, config: StreamConfig) -> None:
    assert config.name is not None
    try:
        found = (await context.stream_info(config.name)).config
    except NotFoundError:
        await context.add_stream(config)
        return
    if unfit := unfit_settings(config, found):
        raise RelayFailed(
            f"the stream {config.name} is there with other settings than a relay needs: {', '.join(unfit)}; "
            "remove it for the relay to make it, or change it"
        )


def unfit_settings(wanted: StreamConfig, found: StreamConfig) -> list[str]:
    """What a stream that is there would have to be, and is not. Its size, age, storage and replicas are whoever made it's choice."""
    wants = [
        (f"subjects {', '.join(wanted.subjects or ())}", set(wanted.subjects or ()) <= set(found.subjects or ())),
        ("allow_direct", bool(found.allow_direct)),
        ("retention by limits", found.retention in (None, RetentionPolicy.LIMITS)),
        ("acknowledgements (no_ack is false)", not found.no_ack),
        ("no max_msg_size", (found.max_msg_size or -1) < 0),
        ("no subject_transform", not found.subject_transform),
        ("not sealed", not found.sealed),
    ]
    if wanted.republish is not None:
        again, whole = found.republish, wanted.republish
        is_same = again is not None and (again.src, again.dest) == (whole.src, whole.dest)
        wants += [
            (f"republish from {whole.src} to {whole.dest}", is_same),
            ("republish with payloads (headers_only is false)", again is None or not again.headers_only),
            ("a duplicate_window of at least 10 s", (found.duplicate_window or 0) >= 10.0),
            ("no max_msgs_per_subject", (found.max_msgs_per_subject or -1) < 0),
        ]
    return [what for what, is_so in wants if not is_so]


async def stream_identity(context: JetStreamContext) -> str | None:
    """What tells this stream from one that was made anew; None: there is none yet."""
    try:
        info = await context.stream_info(STREAM)
    except NotFoundError:
        return None
    return str(getattr(info, "created", None) or info.config.name)
