"""Old updates belong to no topic of today, so that no callback or book takes them for new ones."""

import pytest

from coinex_proto.coinex import (
    LegacyBalanceUpdate,
    LegacyDepthLevels,
    LegacyDepthUpdate,
    LegacyKlineUpdate,
    LegacyOrder,
    LegacyOrderUpdate,
    LegacyPosition,
    LegacyPositionUpdate,
    LegacyTickerUpdate,
    LegacyTradesUpdate,
)
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update


@pytest.mark.parametrize(
    ("update", "key"),
    [
        (LegacyTickerUpdate(market="A"), ("v1 state", "A")),
        (LegacyDepthUpdate(market="A", is_full=True, depth=LegacyDepthLevels()), ("v1 depth", "A")),
        (LegacyTradesUpdate(market="A", deal_list=()), ("v1 deals", "A")),
        (LegacyOrderUpdate(event="put", order=LegacyOrder(market="A")), ("v1 order", "A")),
        (LegacyOrderUpdate(event="put", order=LegacyOrder(market="A"), is_stop=True), ("v1 stop", "A")),
        (LegacyPositionUpdate(position=LegacyPosition(market="A")), ("v1 position", "A")),
        (LegacyBalanceUpdate(ccy="A"), ("v1 balance", "A")),
        (LegacyKlineUpdate(kline_list=()), ("v1 kline", None)),
    ],
)
def test_no_topic_of_today_has_the_key_of_an_old_update(update: Update, key: TopicKey) -> None:
    assert update.topic_key == key
    assert not update.tells_order
