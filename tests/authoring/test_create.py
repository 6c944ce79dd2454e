"""What is written: whole, with nothing overwritten, and readable by every tool that will read it."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from accountpulse.authoring.create import KINDS, LICENSES, Kind, create
from accountpulse.authoring.names import names
from accountpulse.core.errors import InvalidInput

REPOSITORY = Path(__file__).parents[2]


AUTHOR = 'Ada "A." \\ Lovelace'


def make(folder: Path, kind: Kind = "connector", license: str = "Apache-2.0") -> list[Path]:
    return create(names("acme-crm", None, (), kind), kind, folder, license=license, author=AUTHOR, year=2026)


@pytest.mark.parametrize("license", LICENSES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_names_its_plugin_its_author_and_its_licence(kind: Kind, license: str, tmp_path: Path) -> None:
    written = make(tmp_path / "new", kind, license)
    assert sorted(written) == sorted(path for path in (tmp_path / "new").rglob("*") if path.is_file())
    project = tomllib.loads((tmp_path / "new" / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["accountpulse"] == {"acme_crm": "accountpulse_acme_crm"}
    assert project["authors"] == [{"name": AUTHOR}]
    assert project.get("license") == (None if license == "none" else license)
    assert (tmp_path / "new" / "LICENSE").exists() == (license != "none")
    for path in written:
        text = path.read_text()
        assert "${" not in text.replace("${ACME_CRM_TOKEN}", "")
        if path.suffix == ".py":
            ast.parse(text)


def test_the_licence_is_the_houses_own() -> None:
    template = REPOSITORY / "src" / "accountpulse" / "authoring" / "templates" / "license-Apache-2.0.tmpl"
    assert template.read_text() == (REPOSITORY / "LICENSE").read_text()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="nothing is overwritten"):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(InvalidInput, match="nothing is overwritten"):
        make(tmp_path / "notes.txt")


def test_an_empty_folder_and_folders_that_are_not_there_will_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert all(path.is_file() for path in make(tmp_path / "empty"))
    assert all(path.is_file() for path in make(tmp_path / "some" / "where" / "else"))


def test_what_can_not_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(self: Path, text: str, **options: str) -> int:
        if self.name == "__init__.py":
            raise OSError(28, "No space left on device")
        return write(self, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InvalidInput, match="No space left"):
        make(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
