"""Why an HTTP command did not succeed, and CoinEx's own codes.

Each error carries `code`, `endpoint` ("POST /spot/order"), `retryable` and `hint`, and says so in its message. None
carries a key, a signature or a whole body. Every class is one of the SDK's, so that `except RequestRefused` and
`except OutcomeUnknown` hold for both halves of the client. Source of the codes: CoinEx API v2, page "Error".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from coinex_proto._http.errors import MAX_BODY
from coinex_proto.commands import Command
from coinex_proto.errors import NotReady, RequestRefused, SdkError


@frozen
class CodeMeaning:
    """What a code stands for: the document's class, whether a pause helps, and what to do."""

    kind: str
    hint: str
    retryable: bool = False
    is_unknown: bool = False
    """A command that changes something may have taken effect all the same."""


def _table(kind: str, rows: dict[int, str]) -> dict[int, CodeMeaning]:
    return {code: CodeMeaning(kind, hint) for code, hint in rows.items()}


_LATER: Final = "the market does not take this now; try later"
_CLOCK_HINT: Final = (
    "the timestamp was outside the window: set the clock of this machine, let the client measure the offset again "
    "(sync_clock), or widen the window (window_ms)"
)

CODES: Final[Mapping[int, CodeMeaning]] = MappingProxyType(
    {
        **_table("balance", {3109: "the balance is too small for this order"}),
        **_table(
            "order",
            {
                3127: "the amount is below the market's minimum (min_amount)",
                3600: "no such order: it was cancelled unfilled, or never existed",
                3606: "the price is too far from the latest price",
                3610: "no cancelling during a call auction; try later",
                3612: "the estimated price is below the lowest allowed: lower the amount",
                3613: "the estimated price is above the highest allowed: lower the amount",
                3614: "the estimated price is too far from the index: lower the amount",
                3615: "the price is too far from the index",
                3616: "the price is above the highest bid allowed in this period",
                3617: "the price is below the lowest ask allowed in this period",
                3618: "the price is too far from the index",
                3619: "the price is too far from the trigger price",
                3620: "the book is too thin for a market order; try later",
                3621: "it could not be filled completely and was cancelled (fok)",
                3622: "it would have taken and was cancelled (maker_only)",
                3627: "the book is thin: lower the amount",
                3628: "the book is thin: lower the amount",
                3629: "the book is thin: lower the amount",
                3632: "the price is above the highest bid of this period",
                3633: "the price is below the lowest ask of this period",
                3634: "the estimated price is too far from the index: lower the amount",
                3635: "the estimated price is too far from the index: lower the amount",
            },
        ),
        **_table(
            "maintenance", {3638: "protection period: only maker_only limit orders and cancels are taken; try later"}
        ),
        **_table(
            "parameter",
            {
                3639: "the parameters do not fit the description, for example an unknown market",
                4004: "a parameter is wrong",
                4009: "wrong request method",
            },
        ),
        **_table(
            "auth",
            {
                4005: "the access id is wrong",
                4006: "the signature does not verify: check the secret key",
                4007: "this IP address is not on the key's list",
                4008: "the signature header is malformed",
            },
        ),
        **_table(
            "permission",
            {
                158: "the key lacks the permission for this call",
                4011: "the user is barred",
                4115: "the user is barred from trading",
                4512: "the sub-account lacks the permission",
            },
        ),
        **_table("deprecated", {4018: "this endpoint has been withdrawn; use its successor"}),
        **_table("market", {4117: _LATER, 4130: _LATER, 4158: _LATER, 4159: "this market is not open to API trading"}),
        **{code: CodeMeaning("clock", _CLOCK_HINT, retryable=True) for code in (227, 4010, 4017)},
        3008: CodeMeaning("busy", "the service is busy; repeat after a pause", retryable=True, is_unknown=True),
        4001: CodeMeaning("unavailable", "the service is unavailable; repeat later", retryable=True, is_unknown=True),
        4002: CodeMeaning("timeout", "the service timed out inside", retryable=True, is_unknown=True),
        4003: CodeMeaning("internal", "internal error of the venue", retryable=True, is_unknown=True),
        4213: CodeMeaning(
            "rate", "too many requests of this group; wait until its limit has recovered", retryable=True
        ),
    }
)
"""The codes that the document explains. Any other is surfaced as it came."""

UNEXPLAINED: Final = CodeMeaning("", "")


class HttpRefused(RequestRefused):
    """CoinEx said no. `kind` is the document's class of the code ("balance", "auth", "rate", ...; "" when unknown)."""

    def __init__(
        self, code: int | None, message: str, *, command: Command[Any], endpoint: str, status: int, body: bytes = b""
    ) -> None:
        meaning = CODES.get(code, UNEXPLAINED) if code is not None else _gateway(status)
        said = f"{endpoint}: {meaning.hint}" if meaning.hint else endpoint
        super().__init__(code, message.strip(), retryable=meaning.retryable, hint=said, command=command)
        self.kind: str = meaning.kind
        self.hint: str = meaning.hint
        self.endpoint = endpoint
        self.status = status
        self.body: bytes = body[:MAX_BODY]
        """What a gateway wrote (not JSON, at most 4 KiB); empty when CoinEx itself answered."""

    @property
    def is_rate_limit(self) -> bool:
        """Too many requests, said by CoinEx (4213) or by the gateway (429)."""
        return self.kind == "rate"

    @property
    def is_clock(self) -> bool:
        """The timestamp was outside the venue's window."""
        return self.kind == "clock"


def is_from_gateway(error: SdkError) -> bool:
    """Whether something in front of CoinEx said no, and not CoinEx: what it says may pass, whatever its status."""
    return isinstance(error, HttpRefused) and error.code is None


def _gateway(status: int) -> CodeMeaning:
    """What an HTTP status other than 200 means; it comes from in front of the service."""
    if status == 429:
        return CodeMeaning("rate", "HTTP 429, too many requests from this address; wait", retryable=True)
    if status >= 500:
        return CodeMeaning("gateway", f"HTTP {status} from the gateway; repeat after a pause", retryable=True)
    return CodeMeaning("gateway", f"HTTP {status} from the gateway, not an answer of the service; check url and proxy")


class RateLimited(NotReady):
    """An order was not sent, because the rate limit would have delayed it; `retry_after` is in seconds."""

    def __init__(self, *, endpoint: str, group: str, seconds: float) -> None:
        hint = f"send it anew in {seconds:.3f} s: an order is never held back to leave late"
        super().__init__(f"{endpoint}: the limit of {group} is used up; {hint}", retry_after=seconds)
        self.code: None = None
        self.endpoint = endpoint
        self.retryable = True
        self.hint = hint
