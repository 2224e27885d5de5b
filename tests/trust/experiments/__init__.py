"""One file per experiment, named after its number: `g01_kill_storm.py` has `run(place) -> figures`."""
