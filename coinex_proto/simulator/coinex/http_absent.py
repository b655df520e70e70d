"""What this exchange has none of, over HTTP: margin, Earn and credit accounts, automated market making, referrals.

Lists of it are empty, and what would change something is refused with the code for a parameter that fits nothing, as the
market list says of every market that neither margin nor automated market making is available.
Source: CoinEx HTTP API v2, loan, balance, automated market making and referral pages.
"""

from __future__ import annotations

from typing import Final, NoReturn

from coinex_proto.simulator.coinex.error_codes import bad_parameter
from coinex_proto.simulator.coinex.http_request import ApiRequest, Endpoint, Page, Table

REFERRALS: Final = (
    "referee", "referee-rebate/record", "referee-rebate/detail", "agent-referee", "agent-rebate/record", "agent-rebate/detail",
)  # fmt: skip


def _nothing(request: ApiRequest) -> object:
    if request.params.get("market"):
        request.market()
    return []


def _no_rows(request: ApiRequest) -> Page:
    if request.params.get("market"):
        request.market()
    return request.page([])


def _refuse_loan(request: ApiRequest) -> NoReturn:
    raise bad_parameter(f"market {request.market().spec.name} has no margin account")


def _refuse_pool(request: ApiRequest) -> NoReturn:
    raise bad_parameter(f"market {request.market().spec.name} has no liquidity pool")


def _credit(_: ApiRequest) -> object:
    return {"equity": "0", "repaid": "0", "risk_rate": "", "withdrawal_risk": "", "withdrawal_value": "0"}


TABLE: Final[Table] = {
    ("GET", "/assets/margin/balance"): Endpoint(_nothing, "spot_account_query"),
    ("GET", "/assets/financial/balance"): Endpoint(_nothing, "spot_account_query"),
    ("GET", "/assets/credit/info"): Endpoint(_credit, "spot_account_query"),
    ("GET", "/assets/credit/balance"): Endpoint(_nothing, "unlisted"),
    ("POST", "/assets/margin/borrow"): Endpoint(_refuse_loan, "spot_account_write"),
    ("POST", "/assets/margin/repay"): Endpoint(_refuse_loan, "spot_account_write"),
    ("GET", "/assets/margin/borrow-history"): Endpoint(_no_rows, "spot_account_history"),
    ("GET", "/assets/margin/interest-limit"): Endpoint(_refuse_loan, "spot_account_history"),
    ("GET", "/assets/amm/liquidity"): Endpoint(_nothing, "spot_account_query"),
    ("GET", "/assets/amm/liquidity-pool"): Endpoint(_nothing),
    ("GET", "/assets/amm/income-history"): Endpoint(_no_rows, "spot_account_query"),
    ("POST", "/assets/amm/add-liquidity"): Endpoint(_refuse_pool, "spot_account_write"),
    ("POST", "/assets/amm/remove-liquidity"): Endpoint(_refuse_pool, "spot_account_write"),
    **{("GET", f"/refer/{name}"): Endpoint(_no_rows, "unlisted") for name in REFERRALS},
}
