"""`monitor rules`: what analysts run on the catalog."""

from __future__ import annotations

import json
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TextIO

import click

from monitor import app
from monitor.cli import FOUND, USAGE, Commands, cli, watched
from monitor.config import catalog_folder
from monitor.errors import InputError
from monitor.rules.catalog import LANGUAGES
from monitor.rules.evaluation import evaluate, table
from monitor.rules.examples import ExampleResult, failure_text, run_examples
from monitor.rules.forms import forms_of
from monitor.rules.labels import load_labels
from monitor.rules.loading import read_catalog
from monitor.rules.query import leaves
from monitor.services.predict import predict
from monitor.sources.lines import BrokenLine, read_lines


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
@click.option("--json", "as_json", is_flag=True, help="One JSON array of problems.")
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Report every problem of every file at once; exit 2 when there is any."""
    catalog, problems = read_catalog(ctx.obj)
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=1))
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(
            f"{len(catalog.indicators)} indicators, {len(catalog.lists)} shared lists, "
            f"{len(problems)} problems; revision {catalog.revision}"
        )
    ctx.exit(USAGE if problems else 0)


@rules.command()
@click.option("--json", "as_json", is_flag=True, help="Results as JSON.")
@click.option("--only", default="", help="Only indicators whose id begins with this.")
@click.pass_context
def test(ctx: click.Context, as_json: bool, only: str) -> None:
    """Run every example of every indicator; exit 1 when one fails."""
    catalog, compiled = app.load_rules(ctx.obj)
    results = [r for r in run_examples(catalog, compiled) if r.indicator_id.startswith(only)]
    failed = [result for result in results if not result.passed]
    if as_json:
        click.echo(json.dumps([_as_dict(result) for result in results], ensure_ascii=False, indent=1))
    else:
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
        "expect": "match" if result.example.must_match else "no-match",
        "passed": result.passed,
        "missing": result.explanation.missing,
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
@click.pass_context
def eval_(ctx: click.Context, labels: Path, as_json: bool) -> None:
    """Measure the rules on labelled entries: signal or not, domain, checklist id."""
    catalog, compiled = app.load_rules(ctx.obj)
    rows = load_labels(labels)
    predictions = {
        row.id: [m.indicator_id for m in compiled.match(row.title, row.summary)]
        for row in watched(rows, "matching")
    }
    result = evaluate(rows, predictions, catalog)
    click.echo(json.dumps(result.to_dict(), indent=1) if as_json else table(result))


@rules.command()
@click.argument("indicator")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), help="Only this language.")
@click.pass_context
def explain(ctx: click.Context, indicator: str, language: str | None) -> None:
    """Show an indicator's query, and every form that its terms are looked for in."""
    catalog, _ = app.load_rules(ctx.obj)
    found = catalog.indicators.get(indicator)
    if found is None:
        near = get_close_matches(indicator, catalog.indicators, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"no indicator {indicator!r}{hint}")
    click.echo(f"{found.id} v{found.version}: {found.title}\n{found.query_text}")
    for leaf in dict.fromkeys(leaf for leaf in leaves(found.query) if not leaf.is_phrase):
        click.echo(f"@{leaf.name}")
        for name, terms in catalog.terms_of(found, leaf.name).items():
            for term in terms if language in (None, name) else ():
                forms = ", ".join(sorted(pattern.strip() for pattern in forms_of(term.text).patterns))
                click.echo(f"  {name}  {term.text}: {forms}")
