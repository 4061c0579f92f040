"""The two parts of a message; the only file that knows Jinja2."""

from __future__ import annotations

from functools import cache
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.core.digest import Development, Digest
from monitor.rendering import (
    bottom_line,
    changes,
    domains,
    layout,
    links,
    marks,
    remarks,
    stories,
    trend,
    words,
)
from monitor.rendering.fitting import shorter
from monitor.rendering.language import _, n_, speaking, spoken, whole
from monitor.rendering.subject import subject

LARGEST = 90_000  # bytes of HTML; Gmail cuts off near 102,000, and the coverage stands at the end
MOST_TROUBLES = 8  # feeds named one by one; the rest is counted
LONGEST_TITLE = 300  # characters of a quoted title; longer ones would push the rest off the page
LONGEST_NAMED = 160  # the same in the list of what there was no room for


@cache
def environment() -> Environment:
    """The templates' world: undefined names are errors, and HTML is escaped."""
    made = Environment(
        loader=PackageLoader("monitor"),
        # Said for every template: Jinja's own choice by file name would miss ".html.j2".
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "clip": layout.clip,
        "host": links.host,
        "lines": lambda text, columns: _wrapped(text, columns=columns),
        "pad": layout.pad,
        "safe_link": links.safe_link,
        "wrap": lambda text, indent="": "\n".join(_wrapped(text, indent)),
    }
    made.globals |= {
        "bottom_line": bottom_line,
        "domains": domains,
        "_": _,
        "marks": marks,
        "n_": n_,
        "named": changes.named,
        "remarks": remarks,
        "spoken": spoken,
        "stories": stories,
        "trend": trend,
        "whole": whole,
        "words": words,
        "longest_named": LONGEST_NAMED,
        "longest_title": LONGEST_TITLE,
        "most_troubles": MOST_TROUBLES,
    }
    return made


def render_html(digest: Digest) -> str:
    """The digest as HTML: inline styles, nothing remote, readable on a phone and in the dark.

    Quotes are left out, and counted, where it would be larger than mail clients show.
    """
    template = environment().get_template("digest.html.j2")
    html = ""
    with speaking(digest.language):
        for version in shorter(digest):
            html = template.render(_values(version))
            if len(html.encode()) <= LARGEST:
                break
    return html


def render_text(digest: Digest) -> str:
    """The digest as plain text, whole in itself and safe to print; only links exceed 78 columns."""
    with speaking(digest.language):
        return environment().get_template("digest.txt.j2").render(_values(digest))


def _wrapped(text: str, indent: str = "", columns: int = layout.WIDTH) -> list[str]:
    return layout.wrap(text, indent, columns, closed=spoken() == "zh")


def _values(digest: Digest) -> dict[str, object]:
    return {
        "digest": digest,
        "subject": subject(digest),
        "titles": {line.domain: line.title for line in digest.lines},
        "warnings": [text for text in _warnings(digest) if text],
        "said": bottom_line.sentences(digest),
        "changes": changes.rows(digest),
        "evidence": _by_domain(digest),
    }


def _warnings(digest: Digest) -> tuple[str, ...]:
    """What its reader must know before anything else of this digest is believed."""
    return bottom_line.warning(digest), words.late(digest), words.lost_zone(digest)


def _by_domain(digest: Digest) -> list[tuple[str, list[Development]]]:
    order = {line.domain: position for position, line in enumerate(digest.lines)}
    ranked = sorted(
        digest.developments,
        key=lambda d: (order[d.domain], not d.is_news, not d.is_stronger, not d.is_new, -d.points),
    )
    return [(domain, list(group)) for domain, group in groupby(ranked, key=lambda d: d.domain)]
