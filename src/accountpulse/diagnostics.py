"""What somebody needs to know of a connection in order to help: versions, settings, streams and faults, and nothing private.

No secret, no customer, no address: a person can paste it into a public issue. What is free text is told by its length, and
messages go without what they quote.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from accountpulse.config.secrets import redact, secret_values
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import connections_read
from accountpulse.core.sync.connector import Connector, StreamSpec

if TYPE_CHECKING:
    from accountpulse.hub import Hub

RUNS = 5
"""How many of the latest runs are told."""

HIDDEN = "***"
_QUOTED = re.compile(r"""(["'`])(?:(?!\1).)*\1|\S+@\S+|\S*/\S+|\b(?=\w*\d)[\w.:-]{6,}""")


def diagnostics(hub: Hub, name: str) -> dict[str, object]:
    """Everything about one connection that may be shown to anybody, as JSON data. Raises NotFound for an unknown name."""
    checked = hub.check(name)[0]
    settings = hub.settings.connections[name]
    connector = hub.host.connectors[settings.connector]
    secrets = set(secret_values(settings.config))
    with hub.store.read() as connection:
        row = store_connections.by_name(connection, name)
        streams = store_connections.streams_of(connection, [row.id])
        runs = connections_read.latest_runs(connection, [row.id], RUNS).get(row.id, [])
        done = connections_read.streams_of_runs(connection, [run.id for run in runs])
        quarantine = store_connections.quarantined(connection, row.id)
        held = store_connections.held(connection, row.id)
    found: dict[str, object] = {
        "made_at": _time(hub.clock.now()),
        "versions": versions(connector),
        "plugin": _plugin(hub, connector),
        "connector": described_connector(connector),
        "settings": described_settings(settings.config),
        "store": hub.store.engine.dialect.name,
        "check": {"ok": checked.ok, "message": without_private(checked.message)},
        "state": {
            "state": row.state,
            "since": _time(row.state_since),
            "message": without_private(row.message),
            "paused_until": _time(row.paused_until),
        },
        "streams": [
            {
                "name": each.stream,
                "state": each.state,
                "message": without_private(each.message),
                "has_cursor": each.cursor is not None,
                "position": _time(each.position),
                "last_success_at": _time(each.last_success_at),
                "last_attempt_at": _time(each.last_attempt_at),
                "gap_from": _time(each.gap_from),
                "quarantine": _counted(q.reason for q in quarantine if q.stream == each.stream),
                "held_deletes": next((h.vanished for h in held if h.stream == each.stream), 0),
            }
            for each in streams
        ],
        "runs": [_run(run, done.get(run.id, [])) for run in runs],
    }
    cleaned = _without(found, secrets)
    assert isinstance(cleaned, dict)  # what went in is one
    return cleaned


def described_connector(connector: type[Connector[Any]]) -> dict[str, object]:
    """What a connector declares."""
    return {
        "id": connector.id,
        "api_version": connector.api_version,
        "streams": [_declared(spec) for spec in connector.streams()],
        "pushed_to": [path for spec in connector.inbounds() for path in spec.paths],
    }


def described_settings(config: object) -> object:
    """Settings as they may be shown: secrets hidden, choices and numbers as they are, other text by its length only."""
    return _described(config, type(config))


def versions(connector: type[Connector[Any]]) -> dict[str, str]:
    """The versions of AccountPulse, of Python, of the system, and of the libraries that the connector's extra names."""
    wanted = [each for each in requires("accountpulse") or () if f'extra == "{connector.extra}"' in each.replace("'", '"')]
    names = [re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in wanted] if connector.extra else []
    found = {"accountpulse": version("accountpulse"), "python": platform.python_version(), "system": platform.platform()}
    for name in (*names, "requests", "sqlalchemy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def without_private(message: str | None) -> str | None:
    """A message without what it quotes, addresses, and anything that looks like an id."""
    return None if message is None else _QUOTED.sub("…", message)


def _described(value: object, annotation: object) -> object:
    if isinstance(value, SecretStr | SecretBytes):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float | Enum):
        return value
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {name: _described(getattr(value, name, None), field.annotation) for name, field in fields.items()}
    if isinstance(value, Mapping):
        return f"({len(value)} entries)"
    if isinstance(value, list | tuple | set | frozenset):
        return [_described(each, annotation) for each in value]
    return value if value in _choices(annotation) else f"({type(value).__name__}, {len(str(value))} characters)"


def _choices(annotation: object) -> set[object]:
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return {choice for inner in get_args(annotation) for choice in _choices(inner)}


def _declared(spec: StreamSpec) -> dict[str, object]:
    return {
        "name": spec.name,
        "cursor": None if spec.cursor is None else type(spec.cursor).__name__,
        "lag_seconds": spec.lag.total_seconds(),
        "look_back_seconds": spec.look_back.total_seconds(),
        "deletes": spec.deletes,
    }


def _plugin(hub: Hub, connector: type[Connector[Any]]) -> dict[str, object]:
    """The distribution that the connector came with."""
    module = connector.__module__.partition(".")[0]
    listed = next((p for p in hub.plugins if p.name == connector.id), None)
    return {"module": module, "distribution": listed and listed.distribution, "version": listed and listed.version}


def _run(run: Any, streams: Sequence[Any]) -> dict[str, object]:
    counts = ("read", "opened", "closed", "unchanged", "quarantined", "retries")
    return {
        "state": run.state,
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "message": without_private(run.message),
        "streams": [
            {"name": each.stream, "state": each.state, "message": without_private(each.message)}
            | {count: getattr(each, count) for count in counts}
            for each in streams
        ],
    }


def _counted(reasons: Iterable[str]) -> dict[str, int]:
    """How often each reason was met."""
    found: dict[str, int] = {}
    for reason in reasons:
        told = without_private(reason) or ""
        found[told] = found.get(told, 0) + 1
    return found


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _without(value: object, secrets: set[str]) -> object:
    """JSON data without any of the secrets, wherever they may have got into it."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, Mapping):
        return {redact(str(key), secrets): _without(each, secrets) for key, each in value.items()}
    return [_without(each, secrets) for each in value] if isinstance(value, list) else value
