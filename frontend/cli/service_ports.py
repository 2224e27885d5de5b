"""Whether a service can start here: is its code installed, is its port free."""

import os
import socket
from importlib.util import find_spec
from pathlib import Path

import httpx

from config import BaseConfig
from frontend.cli.texts import text
from frontend.client.services import SERVICES, Service, service_url
from shared.errors import InvalidInput, Unavailable


class PortInUse(InvalidInput):
    """Something listens already where a service should."""

    code = "port_in_use"

    def __init__(self, service: Service, host: str, port: int, *, is_clara: bool) -> None:
        by = text("serve.by_clara", name=service.name) if is_clara else ""
        variable = f"CLARA_{service.port_setting.upper()}"
        super().__init__(
            text("serve.port_in_use", name=service.name, port=port, host=host, by=by, variable=variable),
            service=service.name,
            port=port,
        )
        self.is_clara = is_clara


class ServiceNotInstalled(Unavailable):
    """The service's code is not part of this installation."""

    code = "service_not_installed"

    def __init__(self, service: Service) -> None:
        installed = ", ".join(other.name for other in SERVICES if is_installed(other)) or "-"
        super().__init__(text("serve.not_installed", name=service.name, installed=installed), service=service.name)


def is_installed(service: Service) -> bool:
    """Whether the service's entry point exists; nothing of it is imported."""
    top, *rest = service.module.split(".")
    spec = find_spec(top)
    folders = spec.submodule_search_locations or [] if spec is not None else []
    return any(Path(folder, *rest).with_suffix(".py").is_file() for folder in folders)


def require_free_port(service: Service, settings: BaseConfig) -> None:
    """Check that the service can listen where the settings say.

    Raises:
        PortInUse: If something else does; says whether that is the same CLARA service.
    """
    host, port = settings.api_host, int(getattr(settings, service.port_setting))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            # as the server does: a port in TIME_WAIT is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise PortInUse(service, host, port, is_clara=_is_clara(service, service_url(service, settings))) from exc


def _is_clara(service: Service, url: str) -> bool:
    try:
        body = httpx.get(f"{url}/health", timeout=2.0, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return False
    return isinstance(body, dict) and body.get("service") == service.health_name
