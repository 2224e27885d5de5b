"""The dataset service: documents in, immutable datasets out."""
