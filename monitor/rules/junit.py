"""Results of the examples as JUnit XML, which build servers read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from monitor.rules.examples import ExampleResult, failure_text

# XML 1.0 has no way to write these.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[ExampleResult]) -> str:
    """One suite an indicator, one case an example."""
    suites = []
    for id, group in groupby(results, key=lambda result: result.indicator_id):
        own = list(group)
        failures = sum(not result.passed for result in own)
        cases = "".join(_case(number, result) for number, result in enumerate(own, 1))
        opening = f'<testsuite name={_attribute(id)} tests="{len(own)}" failures="{failures}">'
        suites.append(f"{opening}\n{cases}</testsuite>\n")
    failed = sum(not result.passed for result in results)
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="{len(results)}" failures="{failed}">\n'
    )
    return f"{head}{''.join(suites)}</testsuites>\n"


def _case(number: int, result: ExampleResult) -> str:
    expected = "match" if result.example.must_match else "no-match"
    name = _attribute(f"{number} {result.example.language} {expected}: {result.example.text}")
    opening = f"<testcase classname={_attribute(result.indicator_id)} name={name}"
    if result.passed:
        return f"{opening}/>\n"
    body = escape(_UNWRITABLE.sub("\ufffd", failure_text(result)))
    return f'{opening}><failure message="the example must {expected}">{body}</failure></testcase>\n'


def _attribute(text: str) -> str:
    return quoteattr(_UNWRITABLE.sub("\ufffd", text))
