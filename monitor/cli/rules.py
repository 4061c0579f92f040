"""`monitor rules`: what analysts run on the catalog."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TextIO

import click

from monitor import app
from monitor.cli import FOUND, USAGE, Commands, cli, watched
from monitor.cli.stored import stored, the_context
from monitor.config import catalog_folder
from monitor.config.schema import DOMAINS
from monitor.errors import InputError
from monitor.rendering.language import remarks_on_titles
from monitor.rules.catalog import LANGUAGES, Catalog, CompositeIndicator, Term
from monitor.rules.coverage import coverage_table, example_coverage
from monitor.rules.display import block
from monitor.rules.evaluation import evaluate, table
from monitor.rules.examples import ExampleResult, failure_text, run_examples
from monitor.rules.forms import forms_of
from monitor.rules.junit import junit
from monitor.rules.labels import load_labels, load_measures
from monitor.rules.linting import check_folder, lock_folder
from monitor.rules.locking import LOCK
from monitor.rules.mistakes import mistakes
from monitor.rules.page import catalogue_page
from monitor.rules.query import leaves
from monitor.rules.searching import terms_of_query, written_terms
from monitor.services.occurrences import occurrences
from monitor.services.predict import predict
from monitor.sources.lines import BrokenLine, read_lines

PROVED_WITHIN = timedelta(days=180)
archive_option = click.option("--archive", is_flag=True, help="Look at the stored entries of 180 days too.")


@cli.group(cls=Commands)
@click.option(
    "--catalog",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Catalog folder; else that of the configuration, else indicators/.",
)
@click.pass_context
def rules(ctx: click.Context, folder: Path | None) -> None:
    """Check, test and measure the indicators."""
    ctx.obj = folder or catalog_folder(ctx.obj)


@rules.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array of problems, with all their fields.")
@click.option("--all", "every_term", is_flag=True, help="Also list every term that no example hits.")
@archive_option
@click.pass_context
def check(ctx: click.Context, as_json: bool, every_term: bool, archive: bool) -> None:
    """Report every problem of every file at once; exit 2 when there is an error.

    With --archive a term counts as proved when a stored entry of the last 180 days holds it.
    """

    def in_use(catalog: Catalog) -> dict[Term, Counter[str]]:
        return occurrences(stored(the_context(ctx), PROVED_WITHIN), written_terms(catalog))

    report = check_folder(
        ctx.obj, app.now().date(), every_term=every_term, in_use=in_use if archive else None
    )
    if as_json:
        rows = [asdict(problem) | {"severity": problem.severity} for problem in report.problems]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for problem in report.problems:
            click.echo(f"{block(problem)}\n")
        catalog = report.catalog
        both = (*catalog.indicators.values(), *catalog.composites.values())
        titles = {one.title for one in both} | set(DOMAINS.values())
        for note in (*report.notes, *remarks_on_titles(ctx.obj / "_titles", titles)):
            click.echo(f"note: {note}")
        click.echo(
            f"{len(catalog.indicators)} indicators, {len(catalog.composites)} composites, "
            f"{len(catalog.lists)} shared lists, {report.errors} problems, {report.warnings} warnings; "
            f"revision {catalog.revision}"
        )
    ctx.exit(USAGE if report.errors else 0)


@rules.command()
@click.pass_context
def lock(ctx: click.Context) -> None:
    """Write indicators/lock; refuse when a meaning changed and its version did not rise."""
    lines, errors = lock_folder(ctx.obj)
    for error in errors:
        click.echo(f"{block(error)}\n", err=True)
    if errors:
        click.echo(f"the lock is unchanged: {len(errors)} problems stand in its way", err=True)
    else:
        click.echo(f"{ctx.obj / LOCK}: {lines} versions")
    ctx.exit(USAGE if errors else 0)


@rules.command()
@click.option("--json", "as_json", is_flag=True, help="Results and coverage as JSON.")
@click.option("--junit", "junit_file", type=click.File("w", encoding="utf-8"), help="Write JUnit XML too.")
@click.option("--only", default="", help="Only indicators whose id begins with this.")
@click.pass_context
def test(ctx: click.Context, as_json: bool, junit_file: TextIO | None, only: str) -> None:
    """Run every example of every indicator; exit 1 when one fails."""
    catalog, compiled = app.load_rules(ctx.obj)
    results = [r for r in run_examples(catalog, compiled) if r.indicator_id.startswith(only)]
    rows = [c for c in example_coverage(catalog).indicators if c.indicator_id.startswith(only)]
    failed = [result for result in results if not result.passed]
    if junit_file:
        junit_file.write(junit(results))
    if as_json:
        found = {"examples": list(map(_as_dict, results)), "coverage": list(map(asdict, rows))}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        click.echo(coverage_table(rows))
        for result in failed:
            click.echo(failure_text(result))
        click.echo(
            f"{len({r.indicator_id for r in results})} indicators, {len(results)} examples, "
            f"{len(failed)} failed"
        )
    ctx.exit(FOUND if failed else 0)


def _as_dict(result: ExampleResult) -> dict[str, Any]:
    return {
        "indicator": result.indicator_id,
        "lang": result.example.language,
        "text": result.example.text,
        "summary": result.example.summary,
        "expect": "match" if result.example.must_match else "no-match",
        "passed": result.passed,
        "missing": result.explanation.missing,
        "spans": [asdict(span) for span in result.explanation.spans],
    }


@rules.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="Else standard output.")
@click.pass_context
def match(ctx: click.Context, file: Path, output: TextIO) -> None:
    """Match JSON Lines (id, title, summary); one line out per line in, in order.

    A line that cannot be read is reported with its number on standard error,
    answered with an `error` of its own, and makes the exit code 1.
    """
    catalog, compiled = app.load_rules(ctx.obj)
    broken = 0
    for line in watched(read_lines(file), "matching"):
        if isinstance(line, BrokenLine):
            broken += 1
            click.echo(f"{file}:{line.number}: {line.reason}", err=True)
            answer: dict[str, Any] = {"error": f"line {line.number}: {line.reason}"}
        else:
            answer = asdict(predict(line.value, catalog, compiled))
        output.write(json.dumps(answer, ensure_ascii=False) + "\n")
    ctx.exit(FOUND if broken else 0)


@rules.command("eval")
@click.argument("labels", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@click.option("--mistakes", "list_mistakes", is_flag=True, help="List each wrong row and what decided.")
@click.option("--ending", default="", help="Only rows whose id ends in one of these characters.")
@click.pass_context
def eval_(ctx: click.Context, labels: Path, as_json: bool, list_mistakes: bool, ending: str) -> None:
    """Measure the rules on labelled entries: signal or not, domain, checklist id.

    With --ending a part of the rows can be kept out of sight while rules are
    written, and measured afterwards.
    """
    catalog, compiled = app.load_rules(ctx.obj)
    rows = [row for row in load_labels(labels) if not ending or row.id.endswith(tuple(ending))]
    predictions = {
        row.id: [m.indicator_id for m in compiled.match(row.title, row.summary)]
        for row in watched(rows, "matching")
    }
    if list_mistakes:
        for block_of_row in mistakes(rows, predictions, catalog, compiled):
            click.echo(f"{block_of_row}\n")
    result = evaluate(rows, predictions, catalog)
    click.echo(json.dumps(result.to_dict(), indent=1) if as_json else table(result))


@rules.command()
@click.option(
    "--measured",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `rules eval --json` wrote, or the record of bench/catalogue.py.",
)
@click.pass_context
def page(ctx: click.Context, measured: Path | None) -> None:
    """Print the catalogue as a Markdown page: per domain, with provenance, queries and examples."""
    catalog, _ = app.load_rules(ctx.obj)
    click.echo(catalogue_page(catalog, load_measures(measured) if measured else {}), nl=False)


@rules.command()
@click.argument("indicator")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), help="Only this language.")
@archive_option
@click.pass_context
def explain(ctx: click.Context, indicator: str, language: str | None, archive: bool) -> None:
    """Show an indicator's query, and every form that its terms are looked for in.

    With --archive also how often each form stands in the stored entries of the last 180 days.
    """
    catalog, _ = app.load_rules(ctx.obj)
    if indicator in catalog.composites:
        click.echo(_composite_text(catalog.composites[indicator]))
        return
    found = catalog.indicators.get(indicator)
    if found is None:
        near = get_close_matches(indicator, (*catalog.indicators, *catalog.composites), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"no indicator {indicator!r}{hint}")
    click.echo(f"{found.id} v{found.version}: {found.title}\n{found.query_text}")
    lists = list(dict.fromkeys(leaf.name for leaf in leaves(found.query) if not leaf.is_phrase))
    counts: dict[Term, Counter[str]] = {}
    if archive:
        counts = occurrences(stored(the_context(ctx), PROVED_WITHIN), terms_of_query(catalog, found, lists))
    for list_name in lists:
        click.echo(f"@{list_name}")
        for name, terms in catalog.terms_of(found, list_name).items():
            for term in terms if language in (None, name) else ():
                click.echo(f"  {name}  {term.text}: {_forms(term, counts.get(term, Counter()))}")


def _forms(term: Term, counts: Counter[str]) -> str:
    """The forms of a term, with the number of places of each that occurred, those first."""
    forms = sorted({pattern.strip() for pattern in forms_of(term.text).patterns} | counts.keys())
    forms.sort(key=lambda form: -counts[form])
    return ", ".join(f"{form} ({counts[form]:,})" if counts[form] else form for form in forms)


def _composite_text(found: CompositeIndicator) -> str:
    composition = found.composition
    needed = "all" if composition.needed == len(composition.parts) else f"any {composition.needed}"
    order = ", in this order" if composition.in_order else ""
    hours = composition.within // timedelta(hours=1)
    within = f"{hours} hours" if hours % 24 else f"{hours // 24} days"
    head = f"{found.id} v{found.version}: {found.title}\n{needed} of these within {within}{order}:"
    written = zip(found.parts_text, composition.parts, strict=True)
    parts = [f"  {' or '.join(part)} ({len(ids)} indicators)" for part, ids in written]
    return "\n".join([head, *parts])
