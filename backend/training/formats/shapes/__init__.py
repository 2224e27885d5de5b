"""Record shapes: one file each, found by registration; see `../base.py` for their contract."""
