"""`monitor status` for a tired person: first what needs somebody and what to do, then how all stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.cli.words import size


def status_text(found: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a status, as `monitor status --json` gives it."""
    yield from _attention(found)
    yield ""
    yield f"daemon     {found['daemon'] or 'none runs'}"
    if found["clock"]:
        yield f"clock      {found['clock']}"
    kinds = ", ".join(f"{number} {kind}" for kind, number in found["feeds"].items())
    yield f"feeds      {kinds or 'none'}"
    yield f"stored     {found['entries']} entries, {found['signals']} signals"
    mail = ", ".join(f"{number} {state}" for state, number in found["mail"].items())
    yield f"mail       {mail or 'none yet'}"
    for one in found["mail_refused"]:
        yield f"  refused  {_minute(one['written'])} to {one['recipient']}: {one['error']}"
    for recipient, at in found["last_digests"].items():
        yield f"  digest   {_minute(at)} to {recipient}"
    if found["unsubscribed"]:
        yield f"  no more mail for {', '.join(found['unsubscribed'])}: monitor digest resubscribe"
    if found["backup"]:
        yield f"backup     {_minute(found['backup']['at'])}, {size(found['backup']['size'])}"
    if found["heartbeat"]:
        yield f"heartbeat  {_minute(found['heartbeat'])}"
    yield f"rules      {found['rules']}, {found['indicators']} indicators"
    yield ""
    for domain, row in found["domains"].items():
        yield f"{domain:<18} {row['level']:<9} {row['deepening']:5.1f}  {row['note']}".rstrip()
    if not found["domains"]:
        yield "no domain is assessed yet"


def _attention(found: Mapping[str, Any]) -> Iterator[str]:
    findings = found["findings"]
    at = _minute(found["at"])
    if not findings:
        yield f"all is well, {at}"
        return
    number = f"{len(findings)} things need" if len(findings) > 1 else "1 thing needs"
    yield f"{number} somebody, {at}"
    for finding in findings:
        yield f"{finding['grade']:<5} {finding['name']}: {finding['words']}"
        if finding["name"] == "feeds":
            for feed in found["troubles"]:
                yield f"      {feed['health']:<8} {feed['id']:<28} {feed['reason']}"
        yield f"      -> {finding['fix']}"


def _minute(iso: str) -> str:
    """A stored time to the minute: "2026-11-25 05:00Z"."""
    return f"{iso[:16].replace('T', ' ')}Z"
