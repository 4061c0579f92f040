"""What a look at the installation finds: each finding with how bad it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Grade(IntEnum):
    """How bad a finding is."""

    OK = 0
    WARN = 1  # it works, and will not for ever, or not as well as it could
    FAIL = 2  # something that the service is for does not work


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; `fix` says in one line what to do, "" where nothing is to be done."""

    name: str
    grade: Grade
    words: str
    fix: str = ""


def ok(name: str, words: str) -> Finding:
    """All is well."""
    return Finding(name=name, grade=Grade.OK, words=words)


def warn(name: str, words: str, fix: str) -> Finding:
    """It works, but."""
    return Finding(name=name, grade=Grade.WARN, words=words, fix=fix)


def fail(name: str, words: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(name=name, grade=Grade.FAIL, words=words, fix=fix)
