"""Typed Python client of the three services: `from frontend.client import ClaraClient`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frontend.client.clara_client import ClaraClient

__all__ = ["ClaraClient"]


def __getattr__(name: str) -> Any:
    # lazy: `clara --help` imports this package and must not pay for httpx and pydantic
    if name == "ClaraClient":
        from frontend.client.clara_client import ClaraClient

        return ClaraClient
    raise AttributeError(f"module 'frontend.client' has no attribute '{name}'")
