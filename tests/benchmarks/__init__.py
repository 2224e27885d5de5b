"""Ratios measured side by side in one run: `make bench`, or one of them: `python -m tests.benchmarks idle_service`."""
