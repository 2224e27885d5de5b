"""Where code opens connections, read from its syntax: calls of clients, and imports of those that nobody needs here."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# what opens a connection, or makes what does
CLIENTS = frozenset(
    {
        *(f"httpx.{name}" for name in ("Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport")),
        *(
            f"httpx.{name}"
            for name in ("get", "options", "head", "post", "put", "patch", "delete", "request", "stream")
        ),
        *(f"socket.{name}" for name in ("create_connection", "getaddrinfo", "gethostbyname", "gethostbyname_ex")),
        *(f"asyncio.{name}" for name in ("open_connection", "new_event_loop", "SelectorEventLoop")),
        *(
            f"neo4j.{name}.{make}"
            for name in ("GraphDatabase", "AsyncGraphDatabase")
            for make in ("driver", "bolt_driver")
        ),
        *(f"chromadb.{name}" for name in ("HttpClient", "AsyncHttpClient", "CloudClient", "config.System")),
        *(f"psycopg.{name}" for name in ("connect", "Connection.connect", "AsyncConnection.connect")),
        *(f"sqlalchemy.{name}" for name in ("create_engine", "engine_from_config", "create_pool_from_url")),
        "sqlalchemy.ext.asyncio.create_async_engine",
        *(
            f"fsspec.{name}"
            for name in ("open", "open_files", "filesystem", "get_mapper", "core.url_to_fs", "url_to_fs")
        ),
        *(f"mlflow.{name}" for name in ("tracking.MlflowClient", "MlflowClient", "set_tracking_uri", "start_run")),
        *(f"huggingface_hub.{name}" for name in ("snapshot_download", "hf_hub_download", "HfApi", "InferenceClient")),
        *(f"ray.{name}" for name in ("init", "util.connect")),
        *(f"websockets.{name}" for name in ("connect", "sync.client.connect", "asyncio.client.connect")),
    }
)
# libraries that connect and that no code of ours needs
STRANGERS = frozenset(
    (
        *("aiohttp", "boto3", "botocore", "ftplib", "grpc", "http.client", "httpcore", "httpx2", "imaplib", "minio"),
        *("nntplib", "paramiko", "poplib", "psycopg_pool", "pycurl", "pymongo", "redis", "requests", "s3fs", "smtplib"),
        *("telnetlib", "urllib.request", "urllib3", "websocket", "xmlrpc.client"),
    )
)
# methods of sockets and loops, whoever they belong to
_METHODS = frozenset(
    {"connect", "connect_ex", "create_connection", "create_datagram_endpoint", "sendto", "sock_connect"}
)
_NOT_A_NETWORK = frozenset({"sqlite3.connect"})


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """A place where a connection may be opened.

    Args:
        what: The client, by its full name; of a method ".connect".
        has_transport: Whether it is given a transport.
    """

    file: str
    line: int
    what: str
    has_transport: bool = False


def openings_below(root: Path, *rooms: str) -> list[Opening]:
    """Those of all files of some rooms, in order."""
    files = sorted(file for room in rooms for file in (root / room).rglob("*.py"))
    sources = ((file, file.read_text(encoding="utf-8")) for file in files)
    # most files name nothing of the kind, and to parse all of them takes seconds
    worth_reading = [(file, source) for file, source in sources if _may_open(source)]
    return [each for file, source in worth_reading for each in openings(source, str(file.relative_to(root)))]


def _may_open(source: str) -> bool:
    return any(all(part in source for part in name.split(".")) for name in (*CLIENTS, *STRANGERS, *_METHODS))


def openings(source: str, file: str = "") -> Iterator[Opening]:
    """Those of one file."""
    tree = ast.parse(source)
    names = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (Opening(file, node.lineno, name) for name in _strangers(node))
        elif isinstance(node, ast.Call):
            what = _opened(node, names)
            if what:
                given = any(keyword.arg == "transport" for keyword in node.keywords)
                yield Opening(file, node.lineno, what, given)


def _opened(call: ast.Call, names: dict[str, str]) -> str:
    """Which client a call makes, or what it loads by name; empty for all other calls."""
    name = _dotted(call.func, names)
    if name in CLIENTS:
        return name
    if name in ("importlib.import_module", "__import__") and call.args and isinstance(call.args[0], ast.Constant):
        loaded = str(call.args[0].value)
        return loaded if loaded in STRANGERS or loaded == "ray" else ""
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS and name not in _NOT_A_NETWORK
    # a database's transaction begins without a word; a network needs an address
    return f".{call.func.attr}" if is_method and isinstance(call.func, ast.Attribute) and call.args else ""


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    yield "__import__", "__import__"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _strangers(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        name = f"{module}.{alias.name}" if module else alias.name
        yield from (each for each in STRANGERS if name == each or name.startswith(f"{each}."))


def _dotted(expression: ast.expr, names: dict[str, str]) -> str:
    """The full name of what is called, as far as imports tell."""
    if isinstance(expression, ast.Name):
        return names.get(expression.id, "")
    if isinstance(expression, ast.Attribute):
        base = _dotted(expression.value, names)
        return f"{base}.{expression.attr}" if base else ""
    return ""
