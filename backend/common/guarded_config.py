"""What every connection of a listener finds at the server's configuration."""

import uvicorn

from backend.common.connections import Connections


class GuardedConfig(uvicorn.Config):
    """uvicorn's configuration and the count of connections, which all protocols of a listener share."""

    connections: Connections
