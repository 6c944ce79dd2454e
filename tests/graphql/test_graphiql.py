"""GraphiQL: ours alone. Nothing is loaded from elsewhere, and the page holds no secret."""

from __future__ import annotations

import re

from tests.graphql.client import Api, Http

from accountpulse.graphql.app import create_app
from accountpulse.graphql.graphiql import STATIC

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_the_page_and_everything_it_names_is_served(local_api: Api) -> None:
    page = local_api.http.get("/graphql", headers=BROWSER)
    assert page.status_code == 200
    assert 'data-token="required"' in page.text
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    files = [path for path in named if not path.startswith("data:")]
    assert len(files) == 6
    for path in files:
        assert path.startswith("/graphql/static/")
        assert local_api.http.get(path).status_code == 200


def test_the_policy_lets_nothing_in_from_elsewhere(local_api: Api) -> None:
    page = local_api.http.get("/graphql", headers=BROWSER)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"https?:", policy)
    assert "<script>" not in page.text
    assert local_api.token not in page.text


def test_without_tokens_the_page_asks_for_none(local_api: Api) -> None:
    http = Http(create_app(local_api.hub, require_token=False))
    assert 'data-token="none"' in http.get("/graphql", headers=BROWSER).text


def test_a_program_gets_no_page(local_api: Api) -> None:
    assert local_api.http.get("/graphql", headers={"accept": "*/*"}).status_code == 401


def test_nothing_outside_the_folder_is_served(local_api: Api) -> None:
    assert local_api.http.get("/graphql/static/../graphiql.py").status_code == 404
    assert local_api.http.get("/graphql/static/%2e%2e/graphiql.py").status_code == 404


def test_the_notice_names_every_vendored_file() -> None:
    notice = (STATIC / "NOTICE").read_text(encoding="utf-8")
    for path in STATIC.glob("*.min.*"):
        assert path.name in notice
