"""Kinds of templates: what each can know of a passage, so that its answers are the document's own words."""
