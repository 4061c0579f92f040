"""Write docs/sbom.cdx.json, the bill of materials, from the locked requirements.

    python packaging/sbom.py [PATH OF cyclonedx-py]

Needs cyclonedx-bom, which the program and its tests do not. What the tool says
of itself, and the lines of the lock file that it repeats, are left out: the
hashes stand in requirements.lock.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[1]
SBOM = TOP / "docs" / "sbom.cdx.json"


def made_by(tool: str) -> dict[str, object]:
    command = [tool, "requirements", "--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON"]
    run = subprocess.run([*command, "requirements.lock"], cwd=TOP, check=True, capture_output=True, text=True)
    made: dict[str, object] = json.loads(run.stdout)
    return made


def slim(bom: dict[str, object]) -> dict[str, object]:
    metadata, components = bom["metadata"], bom["components"]
    assert isinstance(metadata, dict)
    assert isinstance(components, list)
    kept = sorted(
        ({"type": "library", "bom-ref": c["purl"], **{k: c[k] for k in ("name", "version", "purl")}}
         for c in ({**one, "purl": one["purl"].split("?")[0]} for one in components)),
        key=lambda c: c["purl"],
    )  # fmt: skip
    return {
        "$schema": bom["$schema"],
        "bomFormat": "CycloneDX",
        "specVersion": bom["specVersion"],
        "version": 1,
        "metadata": {"component": metadata["component"]},
        "components": kept,
    }


def main() -> None:
    tool = sys.argv[1] if len(sys.argv) > 1 else "cyclonedx-py"
    SBOM.write_text(json.dumps(slim(made_by(tool)), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
