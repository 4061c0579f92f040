"""Replay of the whole real archive (not in this project): entries per second and peak memory.

python bench/replay_archive.py [FOLDER OF *.jsonl.gz]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "replay_archive.json"
ARCHIVE = ROOT.parent / "shared" / "corpora" / "archive"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ARCHIVE
    if not folder.is_dir():
        sys.exit(f"{folder}: no archive here; name its folder")
    files = sorted(map(str, folder.glob("*.jsonl.gz")))
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch) / "replay.db"
        command = [sys.executable, "-m", "monitor", "replay", *files, "--database", str(database), "--json"]
        started = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        wall = time.perf_counter() - started
        size = database.stat().st_size / 2**20
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    totals = json.loads(done.stdout)
    result = totals | {
        "wall_s": round(wall, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "entries_s": round(totals["entries"] / wall),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "database_mb": round(size),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
