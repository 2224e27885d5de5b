"""Scripts and files for those who run CLARA."""
