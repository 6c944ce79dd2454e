"""A `schedule`: when something is done by itself."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo, available_timezones

from accountpulse.core.jobs.schedules import Schedule, problem_of
from accountpulse.core.scoring.problems import Path, Reader, did_you_mean

EXAMPLE = "five fields of cron, such as '15 * * * *', or {cron: '30 5 * * *', time_zone: Europe/Berlin}"


def read_schedule(data: object, path: Path, reader: Reader, time_zone: str) -> Schedule | None:
    """A schedule, None for none; time_zone: where it names no other. What is wrong is noted with the reader."""
    if data is None:
        return None
    if not isinstance(data, Mapping):
        return _schedule(data, path, reader, time_zone)
    block = reader.mapping(data, path, required=("cron",), optional=("time_zone",)) or {}
    zone = read_zone(block.get("time_zone", time_zone), (*path, "time_zone"), reader)
    return _schedule(block["cron"], (*path, "cron"), reader, zone or time_zone) if "cron" in block else None


def _schedule(data: object, path: Path, reader: Reader, time_zone: str) -> Schedule | None:
    text = reader.text(data, path, EXAMPLE)
    if text is None:
        return None
    problem = problem_of(text)
    if problem is not None:
        reader.add(path, f"{text!r}: {problem}")
        return None
    return Schedule(" ".join(text.split()), time_zone)


def read_zone(data: object, path: Path, reader: Reader) -> str | None:
    """A time zone's name; what is none is noted with the reader."""
    name = reader.text(data, path, "a time zone such as Europe/Berlin or UTC")
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown; a folder of zones; not a name at all
        hint = did_you_mean(name, available_timezones())
        reader.add(path, f"unknown time zone {name!r}{hint}; allowed: a name such as Europe/Berlin or UTC")
        return None
    return name
