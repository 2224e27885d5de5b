"""Typed Python client of the services."""
