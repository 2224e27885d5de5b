"""An inverted index in SQLite tables: immutable segments of postings, scored by BM25.

    analysis        texts to index words, pieces of words, words of a query
    section_terms   what of a section is indexed, and how much it counts
    postings        the packed form of one term's rows in one segment
    schema          the tables
    connections     connections that wait for the next search
    segments        rows of a segment: where they come from, how long they are, which are alive
    building        sections to new segments
    merging         small segments to larger ones
    writing         documents in and out
    holding         what is held
    snapshot        one state of the index, as one search sees it
    filtering       which rows pass the filters of a question
    ranking         lists of words, pieces and citations
    graph           the list around seeds
    best            the best rows, in order
    searching       one ranked list

All but `schema`, `connections` and `holding` use numpy: importers load these modules inside functions, so that an idle
service stays small.
"""
