"""Which Java Spark gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from accountpulse.core.metrics.java import MissingJava, find_java, version_of


def java(folder: Path, version: str, *, release: bool = True) -> Path:
    """A folder that looks like a Java's; without a `release`, its program says the version, as old ones do."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n")
    program.chmod(0o755)
    if release:
        (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder.resolve()


@pytest.mark.parametrize(
    ("version", "major"), [("17.0.15", 17), ("25", 25), ("1.8.0_402", 8), ("21.0.2-ea", 21)], ids=lambda v: str(v)
)
@pytest.mark.parametrize("release", [True, False])
def test_versions(tmp_path: Path, version: str, major: int, release: bool) -> None:
    assert version_of(java(tmp_path / "java", version, release=release)) == major


def test_the_environment_comes_first_then_the_path_then_the_usual_places(tmp_path: Path) -> None:
    named, walked = java(tmp_path / "named", "21"), java(tmp_path / "walked", "25")
    usual = [java(tmp_path / "usual" / name, version) for name, version in (("a", "25"), ("b", "11.0.2"), ("c", "17.0.1"))]
    places = [str(tmp_path / "usual" / "*")]
    path = str(walked / "bin")
    assert find_java({"JAVA_HOME": str(named), "PATH": path}, places) == named
    assert find_java({"PATH": path}, places) == walked
    assert find_java({"JAVA_HOME": str(usual[1])}, places) == usual[2], "too old ones are passed over, newer ones not preferred"
    assert find_java({"JAVA_HOME": str(tmp_path / "nowhere")}, places) == usual[2]


def test_what_was_found_and_what_to_install_is_said(tmp_path: Path) -> None:
    old = java(tmp_path / "usual" / "b", "11.0.2")
    with pytest.raises(MissingJava, match="Java 17 or newer") as missing:
        find_java({}, [str(tmp_path / "usual" / "*")])
    assert f"Java 11 in {old}" in str(missing.value)
    assert "apt install openjdk-17-jre-headless" in str(missing.value)
    with pytest.raises(MissingJava, match="none was found"):
        find_java({}, [str(tmp_path / "empty" / "*")])
