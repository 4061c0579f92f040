"""The scale (sigma) of each domain and direction from a replayed database.

    python bench/calibrate.py REPLAY.db SINCE UNTIL

The index reads 60 at the 90th percentile of the daily sums of saturated
indicators: sigma = P90 / 0.916 (docs/methodology.md, step 7). The days are
those of the window; the sums are won back from the stored index and the scale
that it was made with.
"""

from __future__ import annotations

import json
import math
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import select

from monitor.app import bundled_catalog, load_rules
from monitor.core.model import Direction
from monitor.core.scoring import Methodology
from monitor.services.context import Context
from monitor.storage.engine import open_engine, reading
from monitor.storage.schema import assessments

RESULTS = Path(__file__).parent / "results" / "calibrate.json"


def main() -> None:
    database, since, until = (
        sys.argv[1],
        *(datetime.fromisoformat(f"{day}T00:00:00+00:00") for day in sys.argv[2:4]),
    )
    catalog, _ = load_rules(bundled_catalog())
    scales = SimpleNamespace(catalog=catalog, method=Methodology())
    with reading(open_engine(f"sqlite:///{database}")) as connection:
        rows = connection.execute(
            select(assessments).where(assessments.c.as_of >= since, assessments.c.as_of < until)
        ).all()
    result: dict[str, object] = {
        "since": sys.argv[2],
        "until": sys.argv[3],
        "days": len({r.as_of for r in rows}),
    }
    for domain in catalog.domains:
        for direction in Direction:
            was = Context.sigma(scales, domain, direction)  # type: ignore[arg-type]
            indexes = [getattr(row, direction.value) for row in rows if row.domain == domain]
            sums = sorted(-was * math.log(1 - index / 100) for index in indexes)
            p90 = sums[int(0.9 * (len(sums) - 1))] if sums else 0.0
            result[f"{domain}.{direction}"] = {
                "was": round(was, 1),
                "p90": round(p90, 2),
                "sigma": round(p90 / 0.916, 1),
            }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
