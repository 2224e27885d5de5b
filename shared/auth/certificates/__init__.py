"""A certificate authority of one's own for a first install: certificates of servers and clients, and who is revoked.

Nothing here is needed to check certificates (OpenSSL does that in the handshake); a service never imports it.
"""
