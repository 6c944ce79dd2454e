"""The keys `engine` and `spark`: where metrics run, and how Spark is reached."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path as FilePath

from accountpulse.config.secrets import References, is_secret
from accountpulse.core.metrics.choice import DUCKDB, NAMES, SPARK
from accountpulse.core.metrics.spark_settings import LOCAL, SparkSettings
from accountpulse.core.model import schemas
from accountpulse.core.scoring.problems import Path, Reader

_MASTER = re.compile(r"local(\[.+\])?|local-cluster\[\d+,\d+,\d+\]|yarn|(spark|k8s)://.+")


def read_engine(data: object, mirror: FilePath | None, plugged: Collection[str], reader: Reader) -> str | None:
    """The engine's name; None for the usual one. plugged: those that plugins bring."""
    if data is None:
        return None
    found = reader.choice(data, ("engine",), (*NAMES, *plugged), "engine")
    if found in (DUCKDB, SPARK) and mirror is None:
        reader.add(("engine",), f"{found} runs over a mirror of the facts; add `mirror: {{path: mirror}}`")
    return found


def read_spark(data: object, references: References, reader: Reader) -> SparkSettings:
    """The block's settings; what is wrong is noted with the reader."""
    path: Path = ("spark",)
    block = reader.mapping({} if data is None else data, path, optional=("master", "options", "tables")) or {}
    master = reader.text(block.get("master", LOCAL), (*path, "master"), "a master as Spark names it")
    master = LOCAL if master is None else references.text(master, (*path, "master"))
    if not _MASTER.fullmatch(master):
        reader.wrong((*path, "master"), master, "local[*], local-cluster[2,1,1024], spark://host:7077, k8s://... or yarn")
    options, secrets = _options(block.get("options"), references, reader)
    return SparkSettings(
        master=master, options=options, secrets=secrets, tables=_tables(block.get("tables"), references, reader)
    )


def _options(data: object, references: References, reader: Reader) -> tuple[dict[str, str], frozenset[str]]:
    """The options, and those of their values that are secrets or came from a variable."""
    options: dict[str, str] = {}
    secrets: set[str] = set()
    path: Path = ("spark", "options")
    if data is not None and not isinstance(data, dict):
        reader.wrong(path, data, "a mapping of Spark's own options, such as {spark.executor.memory: 4g}")
        return options, frozenset()
    for name, value in (data or {}).items():
        at = (*path, name)
        if not str(name).startswith("spark."):
            reader.add(at, f"found {name!r}; the name of an option of Spark begins with 'spark.'")
        elif is_secret(str(name)):
            options[name] = references.secret(value, at)
            secrets.add(options[name])
        elif isinstance(value, bool):
            options[name] = str(value).lower()
        elif isinstance(value, str):
            options[name] = references.text(value, at)
            secrets.update({options[name]} - {value})
        elif isinstance(value, (int, float)):
            options[name] = str(value)
        else:
            reader.wrong(at, value, "text, a number, true or false")
    return options, frozenset(secrets)


def _tables(data: object, references: References, reader: Reader) -> dict[str, str]:
    path: Path = ("spark", "tables")
    block = reader.mapping({} if data is None else data, path, optional=tuple(schemas())) or {}
    found = {name: reader.text(value, (*path, name), "a table, a view or a query") for name, value in block.items()}
    return {
        name: references.text(text, (*path, name)) for name, text in found.items() if text is not None and name in schemas()
    }
