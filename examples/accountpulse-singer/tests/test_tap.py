"""What a tap is given, what is taken from it, and what a person is told when it goes wrong."""

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accountpulse.plugins import (
    Account,
    AuthError,
    Checkpoint,
    ConfigError,
    ConnectorError,
    Deleted,
    InvalidRecord,
    PermissionMissing,
    RateLimited,
    Transient,
)
from accountpulse_singer.source import Singer, SingerSnapshot
from conftest import SECRET, read, row, schema, state

Make = Callable[..., Singer]


def test_rows_become_records_and_states_checkpoints(singer: Make) -> None:
    found = read(singer(schema(), row("1"), state({"at": 1}), row("2"), state({"at": 2})))
    assert [type(item) for item in found] == [Account, Checkpoint, Account, Checkpoint]
    assert found[0] == Account(source_id="1", name="Acme")
    assert found[-1].cursor["state"] == {"at": 2}


def test_the_state_comes_back_as_it_was_and_not_after_another_mapping(singer: Make, tmp_path: Path) -> None:
    steps = (schema(), state({"at": [1, {"deep": None}]}), {"tell": str(tmp_path / "told.json")})
    cursor = read(singer(*steps))[-1].cursor
    assert told(tmp_path)["files"] == {}
    read(singer(*steps), json.loads(json.dumps(cursor)))
    assert told(tmp_path)["files"] == {"--state": {"at": [1, {"deep": None}]}}
    other = singer(*steps, mapping="streams: {customers: {record: account, fields: {source_id: id}}}")
    read(other, cursor)
    assert told(tmp_path)["files"] == {}, "rows that were mapped otherwise before must be read again"


def told(folder: Path) -> Any:
    return json.loads((folder / "told.json").read_text())


def test_its_files_are_ours_alone_and_gone_afterwards(singer: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEBODY_ELSES_SECRET", "hush")
    read(singer(schema(), {"tell": str(tmp_path / "told.json")}, environment={"TAP_MODE": "quiet"}))
    found = told(tmp_path)
    assert (found["mode"], found["folder_mode"], found["token"]) == ("0o600", "0o700", SECRET)
    assert not Path(found["config_path"]).parent.exists()
    assert "SOMEBODY_ELSES_SECRET" not in found["environment"]
    assert found["environment"]["TAP_MODE"] == "quiet"
    assert "PATH" in found["environment"]


def test_what_is_not_singer_on_stdout_is_passed_over(singer: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    noise = [{"print": "Loading..."}, {"print": f"token is {SECRET}"}, {"print": "{}"}, {"print": '{"level": "info"}'}]
    found = read(singer(*noise, schema(), row("1"), {"print": ""}, {"print": "[1]"}))
    assert found == [Account(source_id="1", name="Acme")]
    assert "no Singer message" in caplog.text
    assert SECRET not in caplog.text


def test_a_message_that_breaks_off_is_not_passed_over(singer: Make) -> None:
    with pytest.raises(ConnectorError, match="not complete"):
        read(singer(schema(), {"print_end": '{"type": "RECORD", "stream": "cust'}))


@pytest.mark.parametrize(
    ("last_words", "code", "error", "advice"),
    [
        ("CRITICAL 401 Client Error: Unauthorized", 1, AuthError, "Put current credentials into secrets"),
        ("invalid_grant: bad refresh token", 1, AuthError, "Put current credentials"),
        ("403 Forbidden for /users", 1, PermissionMissing, "403"),
        ("429 Too Many Requests", 1, RateLimited, "429"),
        ("503 Service Unavailable", 1, Transient, "ended with code 1"),
        ("requests.exceptions.ReadTimeout: timed out", 2, Transient, "ended with code 2"),
        ("KeyError: 'name'", 3, ConnectorError, "Run the tap by hand"),
        ("", 4, ConnectorError, "said nothing"),
    ],
)
def test_how_it_ended_says_what_to_do(last_words: str, code: int, error: type[Exception], advice: str, singer: Make) -> None:
    told = f"{last_words} token=TOKEN https://x:TOKEN@host/?api_key=abc123" if last_words else ""
    steps = [{"complain": "long ago\n" * 3000 + told}, {"exit": code}] if told else [{"exit": code}]
    with pytest.raises(error) as raised:
        read(singer(schema(), row("1"), *steps))
    assert type(raised.value) is error
    assert advice in str(raised.value)
    assert SECRET not in str(raised.value)
    assert "abc123" not in str(raised.value)
    assert len(str(raised.value)) < 1200


def test_a_signal_may_pass(singer: Make) -> None:
    with pytest.raises(Transient, match="ended by signal 9"):
        read(singer(schema(), {"die": 9}))


def test_renewed_credentials_are_kept_for_the_next_run_and_the_next_process(singer: Make, tmp_path: Path) -> None:
    keep = tmp_path / "renewed.json"
    steps = (schema(), {"tell": str(tmp_path / "told.json")}, {"renew": {"token": "renewed-7c1d"}})
    first = singer(*steps, refreshed=str(keep))
    read(first)
    assert told(tmp_path)["token"] == SECRET
    assert keep.stat().st_mode & 0o777 == 0o600
    read(first)
    assert told(tmp_path)["token"] == "renewed-7c1d"
    read(singer(*steps, refreshed=str(keep)))
    assert told(tmp_path)["token"] == "renewed-7c1d"
    read(singer(*steps, refreshed=str(keep), secrets={"token": "put-by-a-person"}))
    assert told(tmp_path)["token"] == "put-by-a-person", "what a person puts counts for more than what was renewed before"


def test_credentials_are_kept_of_a_run_that_failed_and_never_shown(singer: Make, tmp_path: Path) -> None:
    keep = tmp_path / "renewed.json"
    broken = singer({"renew": {"token": "renewed-7c1d"}}, {"complain": "lost renewed-7c1d"}, {"exit": 1}, refreshed=str(keep))
    with pytest.raises(ConnectorError):
        read(broken)
    assert json.loads(keep.read_text())["values"] == {"token": "renewed-7c1d"}
    with pytest.raises(ConnectorError) as raised:
        read(broken)
    assert "renewed-7c1d" not in str(raised.value)


def test_renewing_without_a_place_to_keep_it_is_said(singer: Make, caplog: pytest.LogCaptureFixture) -> None:
    read(singer(schema(), {"renew": {"token": "renewed-7c1d"}}))
    assert "put a path into refreshed" in caplog.text
    assert "renewed-7c1d" not in caplog.text


def test_a_column_that_the_tap_lost_stops_the_connection_at_its_line(singer: Make, caplog: pytest.LogCaptureFixture) -> None:
    gone = {"type": "SCHEMA", "stream": "customers", "schema": {"properties": {"name": {}}}}
    with pytest.raises(ConfigError, match=r"mapping\.yaml:5: the tap's stream 'customers' has no column 'id'; it has name"):
        read(singer({"say": gone}))
    less = {"type": "SCHEMA", "stream": "customers", "schema": {"properties": {"id": {}}}}
    assert read(singer({"say": less}, row("1")))
    assert "mapping.yaml:6" in caplog.text


def test_a_row_that_can_not_be_understood_is_quarantined_alone(singer: Make) -> None:
    found = read(singer(schema(), row("1"), row("2", record={"id": "2", "name": {"no": "text"}}), row("3")))
    assert [type(item) for item in found] == [Account, InvalidRecord, Account]
    assert found[1].source_id == "customers:2"
    assert "mapping.yaml:6: name must be a text" in found[1].reason


def test_rows_before_their_schema_and_files_instead_of_rows_are_refused(singer: Make) -> None:
    with pytest.raises(ConnectorError, match="before its SCHEMA"):
        read(singer(row("1")))
    with pytest.raises(ConnectorError, match="batch_config"):
        read(singer({"say": {"type": "BATCH", "stream": "customers"}}))


def test_a_mark_of_deletion_deletes(singer: Make) -> None:
    mapping = "streams: {customers: {record: account, deleted: _sdc_deleted_at, fields: {source_id: id, name: name}}}"
    gone = {"id": "1", "name": None, "_sdc_deleted_at": "2026-03-01T00:00:00Z"}
    found = read(singer(schema(), row("1", record=gone), row("2"), mapping=mapping))
    assert found == [Deleted(Account, "1"), Account(source_id="2", name="Acme")]


CATALOG = {
    "streams": [
        {
            "tap_stream_id": "customers",
            "stream": "customers",
            "schema": {"properties": {}},
            "metadata": [
                {"breadcrumb": [], "metadata": {"table-key-properties": ["id"], "valid-replication-keys": ["changed"]}},
                *(
                    {"breadcrumb": ["properties", name], "metadata": {"inclusion": "available", "selected": True}}
                    for name in ("id", "name", "changed", "salary")
                ),
            ],
        },
        {"tap_stream_id": "payroll", "stream": "payroll", "schema": {}},
    ]
}


def test_only_what_is_mapped_is_selected(singer: Make, tmp_path: Path) -> None:
    mapping = "streams: {customers: {record: account, replication: INCREMENTAL, replication_key: changed, "
    mapping += "fields: {source_id: id, name: name}}}"
    steps = (schema(), row("1"), {"tell": str(tmp_path / "told.json")})
    read(singer(*steps, mapping=mapping, settings={"catalog": CATALOG}, catalog="discover"))
    customers, payroll = told(tmp_path)["files"]["--catalog"]["streams"]
    assert payroll["metadata"] == [{"breadcrumb": [], "metadata": {"selected": False}}]
    about, *columns = (each["metadata"] for each in customers["metadata"])
    assert (about["selected"], about["replication-method"], about["replication-key"]) == (True, "INCREMENTAL", "changed")
    assert [column["selected"] for column in columns] == [True, True, True, False]


def test_catalogs_of_the_operator_and_of_old_taps(singer: Make, tmp_path: Path) -> None:
    (tmp_path / "catalog.json").write_text(json.dumps(CATALOG))
    steps = (schema(), {"tell": str(tmp_path / "told.json")})
    read(singer(*steps, catalog=str(tmp_path / "catalog.json"), catalog_option="--properties"))
    assert told(tmp_path)["files"]["--properties"]["streams"][0]["selected"] is True


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            {"settings": {"catalog": {"streams": [{"stream": "users"}]}}, "catalog": "discover"},
            "no stream 'customers'; it has users",
        ),
        ({"settings": {"catalog": []}, "catalog": "discover"}, "gave no catalog"),
        ({"catalog": "/nowhere/catalog.json"}, "/nowhere/catalog.json can't be read"),
        ({"command": ("/nowhere/tap-x",)}, "/nowhere/tap-x can't be started"),
    ],
)
def test_what_can_not_work_is_told_as_a_setting(more: dict[str, Any], problem: str, singer: Make) -> None:
    with pytest.raises(ConfigError) as raised:
        read(singer(schema(), **more))
    assert problem in str(raised.value)


def test_check_runs_the_tap_only_as_far_as_it_must(singer: Make) -> None:
    who = singer(schema(), row("1"), {"sleep": 60}).check()
    assert (who.name, bool(who.id)) == (Path(sys.executable).name, True)
    with pytest.raises(AuthError):
        singer({"complain": "401"}, {"exit": 1}).check()


def version(number: int) -> dict[str, Any]:
    return {"say": {"type": "ACTIVATE_VERSION", "stream": "customers", "version": number}}


def test_a_snapshot_is_complete_only_when_the_tap_says_so(snapshot: Callable[..., SingerSnapshot]) -> None:
    assert len(read(snapshot(schema(), row("1"), state({})))) == 1
    assert len(read(snapshot(schema(), row("1", version=5), version(5)))) == 1
    for steps in ([], [version(4)]):
        with pytest.raises(Transient, match="nothing is deleted"):
            read(snapshot(schema(), row("1", version=5), *steps))
