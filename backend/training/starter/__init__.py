"""The starter model: a small real language model made here, for machines that can download none."""
