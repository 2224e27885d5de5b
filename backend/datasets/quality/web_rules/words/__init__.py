"""English words and marks, found as spaCy's tokeniser finds them."""
