"""The shipped sample corpus: original administrative texts of municipalities that do not exist.

It lets a fresh installation run every pipeline before a real document was handed over, and gives
tests material whose licence is beyond doubt: every wording under ``clauses/`` was written for
this project. The generator draws one wording per paragraph and fills its slots, so two documents
of one kind share a subject but hardly a sentence.
"""

from admin.sample_corpus.generator import write_sample_corpus

__all__ = ["write_sample_corpus"]
