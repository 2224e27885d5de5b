r"""Where a word or a number ends.

An underscore is no part of either: Markdown emphasises with it ("_86095742719_"), and names of files are joined by it.
For a pattern `\w` it would be one.
"""

SIGN = r"[^\W_]"
"""A letter or a digit."""

MARKS = "*_"
"""What emphasises in Markdown, for sets of characters; stands between a word that announces something and that."""
