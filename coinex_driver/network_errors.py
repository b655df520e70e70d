"""What went wrong below the WebSocket, in words a person can act on.

One function for every driver; the session adds host and port. Must not know trio: it reads the causes that trio chains.
"""

from __future__ import annotations

from os import strerror
from socket import gaierror
from ssl import SSLCertVerificationError, SSLError
from typing import Final

from coinex_proto import ConnectFailed

CERTIFICATE_HINT: Final = (
    "a company network that inspects TLS has a certificate of its own: trust it with ssl_context= or SSL_CERT_FILE"
)
"""Python 3.13 and newer also refuse many of those for their form; the pages on staying connected say what to do."""


def describe(error: BaseException) -> str:
    """The innermost cause in one line: "Connection refused", "TLS: certificate has expired", "name resolution: …"."""
    cause = _root(error)
    if isinstance(cause, SSLCertVerificationError):
        return f"TLS: {cause.verify_message or cause.reason}; {CERTIFICATE_HINT}"
    if isinstance(cause, SSLError):
        reason: str | None = getattr(cause, "reason", None)  # not there when it was not OpenSSL who raised it
        return f"TLS: {(reason or str(cause)).replace('_', ' ').lower()}"
    if isinstance(cause, gaierror):
        return f"name resolution: {cause.strerror}"
    if isinstance(cause, TimeoutError):
        return "time-out"
    if isinstance(cause, OSError):
        return strerror(cause.errno) if cause.errno else str(cause) or type(cause).__name__
    return str(cause) or type(cause).__name__


def reason_of(error: Exception) -> str | ConnectFailed:
    """For `Session.disconnected`: an error of our own as it is, any other in one line."""
    return error if isinstance(error, ConnectFailed) else describe(error)


def _root(error: BaseException) -> BaseException:
    """The error of the operating system or of TLS that errors of trio were raised from; of several, the first."""
    while (cause := error.__cause__) is not None:
        error = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause
    return error
