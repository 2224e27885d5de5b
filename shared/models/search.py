"""Kinds of search that may be asked for, whatever store answers them."""

from enum import StrEnum


class SearchLeg(StrEnum):
    """The `search_types` of the contract: nearness in meaning, links between documents, words."""

    VECTOR = "vector"
    GRAPH = "graph"
    KEYWORD = "keyword"
