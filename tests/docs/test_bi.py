"""What `docs/bi.md` shows can be typed: the queries, and the notebook's way into the store."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.light import REPOSITORY

from accountpulse.core.store.database import Store
from accountpulse.testing.stores import empty_store

PAGE = (REPOSITORY / "docs" / "bi.md").read_text(encoding="utf-8")
QUERIES = [text for text in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL) if text.startswith("select")]


@pytest.mark.parametrize("query", QUERIES)
def test_queries_are_answered_by_both_databases(store: Store, query: str) -> None:
    with store.read() as connection:
        connection.execute(sa.text(query.strip().removesuffix(";")))


def test_a_notebook_reads_a_file_and_can_not_change_it(tmp_path: Path) -> None:
    shutil.copy(empty_store(), tmp_path / "accountpulse.db")
    (url,) = re.findall(r'create_engine\("(.+)"\)', PAGE)
    (query,) = re.findall(r'read_sql\("(.+?)"', PAGE)
    (place,) = re.findall(r"/srv/[^?]+", url)
    engine = sa.create_engine(url.replace(place, str(tmp_path / "accountpulse.db")))
    try:
        with closing(engine.connect()) as connection:
            assert connection.execute(sa.text(query)).all() == []
            with pytest.raises(sa.exc.OperationalError, match="readonly"):
                connection.execute(sa.text("delete from account"))
    finally:
        engine.dispose()
    # Of a URL that SQLite does not take for one it makes an empty file, named with the query.
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"accountpulse.db"}
