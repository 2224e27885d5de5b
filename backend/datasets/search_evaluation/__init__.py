"""How well the search finds: judged queries, a searcher under test, figures that can be compared."""
