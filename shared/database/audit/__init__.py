"""The audit log beyond its rows: anchors signed outside of the database, and the proof that nothing was changed."""
