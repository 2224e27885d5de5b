"""What names of people and places look like, and which words are some: lists written for this project."""
