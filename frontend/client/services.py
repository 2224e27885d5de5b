"""The three services as a caller sees them: name, address, and the settings that say where they are."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Args:
        name: As in `clara serve NAME`.
        health_name: What its `/health` calls itself.
        module: `python -m` entry point.
        port_setting: Field of the settings that holds its port.
        url_option: Command line option that names its address.
        url_variable: Environment variable that names its address.
    """

    name: str
    health_name: str
    module: str
    port_setting: str
    url_option: str
    url_variable: str


TRAINING = Service(
    "training",
    "clara_training_backend",
    "backend.training.app",
    "training_port",
    "--training-url",
    "CLARA_TRAINING_URL",
)
DATASETS = Service(
    "datasets",
    "clara_dataset_backend",
    "backend.datasets.app",
    "dataset_port",
    "--dataset-url",
    "CLARA_DATASET_URL",
)
SERVING = Service(
    "serving",
    "clara_serving_backend",
    "backend.serving.app",
    "serving_port",
    "--serving-url",
    "CLARA_SERVING_URL",
)
SERVICES = (TRAINING, DATASETS, SERVING)

_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, never bound


class Addresses(Protocol):
    """The settings that `service_url` reads."""

    @property
    def api_host(self) -> str: ...  # noqa: D102 - described in config/base.py
    @property
    def tls_cert_file(self) -> Path | None: ...  # noqa: D102


def service_url(service: Service, settings: Addresses) -> str:
    """Where a client on this machine reaches a service that listens as the settings say."""
    host = _EVERYWHERE.get(settings.api_host, settings.api_host)
    scheme = "http" if settings.tls_cert_file is None else "https"
    return f"{scheme}://{host}:{getattr(settings, service.port_setting)}"


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine: such requests must never go through a proxy, and may be in the clear.

    Names that only begin like an address of this machine (`127.0.0.1.nip.io`) are those of others.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
