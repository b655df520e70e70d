"""What users may import: every package says it in a sorted `__all__`, ships its types, and has what the docs promise."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SURFACE = {
    "coinex_proto": """
        Backoff BookChanged BookNotTrusted BookView Callbacks Closed Command Config ConnectFailed Connection ConsumerTooSlow
        Dialect Endpoint Event Failed HandshakeRefused LineChanged LineStatistics LoginFailed LoginRefused Lost NotReady Open OrderChanged OrderView
        OutcomeUnknown PayloadError Phase Rate Ready Registration Replied RequestError RequestId RequestRefused
        RenewalFailed Renewed RequestTimedOut Restored Retrying SdkError Session Sources Stop SubscribeFailed Subscribed Topic Unrecognised
        Unsubscribed Update UsageError Wait to_json
    """,
    "coinex_proto.coinex": """
        BalanceUpdate Balances BestQuote BestQuoteUpdate Credentials Depth DepthUpdate Index IndexUpdate NoticeUpdate Notices
        OrderUpdate Orders Ping PositionUpdate Positions Premium PremiumUpdate Raw ServerTime StopOrderUpdate StopOrders
        Ticker TickerUpdate Trades TradesUpdate UserTradeUpdate UserTrades futures sign_http sign_websocket spot
    """,
    "coinex_asyncio": """
        Client CoinexClient CoinflexClient EventStream QfexClient local_exchange memory_exchange open_client open_coinex
        open_coinflex open_qfex
    """,
    "coinex_trio": """
        BlockingClient Client CoinexClient EventStream credentials_from_env local_exchange open_client open_coinex run
    """,
}
"""Names that other people's programs may rely on, by package."""


def packages() -> list[str]:
    """Every package of the distribution that is not private."""
    return [
        ".".join(init.parent.relative_to(ROOT).parts)
        for top in ("coinex_asyncio", "coinex_driver", "coinex_proto", "coinex_relay", "coinex_trio")
        for init in sorted((ROOT / top).rglob("__init__.py"))
        if not any(part.startswith("_") for part in init.parent.relative_to(ROOT).parts)
    ]


def declared_all(package: str) -> list[str]:
    return list(getattr(importlib.import_module(package), "__all__", ()))


def imported_public_names(package: str) -> set[str]:
    """Names that the package's `__init__` imports from inside the distribution and that do not start with `_`."""
    tree = ast.parse((ROOT / Path(*package.split(".")) / "__init__.py").read_text())
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("coinex_"))
        for alias in node.names
        for name in (declared_all(node.module or "") if alias.name == "*" else [alias.asname or alias.name])
        if not name.startswith("_")
    }


@pytest.mark.parametrize("package", packages())
def test_all_is_sorted_and_has_no_name_twice(package: str) -> None:
    names = declared_all(package)
    assert len(names) == len(set(names))
    assert names == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


@pytest.mark.parametrize("package", packages())
def test_each_name_in_all_can_be_imported(package: str) -> None:
    module = importlib.import_module(package)
    assert [name for name in declared_all(package) if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", packages())
def test_each_public_name_that_a_package_imports_stands_in_all(package: str) -> None:
    assert imported_public_names(package) - set(declared_all(package)) == set()


@pytest.mark.parametrize("package", SURFACE)
def test_the_promised_names_are_there(package: str) -> None:
    assert set(SURFACE[package].split()) - set(declared_all(package)) == set()


@pytest.mark.parametrize("package", ["coinex_asyncio", "coinex_proto", "coinex_trio"])
def test_types_are_shipped(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_a_misspelt_name_of_the_lazy_package_is_an_error_for_mypy_and_at_run_time() -> None:
    with pytest.raises(ImportError, match="CoinexCleint"):
        # mypy reports an ignore that is not needed, so this comment proves that it sees the misspelling.
        from coinex_trio import CoinexCleint  # type: ignore[attr-defined] # noqa: F401
