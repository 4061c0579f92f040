"""How well the rules do on labelled entries: precision, recall and F1, with their definitions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from monitor.rules.catalog import ACTORS, Catalog, Indicator


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One entry as a reader judged it; no checklist id means that it is no signal."""

    id: str
    language: str
    title: str
    summary: str = ""
    checklist: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    is_sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Counts of right and wrong decisions, and what follows from them; 0 where nothing was counted.

    `right` predictions of `predicted`; `found` of `labelled`. Both numerators
    are the same number except for checklist ids, see `evaluate`.
    """

    predicted: int = 0
    right: int = 0
    labelled: int = 0
    found: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.found / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The measures over some of the rows."""

    rows: int
    signal: Measure
    domain: Measure
    checklist: Measure
    domains: Mapping[str, Measure] = field(default_factory=dict)
    actors: Mapping[str, Measure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All rows and the sure ones, each over all languages ("all") and by language.

    `missed` and `false_alarms` are ids of rows: signals without any prediction,
    and predictions where there is no signal. `indicators` measures each by
    itself over the sure rows: right where the label has an id that it covers.
    """

    all_rows: Mapping[str, Part]
    sure_rows: Mapping[str, Part]
    indicators: Mapping[str, Measure]
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain values with the ratios written out, ready for JSON."""
        return {
            "all_rows": {name: _part_to_dict(part) for name, part in self.all_rows.items()},
            "sure_rows": {name: _part_to_dict(part) for name, part in self.sure_rows.items()},
            "indicators": {name: _measure_to_dict(m) for name, m in self.indicators.items()},
            "missed": list(self.missed),
            "false_alarms": list(self.false_alarms),
        }


Predictions = Mapping[str, Collection[str]]  # label id -> ids of the indicators that matched


def evaluate(labels: Sequence[Label], predictions: Predictions, catalog: Catalog) -> Evaluation:
    """Compare predictions with labels.

    - signal: a row is predicted when any indicator matched, labelled when it has a checklist id.
    - domain: pairs of row and domain; of a prediction its indicator's, of a label those written.
    - checklist: an indicator is predicted once a row, and is right when the label has any of the
      checklist ids that it covers (an indicator may cover several ids). A labelled row is found
      when any of its ids is covered by any indicator that matched: recall counts rows, not ids.
    - actors: the same for the indicators that need both states and for those that either
      satisfies, each group with the rows labelled with an id of its own.
    """
    chosen = {"all": list(labels)}
    for label in labels:
        chosen.setdefault(label.language, []).append(label)
    sure = {name: [row for row in rows if row.is_sure] for name, rows in chosen.items()}
    return Evaluation(
        all_rows={name: _part(rows, predictions, catalog) for name, rows in chosen.items()},
        sure_rows={name: _part(rows, predictions, catalog) for name, rows in sure.items()},
        indicators={name: _alone(one, sure["all"], predictions) for name, one in catalog.indicators.items()},
        missed=tuple(row.id for row in labels if row.checklist and not predictions.get(row.id)),
        false_alarms=tuple(row.id for row in labels if not row.checklist and predictions.get(row.id)),
    )


def _part(rows: Sequence[Label], predictions: Predictions, catalog: Catalog) -> Part:
    signal, domain, checklist = [], [], []
    ids_of = {
        actors: {id for i in catalog.indicators.values() if i.actors == actors for id in i.checklist}
        for actors in ACTORS
    }
    by_actors: dict[str, list[Measure]] = {actors: [] for actors in ACTORS}
    by_domain: dict[str, list[Measure]] = {}
    for row in rows:
        predicted = predictions.get(row.id, ())
        signal.append(_compared({"signal"} if predicted else set(), {"signal"} if row.checklist else set()))
        fired = [catalog.indicators[name] for name in dict.fromkeys(predicted)]
        theirs = {indicator.domain for indicator in fired}
        domain.append(_compared(theirs, set(row.domains)))
        for name in {*theirs, *row.domains}:
            by_domain.setdefault(name, []).append(_compared(theirs & {name}, {name} & set(row.domains)))
        checklist.append(_ids_compared(fired, set(row.checklist)))
        for actors, own in ids_of.items():
            group = [indicator for indicator in fired if indicator.actors == actors]
            by_actors[actors].append(_ids_compared(group, own & set(row.checklist)))
    return Part(
        rows=len(rows),
        signal=_added(signal),
        domain=_added(domain),
        checklist=_added(checklist),
        domains={name: _added(found) for name, found in sorted(by_domain.items())},
        actors={name: _added(found) for name, found in by_actors.items()},
    )


def _compared(predicted: set[str], labelled: set[str]) -> Measure:
    common = len(predicted & labelled)
    return Measure(predicted=len(predicted), right=common, labelled=len(labelled), found=common)


def _alone(indicator: Indicator, rows: Sequence[Label], predictions: Predictions) -> Measure:
    """One indicator by itself."""
    own = set(indicator.checklist)
    return _added(
        _ids_compared(
            [indicator] if indicator.id in predictions.get(row.id, ()) else [], own & set(row.checklist)
        )
        for row in rows
    )


def _ids_compared(fired: Collection[Indicator], labelled: set[str]) -> Measure:
    """What indicators that fired make of the ids that one row is labelled with."""
    right = sum(not labelled.isdisjoint(indicator.checklist) for indicator in fired)
    return Measure(predicted=len(fired), right=right, labelled=int(bool(labelled)), found=int(right > 0))


def _added(measures: Iterable[Measure]) -> Measure:
    rows = list(measures)
    return Measure(
        predicted=sum(m.predicted for m in rows),
        right=sum(m.right for m in rows),
        labelled=sum(m.labelled for m in rows),
        found=sum(m.found for m in rows),
    )


def _measure_to_dict(measure: Measure) -> dict[str, float]:
    return asdict(measure) | {"precision": measure.precision, "recall": measure.recall, "f1": measure.f1}


def _part_to_dict(part: Part) -> dict[str, object]:
    return {
        "rows": part.rows,
        "signal": _measure_to_dict(part.signal),
        "domain": _measure_to_dict(part.domain),
        "checklist": _measure_to_dict(part.checklist),
        "domains": {name: _measure_to_dict(measure) for name, measure in part.domains.items()},
        "actors": {name: _measure_to_dict(measure) for name, measure in part.actors.items()},
    }


def table(evaluation: Evaluation) -> str:
    """The evaluation as text: precision, recall and F1 of each part, then of each domain."""
    lines = [f"{'':26}{'rows':>6}  {'signal P/R/F1':16}{'domain P/R/F1':16}{'checklist P/R/F1':16}"]
    for title, parts in (("sure", evaluation.sure_rows), ("all", evaluation.all_rows)):
        for name, part in parts.items():
            cells = "".join(f"{_cell(m):16}" for m in (part.signal, part.domain, part.checklist))
            lines.append(f"{title + ' rows, ' + name:26}{part.rows:6}  {cells}".rstrip())
    lines.append("")
    for name, measure in evaluation.sure_rows["all"].domains.items():
        lines.append(f"{'sure rows, ' + name:34}{'':16}{_cell(measure)}")
    lines.append("")
    for name, measure in evaluation.sure_rows["all"].actors.items():
        lines.append(f"{'sure rows, actors: ' + name:34}{'':32}{_cell(measure)}")
    return "\n".join(lines)


def _cell(measure: Measure) -> str:
    return f"{measure.precision:.2f}/{measure.recall:.2f}/{measure.f1:.2f}"
