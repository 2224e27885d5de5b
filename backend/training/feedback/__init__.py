"""Feedback as it comes in: its form, its quality, and the desk that takes it."""
