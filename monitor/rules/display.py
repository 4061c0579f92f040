"""A problem as a person reads it: place, source line, caret, reason, help."""

from __future__ import annotations

import unicodedata

from monitor.rules.codes import Problem

WIDEST = 100  # columns of a source line shown around the caret


def block(problem: Problem) -> str:
    """The problem as several lines, the caret under the characters that are meant."""
    place = f"{problem.path}:{problem.line}:{problem.column}" if problem.line else problem.path
    where = f"   {problem.where}" if problem.where else ""
    lines = [f"{problem.severity} {problem.code} {problem.message}", f"  --> {place}{where}"]
    margin = " " * len(str(problem.line))
    if problem.source:
        shown, before = _excerpt(problem.source, problem.column - 1)
        width = sum(map(_columns, problem.source[problem.column - 1 :][: problem.width]))
        pad = "".join("\t" if c == "\t" else " " * _columns(c) for c in shown[:before])
        lines += [f"{problem.line} | {shown}", f"{margin} | {pad}{'^' * max(1, min(width, WIDEST))}"]
    if problem.help:
        lines.append(f"{margin} = help: {problem.help}")
    return "\n".join(lines)


def _excerpt(line: str, at: int) -> tuple[str, int]:
    """A readable piece of a line around a character, and where the character stands in it."""
    start, room = at, WIDEST // 2
    while start and (room := room - _columns(line[start - 1])) >= 0:
        start -= 1
    end, room = start, WIDEST
    while end < len(line) and (room := room - _columns(line[end])) >= 0:
        end += 1
    clean = "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in line[start:end])
    head, tail = "…" if start else "", "…" if end < len(line) else ""
    return head + clean + tail, at - start + len(head)


def _columns(character: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
