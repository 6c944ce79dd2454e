"""The `retention` block: for how long records, and what comes with syncs, are kept."""

from __future__ import annotations

from accountpulse.core.scoring.problems import Reader
from accountpulse.core.store.age import AGEING, SHORTEST


def read_record_days(data: object, reader: Reader) -> dict[str, int]:
    """Days by record type; what is wrong is noted with the reader."""
    block = reader.mapping({} if data is None else data, ("retention",), optional=tuple(AGEING)) or {}
    found = {}
    for name, days in block.items():
        shortest = SHORTEST.get(name)
        if shortest is None:
            continue
        if isinstance(days, bool) or not isinstance(days, int) or days < shortest:
            reader.wrong(("retention", name), days, f"a whole number of days, at least {shortest}")
        else:
            found[name] = days
    return found
