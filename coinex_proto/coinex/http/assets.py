"""Balances, and transfers between own accounts.

Source: CoinEx API v2, assets/balance and assets/transfer.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

from attrs import frozen

from coinex_proto.coinex.http._parameters import (
    Amount,
    MarketType,
    Name,
    TransferStatus,
)
from coinex_proto.coinex.http._routes import Route, get, post
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.paging import HistoryCommand, in_wire_order
from coinex_proto.rows import Row


@frozen(kw_only=True)
class SpotBalance(Row):
    """One currency of the spot or financial account.

    Essential: all of it.
    """

    ccy: str
    available: Decimal
    """Free."""
    frozen: Decimal
    """Locked, by orders for example."""


@frozen(kw_only=True)
class FuturesBalance(Row):
    """One currency of the futures account.

    Essential: `ccy`, `available`, `frozen`.
    """

    ccy: str
    available: Decimal
    """Free."""
    frozen: Decimal
    """Locked by orders."""
    margin: Decimal | None = None
    """Margin of open positions."""
    unrealized_pnl: Decimal | None = None
    transferrable: Decimal | None = None
    """May be moved out (spelled with two r)."""


@frozen(kw_only=True)
class PairAmounts(Row):
    """An amount of each of the two currencies of a margin market.

    Essential: all of it.
    """

    base_ccy: Decimal
    quote_ccy: Decimal


@frozen(kw_only=True)
class MarginBalance(Row):
    """The margin account of one market.

    Essential: `margin_account`, `available`, `frozen`.
    """

    margin_account: str
    """Margin market."""
    base_ccy: str | None = None
    quote_ccy: str | None = None
    available: PairAmounts
    frozen: PairAmounts
    repaid: PairAmounts | None = None
    """Still to be repaid."""
    interest: PairAmounts | None = None
    """Interest owed."""
    risk_rate: Decimal | None = None
    """Empty when none."""
    liq_price: Decimal | None = None
    """Empty when none."""


@frozen(kw_only=True)
class TransferRecord(Row):
    """One transfer between own accounts.

    Essential: `ccy`, `amount`, `status`.
    """

    id: int | None = None
    created_at: int | None = None
    """Milliseconds."""
    from_account_type: str | None = None
    to_account_type: str | None = None
    ccy: str
    amount: Decimal
    status: str
    """created, deducted, failed or finished."""
    margin_market: str | None = None


@frozen(kw_only=True)
class GetSpotBalance(HttpCommand[tuple[SpotBalance, ...]]):
    """Balances of the spot account. Source: CoinEx API v2, assets/balance/http/get-spot-balance."""

    route: ClassVar[Route] = get("/assets/spot/balance")


@frozen(kw_only=True)
class GetFuturesBalance(HttpCommand[tuple[FuturesBalance, ...]]):
    """Balances of the futures account. Source: CoinEx API v2, assets/balance/http/get-futures-balance."""

    route: ClassVar[Route] = get("/assets/futures/balance")


@frozen(kw_only=True)
class GetMarginBalance(HttpCommand[tuple[MarginBalance, ...]]):
    """Balances of the margin accounts. Source: CoinEx API v2, assets/balance/http/get-marigin-balance."""

    route: ClassVar[Route] = get("/assets/margin/balance")
    market: Name | None = None
    """Margin market, all when None."""


@frozen(kw_only=True)
class GetFinancialBalance(HttpCommand[tuple[SpotBalance, ...]]):
    """Balances of the financial account. Source: CoinEx API v2, assets/balance/http/get-financial-balance."""

    route: ClassVar[Route] = get("/assets/financial/balance")


@frozen(kw_only=True)
class Transfer(HttpCommand[None]):
    """Move money between own accounts. Never retried. Source: CoinEx API v2, assets/transfer/http/transfer."""

    route: ClassVar[Route] = post("/assets/transfer")
    from_account_type: MarketType
    to_account_type: MarketType
    ccy: Name
    amount: Amount
    market: Name | None = None
    """Margin market, needed when one side is MARGIN."""


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListTransferHistory(HistoryCommand[TransferRecord]):
    """Transfers between own accounts. Source: CoinEx API v2, assets/transfer/http/list-transfer-history."""

    route: ClassVar[Route] = get("/assets/transfer-history")
    ccy: Name
    transfer_type: Literal["MARGIN", "FUTURES"]
    market: Name | None = None
    """Margin market."""
    status: TransferStatus | None = None
