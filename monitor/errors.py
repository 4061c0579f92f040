"""What can go wrong, and who must act.

MonitorError
├── ConfigError      the operator edits config.toml (or the environment)
├── CatalogError     the analyst edits indicators/
├── SourceError      one feed failed; the others go on
│   ├── FetchError     the network or the server
│   └── ParseError     the document
├── DeliveryError    one message was not handed over (.retryable says whether to try again)
├── StorageError     the operator looks at the database
│   └── AlreadyRunning   another daemon holds this database
│       └── LeaseLost      and took it over from this one
├── DoorError        the port of [web] cannot be had; the operator chooses another, or ends what holds it
├── InputError       the caller of a command, or of a form, gave it something it cannot use
└── TokenError       a link of a mail grants nothing (services/tokens.py)
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.outcome import Outcome


class MonitorError(Exception):
    """Root of every error this program raises on purpose."""


class ProblemsError(MonitorError):
    """Several problems of one kind, reported at once; never raised itself."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class ConfigError(ProblemsError):
    """The configuration cannot be used; `problems` names file, key and what is expected."""


class CatalogError(ProblemsError):
    """The catalog cannot be used; `problems` names file, key or position and what is expected."""


class SourceError(MonitorError):
    """One poll of one feed failed.

    `outcome` is the reason from a closed set, `detail` one line for the operator,
    `retry_after` what the server asked for, `status` the HTTP status where there was one.
    """

    def __init__(
        self,
        outcome: Outcome,
        detail: str = "",
        *,
        retry_after: timedelta | None = None,
        status: int | None = None,
    ) -> None:
        self.outcome = outcome
        self.detail = detail
        self.retry_after = retry_after
        self.status = status
        super().__init__(f"{outcome.value}: {detail}" if detail else outcome.value)


class FetchError(SourceError):
    """The bytes could not be had."""


class ParseError(SourceError):
    """The bytes are no feed that we accept."""


class DeliveryError(MonitorError):
    """A message was not handed over, or nobody knows.

    `retryable` says whether to try again, `unknown` that it may have been
    accepted all the same, `for_all` that any other message would fare alike.
    """

    def __init__(self, detail: str, *, retryable: bool, unknown: bool = False, for_all: bool = False) -> None:
        self.retryable = retryable
        self.unknown = unknown
        self.for_all = for_all
        super().__init__(detail)


class StorageError(MonitorError):
    """The database cannot be used as it is."""


class AlreadyRunning(StorageError):
    """Another daemon holds this database; the text names it."""


class LeaseLost(AlreadyRunning):
    """Another daemon took this database over; whoever meets this must end."""


class DoorError(MonitorError):
    """Health and links cannot be served where the configuration says."""


class InputError(MonitorError):
    """An argument or an input file of a command cannot be used."""
