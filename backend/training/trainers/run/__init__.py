"""What a run is made of, whichever trainer drives it: records, plan, steps, checkpoints, watchdogs, adapter files."""
