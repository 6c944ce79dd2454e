"""The mapping file: every mistake at its line, all at once; and what values become."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from accountpulse.plugins import Account, InvalidRecord, Invoice, SurveyResponse, UsageDay
from accountpulse_singer.mapping import TapMapping
from accountpulse_singer.reading import read_mapping

SURVEY = """\
time_zone: America/New_York
streams:
  responses:
    - record: survey_response
      fields:
        source_id: id
        account: person.account
        kind: {value: nps}
        score: {column: answer, words: {great: 10}}
        scale_min: {value: 0}
        scale_max: {value: 10}
        responded_at: at
    - record: account
      fields: {source_id: person.account, references: person.account, custom.tier: person.tier}
"""
ROW = {"id": 7, "person": {"account": "a1", "tier": 2}, "answer": "great", "at": "2026-03-02T12:00:00+01:00"}


def mapping(text: str, folder: Path) -> TapMapping:
    (folder / "mapping.yaml").write_text(text)
    return read_mapping(folder / "mapping.yaml")


def built(text: str, stream: str, row: dict[str, Any], folder: Path) -> list[Any]:
    return [record.build(row) for record in mapping(text, folder).streams[stream].records]


def test_one_row_may_become_several_records(tmp_path: Path) -> None:
    response, account = built(SURVEY, "responses", ROW, tmp_path)
    assert response == SurveyResponse(
        source_id="7",
        account="a1",
        kind="nps",
        score=10.0,
        scale_min=0.0,
        scale_max=10.0,
        responded_at=datetime(2026, 3, 2, 11, tzinfo=UTC),
    )
    assert account == Account(source_id="a1", references=("a1",), custom={"tier": 2})


def test_a_row_that_names_no_account_concerns_nobody(tmp_path: Path) -> None:
    assert built(SURVEY, "responses", {**ROW, "person": None}, tmp_path) == [None, None]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answer": "soso"}, "mapping.yaml:9: score must be a number"),
        ({"answer": None}, "mapping.yaml:9: score needs a value, and the row has none in 'answer'"),
        ({"at": "yesterday"}, "mapping.yaml:12: responded_at must be a time in ISO 8601"),
        ({"id": None}, "mapping.yaml:6: source_id needs a value"),
    ],
)
def test_what_a_row_lacks_is_said_with_its_line(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    found = built(SURVEY, "responses", {**ROW, **change}, tmp_path)[0]
    assert isinstance(found, InvalidRecord)
    assert reason in found.reason


def test_times_without_an_offset_are_of_the_mappings_zone_or_refused(tmp_path: Path) -> None:
    naive = {**ROW, "at": "2026-03-02T12:00:00"}
    assert built(SURVEY, "responses", naive, tmp_path)[0].responded_at == datetime(2026, 3, 2, 17, tzinfo=UTC)
    nowhere = SURVEY.replace("time_zone: America/New_York\n", "")
    assert "say `time_zone` in the mapping" in built(nowhere, "responses", naive, tmp_path)[0].reason


def test_numbers_as_singer_writes_them(tmp_path: Path) -> None:
    text = "streams: {bills: {record: invoice, fields: {source_id: id, account: a, amount: {column: total, times: 100}, "
    text += "currency: {column: cur, default: USD}, issued_at: {column: at, epoch: milliseconds}}}}"
    row = {"id": 1, "a": 2, "total": "1234", "at": 1767225600000, "cur": ""}
    assert built(text, "bills", row, tmp_path) == [
        Invoice(source_id="1", account="2", amount=123_400, currency="USD", issued_at=datetime(2026, 1, 1, tzinfo=UTC))
    ]
    assert built(text, "bills", {**row, "total": 19.99}, tmp_path)[0].amount == 1999
    assert "amount must be a number" in built(text, "bills", {**row, "total": "free"}, tmp_path)[0].reason


def test_usage_days_name_themselves(tmp_path: Path) -> None:
    text = "streams: {use: {record: usage_day, fields: {account: a, user: u, feature: {value: login}, day: d, count: n}}}"
    found = built(text, "use", {"a": "x", "u": "y", "d": "2026-03-02", "n": 3.0}, tmp_path)[0]
    assert isinstance(found, UsageDay)
    assert (found.day, found.count, bool(found.source_id)) == (date(2026, 3, 2), 3, True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("streams: [", ": it is not YAML"),
        ("[]", "the file is CommentedSeq; it must be a mapping"),
        ("{}", "put at least one stream"),
        ("time_zone: Mars\nstreams: {a: {}}", ":1: found 'Mars'; allowed: a name such as UTC"),
        ("streams:\n  a:\n    recrod: account", ":3: stream a has no key 'recrod'"),
        ("streams:\n  a:\n    recrod: account", "did you mean 'record'?"),
        ("streams:\n  a:\n    record: acount\n    fields: {}", ":3: found 'acount'; allowed: account, contact"),
        ("streams:\n  a:\n    record: account\n    fields: {naem: x, source_id: y}", "did you mean 'name'?"),
        ("streams:\n  a:\n    record: ticket\n    fields:\n      source_id: id", ":4: ticket needs account, opened_at too"),
        ("streams:\n  a:\n    record: account\n    fields:\n      source_id: {}", ":5: source_id needs either a `column`"),
        ("streams:\n  a:\n    record: account\n    fields:\n      source_id: 3", ":5: found 3; allowed: a column's name"),
        ("streams:\n  a:\n    record: account\n    fields: {source_id: {column: a, epoch: days}}", "epoch is 'days'"),
        ("streams:\n  a:\n    record: account\n    fields: {source_id: x, employees: {value: many}}", "value is 'many'"),
        (
            "streams:\n  a:\n    record: account\n    fields: {source_id: x}\n    replication: SOMETIMES",
            ":5: found 'SOMETIMES'",
        ),
    ],
)
def test_mistakes_are_told_with_line_and_remedy(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"mapping\.yaml") as refused:
        mapping(text, tmp_path)
    assert problem in str(refused.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "streams:\n  a:\n    record: account\n    fields:\n      naem: x\n  b:\n    record: bill\n"
    with pytest.raises(ValueError, match="naem") as refused:
        mapping(text, tmp_path)
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in str(refused.value).splitlines()] == ["5", "4", "7"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can't be read: No such file"):
        read_mapping(tmp_path / "none.yaml")
