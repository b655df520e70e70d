"""The own account over HTTP, signed: orders and trades of the past, positions, money, subaccounts.

Source: OpenAPI files of the venue. Numbers are exact `Decimal`s, times RFC 3339 texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, final

from attrs import field, frozen

from coinex_proto.qfex._checks import (
    at_least_or_none,
    check_symbol,
    check_symbol_or_none,
    check_text,
    to_leverage,
    to_quantity,
)
from coinex_proto.qfex.http.command import HttpCommand, to_time_or_none, within
from coinex_proto.rows import Row

# Answers --------------------------------------------------------------------------------------------------------------


@final
@frozen(kw_only=True)
class SeriesPoint(Row):
    """The value of one window."""

    window_start: str
    value: Decimal


@final
@frozen(kw_only=True)
class AccountEquity(Row):
    """The answer to `GetAccountEquity`."""

    data: tuple[SeriesPoint, ...] = ()
    count: int | None = None
    duration: str | None = None
    start: str | None = None
    end: str | None = None
    interval_minutes: int | None = None


@final
@frozen(kw_only=True)
class Fees(Row):
    """The answer to `GetFees`."""

    fees: Mapping[str, Any] | None = None
    """As sent: what it holds is not documented."""


@final
@frozen(kw_only=True)
class HistoricOrder(Row):
    """One order of the past, as it ended or stands."""

    order_id: str
    symbol: str
    side: str
    client_order_id: str | None = None
    type: str | None = None
    time_in_force: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    filled_qty: Decimal | None = None
    passive_qty: Decimal | None = None
    avg_price: Decimal | None = None
    terminal_status: str | None = None
    """The last status of its order responses."""
    execution_state: str | None = None
    status_ts: str | None = None
    first_fill_ts: str | None = None
    last_fill_ts: str | None = None


@final
@frozen(kw_only=True)
class HistoricOrders(Row):
    """The answer to `GetHistoricOrders`."""

    data: tuple[HistoricOrder, ...] = ()
    count: int | None = None


@final
@frozen(kw_only=True)
class HistoricPnl(Row):
    """The answer to `GetHistoricPnl`."""

    data: tuple[SeriesPoint, ...] = ()
    count: int | None = None
    duration: str | None = None
    start: str | None = None
    end: str | None = None
    interval_minutes: int | None = None
    symbols: tuple[str, ...] = ()
    unit: str | None = None


@final
@frozen(kw_only=True)
class HistoricTwap(Row):
    """One TWAP of the past."""

    twap_id: str
    symbol: str
    side: str
    status: str | None = None
    client_twap_id: str | None = None
    total_quantity: Decimal | None = None
    filled_quantity: Decimal | None = None
    average_fill_price: Decimal | None = None
    total_num_orders: int | None = None
    filled_num_orders: int | None = None
    order_interval_secs: int | None = None
    reduce_only: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None


@final
@frozen(kw_only=True)
class HistoricTwaps(Row):
    """The answer to `GetHistoricTwaps`."""

    data: tuple[HistoricTwap, ...] = ()
    count: int | None = None


@final
@frozen(kw_only=True)
class LeverageSet(Row):
    """The answer to `SetLeverage`."""

    leverage: Decimal


@final
@frozen(kw_only=True)
class AccountBalance(Row):
    """The account's money."""

    available_balance: Decimal
    deposit: Decimal
    net_funding: Decimal | None = None
    order_margin: Decimal | None = None
    position_margin: Decimal | None = None
    realised_pnl: Decimal | None = None
    unrealised_pnl: Decimal | None = None


@final
@frozen(kw_only=True)
class AccountPosition(Row):
    """The position in one symbol; below zero when short."""

    symbol: str
    position: Decimal
    average_price: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    leverage: Decimal | None = None
    net_funding: Decimal | None = None
    open_orders: int | None = None
    open_quantity: Decimal | None = None
    realised_pnl: Decimal | None = None
    unrealised_pnl: Decimal | None = None


@final
@frozen(kw_only=True)
class Positions(Row):
    """The answer to `GetPositions`."""

    balance: AccountBalance
    positions: tuple[AccountPosition, ...] = ()


@final
@frozen(kw_only=True)
class ReferralReward(Row):
    """The reward of one day."""

    reward_date: str
    amount: Decimal


@final
@frozen(kw_only=True)
class ReferralRewards(Row):
    """The answer to `GetReferralRewards`."""

    data: tuple[ReferralReward, ...] = ()
    count: int | None = None
    duration: str | None = None
    start: str | None = None
    end: str | None = None
    interval: str | None = None
    total_amount: Decimal | None = None


@final
@frozen(kw_only=True)
class Subaccounts(Row):
    """The answer to `GetSubaccounts`."""

    account_ids: tuple[str, ...] = ()


@final
@frozen(kw_only=True)
class SubaccountCreated(Row):
    """The answer to `CreateSubaccount`."""

    account_id: str


@final
@frozen(kw_only=True)
class OwnTrade(Row):
    """One own trade."""

    id: str
    order_id: str
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal | None = None
    margin_used: Decimal | None = None
    order_timestamp: Decimal | None = None
    order_type: str | None = None
    realised_pnl_change: Decimal | None = None
    tif: str | None = None


@final
@frozen(kw_only=True)
class OwnTrades(Row):
    """The answer to `GetTrades`."""

    data: tuple[OwnTrade, ...] = ()
    count: int | None = None


@final
@frozen(kw_only=True)
class DayVolume(Row):
    """What was traded on one day."""

    date: str
    volume: Decimal
    maker_volume: Decimal | None = None
    taker_volume: Decimal | None = None


@final
@frozen(kw_only=True)
class Volume(Row):
    """The answer to `GetVolume`."""

    data: tuple[DayVolume, ...] = ()
    count: int | None = None
    start: str | None = None
    end: str | None = None
    interval: str | None = None
    range: str | None = None
    symbols: tuple[str, ...] = ()
    total_volume: Decimal | None = None
    total_maker_volume: Decimal | None = None
    total_taker_volume: Decimal | None = None


@final
@frozen(kw_only=True)
class HourPnl(Row):
    """Profit and loss of one hour in one symbol."""

    hour: str
    symbol: str
    cost: Decimal | None = None
    fees: Decimal | None = None
    net_funding: Decimal | None = None
    quantity: Decimal | None = None
    realised_pnl: Decimal | None = None
    unrealised_pnl: Decimal | None = None


@final
@frozen(kw_only=True)
class Pnl(Row):
    """The answer to `GetPnl`."""

    data: tuple[HourPnl, ...] = ()
    count: int | None = None


# Calls ----------------------------------------------------------------------------------------------------------------


@final
@frozen(kw_only=True)
class GetHistoricOrdersCsv(HttpCommand[str]):
    """All orders of the past, as the text of a CSV file."""

    path: ClassVar[str] = "/historic-orders-csv"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = str


@final
@frozen(kw_only=True)
class GetHistoricTwapsCsv(HttpCommand[str]):
    """All TWAPs of the past, as the text of a CSV file."""

    path: ClassVar[str] = "/historic-twaps-csv"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = str

    symbol: str | None = field(default=None, validator=check_symbol_or_none)


@final
@frozen(kw_only=True)
class GetTradesCsv(HttpCommand[str]):
    """All own trades, as the text of a CSV file."""

    path: ClassVar[str] = "/trades-csv"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = str


@final
@frozen(kw_only=True)
class GetAccountEquity(HttpCommand[AccountEquity]):
    """What the account was worth, over time."""

    path: ClassVar[str] = "/user/account-equity"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = AccountEquity

    duration: str | None = None
    """The venue's default is 1w."""


@final
@frozen(kw_only=True)
class GetFees(HttpCommand[Fees]):
    """The account's fees."""

    path: ClassVar[str] = "/user/fees"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = Fees


@final
@frozen(kw_only=True)
class GetHistoricOrders(HttpCommand[HistoricOrders]):
    """Orders of the past, of one symbol or client id or of all, page by page."""

    path: ClassVar[str] = "/user/historic-orders"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = HistoricOrders

    symbol: str | None = field(default=None, validator=check_symbol_or_none)
    client_order_id: str | None = None
    start: str | None = field(default=None, converter=to_time_or_none)
    end: str | None = field(default=None, converter=to_time_or_none)
    limit: int | None = field(default=None, validator=within(1, 1000))
    """The venue's default is 100."""
    offset: int | None = field(default=None, validator=at_least_or_none(0))


@final
@frozen(kw_only=True)
class GetHistoricPnl(HttpCommand[HistoricPnl]):
    """Profit and loss over time."""

    path: ClassVar[str] = "/user/historic-pnl"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = HistoricPnl

    duration: str | None = None
    """The venue's default is 1w."""
    unit: str | None = None
    """The venue's default is number."""
    symbol: str | None = field(default=None, validator=check_symbol_or_none)


@final
@frozen(kw_only=True)
class GetHistoricTwaps(HttpCommand[HistoricTwaps]):
    """TWAPs of the past."""

    path: ClassVar[str] = "/user/historic-twaps"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = HistoricTwaps

    symbol: str | None = field(default=None, validator=check_symbol_or_none)
    limit: int | None = field(default=None, validator=within(1, 1000))


@final
@frozen(kw_only=True)
class SetLeverage(HttpCommand[LeverageSet]):
    """Sets the leverage of one symbol. Sent once."""

    method: ClassVar[str] = "POST"
    path: ClassVar[str] = "/user/leverage"
    is_signed: ClassVar[bool] = True
    in_body: ClassVar[frozenset[str]] = frozenset({"leverage", "symbol"})
    reads: ClassVar[Any] = LeverageSet

    leverage: Decimal = field(converter=to_leverage)
    symbol: str = field(validator=check_symbol)


@final
@frozen(kw_only=True)
class GetPositions(HttpCommand[Positions]):
    """Positions and money as they stand. A new account is answered with 500 "position balance not found"."""

    path: ClassVar[str] = "/user/positions"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = Positions


@final
@frozen(kw_only=True)
class GetReferralRewards(HttpCommand[ReferralRewards]):
    """Rewards by day."""

    path: ClassVar[str] = "/user/referral-rewards"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = ReferralRewards

    duration: str | None = None
    """The venue's default is 1w."""


@final
@frozen(kw_only=True)
class GetSubaccounts(HttpCommand[Subaccounts]):
    """The subaccounts."""

    path: ClassVar[str] = "/user/subaccounts"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = Subaccounts


@final
@frozen(kw_only=True)
class CreateSubaccount(HttpCommand[SubaccountCreated]):
    """Makes a subaccount. Sent once."""

    method: ClassVar[str] = "POST"
    path: ClassVar[str] = "/user/subaccounts"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = SubaccountCreated


@final
@frozen(kw_only=True)
class GetTrades(HttpCommand[OwnTrades]):
    """Own trades, page by page."""

    path: ClassVar[str] = "/user/trade"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = OwnTrades

    exchange_order_id: str | None = None
    start: str | None = field(default=None, converter=to_time_or_none)
    end: str | None = field(default=None, converter=to_time_or_none)
    start_time: str | None = field(default=None, converter=to_time_or_none)
    end_time: str | None = field(default=None, converter=to_time_or_none)
    symbol: str | None = field(default=None, validator=check_symbol_or_none)
    ordertype: str | None = None
    orderdirection: str | None = None
    limit: int | None = field(default=None, validator=within(1, 1000))
    """The venue's default is 100."""
    offset: int | None = field(default=None, validator=at_least_or_none(0))


@final
@frozen(kw_only=True)
class Transfer(HttpCommand[Any]):
    """Moves money between own accounts. Sent once; what is answered is not documented, and given as it comes."""

    method: ClassVar[str] = "POST"
    path: ClassVar[str] = "/user/transfer"
    is_signed: ClassVar[bool] = True
    in_body: ClassVar[frozenset[str]] = frozenset({"amount"})

    src_account_id: str = field(validator=check_text)
    dst_account_id: str = field(validator=check_text)
    amount: Decimal = field(converter=to_quantity)


@final
@frozen(kw_only=True)
class GetVolume(HttpCommand[Volume]):
    """What the account has traded, by day."""

    path: ClassVar[str] = "/user/volume"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = Volume

    range: str | None = None
    """The venue's default is 1w."""
    symbol: str | None = field(default=None, validator=check_symbol_or_none)


@final
@frozen(kw_only=True)
class GetPnl(HttpCommand[Pnl]):
    """Profit and loss by hour."""

    path: ClassVar[str] = "/pnl"
    is_signed: ClassVar[bool] = True
    reads: ClassVar[Any] = Pnl

    symbol: str | None = field(default=None, validator=check_symbol_or_none)
    start: str | None = field(default=None, converter=to_time_or_none)
    end: str | None = field(default=None, converter=to_time_or_none)
    limit_hours: int | None = field(default=None, validator=within(1, 2160))
