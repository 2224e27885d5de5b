"""Small tools that could have been in the standard library."""
