"""The page of a local exchange: where its file is, by what names its server is called, and whether it needs a token."""

from __future__ import annotations

import ipaddress
import secrets
from importlib.resources import files
from urllib.parse import urlsplit, urlunsplit

from coinex_proto.simulator.hosting.web_page import LOCAL_NAMES, WebPage


def made_page(address: str) -> WebPage:
    """The page of an exchange that listens there; with a token where other machines can reach it."""
    html = files("coinex_trio").joinpath("_local", "page.html").read_bytes()
    name = f"[{address}]" if ":" in address else address.lower()
    if is_loopback(address):
        return WebPage(html=html, names=LOCAL_NAMES | {name})
    return WebPage(html=html, token=secrets.token_urlsafe(24))


def page_url(server: str, page: WebPage) -> str:
    """The page at this server, as a browser on this machine opens it; the token stands where no server log has it."""
    parts = urlsplit(server)
    host = parts.netloc
    if parts.hostname in ("0.0.0.0", "::"):  # every address of this machine; browsers refuse to go there
        host = f"{'[::1]' if ':' in parts.hostname else '127.0.0.1'}:{parts.port}"
    return urlunsplit((parts.scheme, host, "/", "", "" if page.token is None else f"token={page.token}"))


def is_loopback(address: str) -> bool:
    """Whether no other machine can reach it."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"
