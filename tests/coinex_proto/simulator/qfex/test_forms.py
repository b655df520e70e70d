"""Forms of the local QFEX: the documented ones unless said otherwise, and none that there is not."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from coinex_proto.simulator import QfexForms


def test_the_documented_forms_are_the_defaults() -> None:
    assert attrs.asdict(QfexForms()) == {
        "ioc_ends": "old",
        "ack": "before",
        "sign_in": "true",
        "market_price": "ignored",
        "modified_id": "kept",
        "user_trades": "both",
        "twap_cancel": "both",
        "modify_demands_reduce_only": False,
        "null_arrays": False,
        "bad_key_at_upgrade": False,
        "refuses_user_agents": False,
        "new_account": False,
    }


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("ioc_ends", ("old", "new")),
        ("ack", ("before", "after", "never")),
        ("sign_in", ("true", "object", "type", "old")),
        ("market_price", ("ignored", "demanded", "refused")),
    ],
)
def test_each_form_may_be_chosen_and_another_one_not(name: str, forms: tuple[str, ...]) -> None:
    for form in forms:
        chosen: Any = {name: form}
        assert getattr(QfexForms(**chosen), name) == form
    wrong: Any = {name: "sometimes"}
    with pytest.raises(ValueError, match=name):
        QfexForms(**wrong)
