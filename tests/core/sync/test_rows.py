"""The boundary: what a connector yields is checked before it is staged, and a refusal names the field."""

from __future__ import annotations

import random
import string
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.sync.vendor import Bench, account, at, contact, survey, ticket

from accountpulse.core.errors import InvalidRecord
from accountpulse.core.model import Invoice, UsageDay, schemas
from accountpulse.core.store.writes import AccountKeys, current_values, write_records
from accountpulse.core.sync.rows import to_row

NAIVE = datetime(2026, 3, 2, 12)


class NoOffset(tzinfo):
    """A zone that doesn't say which: such a datetime is as naive as one without."""

    def utcoffset(self, _):
        return None


def usage(**values):
    return UsageDay(
        **{"source_id": "u", "account": "acme", "user": "ann", "feature": "f", "day": date(2026, 3, 2), "count": 1, **values}
    )


def invoice(**values):
    return Invoice(**{"source_id": "i", "account": "acme", "issued_at": at(0), "amount": 100, "currency": "EUR", **values})


WRONG = [
    (ticket("1", opened_at=NAIVE), "ticket.opened_at has no time zone"),
    (ticket("1", opened_at=NAIVE.replace(tzinfo=NoOffset())), "ticket.opened_at has no time zone"),
    (ticket("1", solved_at=NAIVE), "ticket.solved_at has no time zone"),
    (ticket("1", opened_at=None), "ticket.opened_at is missing"),
    (ticket("1", opened_at="2026-03-02"), "ticket.opened_at must be datetime, found str"),
    (ticket("1", opened_at=date(2026, 3, 2)), "ticket.opened_at must be datetime, found date"),
    (ticket("1", opened_at=datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))), "outside of the calendar"),
    (ticket("1", priority=5), "ticket.priority is 5; allowed are 1, 2, 3, 4"),
    (ticket("1", priority=True), "ticket.priority must be int, found bool"),
    (ticket("1", priority="2"), "ticket.priority must be int, found str"),
    (ticket("1", outcome="on fire"), "ticket.outcome is 'on fire'; allowed are solved, closed, merged, deleted"),
    (ticket("1", reopened=2**63), "ticket.reopened must be between"),
    (ticket("1", subject="a\0b"), "ticket.subject holds a NUL"),
    (ticket("1", subject="\ud800"), "ticket.subject holds a NUL character or half a surrogate"),
    (ticket("1", account=None), "ticket.account must be the source's key"),
    (ticket("1", account=""), "ticket.account must be the source's key"),
    (ticket("1", account=7), "ticket.account must be the source's key"),
    (ticket("1", raw_ref=7), "ticket.raw_ref must be a text, found int"),
    (ticket(""), "source_id"),
    (ticket(7), "source_id"),
    (ticket(None), "source_id"),
    (ticket("a\0b"), "source_id"),
    (contact("1", active=1), "contact.active must be bool, found int"),
    (contact("1", active=None), "contact.active is missing"),
    (survey("1", score=float("nan")), "survey_response.score must be a finite number"),
    (survey("1", score=float("inf")), "survey_response.score must be a finite number"),
    (survey("1", score=10**400), "survey_response.score must be a finite number"),
    (survey("1", score=True), "survey_response.score must be int or float, found bool"),
    (survey("1", kind="pulse"), "survey_response.kind is 'pulse'; allowed are nps"),
    (usage(day=at(0)), "usage_day.day must be date, found datetime"),
    (usage(count=1.5), "usage_day.count must be int, found float"),
    (invoice(amount=Decimal("9.99")), "invoice.amount must be int, found Decimal"),
    (invoice(currency=None), "invoice.currency is missing"),
    (account("1", domains="acme.com"), "account.domains must be tuple or list, found str"),
    (account("1", domains={"a": 1}), "account.domains must be tuple or list, found dict"),
    (account("1", emails=(None,)), "account.emails must hold texts only"),
    (account("1", references=(7,)), "account.references must hold texts only"),
    (account("1", custom=["a"]), "account.custom must be Mapping, found list"),
    (account("1", custom={"at": at(0)}), r"account.custom \['at'\] must be a text, a number"),
    (account("1", custom={"x": float("nan")}), "account.custom must be a finite number"),
    (account("1", custom={1: "a", "b": 2}), "account.custom must have texts as keys, found int"),
    (account("1", custom={"x": {"y": 1}}), r"account.custom \['x'\] must be"),
    (account("1", custom={"x": "\0"}), "account.custom holds a NUL"),
    (ticket("ä" * 1_001), "source_id that is a text.* of at most 2,000 bytes"),
    (ticket("1", account="x" * 2_001), r"ticket.account must be the source's key of the account, found 'x+... \(2,003 char"),
    (ticket("1", outcome="x" * 300), r"ticket.outcome is 'x+... \(302 characters\); allowed are"),
    (ticket("1", subject="x" * 1_000_001), "ticket.subject has 1,000,001 characters; at most 1,000,000 are kept"),
    (account("1", domains=("x" * 600_000,) * 2), "account.domains has 2 entries, of together more than 1,000,000"),
    (account("1", custom={str(n): n for n in range(100_001)}), "account.custom has 100,001 entries"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "message"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_a_record_that_cannot_be_stored_is_refused_by_the_name_of_its_field(record: object, message: str) -> None:
    """R33, R35, R41."""
    with pytest.raises(InvalidRecord, match=message) as caught:
        to_row(record)
    caught.value.source_id.encode()
    assert "\0" not in str(caught.value)


@pytest.mark.parametrize("field", ["subject", "source_id", "account"])
def test_a_record_of_fifty_megabytes_costs_only_itself(bench: Bench, field: str) -> None:
    """R38."""
    huge = "x" * 50_000_000
    bench.vendor.tickets.put(*(ticket(f"{n:02}") for n in range(5)), changed_at=at(-9), visible_from=at(-9))
    bench.vendor.tickets.put(ticket(**{"id": "99", field: huge} if field != "source_id" else {"id": huge}), changed_at=at(-8))
    result = bench.one("tickets")
    assert (result.state, result.opened, result.quarantined) == ("ok", 5, 1)
    ((id, reason),) = bench.quarantine().items()
    assert len(id) + len(reason) < 5_000
    assert bench.state("tickets").position is not None
    assert bench.one("tickets").state == "ok"


def test_keys_of_the_longest_kind_are_kept(bench: Bench) -> None:
    """An index of PostgreSQL takes them, also where they can't be compressed."""
    key = "".join(random.Random(38).choices(string.ascii_letters, k=2_000))
    bench.vendor.tickets.put(ticket(key, account=key[::-1]), changed_at=at(-9), visible_from=at(-9))
    assert bench.one("tickets").opened == 1


def test_the_hash_is_of_the_content_not_of_how_it_is_written() -> None:
    offset = timezone(timedelta(hours=5, minutes=30))
    one = account("1", domains=("a.com",), custom={"a": 1, "b": 2}, created_at=at(0))
    same = account("1", domains=["a.com"], custom={"b": 2, "a": 1}, created_at=at(0).astimezone(offset), raw_ref="x")
    assert to_row(one).hash == to_row(same).hash
    assert to_row(survey("1", score=9)).hash == to_row(survey("1", score=9.0)).hash


@pytest.mark.parametrize("other", [{"account": "globex"}, {"priority": 3}, {"subject": ""}, {"solved_at": at(1)}])
def test_the_hash_sees_every_change(other: dict[str, object]) -> None:
    assert to_row(ticket("1", **other)).hash != to_row(ticket("1")).hash


texts = st.text(st.characters(codec=None))
numbers = st.integers() | st.floats(allow_nan=True, allow_infinity=True)
# PostgreSQL's JSON writes a large float without its point; the number is the same.
whole_or_odd = st.integers() | st.floats(-1e15, 1e15) | st.sampled_from([float("nan"), float("inf")])
times = st.datetimes(timezones=st.none() | st.timezones() | st.just(timezone(timedelta(hours=-12))))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    subject=texts | st.none(),
    account=texts,
    reopened=st.integers(),
    opened_at=times,
    custom=st.dictionaries(texts, texts | whole_or_odd | st.none() | st.booleans(), max_size=3),
    score=numbers,
)
def test_what_passes_the_boundary_can_be_stored(bench: Bench, subject, account, reopened, opened_at, custom, score) -> None:
    """A record that only the database refused would fail the thousands that are committed with it."""
    from tests.core.sync.vendor import account as company

    now = datetime(2026, 3, 2, tzinfo=UTC)
    for name, record in (
        ("ticket", ticket("1", subject=subject, account=account, reopened=reopened, opened_at=opened_at)),
        ("account", company("1", custom=custom, domains=(account,))),
        ("survey_response", survey("1", score=score, comment=subject)),
    ):
        try:
            row = to_row(record)
        except InvalidRecord:
            continue
        with bench.store.write() as connection:
            write_records(connection, name, [row], keys=AccountKeys(bench.source.id), now=now, assumed=False)
            stored = current_values(connection, name, bench.source.id, ["1"])["1"]
        assert tuple(stored._mapping[field.name] for field in schemas()[name].fields) == row.values
