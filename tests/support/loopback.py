"""The policy of tests whose servers are on this machine."""

from shared.outgoing import OutgoingPolicy

LOOPBACK = OutgoingPolicy.parse(["127.0.0.0/8", "::1"])
