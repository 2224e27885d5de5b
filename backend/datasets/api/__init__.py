"""HTTP in front of the dataset manager."""
