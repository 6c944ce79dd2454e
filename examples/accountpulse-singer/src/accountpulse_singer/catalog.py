"""What a tap can read, and choosing from it what the mapping wants: no stream and no column beyond that. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from accountpulse.plugins import ConfigError
from accountpulse_singer.mapping import Stream, TapMapping

Json = dict[str, Any]
_KEYS = ("table-key-properties", "valid-replication-keys", "view-key-properties")


def parse_catalog(text: str) -> Json:
    """A catalog. Raises ConfigError for what is none."""
    start = text.find("{")  # some taps print a line before it
    try:
        found = json.loads(text[start:]) if start >= 0 else None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("streams"), list):
        raise ConfigError("catalog", "the tap's --discover gave no catalog; put `none`, or the path of a catalog")
    return found


def selected(catalog: Json, mapping: TapMapping) -> Json:
    """The catalog with what the mapping wants selected, and all else left out.

    Raises ConfigError for a stream that the tap does not have.
    """
    chosen = copy.deepcopy(catalog)
    names = [_name(entry) for entry in chosen["streams"]]
    for name, stream in mapping.streams.items():
        if name not in names:
            raise ConfigError("mapping", f"{stream.place}: the tap has no stream {name!r}; it has {', '.join(sorted(names))}")
    for entry in chosen["streams"]:
        _select(entry, mapping.streams.get(_name(entry)))
    return chosen


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("stream") or entry.get("tap_stream_id"))


def _select(entry: Json, stream: Stream | None) -> None:
    entry["selected"] = stream is not None  # for taps that know no metadata
    metadata: list[Json] = [each for each in entry.get("metadata") or [] if isinstance(each, dict)]
    top = next((each for each in metadata if not each.get("breadcrumb")), None)
    if top is None:
        top = {"breadcrumb": [], "metadata": {}}
        metadata.append(top)
    entry["metadata"] = metadata
    about = top.setdefault("metadata", {})
    about["selected"] = stream is not None
    if stream is None:
        return
    if stream.replication is not None:
        about["replication-method"] = entry["replication_method"] = stream.replication
    if stream.replication_key is not None:
        about["replication-key"] = entry["replication_key"] = stream.replication_key
    needed = set(stream.columns) | {entry.get("replication_key"), about.get("replication-key")}
    for key in ("key_properties", "bookmark_properties"):
        needed |= set(entry.get(key) or ())
    for key in _KEYS:
        needed |= set(about.get(key) or ())
    for each in metadata:
        path = each.get("breadcrumb") or []
        if len(path) == 2 and path[0] == "properties" and each.setdefault("metadata", {}).get("inclusion") == "available":
            each["metadata"]["selected"] = path[1] in needed
