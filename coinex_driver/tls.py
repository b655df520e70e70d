"""Which TLS every client speaks, over WebSocket and HTTP. Must not know sockets."""

from __future__ import annotations

from ssl import CERT_NONE, SSLContext, TLSVersion, create_default_context

from coinex_proto import UsageError


def default_ssl_context() -> SSLContext:
    """The system's trust store, certificate and hostname checked, TLS 1.2 or newer, HTTP/1.1 only.

    Python's `SSLKEYLOGFILE` is honoured, as everywhere in Python.
    """
    context = create_default_context()
    context.minimum_version = TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def check_ssl_context(context: SSLContext | None, *, has_credentials: bool) -> None:
    """Refuses a context that would show credentials to anybody who answers: one that does not check whose certificate it is.

    The one rule for sockets and HTTP, for every venue and driver; None, the default, checks both.
    """
    if not has_credentials or context is None:
        return
    if context.verify_mode == CERT_NONE:
        raise UsageError(
            "this ssl_context checks no certificate, and there are credentials: set verify_mode to CERT_REQUIRED and "
            "load the certificate that you trust with load_verify_locations()"
        )
    if not context.check_hostname:
        raise UsageError(
            "this ssl_context does not check that the certificate is the host's, and there are credentials: set "
            "check_hostname to True; any certificate that is trusted would do for any host"
        )
