"""The domain: frozen values, enums and pure functions. No I/O, no clock, no settings."""
