"""HTTP and WebSocket surface of the training service."""
