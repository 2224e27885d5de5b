"""The insides of the probe trainer: what it learns, and how it goes wrong when it is told to."""
