"""What one service is, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """Names and numbers of one service.

    Args:
        name: As in `/health`, e.g. `clara_training_backend`.
        title: Headline of the documentation pages.
        version: Version of CLARA.
        port: Port that the service is configured to listen on.
        port_setting: Environment variable of that port, for messages.
        description: Markdown below the headline.
        endpoints: Name -> path of the service's own main routes, shown at `/`.
    """

    name: str
    title: str
    version: str
    port: int
    port_setting: str
    description: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)
