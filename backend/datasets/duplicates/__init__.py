"""Which texts say the same, and which training texts give an evaluation away.

    texts           what comes in, and what is told about it
    bodies          what two texts must have in common to be exact copies
    words           texts to hashes of their words, many texts at once
    ngrams          words to n-grams
    signatures      MinHash bands: the keys under which similar texts meet
    rows            what is kept of every text, in a file of the caller
    key_spool       keys in a file of the caller, given back so that equal ones come together
    collecting      texts to rows, keys and spooled shingles, a batch at a time
    company         keys to groups of texts that can be looked at one after the other
    meeting         rows of a group to buckets: who has to be compared with whom
    preferring      which of two texts stands for both
    comparing       the true Jaccard similarity of two texts
    finding         all of it: a stream of texts to clusters
    split_twins     texts of a later split that nearly repeat one of an earlier split, every pair of them
    evaluation_index  the n-grams of evaluation texts
    contamination   n-grams that training texts share with evaluation texts

Two texts are duplicates if their bodies are equal (`bodies`), or if the Jaccard similarity of their sets of 5-word
shingles is at least 0.8, and if there is a day on which both are in force. Digits and umlauts count: § 3 is not § 8,
and "schon" is not "schön". Texts under five words have no shingles and only exact copies. MinHash proposes pairs and
decides nothing: what is called a duplicate was compared.

A cluster is a star: texts are looked at from the most preferred one on; each becomes a member of the most similar
text that is kept and that it duplicates, or is kept itself. So every member was compared with its own representative,
which chains of pairs (a like b, b like c, a unlike c) would not give; no two kept texts that met are duplicates, so a
second run over what was kept finds nothing; and neither the order of the stream nor the size of batches changes the
result.

Everything here works on arrays and imports numpy, except `texts`; an idle service imports none of the others.
"""
