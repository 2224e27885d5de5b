"""Origins of web pages as browsers write them: they are compared letter by letter (RFC 6454, 6.1)."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_USUAL_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_.-]+|\[[0-9a-f:.]+\]")


def origin_fault(origin: str) -> str:
    """Why no browser ever sends an origin, and what it sends instead; empty for one that it does send.

    Args:
        origin: As it is configured, such as `https://clara.example.org`.
    """
    if "*" in origin:
        return "list exact origins such as https://clara.example.org; '*' lets every web page call us"
    if "@" in origin:
        return "an origin holds no login"
    try:
        parts = urlsplit(origin)
    except ValueError:
        return _no_origin(origin)
    if parts.scheme not in _USUAL_PORTS or not parts.hostname:
        return _no_origin(origin)
    if not parts.hostname.isascii():
        return f"'{origin}' is never sent by a browser, which writes the name of a host in its ASCII form (xn--…)"
    try:
        sent = _sent(parts)
    except ValueError as exc:
        return f"'{origin}' has no such port or address ({exc})"
    if not _HOST.fullmatch(urlsplit(sent).netloc.removesuffix(f":{parts.port}")):
        return _no_origin(origin)
    return "" if sent == origin else f"'{origin}' is never sent by a browser; write {sent}"


def _no_origin(origin: str) -> str:
    return f"'{origin}' is no origin such as https://clara.example.org"


def _sent(parts: SplitResult) -> str:
    """Small letters, the shortest form of an IPv6 address, no port that goes without saying, and no path.

    Raises:
        ValueError: If the port or the address cannot be.
    """
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{ipaddress.IPv6Address(host)}]"
    port = "" if parts.port in (None, _USUAL_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
