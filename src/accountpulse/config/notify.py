"""The `notify` block: the one webhook that is told of changes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import get_args
from urllib.parse import urlsplit

from pydantic import SecretStr

from accountpulse.config.secrets import References
from accountpulse.core.scoring.problems import Path, Reader
from accountpulse.core.store.outbox import Event

EVENTS: tuple[Event, ...] = get_args(Event)
SHORTEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Where changes are sent, what signs them, and which are sent."""

    url: str = field(repr=False)
    secret: SecretStr
    events: frozenset[Event] = frozenset(EVENTS)


def read_notify(data: object, references: References, reader: Reader) -> NotifySettings | None:
    """The block's settings, None where there is none; what is wrong is noted with the reader."""
    if data is None:
        return None
    path: Path = ("notify",)
    block = reader.mapping(data, path, required=("url", "secret"), optional=("events",))
    if block is None or not {"url", "secret"} <= block.keys():
        return None
    url = reader.text(block["url"], (*path, "url"), "an https:// address")
    url = "" if url is None else references.text(url, (*path, "url"))
    if problem := _problem(url):
        reader.add((*path, "url"), problem)
    secret = references.secret(block["secret"], (*path, "secret"))
    if len(secret) < SHORTEST and not reader.problems:
        reader.add(
            (*path, "secret"), f"too short to sign with: give at least {SHORTEST} characters, such as `openssl rand -hex 32`"
        )
    events: list[Event] = []
    for i, item in enumerate(reader.items(block.get("events", list(EVENTS)), (*path, "events"), "event") or []):
        found = reader.choice(item, (*path, "events", i), {name: name for name in EVENTS}, "event")
        events += [name for name in EVENTS if name == found]
    return NotifySettings(url=url, secret=SecretStr(secret), events=frozenset(events))


def _problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "this is no address; write https://host/path"
    if not host or parts.scheme not in ("http", "https"):
        return "write the whole address, https://host/path"
    if parts.username or parts.password:
        return "no name and password belong into it: each request is signed with `secret`"
    if parts.scheme == "http" and not _is_here(host):
        return "customers' names are sent to it: only https:// is allowed, but for this machine itself"
    return None


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
