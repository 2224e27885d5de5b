"""What CLARA promises to survive, shown on real services and databases; each experiment prints one JSON line."""
