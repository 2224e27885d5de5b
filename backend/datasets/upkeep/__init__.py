"""Looking after the search stores from the command line: how they are, building them anew, comparing and repairing."""
