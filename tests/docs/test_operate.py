"""`docs/operate.md`, followed word by word, does what it says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.light import REPOSITORY
from tests.postgres import temporary_postgres

PAGE = (REPOSITORY / "docs" / "operate.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


def script() -> str:
    """What a person types, in order, and the file he writes."""
    lines = ["set -e -o pipefail"]
    for block in BLOCK.finditer(PAGE):
        if block["kind"] == "console":
            lines += [line.removeprefix("$ ") for line in block["text"].splitlines()]
        elif block["text"].startswith("store:"):
            lines.append(f"cat > accountpulse.yaml <<'THE END OF THE FILE'\n{block['text']}THE END OF THE FILE")
    return "\n".join(lines)


def test_the_page_types_only_what_begins_with_a_dollar_sign() -> None:
    for block in BLOCK.finditer(PAGE):
        if block["kind"] == "console":
            assert all(line.startswith("$ ") for line in block["text"].splitlines())


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?://)([^)#]+)", PAGE))
def test_links_lead_somewhere(link: str) -> None:
    assert (REPOSITORY / "docs" / link).exists()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl, which is not installed here")
def test_an_operator_who_follows_the_page_gets_what_it_promises(tmp_path: Path, postgres_url: str) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("ACCOUNTPULSE_CONFIG", None)
    with temporary_postgres() as url:
        environment["DATABASE_URL"] = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        said = typed(tmp_path, environment)
    assert "accountpulse_store_up 1.0" in said
    assert 'accountpulse_outbox{state="dead"} 0.0' in said


def typed(folder: Path, environment: dict[str, str]) -> str:
    """What all of it says; fails with the logs where a line fails."""
    done = subprocess.Popen(
        ["bash", "-c", script()],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = done.communicate(timeout=900)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(done.pid, signal.SIGKILL)
    logs = "\n".join(path.read_text()[-1500:] for path in folder.glob("*/*.log"))
    assert done.returncode == 0, f"{said[-3000:]}\n{logs}"
    return said
