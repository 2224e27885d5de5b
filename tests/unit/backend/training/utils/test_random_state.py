"""Random generators on the way through JSON."""

import json
import random

import numpy as np
import torch

from backend.training.utils.random_state import capture_random, random_as_text, restore_from_text, restore_random


def draw() -> tuple[float, float, float, float]:
    return (
        random.random(),
        random.gauss(0, 1),
        float(np.random.normal()),
        float(torch.rand(1)),
    )


def test_all_generators_go_on_where_they_were_captured() -> None:
    draw()  # leaves half a pair of Gaussian numbers cached
    plain, tensors = capture_random()
    expected = [draw() for _ in range(3)]
    restore_random(json.loads(json.dumps(plain)), tensors)
    assert [draw() for _ in range(3)] == expected


def test_the_state_as_a_text_does_the_same() -> None:
    draw()
    text = random_as_text()
    expected = [draw() for _ in range(3)]
    restore_from_text(text)
    assert [draw() for _ in range(3)] == expected
