"""Helpers shared by tests: real servers, real databases, public doubles."""
