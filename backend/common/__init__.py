"""What every FastAPI service would otherwise repeat."""
