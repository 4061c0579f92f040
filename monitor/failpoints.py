"""Named places at which the torture test kills the program; nothing happens there otherwise."""

from __future__ import annotations

import os
import signal
from itertools import count

# "name:n": which place, and at which hit of it.
_NAME, _, _HIT = os.environ.get("ENTENTE_FAILPOINT", "").partition(":")
_AT = int(_HIT or 1)
_hits = count(1)


def failpoint(name: str) -> None:
    """End this process at once, as a crash would, when the environment names this place."""
    if name == _NAME and next(_hits) == _AT:
        os.kill(os.getpid(), signal.SIGKILL)
