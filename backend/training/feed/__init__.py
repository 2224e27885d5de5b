"""Live events: found once by polling the store, rendered once, and queued for every listener."""
