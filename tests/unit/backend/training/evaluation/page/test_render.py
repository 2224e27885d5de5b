"""The run report as a page: it needs nothing, runs nothing, and says what the run was."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from backend.training.evaluation.page.render import render_page
from tests.support.run_reports import a_history, a_report

VOID = {"meta", "path", "polyline", "br"}
LOADING = {"src", "href", "srcset", "poster", "data", "action", "background", "xlink:href", "style"}
NASTY = "</p><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"


class Page(HTMLParser):
    """Reads a page, and sees that every element that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """What a person reads, on one line."""
        return " ".join(" ".join(self.words).split())

    @property
    def tags(self) -> set[str]:
        """Every kind of element."""
        return {tag for tag, _ in self.elements}


def test_the_page_is_whole_and_loads_nothing() -> None:
    text = render_page(a_report())
    page = Page(text)
    assert text.startswith("<!doctype html>")
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "a", "video", "audio"}
    assert not [(tag, name) for tag, found in page.elements for name in found if name in LOADING or name[:2] == "on"]
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|http", style[1])
    assert "http" not in page.text


def test_the_policy_allows_the_one_style_sheet_and_nothing_else() -> None:
    text = render_page(a_report())
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policies = [found["content"] for tag, found in Page(text).elements if tag == "meta" and "http-equiv" in found]
    assert policies == [f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]


def nasty(value: Any) -> Any:
    """Every text of a report replaced by one that wants to run."""
    if isinstance(value, str):
        return NASTY
    if isinstance(value, dict):
        return {name: nasty(item) for name, item in value.items()}
    return [nasty(item) for item in value] if isinstance(value, list) else value


def test_what_documents_models_and_people_wrote_is_text_and_never_markup() -> None:
    report = a_report()
    sample = dict.fromkeys(("prompt", "base", "adapter", "reference"), NASTY)
    history = nasty(a_history()) | {"resume_from": NASTY}
    names = {"job_name": NASTY, "dataset_id": NASTY, "adapter_id": NASTY, "job_id": NASTY, "trainer_type": NASTY}
    run = {**nasty(report["run"]), "resolved": report["run"]["resolved"]}
    machine = {"description": NASTY, "versions": {NASTY: NASTY}}
    plain = Page(render_page(report))
    text = render_page(a_report(samples=[sample], history=history, run=run, machine=machine, **names))
    page = Page(text)
    assert page.tags == plain.tags
    assert not [name for _, found in page.elements for name in found if name[:2] == "on"]
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 20
    assert page.text.count(NASTY) >= 20


def test_it_tells_what_was_trained_on_what_and_how_well() -> None:
    text = Page(render_page(a_report())).text
    for expected in (
        "Baugenehmigungen",
        "SHA-256 of its files " + "b" * 64,
        "SHA-256 of its content " + "d" * 64,
        "Perplexity 90.00 9.500 −89.5 %",
        "the same 4 321 tokens of 20 records",
        "3 held-out records were cut at 128 tokens",
        "before training 4.500",
        "Trained tokens 95 000 (95 %)",
        "Records cut there 7",
        "Objective predict the trained tokens",
        "Loss nats per token",
        "learning rate 0.0002",
        "Optimizer steps 40 of 60",
        "Stopped early yes",
        "Gone on from step 20",
        "1 h 02 min",
        "Most memory 1.5 GiB",
        "crash: signal 9",
        "Going on from checkpoint step-000020.e1.",
        "step-000040.e2",
        "Submitted 2026-11-21 08:00 UTC By tina@amt.example",
        "Prompt Die Behörde Base model gilt With adapter kann anordnen As the record goes on kann",
        "torch 2.13.0",
    ):
        assert expected in text


def test_parameters_that_are_not_the_default_stand_out_with_the_default_beside_them() -> None:
    text = render_page(a_report())
    set_rows = re.findall(r'<tr class="set"><th><code>(.*?)</code></th><td>(.*?)</td><td>(.*?)</td>', text)
    assert set_rows == [
        ("model.base_model", "starter", "–"),
        ("lora.r", "8", "32"),
        ("training.batch_size", "2", "4"),
    ]
    assert re.search(r"<tr><th><code>training.num_epochs</code></th><td>3</td><td>same</td>", text)


def test_without_held_out_records_it_says_that_nothing_is_known() -> None:
    text = Page(render_page(a_report(held_out={}, samples=[]))).text
    assert "Whether the adapter is better than its base model is not known." in text
    assert "In its own words" not in text


def test_a_run_on_preferences_tells_what_its_loss_and_its_figures_mean() -> None:
    report = a_report()
    run = {**report["run"], "resolved": {**report["run"]["resolved"], "objective": "dpo"}}
    rows = [{"step": step, "loss": 0.6, "reward_accuracy": 0.75, "reward_margin": -0.5} for step in (1, 2)]
    held_out = {**report["held_out"], "preference_accuracy": 0.875}
    text = Page(render_page(a_report(run=run, loss_history=rows, held_out=held_out))).text
    for expected in ("(DPO)", "Loss nats per pair", "Chosen answers preferred", "chosen answer gained more – 87.5 %"):
        assert expected in text


@pytest.mark.parametrize("bare", [{"metrics": {"steps": 3}}, {"history": {}}, {"loss_history": []}, {"peaks": {}}])
def test_a_trainer_without_some_figure_has_a_report_all_the_same(bare: dict[str, Any]) -> None:
    assert "Course of the run" in Page(render_page(a_report(**bare))).text


def test_a_text_without_end_is_cut() -> None:
    sample = {"prompt": "p", "base": "b" * 100_000, "adapter": "a", "reference": "r"}
    text = render_page(a_report(samples=[sample]))
    assert len(text) < 60_000
    assert "bbb …" in text
