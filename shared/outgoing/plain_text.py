"""What leaves this machine without encryption is said in the log, once for each server.

It is not refused: many administrations run their databases in a network segment of their own.
"""

import logging
from functools import lru_cache

from shared.outgoing.policy import literal_address

logger = logging.getLogger(__name__)

_SERVERS = 256


@lru_cache(_SERVERS)
def note_plain_text(kind: str, host: str) -> None:
    """Warn of a server that is talked to so that others on the way can read along.

    Args:
        kind: What is spoken, e.g. "http"; part of the message.
        host: Name or address; of this machine it is nobody's business.
    """
    address = literal_address(host)
    is_here = host.lower().rstrip(".") == "localhost" if address is None else address.is_loopback
    if not is_here:
        logger.warning("outgoing.unencrypted", extra={"kind": kind, "host": host})
