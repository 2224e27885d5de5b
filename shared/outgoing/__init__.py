"""Where our own requests may go: the guard between a configured or requested address and the network behind it."""

from shared.outgoing.policy import OWN_SERVERS, PUBLIC_ONLY, AddressRefused, OutgoingPolicy

__all__ = ["OWN_SERVERS", "PUBLIC_ONLY", "AddressRefused", "OutgoingPolicy"]
