"""Numbers of the connection that every driver shares."""

from __future__ import annotations

from typing import Final

READ_SIZE: Final = 32 * 1024
"""Bytes asked for in one read: two TLS records, and what a busy venue sends in a few milliseconds.

Larger reads were measured to be slower.
"""

STAGGER: Final = 0.25
"""Seconds of head start for the address before, while connecting (RFC 8305 section 5 suggests 0.25)."""

CLOSE_MARGIN: Final = 1.0
"""Seconds beyond `Config.close_timeout` after which closing a client waits no more for the peer."""
