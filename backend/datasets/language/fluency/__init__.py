"""Whether a text reads as the corpus does that somebody accepted: known words in a known order.

    words       tokens of a text, and the numbers that words have
    counting    how often words and pairs of words occur, in bounded memory
    smoothing   counts to probabilities
    pairs       a hash table of pairs in numpy arrays
    vocabulary  known words, compounds of known words, and words that are damaged known ones
    model       signals of texts
    held_out    the part of a corpus that limits are measured on
    limits      where a signal begins to cost, and where it rejects
    training    a model of a corpus
    file        one file for a model, without pickle

All but `words` and `limits` use numpy: importers load these modules inside functions, so that an idle service stays
small.
"""
