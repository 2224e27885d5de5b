"""What language says about a text: its sentences, which language it is, and whether it reads as this corpus does."""
