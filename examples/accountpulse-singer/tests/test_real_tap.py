"""A tap from the package index, in an environment of its own: discovery, rows, state and refused credentials over HTTP.

tap-rest-api-msdk is made with the Meltano SDK, and Apache-2.0, as is the SDK.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Account, AuthError, Checkpoint, ConfigError, Context, SurveyResponse
from accountpulse.testing.vendors import RestServer, RestVendor, serving
from accountpulse_singer.config import SingerConfig
from accountpulse_singer.source import Singer
from conftest import SECRET, window

TAP = "tap-rest-api-msdk"
PINNED = Path(__file__).parent / "tap-requirements.txt"
RESPONSES = RestVendor(
    "/responses",
    since="since",
    items="data",
    row={"score": 9, "email": "{n}@customer.example", "crm_id": "001-{n}"},
    changes="comment",
)
MAPPING = """\
streams:
  responses:
    - record: survey_response
      fields:
        source_id: id
        account: crm_id
        kind: {value: nps}
        score: score
        scale_min: {value: 0}
        scale_max: {value: 10}
        comment: comment
        respondent: email
        responded_at: created_at
    - record: account
      fields: {source_id: crm_id, references: crm_id}
"""

pytestmark = pytest.mark.tap


@pytest.fixture(scope="module")
def tap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tap's executable. ACCOUNTPULSE_TEST_TAP names one that is installed already."""
    if given := os.environ.get("ACCOUNTPULSE_TEST_TAP"):
        return Path(given)
    folder = tmp_path_factory.mktemp("tap")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(PINNED)]
    done = subprocess.run(install, capture_output=True, text=True, timeout=400, check=False)
    if done.returncode:
        pytest.skip(f"{TAP} can't be installed here, a package index is needed: {done.stderr.strip().splitlines()[-1:]}")
    return folder / "bin" / TAP


@pytest.fixture
def vendor() -> Iterator[RestServer]:
    server = RestServer(FixedClock(datetime(2026, 3, 2, 12, tzinfo=UTC)), {"responses": RESPONSES}, [SECRET])
    server.page_size = 4
    with serving(server):
        for number in range(1, 11):
            server.put("responses", RESPONSES.body(number))
            server.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]  # it is the fixed one above
        yield server


def connect(tap: Path, vendor: RestServer, folder: Path, *, token: str = SECRET, mapping: str = MAPPING) -> Singer:
    (folder / "mapping.yaml").write_text(mapping)
    stream = {
        "name": "responses",
        "path": "/responses",
        "records_path": "$.data[*]",
        "primary_keys": ["id"],
        "replication_key": "updated_at",
        "source_search_field": "since",
        "source_search_query": "$last_run_date",
        "start_date": "2026-01-01T00:00:00+00:00",
    }
    settings = {
        "api_url": vendor.base_url,
        "auth_method": "bearer_token",
        "pagination_request_style": "jsonpath_paginator",
        "pagination_response_style": "default",
        "next_page_token_path": "$.next",
        "pagination_next_page_param": "page",
        "streams": [stream],
    }
    config = SingerConfig.model_validate(
        {
            "command": (str(tap),),
            "settings": settings,
            "secrets": {"bearer_token": token},
            "mapping": str(folder / "mapping.yaml"),
            "silence": 120,
        }
    )
    return Singer(config, Context("surveys"))


def test_a_real_tap_is_read_and_goes_on_where_it_was(tap: Path, vendor: RestServer, tmp_path: Path) -> None:
    connector = connect(tap, vendor, tmp_path)
    first = list(connector.rows(window(connector.context)))
    responses = [item for item in first if isinstance(item, SurveyResponse)]
    assert [each.source_id for each in responses] == vendor.ids("responses")
    assert (responses[0].account, responses[0].score, responses[0].kind) == ("001-000001", 9.0, "nps")
    assert responses[0].responded_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert sum(isinstance(item, Account) for item in first) == 10
    cursor = next(item.cursor for item in reversed(first) if isinstance(item, Checkpoint))

    vendor.put("responses", RESPONSES.body(11))
    vendor.touch("responses", "row-000003", comment="changed my mind")
    second = list(connector.rows(window(connector.context, cursor)))
    found = {item.source_id: item for item in second if isinstance(item, SurveyResponse)}
    assert {"row-000011", "row-000003"} <= found.keys()
    assert found["row-000003"].comment == "changed my mind"
    assert len(found) <= 3, "what was read before the state is not read again"


def test_refused_credentials_need_a_person(tap: Path, vendor: RestServer, tmp_path: Path) -> None:
    with pytest.raises(AuthError) as refused:
        connect(tap, vendor, tmp_path, token="wrong-4f0d").check()
    assert "Put current credentials into secrets" in str(refused.value)
    assert "wrong-4f0d" not in str(refused.value)
    assert connect(tap, vendor, tmp_path).check().name == TAP


def test_a_mapping_that_the_tap_does_not_fit_is_told_at_its_line(tap: Path, vendor: RestServer, tmp_path: Path) -> None:
    wrong = connect(tap, vendor, tmp_path, mapping=MAPPING.replace("score: score", "score: points"))
    with pytest.raises(ConfigError, match=r"mapping\.yaml:8: the tap's stream 'responses' has no column 'points'"):
        list(wrong.rows(window(wrong.context)))
    assert sys.executable != str(tap)
