"""From found sections to training records: merge and cut, render, hash."""
