"""What a run would learn from and what it would take, looked at before it is queued; no torch is needed for it."""
