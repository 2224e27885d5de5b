from backend.datasets.language.fluency.held_out import HeldOut


def _run(held_out: HeldOut, documents: list[str]) -> list[str]:
    return [learnt for name in documents for learnt in held_out.learnt(name, f"text of {name}")]


def test_every_text_is_either_learnt_or_held_out() -> None:
    names = [f"law-{number}" for number in range(1000)]
    held_out = HeldOut()
    learnt = _run(held_out, names)
    assert sorted(learnt + held_out.texts) == sorted(f"text of {name}" for name in names)
    assert 150 <= len(held_out.texts) <= 250


def test_sections_of_a_document_stay_together() -> None:
    held_out = HeldOut()
    learnt = [list(held_out.learnt("law", f"section {number}")) for number in range(20)]
    assert len(held_out.texts) in (0, 20)
    assert sum(map(len, learnt)) == 20 - len(held_out.texts)


def test_memory_is_bounded_and_what_gives_way_is_learnt() -> None:
    names = [f"law-{number}" for number in range(1000)]
    held_out = HeldOut(max_chars=500)
    learnt = _run(held_out, names)
    assert sum(map(len, held_out.texts)) <= 500
    assert sorted(learnt + held_out.texts) == sorted(f"text of {name}" for name in names)


def test_the_choice_does_not_depend_on_the_order() -> None:
    names = [f"law-{number}" for number in range(1000)]
    one, other = HeldOut(max_chars=500), HeldOut(max_chars=500)
    _run(one, names)
    _run(other, names[::-1])
    assert sorted(one.texts) == sorted(other.texts)
