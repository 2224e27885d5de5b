"""Trainers that are compared with each other: each is a module that runs in a process, and an environment, of its own."""
