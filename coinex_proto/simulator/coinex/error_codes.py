"""Which code and words the venue's HTTP answers have for what goes wrong, and where each is known from: the one table of it.

It knows no request. Words that nobody has recorded are our own, in the spirit of the documented meaning; no client should
read words anyway.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from attrs import frozen

PAGE: Final = "CoinEx HTTP API v2, page of error codes"


@frozen
class Row:
    """One kind of error."""

    code: int
    words: str
    source: str
    """Where the code, and the words where they are the venue's own, have been seen."""


class Problem(Enum):
    """What can go wrong, by the name that handlers use."""

    BUSY = Row(3008, "service too busy", f"{PAGE}, its example")
    BALANCE = Row(3109, "balance not enough", "answers of the live venue that ccxt 4.5 quotes (coinex.py, exceptions)")
    AMOUNT = Row(3127, "the amount is below the minimum of the market", PAGE)
    NOT_FOUND = Row(3600, "Order not found", "answers of the live venue that ccxt 4.5 quotes (coinex.py, exceptions)")
    THIN = Row(3620, "the book is too thin for a market order", PAGE)
    CANNOT_FILL = Row(3621, "the order could not be filled completely and was cancelled", PAGE)
    WOULD_TAKE = Row(3622, "the order would have taken and was cancelled", PAGE)
    PARAMETER = Row(3639, "Invalid Parameter", "answers of the live venue: Invalid Parameter: market ... not found")
    ARGUMENT = Row(
        4004, "invalid argument", "an answer of the live venue to a client_id of 36 characters, CoinEx.Net issue 80"
    )
    ACCESS_ID = Row(4005, "access_id wrong", PAGE)
    SIGNATURE = Row(4006, "signature does not verify", PAGE)
    SIGNATURE_FORM = Row(4008, "X-COINEX-SIGN malformed", PAGE)
    METHOD = Row(4009, "request method error", f"{PAGE}; for an unknown path nothing is recorded")
    EXPIRED = Row(4010, "request expired", PAGE)
    BARRED = Row(4011, "user barred", PAGE)
    NO_TRADING = Row(4115, "user barred from trading", PAGE)
    HALTED = Row(4117, "trading is closed in this market", PAGE)
    RATE = Row(4213, "too many requests", PAGE)
    PERMISSION = Row(4512, "the sub-account does not have this permission", PAGE)

    @property
    def code(self) -> int:
        return self.value.code

    @property
    def words(self) -> str:
        return self.value.words


REFUSALS: Final = {
    "balance": Problem.BALANCE,
    "amount": Problem.AMOUNT,
    "price": Problem.ARGUMENT,
    "would_take": Problem.WOULD_TAKE,
    "cannot_fill": Problem.CANNOT_FILL,
    "thin": Problem.THIN,
    "halted": Problem.HALTED,
    "gone": Problem.NOT_FOUND,
}
"""What the exchange refuses, by its reason."""


class ApiError(Exception):
    """The request is answered with this code."""

    def __init__(self, problem: Problem | int, words: str | None = None) -> None:
        """`problem` may be a bare code that a test or a fault script has chosen; `words` where the venue's say more."""
        self.code: int = problem.code if isinstance(problem, Problem) else problem
        self.message: str = words if words is not None else problem.words if isinstance(problem, Problem) else ""
        super().__init__(self.message)


def bad_parameter(name: str) -> ApiError:
    """What a parameter that fits no description is answered with."""
    return ApiError(Problem.PARAMETER, f"{Problem.PARAMETER.words}: {name}")


def no_market(name: str) -> ApiError:
    """What the name of a market that is not listed is answered with."""
    return bad_parameter(f"market {name[:40]} not found")


def bad_argument() -> ApiError:
    """What a number that is none, or a text in a wrong form, is answered with."""
    return ApiError(Problem.ARGUMENT)
