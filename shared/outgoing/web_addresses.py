"""What the addresses of the settings are, whatever letters their scheme is written in (RFC 3986, 3.1)."""

from urllib.parse import SplitResult, urlsplit


def is_web_address(url: str) -> bool:
    """Whether an address is of http or https and nothing but server and path: no login, question or fragment."""
    parts = _parted(url)
    if parts is None or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def is_encrypted(url: str) -> bool:
    """Whether https carries what is sent to an address; false for what is no address."""
    parts = _parted(url)
    return parts is not None and parts.scheme == "https"


def is_plain_text(url: str) -> bool:
    """Whether http carries what is sent to an address, so that no certificate is there to be verified.

    Not the opposite of `is_encrypted`: what is no address is neither, and nothing may be left out for its sake.
    """
    parts = _parted(url)
    return parts is not None and parts.scheme == "http"


def _parted(url: str) -> SplitResult | None:
    """The parts, the scheme in lower case; None where they cannot be told apart."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
