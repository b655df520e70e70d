"""Who may import whom, read from the source: the protocol core stays without I/O, and no venue reaches another."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.processes import HANGS_AFTER

ROOT = Path(__file__).parent.parent
PACKAGES = frozenset({"coinex_asyncio", "coinex_proto", "coinex_driver", "coinex_relay", "coinex_trio"})
VENUES = ("coinex", "qfex", "coinflex")

IO_AND_TIME = frozenset(
    {
        "asyncio",
        "coinex_asyncio",
        "coinex_driver",
        "coinex_trio",
        "concurrent",
        "http",
        "httpx2",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "queue",
        "random",
        "sched",
        "secrets",
        "select",
        "selectors",
        "signal",
        "socket",
        "socketserver",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "trio",
        "urllib.request",
        "uuid",
    }
)
"""What the core must not have: sockets, files, clocks, randomness, threads, and its own drivers."""

HARMLESS = frozenset(
    {
        "http.HTTPStatus",
        "os.strerror",
        "socket.gaierror",
        "ssl.CERT_NONE",
        "ssl.SSLCertVerificationError",
        "ssl.SSLContext",
        "ssl.SSLError",
        "ssl.TLSVersion",
        "ssl.create_default_context",
        "threading.local",
        "time.perf_counter",
    }
)
"""Names of such modules that open, start and wait for nothing: what drivers share may have these, and the log."""

HTTP_VALUES = frozenset({"httpcore2", "httpx2"})
"""What `coinex_driver/http` may have besides: requests and answers as values; the sockets under them are a driver's."""

CLOCKS = frozenset({"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns"})
"""Methods of `datetime`, `date` and `time` that read a clock."""


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    return tuple(read_imports(path))


def read_imports(path: Path) -> Iterator[tuple[str, int]]:
    """Dotted name and line of everything imported, also in functions and under `TYPE_CHECKING`; `from a import b` gives a.b."""
    module, is_package = module_of(path), path.name == "__init__.py"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = module.split(".")
                parent = here[: len(here) - node.level + is_package]
                base = ".".join([*parent, base]) if base else ".".join(parent)
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def is_in(name: str, packages: frozenset[str] | set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[: n + 1]) in packages for n in range(len(parts)))


def offences(package: str, forbidden: set[str] | frozenset[str], *, apart_from: tuple[str, ...] = ()) -> list[str]:
    """Every import of something forbidden below `package`, as `file:line imports name`."""
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources(package)
        if not any(path.relative_to(ROOT).as_posix().startswith(allowed) for allowed in apart_from)
        for name, line in imports(path)
        if is_in(name, forbidden)
    ]


def imports_random(path: Path) -> bool:
    return any(name == "random" for name, _ in imports(path))


def test_the_reader_of_imports_sees_each_form(tmp_path: Path) -> None:
    file = ROOT / "coinex_proto" / "config.py"
    assert ("coinex_proto.errors.UsageError", "coinex_proto.config") in [(n, module_of(file)) for n, _ in imports(file)]
    assert is_in("socket.socket", IO_AND_TIME)
    assert is_in("urllib.request.urlopen", IO_AND_TIME)
    assert not is_in("urllib.parse.urlsplit", IO_AND_TIME)
    assert not is_in("sockets", IO_AND_TIME)


def test_the_core_does_no_io_and_reads_no_clock() -> None:
    # Whether the compiled twins run is read from the environment, once.
    apart = ("coinex_proto/simulator/", "coinex_proto/speedups.py")
    assert offences("coinex_proto", IO_AND_TIME, apart_from=apart) == []
    assert offences("coinex_proto/speedups.py", IO_AND_TIME - {"os"}) == []


def test_the_local_exchange_does_no_io_either_but_may_be_random_from_a_seed() -> None:
    assert offences("coinex_proto/simulator", IO_AND_TIME - {"random"}) == []
    unseeded = [
        offence for offence in offences("coinex_proto/simulator", {"random"}) if not offence.endswith(" random.Random")
    ]
    assert [offence for offence in unseeded if not offence.endswith("imports random")] == []


@pytest.mark.parametrize("path", sources("coinex_proto"), ids=module_of)
def test_no_core_module_calls_a_clock_or_the_shared_generator(path: Path) -> None:
    calls = [
        f"{ast.unparse(node)} in line {node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (
            (node.value.id in {"datetime", "date", "time"} and node.attr in CLOCKS)
            or (node.value.id == "random" and node.attr != "Random" and imports_random(path))
        )
    ]
    assert calls == []


def test_only_the_framing_and_the_local_exchange_import_wsproto() -> None:
    allowed = ("coinex_proto/_wire/websocket.py", "coinex_proto/simulator/")
    assert offences("coinex_proto", {"wsproto"}, apart_from=allowed) == []
    assert offences("coinex_trio", {"wsproto"}) == []
    assert offences("coinex_asyncio", {"wsproto"}) == []
    assert offences("coinex_driver", {"wsproto"}) == []


def test_only_the_local_exchange_and_the_way_through_a_proxy_import_h11() -> None:
    assert offences("coinex_proto", {"h11"}, apart_from=("coinex_proto/simulator/",)) == []
    assert offences("coinex_trio", {"h11"}) == []
    assert offences("coinex_asyncio", {"h11"}) == []
    assert offences("coinex_driver", {"h11"}, apart_from=("coinex_driver/proxy_tunnel.py",)) == []


def test_the_shared_core_knows_no_venue_and_no_local_exchange() -> None:
    forbidden = {f"coinex_proto.{package}" for package in (*VENUES, "simulator")}
    apart = tuple(f"coinex_proto/{package}/" for package in (*VENUES, "simulator"))
    assert offences("coinex_proto", forbidden, apart_from=apart) == []


@pytest.mark.parametrize("venue", VENUES)
def test_a_venue_knows_no_other_and_no_local_exchange(venue: str) -> None:
    others = {f"coinex_proto.{other}" for other in (*VENUES, "simulator") if other != venue}
    assert offences(f"coinex_proto/{venue}", others) == []


def test_the_local_exchange_shares_no_wire_code_with_the_clients() -> None:
    forbidden = {
        f"coinex_proto.{module}" for module in (*VENUES, "_wire", "_connection", "_session", "connection", "session")
    }
    assert offences("coinex_proto/simulator", forbidden) == []


def test_only_the_decoding_of_a_venue_and_the_writing_of_json_know_msgspec() -> None:
    assert (
        offences("coinex_trio", {"msgspec"}, apart_from=("coinex_trio/_cli/", "coinex_trio/http", "coinex_trio/_http"))
        == []
    )


def test_no_package_imports_a_private_module_of_another() -> None:
    private = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for package in PACKAGES
        for path in sources(package)
        for name, line in imports(path)
        if name.partition(".")[0] in PACKAGES - {package} and any(part.startswith("_") for part in name.split("."))
    ]
    assert private == []


def test_what_drivers_share_does_no_io_and_knows_no_driver() -> None:
    forbidden = IO_AND_TIME - {"coinex_driver"} | {"httpcore2", "httpx2"}
    found = [
        offence
        for offence in offences("coinex_driver", forbidden)
        if offence.partition(" imports ")[2] not in HARMLESS
        and not offence.startswith("coinex_driver/log.py:")
        and not (offence.startswith("coinex_driver/http/") and is_in(offence.partition(" imports ")[2], HTTP_VALUES))
    ]
    assert found == []


def test_the_asyncio_driver_knows_no_trio_and_of_the_other_drivers_only_network_and_local_exchange() -> None:
    allowed = {f"coinex_trio.{module}" for module in ("exchange", "network", "proxy")}
    assert offences("coinex_asyncio", {"trio"}) == []
    others = [each for each in offences("coinex_asyncio", {"coinex_trio"}) if not is_in(each.split()[-1], allowed)]
    assert others == []


def test_an_asyncio_program_does_not_import_trio_as_long_as_it_does_without_http() -> None:
    """httpcore2 imports trio where it is installed."""
    names = "open_client, open_coinflex, local_exchange, memory_exchange, ProxyNetwork, EventStream"
    program = f"import sys; from coinex_asyncio import {names}; print('trio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=HANGS_AFTER, check=True
    )
    assert done.stdout.strip() == "False"


RELAY_WITHOUT_IO = (
    "chains",
    "dialect",
    "feed",
    "flows",
    "messages",
    "peers",
    "publishing",
    "sharding",
    "socket",
    "subjects",
)


def test_what_a_relay_and_its_consumer_know_does_no_io_and_reads_no_clock() -> None:
    files = tuple(f"coinex_relay/{name}.py:" for name in RELAY_WITHOUT_IO)
    forbidden = IO_AND_TIME | {"nats"}
    assert [each for each in offences("coinex_relay", forbidden) if each.startswith(files)] == []


def test_the_asyncio_driver_stays_small() -> None:
    for name in ("asyncio_io", "lane"):
        assert len((ROOT / f"coinex_asyncio/_io/{name}.py").read_text().splitlines()) <= 350


@pytest.mark.parametrize(
    "module",
    ["coinex_asyncio", "coinex_proto", "coinex_proto.coinex", "coinex_driver", "coinex_trio", "coinex_trio.blocking"],
)
def test_importing_it_does_not_import_trio(module: str) -> None:
    program = (
        f"import sys, {module}; print([m for m in ('trio', 'asyncio', 'click', 'rich', 'httpx2') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=HANGS_AFTER, check=True
    )
    assert done.stdout.strip() == "[]", done.stdout
