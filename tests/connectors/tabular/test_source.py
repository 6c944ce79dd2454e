"""Files that stay, grow, change, break and vanish."""

from __future__ import annotations

import csv
import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from accountpulse.connectors.tabular.source import STEP, Tabular, TabularConfig
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Cancelled, Checkpoint, ConfigError, Context, InvalidRecord, MissingExtra, UsageDay, Window

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEADER = ["account_id", "user_id", "feature", "day", "count"]
COLUMNS = {"account": "account_id", "user": "user_id", "feature": "feature", "day": "day", "count": "count"}


def entry(path: Path | str, **more: Any) -> dict[str, Any]:
    return {"path": str(path), "record": "usage_day", "columns": COLUMNS} | more


def make(*files: dict[str, Any], stop: list[bool] | None = None) -> Tabular:
    context = Context("files", clock=FixedClock(NOW), cancelled=lambda: bool(stop))
    return Tabular(TabularConfig(files=files), context)


def read(*files: dict[str, Any], cursor: Any = None) -> list[Any]:
    return list(make(*files).files(Window(None, NOW, json.loads(json.dumps(cursor)))))


def users(items: list[Any]) -> list[str]:
    return [item.user for item in items if isinstance(item, UsageDay)]


def cursor_of(items: list[Any]) -> Any:
    return next(item.cursor for item in reversed(items) if isinstance(item, Checkpoint))


def rows(start: int, stop: int) -> list[list[Any]]:
    return [
        [f"00{n % 9}", f"u{n}", "reports", str(date(2026, 1, 1) + timedelta(days=n % 300)), n + 1] for n in range(start, stop)
    ]


def write(path: Path, body: list[list[Any]], mode: str = "w") -> Path:
    with path.open(mode, newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if mode == "w":
            writer.writerow(HEADER)
        writer.writerows(body)
    return path


def test_a_file_that_stays_is_not_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "usage.csv", rows(0, 4))
    first = read(entry(path))
    assert users(first) == ["u0", "u1", "u2", "u3"]
    assert users(read(entry(path), cursor=cursor_of(first))) == []
    os.utime(path, (1, 1))
    touched = read(entry(path), cursor=cursor_of(first))
    assert users(touched) == []
    assert cursor_of(touched)[str(path)]["mtime_ns"] == 10**9


def test_of_a_file_that_grew_only_the_new_rows_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "usage.csv", rows(0, 4))
    cursor = cursor_of(read(entry(path)))
    write(path, rows(4, 6), "a")
    grown = read(entry(path), cursor=cursor)
    assert users(grown) == ["u4", "u5"]
    assert [item.raw_ref for item in grown if isinstance(item, UsageDay)] == [f"{path}:6", f"{path}:7"]


def test_a_last_row_without_its_end_is_read_again_once_it_has_one(tmp_path: Path) -> None:
    path = write(tmp_path / "usage.csv", rows(0, 2))
    with path.open("a") as file:
        file.write("001,u2,reports,2026-01-01,1")
    first = read(entry(path))
    assert users(first) == ["u0", "u1", "u2"]
    assert users(read(entry(path), cursor=cursor_of(first))) == []
    with path.open("a") as file:
        file.write("99\r\n001,u3,reports,2026-01-01,1\r\n")
    found = [item for item in read(entry(path), cursor=cursor_of(first)) if isinstance(item, UsageDay)]
    assert [(item.user, item.count) for item in found] == [("u2", 199), ("u3", 1)]


def test_a_changed_file_or_mapping_is_read_completely(tmp_path: Path) -> None:
    path = write(tmp_path / "usage.csv", rows(0, 4))
    cursor = cursor_of(read(entry(path)))
    write(path, [*rows(0, 3), ["001", "other", "reports", "2026-01-01", 1], *rows(4, 6)])
    assert users(read(entry(path), cursor=cursor)) == ["u0", "u1", "u2", "other", "u4", "u5"]
    write(path, rows(0, 4))
    remapped = entry(path, columns={k: v for k, v in COLUMNS.items() if k != "feature"}, constants={"feature": "all"})
    assert len(users(read(remapped, cursor=cursor))) == 4


@pytest.mark.parametrize("crash_after", [3, STEP + 1, STEP + 900, 2 * STEP + 2])
def test_a_crash_resumes_at_the_last_checkpoint(tmp_path: Path, crash_after: int) -> None:
    path = write(tmp_path / "usage.csv", rows(0, 2 * STEP + 10))
    begun = list(islice(make(entry(path)).files(Window(None, NOW)), crash_after))
    committed = max((n for n, item in enumerate(begun) if isinstance(item, Checkpoint)), default=-1)
    kept = users(begun[: committed + 1])
    resumed = users(read(entry(path), cursor=begun[committed].cursor if committed >= 0 else None))
    assert kept + resumed == [f"u{n}" for n in range(2 * STEP + 10)]


def test_a_glob_and_two_records_from_one_file(tmp_path: Path) -> None:
    write(tmp_path / "b.csv", rows(2, 4))
    write(tmp_path / "a.csv", rows(0, 2))
    accounts = {"path": str(tmp_path / "a.csv"), "record": "account", "columns": {"source_id": "account_id"}}
    first = read(entry(tmp_path / "*.csv"), accounts)
    assert users(first) == ["u0", "u1", "u2", "u3"]
    assert sum(not isinstance(item, Checkpoint) for item in first) == 6
    assert all(isinstance(item, Checkpoint) for item in read(entry(tmp_path / "*.csv"), accounts, cursor=cursor_of(first)))
    (tmp_path / "b.csv").unlink()
    assert set(cursor_of(read(entry(tmp_path / "*.csv"), accounts, cursor=cursor_of(first)))) == {
        str(tmp_path / "a.csv"), str(tmp_path / "a.csv+"),
    }  # fmt: skip


def test_a_bad_row_costs_only_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "usage.csv", [rows(0, 1)[0], ["001", "bad", "f", "2026-13-01", 1], [], ["short"], rows(1, 2)[0]])
    items = read(entry(path))
    assert users(items) == ["u0", "u1"]
    assert [str(item) for item in items if isinstance(item, InvalidRecord)] == [
        f"record usage:3: {path}, line 3, column 'day': found '2026-13-01'; day must be a day, such as 2026-11-21",
        f"record usage:5: {path}, line 5: 1 columns found, the header has 5",
    ]


def test_quotes_marks_and_semicolons(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes('\ufeffaccount_id;user_id;feature;day;count\r\n001;"Ann\nLee";"a;b";2026-01-01;1\r\n'.encode())
    (found,) = [item for item in read(entry(path, delimiter=";")) if isinstance(item, UsageDay)]
    assert (found.user, found.feature) == ("Ann\nLee", "a;b")


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "usage.jsonl"
    good = dict(zip(HEADER, rows(0, 1)[0], strict=True))
    path.write_text(json.dumps(good) + "\n\n{broken\n[1]\n" + json.dumps({**good, "user_id": "u1", "count": None}) + "\n")
    items = read(entry(path))
    assert users(items) == ["u0"]
    problems = [str(item) for item in items if isinstance(item, InvalidRecord)]
    assert [
        "line 3: not JSON" in problems[0],
        "line 4: must be a JSON object" in problems[1],
        "line 5, column 'count'" in problems[2],
    ]
    assert len(problems) == 3
    with path.open("a") as file:
        file.write(json.dumps({**good, "user_id": "u2"}) + "\n")
    assert users(read(entry(path), cursor=cursor_of(items))) == ["u2"]


def test_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "tickets.parquet"
    opened = [datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=UTC), None]
    columns = {
        "org": pa.array([1, 2]),
        "at": pa.array(opened, pa.timestamp("ns", tz="UTC")),
        "again": pa.array([Decimal("2.00"), Decimal("0.00")]),
        "unused": pa.array([b"x", b"y"]),
    }
    pq.write_table(pa.table(columns), path)
    file = {"path": str(path), "record": "ticket", "columns": {"account": "org", "opened_at": "at", "reopened": "again"}}
    items = read(file)
    ticket, bad, *_ = items
    assert (ticket.account, ticket.reopened, ticket.opened_at, ticket.source_id) == ("1", 2, opened[0], "tickets:1")
    assert "line 2, column 'at': found nothing; opened_at needs a value" in str(bad)
    assert all(isinstance(item, Checkpoint) for item in read(file, cursor=cursor_of(items)))
    with pytest.raises(ConfigError, match=r"no column 'nope'; its columns are: org, at, again, unused"):
        read({**file, "columns": {"account": "nope", "opened_at": "at"}})
    path.write_bytes(b"not parquet")
    with pytest.raises(ConfigError, match="not a Parquet file"):
        read(file)


def test_without_pyarrow_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"")
    with pytest.raises(MissingExtra, match=r'Reading Parquet files .*pip install "accountpulse\[parquet\]"'):
        read(entry(tmp_path / "a.parquet"))


def test_files_that_cannot_be_read_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file .*gone\.csv.*put the path"):
        read(entry(tmp_path / "gone.csv"))
    with pytest.raises(ConfigError, match="there is no file"):
        make(entry(tmp_path / "*.csv")).check()
    (tmp_path / "a.csv").write_text("account_id,account_id,user_id\n")
    with pytest.raises(ConfigError, match="more than one column 'account_id'"):
        read(entry(tmp_path / "a.csv"))
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ConfigError, match="its columns are: none"):
        read(entry(tmp_path / "empty.csv"))
    (tmp_path / "latin.csv").write_bytes(",".join(HEADER).encode() + b"\n001,J\xf6rg,f,2026-01-01,1\n")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read(entry(tmp_path / "latin.csv"))
    (tmp_path / "data.xyz").write_text("")
    with pytest.raises(ConfigError, match="set `format`"):
        read(entry(tmp_path / "data.xyz"))


def test_check_counts_the_files(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [])
    write(tmp_path / "b.csv", [])
    assert make(entry(tmp_path / "*.csv")).check().name == "2 files"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"record": "usage"}, "'account', 'contact'"),
        ({"columns": COLUMNS | {"colour": "x"}}, r"usage_day has no field 'colour'; it has source_id, account, user"),
        ({"columns": {"account": "a"}}, "usage_day needs user, feature, day, count"),
        ({"constants": {"count": 1}}, "count is in columns and in constants"),
        (
            {"columns": {k: v for k, v in COLUMNS.items() if k != "count"}, "constants": {"count": "x"}},
            "'x' is not a whole number",
        ),
        ({"columns": {k: v for k, v in COLUMNS.items() if k != "count"}, "constants": {"count": None}}, "must have a value"),
        ({"timezone": "Mars/Phobos"}, "such as Europe/Berlin"),
        ({"record": "account", "columns": {"name": "n"}}, "account needs source_id"),
        ({"record": "account", "columns": {"source_id": "n", "custom.": "x"}}, "no field 'custom.'"),
        ({"sheet": 1}, "Extra inputs"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_at_once(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        make(entry("x.csv") | settings)


def test_cancelling_stops_between_steps(tmp_path: Path) -> None:
    path = write(tmp_path / "usage.csv", rows(0, STEP + 10))
    stop: list[bool] = []
    reading = make(entry(path), stop=stop).files(Window(None, NOW))
    list(islice(reading, 10))
    stop.append(True)
    with pytest.raises(Cancelled):
        list(reading)


def test_a_connection_brings_the_records_it_is_configured_for_and_no_others(tmp_path: Path) -> None:
    """Otherwise the silence of a file of usage would be taken for "no tickets"."""
    files = [
        {"path": "u.csv", "record": "usage_day", "columns": {n: n for n in ("account", "user", "feature", "day", "count")}}
    ]
    config = Tabular.Config.model_validate({"files": files})
    assert Tabular.provides(config) == {UsageDay}
    (spec,) = Tabular.streams()
    assert Tabular.stream_records(spec, config) == (UsageDay,)


def test_a_relative_path_starts_from_the_folder_of_the_settings(tmp_path: Path) -> None:
    files = [
        {"path": "u.csv", "record": "usage_day", "columns": {n: n for n in ("account", "user", "feature", "day", "count")}}
    ]
    context = {"folder": tmp_path}
    assert Tabular.Config.model_validate({"files": files}, context=context).files[0].path == str(tmp_path / "u.csv")
    files[0]["path"] = "/elsewhere/u.csv"
    assert Tabular.Config.model_validate({"files": files}, context=context).files[0].path == "/elsewhere/u.csv"
