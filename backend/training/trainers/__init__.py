"""Trainers: one file each, found by registration; see `base.py` for their contract, `run/` for what they share."""
