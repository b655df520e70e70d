"""What each key does to what is shown."""

import pytest

from coinex_trio._cli.view import ROWS, View

VIEW = View(what="book", whats=("ticker", "book", "trades"), markets=("BTCUSDT", "ETHUSDT"))


def after(*keys: str, view: View = VIEW) -> View:
    for key in keys:
        view = view.pressed(key)
    return view


def test_markets_come_one_by_one_and_all_of_them_between_the_last_and_the_first() -> None:
    assert [after(*"n" * times).market for times in range(4)] == [None, "BTCUSDT", "ETHUSDT", None]
    assert after("p").market == "ETHUSDT"
    assert after("right", "left") == after("tab", "back-tab") == VIEW
    assert after("2").market == "ETHUSDT"
    assert after("2", "0").market is None
    assert after("2").shows("ETHUSDT")
    assert not after("2").shows("BTCUSDT")


def test_one_market_alone_is_always_shown() -> None:
    assert after("n", "n", "p", view=View(what="book", markets=("BTCUSDT",))).market is None


def test_depth_goes_in_steps_and_back_to_as_much_as_fits() -> None:
    fewer = [after(*"-" * times).rows for times in range(len(ROWS) + 3)]
    assert fewer == [None, *reversed(ROWS), ROWS[0], ROWS[0]]
    assert after(*"---", "+").rows == 20
    assert after("down", "up", "=", "+").rows is None


def test_views_are_switched_by_name_or_one_after_the_other() -> None:
    assert [after(*"v" * times).what for times in range(4)] == ["book", "trades", "ticker", "book"]
    assert (after("t").what, after("i").what, after("t", "b").what) == ("trades", "ticker", "book")
    assert after("a") == VIEW  # not without a sign-in
    assert after("v", view=View(what="account")).what == "account"


def test_q_is_the_end_and_the_question_mark_lists_the_keys_or_hides_them() -> None:
    assert after("q").is_over
    assert after("?").shows_keys
    assert after("?", "h") == VIEW


@pytest.mark.parametrize("key", ["x", "9", "Q", " ", "escape", "", "٣", "²"])
def test_another_key_means_nothing(key: str) -> None:
    assert after(key) == VIEW
