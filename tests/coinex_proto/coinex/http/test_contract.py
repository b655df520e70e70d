"""The typed calls against a copy of the venue's description, and against every published example."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import pytest

from coinex_proto.coinex import Credentials, http
from coinex_proto.coinex.http import LIMITS, ROUTES, BatchItem, HttpCommand, Page, account, assets, call, system
from coinex_proto.coinex.http._envelope import ALIASES
from coinex_proto.coinex.http._type_arguments import hints_of
from coinex_proto.coinex.http.command import result_type
from coinex_proto.coinex.http.futures import deal as futures_deal
from coinex_proto.coinex.http.futures import market as futures_market
from coinex_proto.coinex.http.futures import order as futures_order
from coinex_proto.coinex.http.futures import position as futures_position
from coinex_proto.coinex.http.futures import stop_order as futures_stop_order
from coinex_proto.coinex.http.spot import deal as spot_deal
from coinex_proto.coinex.http.spot import market as spot_market
from coinex_proto.coinex.http.spot import order as spot_order
from coinex_proto.coinex.http.spot import stop_order as spot_stop_order
from tests.coinex_proto.documents import http_description

DATA = Path(__file__).parents[3] / "data"
CREDENTIALS = Credentials("EXAMPLEACCESSID", "example-secret")

MODULES: Mapping[ModuleType, tuple[str, ...]] = {
    system: ("system",),
    account: ("account",),
    assets: ("assets.balance", "assets.transfer"),
    spot_market: ("spot.market",),
    spot_order: ("spot.order",),
    spot_stop_order: ("spot.order",),
    spot_deal: ("spot.deal",),
    futures_market: ("futures.market",),
    futures_order: ("futures.order",),
    futures_stop_order: ("futures.order",),
    futures_deal: ("futures.deal",),
    futures_position: ("futures.position",),
}
"""Which group of the document each module holds."""

MISSPELT_PAGES = {
    "get-marigin-balance": "get-margin-balance",
    "list-positiing-adl-history": "list-position-adl-history",
}


def endpoints() -> dict[str, dict[str, Any]]:
    return {f"{each['method']} {each['path']}": each for each in http_description()["endpoints"]}


def examples() -> list[dict[str, Any]]:
    lines = (DATA / "coinex-http-examples.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


def commands() -> Iterator[tuple[ModuleType, type[HttpCommand[Any]]]]:
    for module in MODULES:
        for name, kind in vars(module).items():
            is_own = inspect.isclass(kind) and kind.__module__ == module.__name__
            if is_own and issubclass(kind, HttpCommand) and not name.startswith("_"):
                yield module, kind


def endpoint_of(kind: type[HttpCommand[Any]]) -> dict[str, Any]:
    return endpoints()[str(kind.route)]


def shape_and_model(result: Any) -> tuple[str, Any]:
    if result is type(None):
        return "empty", None
    if get_origin(result) is Page:
        return "page", get_args(result)[0]
    if get_origin(result) is tuple:
        inner = get_args(result)[0]
        return ("batch", get_args(inner)[0]) if get_origin(inner) is BatchItem else ("list", inner)
    return "object", result


TYPED = list(commands())
KINDS = pytest.mark.parametrize(
    "kind", [kind for _, kind in TYPED], ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)


def test_all_132_calls_of_the_document_have_a_route_in_their_group() -> None:
    documented = endpoints()
    assert len(documented) == 132
    assert set(ROUTES) == set(documented)
    for name, route in ROUTES.items():
        about = documented[name]
        assert (route.group, route.is_signed) == (about["group"], about["signed"]), name
        assert (route.cost_per_item is not None) == (about["quota_cost"] == "per_item"), name


def test_each_group_has_the_documented_rate() -> None:
    documented = {name: about["per_second"] or 10 for name, about in http_description()["groups"].items()}
    assert {name: rate.per_second for name, rate in LIMITS.items()} == documented


def test_no_call_is_declared_twice_and_a_program_can_live_on_them() -> None:
    names = [str(kind.route) for _, kind in TYPED]
    assert len(names) == len(set(names))
    assert len(names) >= 40


@pytest.mark.parametrize(("module", "kind"), TYPED, ids=lambda each: each.__name__)
def test_a_class_is_named_after_its_page_and_lies_in_the_module_of_its_group(
    module: ModuleType, kind: type[HttpCommand[Any]]
) -> None:
    about = endpoint_of(kind)
    page = about["doc_page"].rsplit("/", 1)[-1]
    words = MISSPELT_PAGES.get(page, page).split("-")
    assert kind.__name__ == "".join(word.capitalize() for word in words)
    assert about["module"] in MODULES[module]


@KINDS
def test_the_fields_of_a_call_are_the_documented_parameters_in_their_order(kind: type[HttpCommand[Any]]) -> None:
    documented = [each for each in endpoint_of(kind)["params"] if "." not in each["name"]]
    fields = attrs.fields(kind)
    assert [each.name for each in fields] == [each["name"] for each in documented]
    for ours, theirs in zip(fields, documented, strict=True):
        can_be_left_out = ours.default is None or ours.default == ()
        assert can_be_left_out != theirs["required"], ours.name


@KINDS
def test_the_words_that_a_parameter_accepts_are_the_documented_ones(kind: type[HttpCommand[Any]]) -> None:
    enums = http_description()["enums"]
    hints = hints_of(kind)
    for parameter in endpoint_of(kind)["params"]:
        if "enum" not in parameter or "." in parameter["name"]:
            continue
        hint = hints[parameter["name"]]
        literals = [hint, *get_args(hint)]
        accepted = {word for each in literals for word in get_args(each) if isinstance(word, str)}
        accepted |= {word for word in get_args(hint) if isinstance(word, str)}
        assert accepted <= set(enums[parameter["enum"]]), parameter["name"]
        if parameter["enum"] != "market_type":
            assert accepted == set(enums[parameter["enum"]]), parameter["name"]


@KINDS
def test_the_result_of_a_call_has_the_documented_shape_and_fields(kind: type[HttpCommand[Any]]) -> None:
    about = endpoint_of(kind)
    shape, model = shape_and_model(result_type(kind))
    documented_shape = "page" if about["paginated"] else about["data_shape"]
    assert shape == documented_shape
    if model is not None:
        assert_fields_fit(model, [(each["name"], each["type"]) for each in about["returns"]])


def assert_fields_fit(model: Any, documented: list[tuple[str, str]]) -> None:
    hints = get_type_hints(model)
    for name, kind in documented:
        head, _, rest = name.replace("[]", "").partition(".")
        assert head in hints, f"{model.__name__} lacks {head}"
        if rest:
            (inner,) = (each for each in [hints[head], *get_args(hints[head])] if attrs.has(each))
            assert_fields_fit(inner, [(rest, kind)])
        else:
            assert_type_fits(f"{model.__name__}.{name}", hints[head], kind)


ALLOWED: dict[str, set[object]] = {
    "int": {int},
    "bool": {bool},
    "string": {str, Decimal},
    "[]string": {str},
    "[]int": {int},
}


def assert_type_fits(what: str, hint: Any, documented: str) -> None:
    if documented not in ALLOWED or what == "DepthLevels.checksum":
        return
    kinds: set[object] = {each for each in (get_args(hint) or (hint,)) if each not in (type(None), ...)}
    assert kinds <= ALLOWED[documented], f"{what}: {hint} for {documented}"


# Examples -------------------------------------------------------------------------------------------------------------

BY_ROUTE = {str(kind.route): kind for _, kind in TYPED}
NUMBERED = list(enumerate(examples(), 1))
ANSWERS = [(number, each) for number, each in NUMBERED if each["path"] is not None]
REQUESTS = [(number, each) for number, each in ANSWERS if each["query"] is not None or each["body"] is not None]


def example_id(value: object) -> str:
    return f"{value['method']} {value['path']}" if isinstance(value, dict) else f"line{value}"


def read_example(example: dict[str, Any]) -> Any:
    """The typed answer where there is a class for it, else the plain one."""
    kind = BY_ROUTE.get(f"{example['method']} {example['path']}")
    body = to_json(example["response"])
    if kind is None:
        return http.parse(call(example["method"], example["path"]), 200, body)
    return http.parse(object.__new__(kind), 200, body)


def to_json(value: object) -> bytes:
    return json.dumps(value).encode()


def assert_found(wire: Any, ours: Any, where: str) -> None:
    """Every value of the example stands in the result under its wire name, to the digit."""
    if isinstance(wire, dict) and isinstance(ours, dict):
        assert wire == ours, where
    elif isinstance(wire, dict):
        for name, value in wire.items():
            wanted = ALIASES.get(name, name)
            if where.endswith("basis-history[1]") and name == "funding_time":
                continue  # an error of the page
            assert hasattr(ours, wanted), f"{where}: nothing called {wanted}"
            assert_found(value, getattr(ours, wanted), f"{where}.{name}")
    elif isinstance(wire, list):
        assert len(wire) == len(ours), where
        for index, (theirs, mine) in enumerate(zip(wire, ours, strict=True)):
            assert_found(theirs, mine, f"{where}[{index}]")
    elif isinstance(ours, Decimal):
        assert format(ours, "f") == wire, where
    elif isinstance(ours, int) and isinstance(wire, str):
        assert str(ours) == wire, where
    elif wire == "" and ours is None:
        pass
    else:
        assert type(ours) is type(wire), where
        assert ours == wire, where


@pytest.mark.parametrize(("number", "example"), ANSWERS, ids=example_id)
def test_every_published_answer_is_read_without_loss(number: int, example: dict[str, Any]) -> None:
    result = read_example(example)
    data = example["response"]["data"]
    where = example["path"]
    if isinstance(result, Page):
        pages = example["response"].get("pagination", example["response"].get("paginatation", {}))
        assert (result.has_next, result.total) == (pages.get("has_next"), pages.get("total"))
        assert_found(data, result.rows, where)
    elif result is None:
        assert data == {}
    else:
        assert_found(data, result, where)


@pytest.mark.parametrize(("number", "example"), REQUESTS, ids=example_id)
def test_every_published_request_is_built_to_the_letter_by_a_free_call(number: int, example: dict[str, Any]) -> None:
    request = http.build(call(example["method"], example["path"], **given(example)), CREDENTIALS, 1700490703564)
    query = f"?{example['query']}" if example["query"] else ""
    assert request.method == example["method"]
    assert request.target == f"/v2{example['path']}{query}"
    if example["body"] is None:
        assert request.body == b""
    else:
        assert list(json.loads(request.body).items()) == list(example["body"].items())


@pytest.mark.parametrize(
    ("number", "example"),
    [
        (number, each)
        for number, each in REQUESTS
        # The published request for the history of funding rates passes two names where one is documented.
        if f"{each['method']} {each['path']}" in BY_ROUTE and each["path"] != "/futures/funding-rate-history"
    ],
    ids=example_id,
)
def test_every_published_request_is_built_by_its_class(number: int, example: dict[str, Any]) -> None:
    kind = BY_ROUTE[f"{example['method']} {example['path']}"]
    command = kind(**{name: as_declared(name, value) for name, value in given(example).items()})
    request = http.build(command, CREDENTIALS, 1700490703564)
    path, _, query = request.target.partition("?")
    assert (request.method, path) == (example["method"], f"/v2{example['path']}")
    # The order of parameters is free, and a class writes them in the order of the description.
    assert sorted(query.split("&")) == sorted((example["query"] or "").split("&"))
    assert json.loads(request.body or b"null") == example["body"]


def given(example: dict[str, Any]) -> dict[str, Any]:
    return example["body"] or dict(pair.split("=", 1) for pair in (example["query"] or "").split("&") if pair)


def as_declared(name: str, value: Any) -> Any:
    if name in ("page", "limit", "position_id", "start_time", "end_time"):
        return int(value)
    if name == "order_ids":
        return tuple(map(int, value.split(",")))
    return tuple(value.split(",")) if name == "market" and "," in value else value


def test_the_published_error_is_a_refusal_that_may_be_repeated() -> None:
    (example,) = (each for each in examples() if each["path"] is None)
    with pytest.raises(http.HttpRefused, match="service too busy") as caught:
        http.parse(system.Time(), 200, to_json(example["response"]))
    assert caught.value.code == 3008
    assert caught.value.retryable
