"""Money that comes, goes and changes its wallet over HTTP: transfers, deposits, withdrawals, and the record of them.

The deposits of an account are what it was given when it was made.  A withdrawal holds its money and waits for a
confirmation that never comes, until it is cancelled.
Source: CoinEx HTTP API v2, transfer, deposit-withdrawal and balance pages.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from coinex_proto.simulator.coinex.error_codes import ApiError, Problem, bad_argument, bad_parameter
from coinex_proto.simulator.coinex.http_request import ApiRequest, Endpoint, Page, Table
from coinex_proto.simulator.coinex.records import Movement, Withdrawal
from coinex_proto.simulator.coinex.wire import units as text_of
from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.amounts import UNIT_PLACES, to_scaled
from coinex_proto.simulator.market.events import Fill

ACCOUNT_TYPES: Final = ("SPOT", "MARGIN", "FUTURES")
STATUSES: Final = ("", "CREATED", "DEDUCTED", "FAILED", "FINISHED")
TRANSACTIONS: Final = (
    "deposit",
    "withdraw",
    "trade",
    "maker_cash_back",
    "investment_interest",
    "exchange_order_transfer",
)
CHAINS: Final[dict[str, tuple[str, ...]]] = {"USDT": ("ERC20", "TRC20"), "USDC": ("ERC20",)}
"""Where a currency has other chains than one of its own name."""
WITHDRAWAL_FEE: Final = "0.0001"
LEAST: Final = "0.001"
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


# currencies


def currencies(request: ApiRequest) -> dict[str, None]:
    """Everything that somebody can own; the quote currency of an inverse market is nothing of the kind."""
    markets = request.exchange.markets.values()
    return {name: None for market in markets for name in (market.spec.base, market.spec.settle)}


def known_currency(request: ApiRequest, default: str | None = None) -> str:
    """The currency that the request names.  Raises ApiError for one that nobody can own."""
    name = request.text("ccy", default)
    if name not in currencies(request) and not (name == "" and default == ""):
        raise bad_parameter(f"ccy {name[:20]} not found")
    return name


def _configuration(name: str) -> dict[str, Any]:
    """Said to be open as on the real service, where clients take others for inactive."""
    asset = {
        "ccy": name,
        "deposit_enabled": True,
        "withdraw_enabled": True,
        "inter_transfer_enabled": True,
        "is_st": False,
    }
    return {"asset": asset, "chains": [_chain(chain) for chain in CHAINS.get(name, (name,))]}


def _chain(name: str) -> dict[str, Any]:
    return {
        "chain": name,
        "min_deposit_amount": LEAST,
        "min_withdraw_amount": LEAST,
        "deposit_enabled": True,
        "withdraw_enabled": True,
        "deposit_delay_minutes": 0,
        "safe_confirmations": 1,
        "irreversible_confirmations": 1,
        "deflation_rate": "0",
        "withdrawal_fee": WITHDRAWAL_FEE,
        "withdrawal_precision": 8,
        "memo": "",
        "is_memo_required_for_deposit": False,
        "explorer_asset_url": "",
    }


def _configurations(request: ApiRequest) -> object:
    return [_configuration(name) for name in currencies(request)]


def _one_configuration(request: ApiRequest) -> object:
    return _configuration(known_currency(request))


def _about(request: ApiRequest) -> object:
    wanted = known_currency(request, "")
    return [
        {
            "short_name": name,
            "full_name": name,
            "website_url": "",
            "white_paper_url": "",
            "chain_info": [
                {"chain_name": chain, "identity": "", "explorer_url": ""} for chain in CHAINS.get(name, (name,))
            ],
        }
        for name in currencies(request)
        if wanted in ("", name)
    ]


# transfers


def _transfer(request: ApiRequest) -> object:
    source, target = request.word("from_account_type", ACCOUNT_TYPES), request.word("to_account_type", ACCOUNT_TYPES)
    if source == target:
        raise bad_parameter("to_account_type")
    if "MARGIN" in (source, target):
        raise bad_parameter(f"market {request.text('market', '')[:40]} has no margin account")
    currency = known_currency(request)
    amount = request.scaled("amount", UNIT_PLACES)
    if "FUTURES" in (source, target) and currency not in settlement_currencies(request):
        raise bad_parameter(f"ccy {currency} has no futures account")
    move(request, request.owner, request.owner, source.lower(), target.lower(), currency, amount)
    request.server.records.note(
        "transfer", request.owner, source.lower(), target.lower(), currency, amount, request.exchange.now_ms
    )
    return {}


def settlement_currencies(request: ApiRequest) -> frozenset[str]:
    """What the futures wallet can hold."""
    return frozenset(market.spec.settle for market in request.server.feeds["futures"].markets.values())


def move(request: ApiRequest, giver: int, taker: int, source: str, target: str, currency: str, amount: int) -> None:
    """Money from wallet to wallet; losses of open positions stay behind.  Raises ApiError."""
    exchange = request.exchange
    free = exchange.ledger.balance(giver, source, currency).available
    if source == "futures":
        free += min(0, request.server.prices.unrealized(giver, currency))
    if amount > free:
        raise ApiError(Problem.BALANCE)
    exchange.move_money(giver, taker, source, target, currency, amount)


def _transfers(request: ApiRequest) -> Page:
    currency, status = known_currency(request, ""), request.word("status", STATUSES, "")
    wallet = request.word("transfer_type", ("", *ACCOUNT_TYPES), "").lower()
    rows = [
        {
            "id": moved.number,
            "margin_market": "",
            "created_at": moved.at_ms,
            "from_account_type": moved.source.upper(),
            "to_account_type": moved.target.upper(),
            "ccy": moved.currency,
            "amount": text_of(moved.units),
            "status": "finished",
        }
        for moved in _own_movements(request, "transfer")
        if currency in ("", moved.currency)
        and status in ("", "FINISHED")
        and wallet in ("", moved.source, moved.target)
    ]
    return request.page(rows)


def _own_movements(request: ApiRequest, kind: str) -> list[Movement]:
    """Newest first, within the times that the request names."""
    return [
        moved
        for moved in reversed(request.server.records.movements)
        if moved.kind == kind and request.owner in (moved.owner, moved.other) and is_within(request, moved.at_ms)
    ]


def is_within(request: ApiRequest, at_ms: int) -> bool:
    """Whether a time lies between those that the request names."""
    return request.number("start_time", 0) <= at_ms <= request.number("end_time", 1 << 62)


# deposits


def _address(request: ApiRequest) -> dict[str, str]:
    currency = known_currency(request)
    chain = request.one_of("chain", CHAINS.get(currency, (currency,)))
    count = request.server.records.renewed.get((request.owner, currency, chain), 0)
    digest = sha256(f"{request.server.seed}:{request.owner}:{currency}:{chain}:{count}".encode()).digest()
    if chain == "ERC20":
        return {"address": "0x" + digest[:20].hex(), "memo": ""}
    letters = "".join(_BASE58[byte % 58] for byte in digest)
    return {"address": ("T" if chain == "TRC20" else "1") + letters, "memo": ""}


def _renew_address(request: ApiRequest) -> object:
    _address(request)
    key = (request.owner, request.text("ccy"), request.text("chain"))
    request.server.records.renewed[key] = request.server.records.renewed.get(key, 0) + 1
    return _address(request)


def _deposits(request: ApiRequest) -> Page:
    currency = known_currency(request, "")
    status, transaction = request.text("status", "").lower(), request.text("tx_id", "")
    rows = [
        {
            "deposit_id": moved.number,
            "created_at": moved.at_ms,
            "tx_id": "",
            "tx_id_display": "",
            "ccy": moved.currency,
            "chain": "",
            "deposit_method": "inter_user",
            "amount": text_of(moved.units),
            "actual_amount": text_of(moved.units),
            "to_address": "",
            "confirmations": 0,
            "status": "finished",
            "tx_explorer_url": "",
            "to_addr_explorer_url": "",
            "remark": "",
        }
        for moved in _own_movements(request, "deposit")
        if currency in ("", moved.currency) and status in ("", "finished") and not transaction
    ]
    page = request.page(rows)
    return Page(rows=page.rows, has_next=page.has_next, total=page.total, key="paginatation")


# withdrawals


def _withdraw(request: ApiRequest) -> object:
    currency, amount = known_currency(request), request.scaled("amount", UNIT_PLACES)
    method = request.one_of("withdraw_method", ("on_chain", "inter_user"), "on_chain")
    known = CHAINS.get(currency, (currency,))
    chain = request.one_of("chain", known, known[0]) if method == "on_chain" else ""
    if request.text("fee_ccy", currency) != currency:
        raise bad_parameter("fee_ccy")
    if amount < to_scaled(LEAST, UNIT_PLACES):
        raise bad_argument()
    exchange, records = request.exchange, request.server.records
    withdrawal = Withdrawal(
        number=records.new_number(), owner=request.owner, currency=currency, chain=chain, method=method,
        address=request.text("to_address")[:200], memo=request.text("memo", "")[:200], remark=request.text("remark", "")[:200],
        units=amount, fee=to_scaled(WITHDRAWAL_FEE, UNIT_PLACES) if chain else 0, at_ms=exchange.now_ms,
    )  # fmt: skip
    try:
        exchange.hold_money(request.owner, currency, amount)
    except NotEnough as error:
        raise ApiError(Problem.BALANCE) from error
    records.withdrawals.append(withdrawal)
    return _withdrawal(withdrawal)


def _cancel_withdrawal(request: ApiRequest) -> object:
    number = request.number("withdraw_id")
    for withdrawal in request.server.records.withdrawals:
        if withdrawal.number == number and withdrawal.owner == request.owner and withdrawal.status != "cancelled":
            withdrawal.status = "cancelled"
            request.exchange.hold_money(request.owner, withdrawal.currency, -withdrawal.units)
            return {}
    raise bad_parameter("withdraw_id")


def _withdrawals(request: ApiRequest) -> Page:
    currency, status = known_currency(request, ""), request.text("status", "").lower()
    number = request.number("withdraw_id", 0)
    return request.page(
        [
            _withdrawal(withdrawal)
            for withdrawal in reversed(request.server.records.withdrawals)
            if withdrawal.owner == request.owner
            and currency in ("", withdrawal.currency)
            and status in ("", withdrawal.status)
            and number in (0, withdrawal.number)
        ]
    )


def _withdrawal(withdrawal: Withdrawal) -> dict[str, Any]:
    fee = text_of(withdrawal.fee)
    return {
        "withdraw_id": withdrawal.number,
        "created_at": withdrawal.at_ms,
        "ccy": withdrawal.currency,
        "chain": withdrawal.chain,
        "withdraw_method": withdrawal.method,
        "memo": withdrawal.memo,
        "amount": text_of(withdrawal.units),
        "fee_ccy": withdrawal.currency,
        "actual_amount": text_of(withdrawal.units - withdrawal.fee),
        "tx_fee": fee,
        "tx_id": "",
        "to_address": withdrawal.address,
        "confirmations": 0,
        "explorer_address_url": "",
        "explorer_tx_url": "",
        "status": withdrawal.status,
        "remark": withdrawal.remark,
        "fee_asset": withdrawal.currency,
        "fee_amount": fee,
    }


# the record of the spot wallet


def _transactions(request: ApiRequest) -> Page:
    """Every change of the spot wallet with the balance after it; balances are worked out backwards from the present one."""
    kind, currency = request.one_of("type", ("", *TRANSACTIONS), ""), known_currency(request, "")
    changes = [change for moved in request.server.records.movements for change in _of_movement(request.owner, moved)]
    changes += [change for fill in request.exchange.fills[request.owner] for change in _of_fill(fill)]
    changes.sort(key=lambda change: change[0])
    left: dict[str, int] = {}
    rows = []
    for at_ms, of_kind, of_currency, units in reversed(changes):
        if of_currency not in left:
            left[of_currency] = request.exchange.ledger.balance(request.owner, "spot", of_currency).total
        balance = left[of_currency]
        left[of_currency] -= units
        if of_kind == (kind or of_kind) and currency in ("", of_currency) and is_within(request, at_ms):
            row = {"type": of_kind, "ccy": of_currency, "change": text_of(units), "balance": text_of(balance)}
            rows.append({"created_at": at_ms, **row})
    return request.page([row for row in rows if row["type"] in TRANSACTIONS])


Change = tuple[int, str, str, int]
"""Time in ms, type, currency, units."""


def _of_fill(fill: Fill) -> list[Change]:
    spec = fill.market.spec
    if spec.wallet != "spot":
        return []
    base, quote = fill.deal.lots * spec.base_factor, spec.value(fill.deal.price, fill.deal.lots)
    if fill.order.side == "buy":
        base, quote = base - fill.fee, -quote
    else:
        base, quote = -base, quote - fill.fee
    at_ms = fill.deal.created_ms
    return [(at_ms, "trade", spec.base, base), (at_ms, "trade", spec.quote, quote)]


def _of_movement(owner: int, moved: Movement) -> list[Change]:
    gone = -moved.units if moved.source == "spot" and moved.owner == owner else 0
    come = moved.units if moved.target == "spot" and moved.other == owner else 0
    return [(moved.at_ms, moved.kind, moved.currency, units) for units in (gone, come) if units]


TABLE: Final[Table] = {
    ("GET", "/assets/all-deposit-withdraw-config"): Endpoint(_configurations),
    ("GET", "/assets/deposit-withdraw-config"): Endpoint(_one_configuration),
    ("GET", "/assets/info"): Endpoint(_about),
    ("POST", "/assets/transfer"): Endpoint(_transfer, "spot_account_write"),
    ("GET", "/assets/transfer-history"): Endpoint(_transfers, "spot_account_history"),
    ("GET", "/assets/deposit-address"): Endpoint(_address, "spot_account_query"),
    ("POST", "/assets/renewal-deposit-address"): Endpoint(_renew_address, "spot_account_write"),
    ("GET", "/assets/deposit-history"): Endpoint(_deposits, "spot_account_history"),
    ("POST", "/assets/withdraw"): Endpoint(_withdraw, "spot_account_write"),
    ("POST", "/assets/cancel-withdraw"): Endpoint(_cancel_withdrawal, "spot_account_write"),
    ("GET", "/assets/withdraw"): Endpoint(_withdrawals, "spot_account_history"),
    ("GET", "/assets/spot/transcation-history"): Endpoint(_transactions, "unlisted"),
}
