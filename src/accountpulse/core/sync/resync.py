"""Starting over: forgetting what a connection brought, so that it can be read again as if for the first time."""

from __future__ import annotations

from collections.abc import Sequence

from accountpulse.core.clock import Clock
from accountpulse.core.errors import InvalidInput
from accountpulse.core.model import schema_of
from accountpulse.core.store.database import Store
from accountpulse.core.store.purge import purge
from accountpulse.core.sync.engine import Source, chosen_streams


def forget(store: Store, clock: Clock, source: Source, streams: Sequence[str] | None = None) -> int:
    """Forget every version of what a connection's streams brought, all or the named ones; returns how many that were.

    Raises NotFound for a stream that it doesn't have, and InvalidInput where something would go that no stream brings back.
    """
    chosen = chosen_streams(source, streams)
    records = {record for spec in chosen for record in spec.records}
    if not chosen:
        raise InvalidInput(source.name, "everything is pushed to it: what is forgotten could not be read again")
    others = (spec for spec in source.connector.streams() if spec not in chosen)
    sharing = sorted(spec.name for spec in others if set(spec.records) & records)
    if sharing:
        names = ", ".join(sharing)
        raise InvalidInput(
            source.name, f"{names} brings such records as well: purge the whole connection, or only reset the stream"
        )
    with store.write() as connection:
        names_of = sorted(schema_of(record).name for record in records)
        return purge(connection, source.id, [spec.name for spec in chosen], names_of, clock.now())
