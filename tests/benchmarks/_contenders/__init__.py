"""Trainers that are compared with each other: each runs in a process, and where needed an environment, of its own."""
