"""GraphiQL, the page to try queries in: served from this package, so that it works offline and nobody else is asked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).with_name("static")
PATH = "/graphql/static"
# Scripts and connections only to ourselves. GraphiQL's editor sets styles inline, and its fonts are data URLs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def page(*, require_token: bool) -> HTMLResponse:
    """The page itself. It holds nothing secret: whoever uses it types a token into its headers, or gives it behind a #."""
    return HTMLResponse(_template().replace("{{token}}", "required" if require_token else "none"), headers=HEADERS)


def files() -> StaticFiles:
    """The page's scripts and styles."""
    return StaticFiles(directory=STATIC)


@cache
def _template() -> str:
    return (STATIC / "graphiql.html").read_text(encoding="utf-8")
