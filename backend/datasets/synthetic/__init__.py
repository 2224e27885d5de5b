"""Questions and answers that a model writes: asked once, kept on disk, believed only where their source says the same.

    passage -> prompt -> cache, else endpoint (retries) -> reply -> validated against the passage -> draft

Only the worker process of a build asks; nothing is asked unless an order wants it and `CLARA_SYNTHETIC_URL` is set.
"""
