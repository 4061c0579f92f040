"""Feeds grown by what they make the parser do: a run guided by coverage, beside fuzz_feeds.py.

    python -m bench.fuzz_guided [SECONDS [SEED [FOLDER]]]
    python -m bench.fuzz_guided --try FILE...

libFuzzer (through atheris, which no lock holds: see README.md) keeps each input
that reaches code, or a count of passes through it, that none before had reached,
and goes on from there. Mutated are the documents of fuzz_feeds.py, half of the time
by libFuzzer and half by the mutations of that file. What runs is what a worker
of the parser runs, with its limits of time and memory; the first byte of an input
chooses the content type. A find is whatever the daemon would not have recorded
as an outcome, an entry that it should not have stored, and a document that takes
more than a second of CPU; the result holds the first of them in base64. FOLDER keeps
the grown corpus and the finds.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import json
import os
import platform
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from pyexpat import EXPAT_VERSION
from tempfile import TemporaryDirectory
from typing import Any

import atheris

# Instrumented is what is first imported here, so these stand before all that imports them too.
with atheris.instrument_imports(include=["monitor", "feedparser", "feedparser_sgmllib"]):
    from monitor.core.model import Entry
    from monitor.sources import parsing
    from monitor.sources.feed import MAX_ENTRIES, Parsed

from bench.fuzz_feeds import _NEVER, FEED, MUTATIONS, SLOW_S, TYPES, Tally, documents

RESULT = Path(__file__).parent / "results" / "fuzz_guided.json"
MAX_BYTES = 6_100  # the longest document, and the byte before it
EVERY_S = 5.0  # the fuzzing process writes what it counted
_PROGRESS = re.compile(r"#(\d+)\s+(\w+)\s+cov: (\d+) ft: (\d+) corp: (\d+)/(\w+)")


def unsound(parsed: Parsed) -> str:
    """What is wrong with a result that the daemon would store; "" for nothing."""
    keys = [entry.key for entry in parsed.entries]
    if len(keys) > MAX_ENTRIES or len(set(keys)) < len(keys):
        return "too many entries, or two with one key"
    if parsed.ttl is not None and not 0 <= parsed.ttl.total_seconds() <= 86_400:
        return "ttl"
    return next((name for entry in parsed.entries if (name := _unsound(entry))), "")


def _unsound(entry: Entry) -> str:
    at = entry.published_at
    is_sound = {
        "text": not _NEVER.search(entry.key + entry.title + entry.summary + entry.link + entry.language),
        "key": 0 < len(entry.key) <= 200,
        "title": len(entry.title) <= 1_000 and "\n" not in entry.title,
        "summary": len(entry.summary) <= 20_000,
        "link": not entry.link or bool(re.fullmatch(r"https?://[!-~]+", entry.link)),
        "language": bool(re.fullmatch(r"[a-z]{2,3}", entry.language)),
        "published_at": at is None or (at.tzinfo is not None and 1990 <= at.year < 2200),
    }
    return next((name for name, holds in is_sound.items() if not holds), "")


class Target:
    """What libFuzzer calls with every input, and what it saw."""

    def __init__(self, folder: Path) -> None:
        self.tally = Tally()
        self._folder = folder
        self._written = time.monotonic()

    def __call__(self, data: bytes) -> None:
        """Parse one input as a worker does, and look at what it gave."""
        kind = TYPES[data[0] % len(TYPES)] if data else ""
        tally, started = self.tally, time.process_time()
        tally.inputs += 1
        try:
            result = parsing.parse_in_worker(data[1:], FEED, kind)
        except BaseException as error:  # noqa: BLE001  what is looked for is exactly what nobody expects
            tally.uncaught.append(self._kept(data, f"{type(error).__name__}: {error}"))
            return
        took = time.process_time() - started
        tally.slowest_s = max(tally.slowest_s, took)
        if took > SLOW_S:
            tally.slow.append([tally.inputs, round(took, 2)])
            self._kept(data, "slow")
        self._look_at(data, result)
        if time.monotonic() - self._written > EVERY_S:
            self.write()

    def _look_at(self, data: bytes, result: parsing.Result) -> None:
        tally = self.tally
        if isinstance(result, tuple):
            outcome, detail = result
            if outcome.value == "parser_crash":
                tally.raised[detail] += 1
            if detail == "MemoryError":
                tally.uncaught.append(self._kept(data, "more memory than a worker may have"))
        else:
            outcome = result.outcome
            tally.entries += len(result.entries)
            if what := unsound(result):
                tally.unsound.append(self._kept(data, what))
        tally.outcomes[outcome.value] += 1

    def _kept(self, data: bytes, what: str) -> str:
        name = "find-" + hashlib.sha256(data).hexdigest()[:16]
        (self._folder / name).write_bytes(data)
        return f"{name}: {what}"

    def write(self) -> None:
        """Leave the counts where the parent reads them."""
        self._written = time.monotonic()
        self.tally.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        path = self._folder / f"tally-{os.getpid()}"
        path.with_suffix(".new").write_text(json.dumps(vars(self.tally)), encoding="utf-8")
        path.with_suffix(".new").replace(path)


class Mutator:
    """Half of the time a mutation that knows what a feed looks like, else one of libFuzzer's."""

    def __init__(self, sources: list[bytes]) -> None:
        self._sources = sources

    def __call__(self, data: bytes, max_size: int, seed: int) -> bytes:
        """An input made from another."""
        rng = random.Random(seed)
        if not data or rng.random() < 0.5:
            return bytes(atheris.Mutate(data, max_size))
        body = bytearray(data[1:])
        for _ in range(rng.choice((1, 1, 2, 3))):
            rng.choice(MUTATIONS)(body, rng, self._sources)
        return bytes(data[:1] + body)[:max_size]


def fuzz(folder: Path, seconds: int, seed: int) -> None:
    """Run in a process of its own, which libFuzzer ends."""
    parsing._limit()
    target = Target(folder)
    atexit.register(target.write)
    options = [
        f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={MAX_BYTES}", "-len_control=0",
        f"-timeout={parsing.DEADLINE_S:.0f}", f"-rss_limit_mb={parsing.MEMORY // 2**20}",
        f"-artifact_prefix={folder}/find-",
    ]  # fmt: skip
    atheris.Setup(
        [sys.argv[0], *options, str(folder / "corpus")], target, custom_mutator=Mutator(documents())
    )
    atheris.Fuzz()


class Run:
    """Fuzzing processes, one after another: a new one where the last was ended by its input."""

    def __init__(self, folder: Path, seconds: int, seed: int) -> None:
        self._folder, self._seconds, self._seed = folder, seconds, seed
        self._started = time.monotonic()
        self._written = 0.0
        self._progress: list[re.Match[str]] = []  # the line after the documents were read, and the last
        self._deaths: list[str] = []
        corpus = folder / "corpus"
        corpus.mkdir(exist_ok=True)
        self._documents = sorted(set(documents()))
        rng = random.Random(seed)
        for number, body in enumerate(self._documents):
            (corpus / f"seed-{number:05}").write_bytes(
                bytes([rng.randrange(len(TYPES))]) + body[: MAX_BYTES - 1]
            )

    def run(self) -> None:
        """Fuzz until the time is over, and write the result as it grows."""
        while (left := self._seconds - self._took()) > 1:
            seed = self._seed + len(self._deaths)
            arguments = ["--child", str(self._folder), str(int(left)), str(seed)]
            command = [sys.executable, "-m", "bench.fuzz_guided", *arguments]
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as child:
                last = self._watch(child)
            if child.returncode:
                self._deaths.append(f"exit {child.returncode}: {last}")
                if len(self._deaths) >= 100:
                    break
        self.write()

    def _watch(self, child: subprocess.Popen[str]) -> str:
        last = ""
        for line in child.stderr or ():
            found = _PROGRESS.match(line)
            if found and (self._progress or found[2] == "INITED"):
                self._progress[1:] = [found]
            elif line.startswith(("==", "SUMMARY", "Traceback", "Error")):
                last = line.strip()
            if time.monotonic() - self._written > 30:
                self.write()
        return last

    def _took(self) -> float:
        return time.monotonic() - self._started

    def _finds(self) -> dict[str, str]:
        paths = sorted(self._folder.glob("find-*"))[:20]
        return {path.name: base64.b64encode(path.read_bytes()).decode() for path in paths}

    def write(self) -> None:
        """Write the figures so far."""
        self._written = time.monotonic()
        RESULT.write_text(json.dumps(self.figures(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def figures(self) -> dict[str, Any]:
        """The run so far as it is recorded; coverage and corpus as libFuzzer prints them."""
        tally = Tally()
        for path in self._folder.glob("tally-*[0-9]"):
            counted = json.loads(path.read_text(encoding="utf-8"))
            tally.add(Tally(**counted | {name: Counter(counted[name]) for name in ("outcomes", "raised")}))
        corpus = [
            {"edges": int(f[3]), "features": int(f[4]), "inputs": int(f[5]), "size": f[6]}
            for f in self._progress
        ]
        return {
            "seed": self._seed,
            "executions": tally.inputs,
            "seconds": round(self._took()),
            "documents": len(self._documents),
            "corpus_from": corpus[0] if corpus else {},
            "corpus_to": corpus[-1] if corpus else {},
            "processes_that_died": self._deaths,
            "uncaught": tally.uncaught,
            "unsound_entries": tally.unsound,
            "finds": self._finds(),
            "entries": tally.entries,
            "outcomes": dict(tally.outcomes.most_common()),
            "raised_in_feedparser": dict(tally.raised.most_common()),
            "slowest_s": round(tally.slowest_s, 2),
            "slower_than_1_s": tally.slow,
            "peak_mb": round(tally.peak_mb),
            "versions": {name: version(name) for name in ("atheris", "feedparser", "selectolax")}
            | {"python": platform.python_version(), "expat": EXPAT_VERSION},
        }


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["--child"]:
        fuzz(Path(arguments[1]), int(arguments[2]), int(arguments[3]))
    elif arguments[:1] == ["--try"]:
        for path in arguments[1:]:
            data = Path(path).read_bytes()
            print(path, parsing.parse_in_worker(data[1:], FEED, TYPES[data[0] % len(TYPES)]))
    else:
        seconds, seed = (int(a) for a in (*arguments[:2], *("1800", "1")[len(arguments[:2]) :]))
        with TemporaryDirectory() as scratch:
            folder = Path(arguments[2] if arguments[2:] else scratch).absolute()
            folder.mkdir(parents=True, exist_ok=True)
            Run(folder, seconds, seed).run()
        print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
