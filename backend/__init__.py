"""The services: training, datasets, serving; they meet at the stores only."""
