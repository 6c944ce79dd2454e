"""Finds the Java that Spark runs on: JAVA_HOME, then the `java` of the path, then where systems keep theirs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from accountpulse.core.errors import AccountPulseError

OLDEST = 17

_PLACES = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "~/.sdkman/candidates/java/*",
)


class MissingJava(AccountPulseError):
    """There is no Java that is new enough."""


def find_java(environment: Mapping[str, str], places: Iterable[str] = _PLACES) -> Path:
    """The home of a Java that is new enough: JAVA_HOME's if it is, else the first found, of the usual places the oldest such.

    Raises MissingJava, which says what was found and what to install.
    """
    seen: list[str] = []
    for home in _candidates(environment, places):
        version = version_of(home)
        if version is not None and version >= OLDEST:
            return home
        if version is not None:
            seen.append(f"Java {version} in {home}")
    raise MissingJava(
        f"Spark needs Java {OLDEST} or newer, and {', '.join(seen) if seen else 'none'} was found; install one, such as with: "
        f"apt install openjdk-{OLDEST}-jre-headless, brew install openjdk@{OLDEST}, or https://adoptium.net; where it is in no "
        "usual place, set JAVA_HOME to its folder"
    )


def version_of(home: Path) -> int | None:
    """The major version of the Java in a folder; None where there is none that runs."""
    if not (home / "bin" / "java").exists() and not (home / "bin" / "java.exe").exists():
        return None
    try:
        said = (home / "release").read_text(errors="replace")
        pattern = r'^JAVA_VERSION="(?:1\.)?(\d+)'
    except OSError:
        said = _asked(home)
        pattern = r'version "(?:1\.)?(\d+)'
    found = re.search(pattern, said, re.MULTILINE)
    return int(found[1]) if found else None


def _asked(home: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # a program that the machine's owner put there
            [str(home / "bin" / "java"), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stderr + done.stdout


def _candidates(environment: Mapping[str, str], places: Iterable[str]) -> Iterator[Path]:
    if named := environment.get("JAVA_HOME"):
        yield Path(named)
    if found := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(found).resolve().parent.parent
    usual = [home for place in places for home in _glob(place)]
    yield from sorted(usual, key=lambda home: (version_of(home) or 0, str(home)))


def _glob(pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    first = next(i for i, part in enumerate(path.parts) if "*" in part)
    return [home.resolve() for home in Path(*path.parts[:first]).glob(str(Path(*path.parts[first:])))]
