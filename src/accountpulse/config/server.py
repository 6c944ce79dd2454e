"""The `server` block: where the API listens, and what it may be asked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from accountpulse.config.oidc import read_oidc
from accountpulse.core.scoring.problems import Path, Reader
from accountpulse.graphql.settings import ApiSettings, Trusted, digest_of

KEYS = (
    "host",
    "port",
    "cors_origins",
    "max_cost",
    "bucket",
    "refill",
    "timeout_seconds",
    "trusted_documents",
    "oidc",
    "metrics",
)
MODES: Mapping[str, Trusted] = {"off": "off", "allow": "allow", "enforce": "enforce"}
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|\*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the API listens, and what it may be asked. metrics: where Prometheus is answered, host and port; None: nowhere."""

    host: str = "127.0.0.1"
    port: int = 8000
    metrics: tuple[str, int] | None = None
    api: ApiSettings = field(default_factory=ApiSettings)


def read_server(data: object, folder: FilePath, reader: Reader) -> ServerSettings:
    """The block's settings, every default filled in; what is wrong is noted with the reader."""
    block = reader.mapping({} if data is None else data, ("server",), optional=KEYS) or {}
    known, api = ServerSettings(), ApiSettings()
    host = reader.text(block.get("host", known.host), ("server", "host"), "an address such as 127.0.0.1 or 0.0.0.0")
    timeout = reader.number(block.get("timeout_seconds", api.timeout), ("server", "timeout_seconds"), 0.1, 3_600)
    max_cost = _whole(block.get("max_cost", api.max_cost), "max_cost", 1, 10**9, "points", reader) or api.max_cost
    bucket = _whole(block.get("bucket", api.bucket), "bucket", 1, 10**9, "points", reader) or api.bucket
    if bucket < max_cost:
        reader.add(
            ("server", "bucket"), f"found {bucket}, less than max_cost, {max_cost}; a query may cost no more than can be saved"
        )
    trusted, documents = _trusted(block.get("trusted_documents"), folder, reader)
    port = _whole(block.get("port", known.port), "port", 0, 65_535, "a port (0: any that is free)", reader)
    return ServerSettings(
        host=host or known.host,
        port=known.port if port is None else port,
        metrics=_metrics(block.get("metrics"), reader),
        api=ApiSettings(
            cors_origins=_origins(block.get("cors_origins"), reader),
            max_cost=max_cost,
            bucket=bucket,
            refill=_whole(block.get("refill", api.refill), "refill", 1, 10**9, "points a second", reader) or api.refill,
            timeout=timeout or api.timeout,
            trusted=trusted,
            documents=documents,
            provider=read_oidc(block.get("oidc"), reader),
        ),
    )


def _whole(data: object, key: str, low: int, high: int, what: str, reader: Reader) -> int | None:
    if isinstance(data, bool) or not isinstance(data, int) or not low <= data <= high:
        reader.wrong(("server", key), data, f"a whole number from {low} to {high}: {what}")
        return None
    return data


def _metrics(data: object, reader: Reader) -> tuple[str, int] | None:
    if data is None:
        return None
    path: Path = ("server", "metrics")
    block = reader.mapping(data, path, required=("port",), optional=("host",)) or {}
    host = reader.text(block.get("host", "127.0.0.1"), (*path, "host"), "an address such as 127.0.0.1 or 0.0.0.0")
    port = block.get("port", 0)
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65_535:
        reader.wrong((*path, "port"), port, "a port from 1 to 65535 (0: any that is free)")
        return None
    return None if host is None else (host, port)


def _origins(data: object, reader: Reader) -> tuple[str, ...]:
    if data is None:
        return ()
    found = []
    for i, item in enumerate(reader.items(data, ("server", "cors_origins"), "origin") or []):
        if isinstance(item, str) and ORIGIN.fullmatch(item):
            found.append(item)
        else:
            reader.wrong(("server", "cors_origins", i), item, "an origin such as https://app.example, without a path; or *")
    return tuple(found)


def _trusted(data: object, folder: FilePath, reader: Reader) -> tuple[Trusted, Mapping[str, str]]:
    path: Path = ("server", "trusted_documents")
    if data is None:
        return "off", {}
    block = reader.mapping(data, path, required=("mode",), optional=("file",)) or {}
    mode = MODES[reader.choice(block.get("mode", "off"), (*path, "mode"), MODES, "mode") or "off"]
    if "file" not in block:
        if mode != "off":
            reader.add(path, "name the file that lists the documents, as in {mode: enforce, file: documents.json}")
        return mode, {}
    name = reader.text(block["file"], (*path, "file"), "a JSON file's path")
    return mode, {} if name is None else _documents(folder / FilePath(name).expanduser(), (*path, "file"), reader)


def _documents(file: FilePath, path: Path, reader: Reader) -> dict[str, str]:
    """The documents of a file: a JSON list of texts, or a mapping whose values are texts, as code generators write them."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reader.add(path, f"the file {file} can't be read: {error.strerror}; write a JSON list of documents there")
        return {}
    except ValueError as error:
        reader.add(path, f"the file {file} is not JSON: {error}")
        return {}
    texts = list(data.values()) if isinstance(data, dict) else data
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        reader.add(path, f"the file {file} must hold a JSON list of documents, or a mapping from names to documents")
        return {}
    return {digest_of(text): text for text in texts}
