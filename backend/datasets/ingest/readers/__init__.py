"""One file per format; `registry.py` finds them by their suffixes."""
