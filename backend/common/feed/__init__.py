"""Live events: found once by polling the store, rendered once, and queued for every listener, over SSE or WebSocket.

What the events are about (jobs, datasets) is told by a service's `EventSource`.
"""
