"""How a continuous run puts its records together, and how it judges what came out."""
