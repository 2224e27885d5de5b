"""Logging in at the identity provider: authorization code with PKCE, device code, refresh, logout.

A public client without a secret: everything that proves who logs in happens between the person and the provider.
"""
