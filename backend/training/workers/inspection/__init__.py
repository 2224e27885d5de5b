"""Looking at the records of a run before it is queued, in a process of its own."""
