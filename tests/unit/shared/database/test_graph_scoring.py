"""The weights of the graph list."""

import pytest

from shared.database import graph_scoring


def test_what_is_linked_everywhere_counts_less() -> None:
    for weight in (graph_scoring.cited_weight, graph_scoring.citing_weight, graph_scoring.member_weight):
        assert weight(4) == pytest.approx(weight(1) / 2)


def test_the_nearer_neighbour_counts_more() -> None:
    assert graph_scoring.neighbour_weight(1) == 2 * graph_scoring.neighbour_weight(2) > 0
