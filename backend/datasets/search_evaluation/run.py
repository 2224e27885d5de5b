"""One evaluation from its order to its figures."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.datasets.search_evaluation.base_set import built_in_sets
from backend.datasets.search_evaluation.comparing import compare, read_run
from backend.datasets.search_evaluation.corpora.beir import beir_set, is_beir
from backend.datasets.search_evaluation.corpora.laws import Corpus
from backend.datasets.search_evaluation.corpora.squad import squad_set
from backend.datasets.search_evaluation.evaluate import SetResult, evaluate
from backend.datasets.search_evaluation.figures import set_figures
from backend.datasets.search_evaluation.judged import EvaluationSet, UnusableSet
from backend.datasets.search_evaluation.options import EvaluationOptions, EvaluationProgress, Tell, silent
from backend.datasets.search_evaluation.plot import PlottingLibraryMissing, plot_ablations
from backend.datasets.search_evaluation.report import PICTURE, claim_folder, write_run
from backend.datasets.search_evaluation.searcher import Searcher

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked for.

    Args:
        what: Names of built-in sets, SQuAD-shaped files and BEIR-shaped folders; none: all built-in sets.
        options: How it is run.
        out: Folder for everything that is measured.
        compare_with: Figures of an earlier run.
    """

    what: Sequence[str] = ()
    options: EvaluationOptions = field(default_factory=EvaluationOptions)
    out: Path | None = None
    compare_with: Path | None = None


def run_evaluation(
    order: Order, corpus: Corpus, open_searcher: Callable[[], Searcher], tell: Tell = silent
) -> dict[str, Any]:
    """Measure, write, draw, compare; returns the figures.

    Raises:
        InvalidInput: If a set or another run cannot be used.
        RunExists: If the folder holds a run.
        Unavailable: If a store or the disk fails.
    """
    other = read_run(order.compare_with) if order.compare_with else None
    if order.out:
        claim_folder(order.out)
    options, started = order.options, time.monotonic()
    skipped: dict[str, str] = {}
    sets = [_limited(each, options) for each in sets_of(order.what, corpus, options, tell, skipped)]
    described: dict[str, Any] = {}

    def opened() -> Searcher:
        searcher = open_searcher()
        described.update(searcher.describe())
        return searcher

    measured = list(evaluate(sets, opened, options, tell))
    tell(EvaluationProgress("bootstrap"))
    figures = {**_figures(measured, options, described, time.monotonic() - started), "skipped": skipped}
    if other is not None:
        compared = compare(measured, other, resamples=options.resamples, seed=options.seed)
        figures["compared"] = {"with": str(order.compare_with), "sets": compared}
    if order.out:
        write_run(order.out, figures, measured)
        figures = {**figures, "out": str(order.out), "picture": _drawn(figures, order.out / PICTURE)}
    return figures


def sets_of(
    what: Sequence[str], corpus: Corpus, options: EvaluationOptions, tell: Tell, skipped: dict[str, str]
) -> Iterator[EvaluationSet]:
    """The sets that are named, each once; if none is named, all built-in ones that the corpus gives.

    Built-in sets that nobody named and that cannot be made go into `skipped`, with the reason.

    Raises:
        UnusableSet: If a named one cannot be made or read, or nothing is left.
    """
    if what:
        yield from (_named(name, corpus, options, tell) for name in dict.fromkeys(what))
        return
    known = built_in_sets()
    for name in known:
        try:
            yield _named(name, corpus, options, tell)
        except UnusableSet as exc:
            skipped[name] = exc.message
    if len(skipped) == len(known):
        raise UnusableSet(" ".join(skipped.values()))


def _named(name: str, corpus: Corpus, options: EvaluationOptions, tell: Tell) -> EvaluationSet:
    known, path = built_in_sets(), Path(name)
    if name in known:
        return known[name](corpus, seed=options.seed, tell=tell).build()
    if path.is_dir() and is_beir(path):
        return beir_set(path)
    if path.is_file():
        return squad_set(path)
    raise UnusableSet(
        f"{name!r} is no set: expected is one of {', '.join(known)}, a SQuAD-shaped JSON file, or a folder with "
        "corpus.jsonl, queries.jsonl and qrels/test.tsv.",
        name=name,
    )


def _limited(asked: EvaluationSet, options: EvaluationOptions) -> EvaluationSet:
    """At most `limit` queries, spread over the set; the queries of a smaller limit need not be in a larger one."""
    if not 0 < options.limit < len(asked.queries):
        return asked
    step = len(asked.queries) / options.limit
    return replace(asked, queries=tuple(asked.queries[int(place * step)] for place in range(options.limit)))


def _figures(
    measured: Sequence[SetResult], options: EvaluationOptions, described: Mapping[str, Any], elapsed_s: float
) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "elapsed_s": round(elapsed_s, 1),
        "seed": options.seed,
        "resamples": options.resamples,
        "search": dict(described),
        "sets": {each.name: set_figures(each, resamples=options.resamples, seed=options.seed) for each in measured},
    }


def _drawn(figures: Mapping[str, Any], target: Path) -> str:
    """The picture's path, or why there is none."""
    try:
        plot_ablations(figures, target)
    except PlottingLibraryMissing as exc:
        return exc.message
    return str(target)
