"""TLS for the local exchange: an authority made for one run, and the server's side of a connection over memory buffers.

The host's loop moves bytes; this file turns them into plaintext and back and never touches a socket.
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import Final, final

from coinex_proto.errors import UsageError

PLAIN_SIZE: Final = 65536
NAMES: Final = ("localhost", "127.0.0.1", "::1")


@final
class Authority:
    """A certificate authority that nobody trusts who is not shown `ca_file`; both end with `close()`."""

    def __init__(self, address: str) -> None:
        """For this address and the usual names of this machine. Raises `UsageError` where trustme is not installed."""
        try:
            import trustme
        except ImportError as error:
            raise UsageError("TLS needs the package trustme: pip install 'coinex-sdk[tls]'") from error
        authority = trustme.CA(organization_name="coinex-sdk local exchange")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*dict.fromkeys((*NAMES, address))).configure_cert(self.context)
        self._folder = tempfile.TemporaryDirectory(prefix="coinex-")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        """What a client has to trust, in PEM."""
        authority.cert_pem.write_to_path(str(self.ca_file))

    def close(self) -> None:
        """The file is gone after this."""
        self._folder.cleanup()


@final
class Channel:
    """One connection's TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._is_open = False

    def receive(self, data: bytes) -> bytes:
        """The plaintext that is whole by now. Raises `ssl.SSLError` when the client breaks the rules or trusts us not."""
        self._incoming.write(data)
        plain = bytearray()
        try:
            if not self._is_open:
                self._tls.do_handshake()
                self._is_open = True
            while part := self._tls.read(PLAIN_SIZE):
                plain += part
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass  # more has to come; the end of the stream is the socket's business
        return bytes(plain)

    def seal(self, plain: bytes) -> bytes:
        """What has to go out for it, with whatever TLS itself has to say."""
        if plain:
            self._tls.write(plain)
        return self._outgoing.read()
