"""Embeddings of texts: one Protocol, an offline default, local models, endpoints, and a cache over all of them."""
