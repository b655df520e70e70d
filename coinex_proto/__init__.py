"""Exchange WebSocket protocols without I/O: bytes in, events out.

`Session` keeps what a program wants across connections, `Connection` is one socket, and a venue's package (`coinex`,
`qfex`, `coinflex`) gives the dialect, topics, commands and updates. The drivers that own sockets are in `coinex_trio`.
"""

from coinex_proto._session.reconnect import NextStep, Open, Stop, Wait
from coinex_proto._session.subscriptions import TopicStatus
from coinex_proto.books.book import Levels
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.commands import Command, Outgoing, Refusal
from coinex_proto.config import Backoff, Config, Endpoint, Rate, Sources
from coinex_proto.connection import Connection
from coinex_proto.delivery.callbacks import Callbacks, Registration
from coinex_proto.delivery.streams import Latest, Queue
from coinex_proto.dialect import Answer, Challenge, Dialect, Inbound, Mended, Opening
from coinex_proto.errors import (
    BookNotTrusted,
    ConnectFailed,
    ConsumerTooSlow,
    HandshakeRefused,
    LoginRefused,
    NotReady,
    OutcomeUnknown,
    PayloadError,
    ProxyError,
    RequestError,
    RequestRefused,
    RequestTimedOut,
    SdkError,
    UsageError,
)
from coinex_proto.events import (
    Backfilled,
    BackfillStarted,
    Closed,
    CloseReason,
    Failed,
    LoginFailed,
    Lost,
    OrderChanged,
    Ready,
    Replied,
    Restored,
    Retrying,
    Subscribed,
    SubscribeFailed,
    Unrecognised,
    Unsubscribed,
)
from coinex_proto.ids import OLDEST, RequestId
from coinex_proto.json import to_json
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.phases import Phase
from coinex_proto.session import Session
from coinex_proto.statistics import Statistics
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

__all__ = [
    "OLDEST",
    "Answer",
    "BackfillStarted",
    "Backfilled",
    "Backoff",
    "BookChanged",
    "BookNotTrusted",
    "BookView",
    "Callbacks",
    "Challenge",
    "CloseReason",
    "Closed",
    "Command",
    "Config",
    "ConnectFailed",
    "Connection",
    "ConsumerTooSlow",
    "Dialect",
    "Endpoint",
    "Event",
    "Failed",
    "HandshakeRefused",
    "Inbound",
    "Latest",
    "Levels",
    "LoginFailed",
    "LoginRefused",
    "Lost",
    "Mended",
    "NextStep",
    "NotReady",
    "Open",
    "Opening",
    "OrderChanged",
    "OrderFact",
    "OrderView",
    "OutcomeUnknown",
    "Outgoing",
    "PayloadError",
    "Phase",
    "ProxyError",
    "Queue",
    "Rate",
    "Ready",
    "Refusal",
    "Registration",
    "Replied",
    "RequestError",
    "RequestId",
    "RequestRefused",
    "RequestTimedOut",
    "Restored",
    "Retrying",
    "SdkError",
    "Session",
    "Sources",
    "Statistics",
    "Stop",
    "SubscribeFailed",
    "Subscribed",
    "Topic",
    "TopicStatus",
    "Unrecognised",
    "Unsubscribed",
    "Update",
    "UsageError",
    "Wait",
    "to_json",
]
