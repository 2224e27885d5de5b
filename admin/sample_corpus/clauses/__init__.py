"""Clause banks as YAML; a package only so that installed wheels carry the files."""
