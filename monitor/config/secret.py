"""Secrets: where they come from, and a wrapper that no log, repr or traceback can look into."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that shows itself only when asked by name."""

    _text: str = field(repr=False)

    def get(self) -> str:
        """The text itself; hand it over and keep no copy."""
        return self._text

    def __str__(self) -> str:
        return "Secret()"


def secret_from_environ(name: str, environ: Mapping[str, str]) -> Secret:
    """Read a secret from an environment variable; raises ValueError where it is not set."""
    if not environ.get(name):
        raise ValueError(f"the environment variable {name} is not set, or is empty")
    return Secret(environ[name])


def secret_from_file(path: Path) -> Secret:
    """Read a secret, one line, from a file that only its owner and group can read.

    Raises ValueError that says what to change.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(10_000)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no UTF-8 text") from None
    if mode & stat.S_IROTH:
        raise ValueError(f"{path} can be read by every user of this machine; run: chmod o-rwx {path}")
    text = text.removesuffix("\n")
    if not text or "\n" in text:
        raise ValueError(f"{path}: expected one line with the secret")
    return Secret(text)
