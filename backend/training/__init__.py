"""The training service: jobs in, adapters out."""
