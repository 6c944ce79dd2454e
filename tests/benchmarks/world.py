"""A made-up company's facts, as large as asked for: seeded, vectorised, written to Parquet files that stores are filled from.

Per account, as in the measurements that the design rests on: 200 rows of usage over 375 days, 20 tickets, 10 invoices, 10
activities, 3 survey answers, 3 contacts, 1.6 movements of revenue, 1.5 deals. What makes a query go wrong is in it: everything
runs 10 days past the as-of day, so that a leak shows; records have older versions, and some of them are learnt late; source
accounts have no link, a former link, or share an account; a fifth of the revenue is in a second currency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

AS_OF = date(2025, 6, 30)
"""The day that is scored; the next midnight is T."""

T = datetime(2025, 7, 1, tzinfo=UTC)
EUR_RATE = 1.08
CRM, SUPPORT, BILLING, PRODUCT = 1, 2, 3, 4
CONNECTIONS = {CRM: "crm", SUPPORT: "support", BILLING: "billing", PRODUCT: "product"}
PROVIDES = {
    CRM: ("account", "contact", "opportunity", "activity", "pulse"),
    SUPPORT: ("account", "ticket", "survey_response"),
    BILLING: ("account", "subscription", "subscription_change", "invoice"),
    PRODUCT: ("usage_day",),
}

_USAGE_DAYS, _PAST = 375, 10
_FIRST_LOAD = 200  # days before T; what happened earlier was learnt then, and is assumed to have been known all along
_DAY = 86_400_000_000
_T = int(T.timestamp()) * 1_000_000
_T_DAY = (T.date() - date(1970, 1, 1)).days
_CHUNK = 2_000_000

Ints = NDArray[np.int64]
Columns = dict[str, Any]
Step = Callable[[str], None]


def generate(folder: Path, accounts: int, seed: int, step: Step) -> None:
    """Write one Parquet file for each fact table and for `link` and `source_account`. step: told what comes next."""
    for name, tables in generated(accounts, seed):
        step(name)
        writer: pq.ParquetWriter | None = None
        for table in tables:
            writer = writer or pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
            writer.write_table(table, row_group_size=250_000)
        if writer is not None:
            writer.close()


def generated(accounts: int, seed: int) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """The rows of each of `TABLES`, in the order of their ids, a million or two at a time: all of one before the next."""
    world = _World(accounts, np.random.default_rng(seed))
    for name in TABLES:
        yield name, (table for columns in getattr(world, name)() for table in _chunks(pa.table(columns)))


TABLES = (
    "source_account",
    "link",
    "fact_account",
    "fact_contact",
    "fact_subscription",
    "fact_subscription_change",
    "fact_invoice",
    "fact_ticket",
    "fact_survey_response",
    "fact_opportunity",
    "fact_activity",
    "fact_pulse",
    "fact_usage_day",
)


def _chunks(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, _CHUNK):
        yield table.slice(start, _CHUNK)


class _World:
    def __init__(self, accounts: int, rng: np.random.Generator) -> None:
        self.n = accounts
        self.rng = rng
        self.size = rng.lognormal(0, 0.8, accounts)
        # Some customers come after T; most have been here for long.
        self.since = _T - (rng.exponential(700, accounts) * _DAY).astype(np.int64) + 3 * _DAY
        leaving = rng.random(accounts)
        self.churned = np.where(leaving < 0.023, _T + ((rng.random(accounts) * 60 - 50) * _DAY).astype(np.int64), _NULL)
        self.euro = rng.random(accounts) < 0.2
        self.users = 1 + rng.poisson(3 * self.size)
        # One in a hundred customers is in the CRM twice.
        self.twice = np.flatnonzero(rng.random(accounts) < 0.01)

    # --- who is who -----------------------------------------------------------------------------------------------------

    def source_account(self) -> Iterator[Columns]:
        for connection, name in CONNECTIONS.items():
            ids = self._sources(connection, np.arange(self.n))
            yield self._source_rows(ids, connection, _text(f"{name}-", np.arange(self.n)))
        yield self._source_rows(5 * self.n + self.twice + 1, CRM, _text("crm-again-", self.twice))

    def _source_rows(self, ids: Ints, connection: int, keys: pa.Array) -> Columns:
        known = _instants(np.full(len(ids), _T - _FIRST_LOAD * _DAY))
        return {"id": ids, "connection_id": _same(connection, len(ids)), "key": keys, "first_known_at": known}

    def link(self) -> Iterator[Columns]:
        began = _T - _FIRST_LOAD * _DAY
        for connection in CONNECTIONS:
            accounts = np.arange(self.n)
            linked = np.ones(self.n, bool) if connection == CRM else self.rng.random(self.n) > 0.02
            sources = self._sources(connection, accounts)
            yield self._links(sources[linked], accounts[linked] + 1, began, None)
            # Linked to somebody else before.
            moved = linked & (self.rng.random(self.n) < 0.02)
            other = self.rng.integers(1, self.n + 1, int(moved.sum()))
            yield self._links(sources[moved], other, began - 30 * _DAY, began)
        yield self._links(5 * self.n + self.twice + 1, self.twice + 1, began, None)

    def _links(self, sources: Ints, accounts: Ints, known_from: int, known_to: int | None) -> Columns:
        n = len(sources)
        return {
            "source_account_id": sources,
            "account_id": accounts,
            "method": _same("domain", n),
            "evidence": _same("example.com", n),
            "known_from": _instants(np.full(n, known_from)),
            "known_to": _instants(np.full(n, _NULL if known_to is None else known_to)),
        }

    def _sources(self, connection: int, accounts: Ints) -> Ints:
        return (connection - 1) * self.n + accounts + 1

    def fact_account(self) -> Iterator[Columns]:
        everybody = np.arange(self.n)
        for connection in (CRM, SUPPORT, BILLING):
            yield from self._account_rows(connection, self._sources(connection, everybody), everybody, CONNECTIONS[connection])
        yield from self._account_rows(CRM, 5 * self.n + self.twice + 1, self.twice, "crm-again")

    def _account_rows(self, connection: int, sources: Ints, accounts: Ints, name: str) -> Iterator[Columns]:
        n, crm = len(accounts), connection == CRM
        pick = self.rng.integers
        owner, plan = pick(0, 40, n), pick(0, 4, n)
        renewal = _T + pick(-20, 400, n) * _DAY
        # A second version says another plan and owner; a few are learnt after T.
        changed = self.rng.random(n) < 0.3
        learnt = np.where(changed, _T - pick(-10, 150, n) * _DAY, _NULL)
        for newest in (False, True):
            rows = changed if not newest else np.ones(n, bool)
            known_from = np.where(changed & newest, learnt, _T - _FIRST_LOAD * _DAY)
            yield {
                **_envelope(connection, _text(f"{name}-", accounts), sources, known_from, _NULL if newest else learnt, rows),
                "name": _text("Company ", accounts[rows]),
                "domains": _with_texts('["company-', accounts[rows], '.example"]'),
                "emails": _same("[]", int(rows.sum())),
                "references": _same("[]", int(rows.sum())),
                "owner": _some(crm, _text("owner-", (owner + newest)[rows])),
                "parent": pa.nulls(int(rows.sum()), pa.string()),
                "plan": _some(
                    connection != SUPPORT, _chosen(("free", "team", "business", "enterprise"), (plan + newest)[rows])
                ),
                "industry": _some(crm, _chosen(("software", "retail", "health"), accounts[rows])),
                "region": _some(crm, _chosen(("emea", "amer", "apac"), accounts[rows] // 3)),
                "employees": _some(crm, pa.array((self.size[accounts] * 50).astype(np.int64)[rows])),
                "lifecycle_stage": _some(crm, _same("customer", int(rows.sum()))),
                "created_at": _instants((self.since[accounts] - 20 * _DAY)[rows]),
                "customer_since": _some(connection != SUPPORT, _instants(self.since[accounts][rows])),
                "renewal_at": _some(crm, _instants(renewal[rows])),
                "churned_at": _some(crm, _instants(self.churned[accounts][rows])),
                "custom": _same('{"tier": "a"}' if crm else "{}", int(rows.sum())),
            }

    # --- what happens ---------------------------------------------------------------------------------------------------

    def _events(self, each: float, days: int) -> tuple[Ints, Ints]:
        """Accounts, and when something happened to them in the days up to 10 after T, in order of time."""
        share = self.size / self.size.sum()
        counts = self.rng.poisson(share * each * self.n)
        accounts = np.repeat(np.arange(self.n), counts)
        at = _T + _PAST * _DAY - (self.rng.random(len(accounts)) * days * _DAY).astype(np.int64)
        order = np.argsort(at)
        return accounts[order], at[order]

    def _versions(
        self, connection: int, name: str, accounts: Ints, at: Ints, changes: Ints
    ) -> Iterator[tuple[Columns, Any, bool]]:
        """The envelopes of records that begin at `at` and change once: those before the change, then those that stay.

        A change before the first load leaves no older version. Yields with the envelope which rows it has, and whether they
        know of the change.
        """
        keys, sources = _text(f"{name}-", np.arange(len(at))), self._sources(connection, accounts)
        versioned = (changes != _NULL) & (changes >= _T - _FIRST_LOAD * _DAY)
        yield _envelope(connection, keys, sources, at, changes, versioned), versioned, False
        known_from = np.where(versioned, changes, at)
        everything = np.ones(len(at), bool)
        yield _envelope(connection, keys, sources, known_from, _NULL, everything), everything, True

    def fact_contact(self) -> Iterator[Columns]:
        accounts, at = self._events(3, 700)
        for envelope, rows, _ in self._versions(CRM, "contact", accounts, at, np.full(len(at), _NULL)):
            n = int(rows.sum())
            yield envelope | {"email": _text("p@", accounts[rows]), "active": _same(True, n), "created_at": _instants(at[rows])}

    def fact_subscription(self) -> Iterator[Columns]:
        accounts = np.arange(self.n)
        seats = 1 + self.rng.poisson(5 * self.size)
        # Another number of seats: from a day on that may come after T.
        changes = np.where(self.rng.random(self.n) < 0.63, _T - self.rng.integers(-10, 199, self.n) * _DAY, _NULL)
        changes = np.where(changes <= self.since, _NULL, changes)
        for envelope, rows, after in self._versions(BILLING, "sub", accounts, self.since, changes):
            n = int(rows.sum())
            yield envelope | {
                "plan": _same("team", n),
                "status": _same("active", n),
                "seats": pa.array((seats + 2 * after)[rows]),
                "mrr": _same(10_000, n),
                "currency": self._currency(accounts[rows]),
                "started_at": _instants(self.since[rows]),
                "ended_at": _instants(self.churned[rows]),
            }

    def fact_subscription_change(self) -> Iterator[Columns]:
        accounts = np.concatenate([np.arange(self.n), self.rng.integers(0, self.n, int(self.n * 0.63))])
        first = np.arange(len(accounts)) < self.n
        since = self.since[accounts]
        later = since + (self.rng.random(len(accounts)) * (_T + _PAST * _DAY - since)).astype(np.int64)
        at = np.where(first, since, later)
        delta = np.where(
            first, 5_000 + (self.size[accounts] * 20_000).astype(np.int64), self.rng.integers(-2_000, 4_000, len(at))
        )
        for envelope, rows, _ in self._versions(BILLING, "move", accounts, at, np.full(len(at), _NULL)):
            kinds = np.where(first, 0, np.where(delta > 0, 1, 2))[rows]
            yield envelope | {
                "subscription": _text("sub-", accounts[rows]),
                "kind": _chosen(("new", "expansion", "contraction"), kinds),
                "at": _instants(at[rows]),
                "mrr_delta": pa.array(delta[rows]),
                "currency": self._currency(accounts[rows]),
            }

    def fact_invoice(self) -> Iterator[Columns]:
        accounts, at = self._events(10, 320)
        paid = at + (self.rng.lognormal(2.8, 0.7, len(at)) * _DAY).astype(np.int64)
        fate = self.rng.random(len(at))
        paid = np.where(fate < 0.93, paid, _NULL)
        paid = np.where(paid < _T + _PAST * _DAY, paid, _NULL)
        voided = np.where((fate > 0.99) & (paid == _NULL), at + 40 * _DAY, _NULL)
        attempts = 1 + (fate > 0.85) + (fate > 0.95)
        for envelope, rows, after in self._versions(BILLING, "in", accounts, at, paid):
            amount = (1_000 + self.size[accounts[rows]] * 9_000).astype(np.int64)
            yield envelope | {
                "issued_at": _instants(at[rows]),
                "due_at": _instants(at[rows] + 30 * _DAY),
                "paid_at": _instants(paid[rows]) if after else pa.nulls(int(rows.sum()), _INSTANT),
                "voided_at": _instants(voided[rows]),
                "amount": pa.array(amount),
                "services_amount": pa.array(amount // 10),
                "training_amount": _same(0, len(amount)),
                "currency": self._currency(accounts[rows]),
                "attempts": pa.array(attempts[rows]),
            }

    def fact_ticket(self) -> Iterator[Columns]:
        accounts, at = self._events(20, 740)
        n = len(at)
        replied = at + (self.rng.lognormal(1.5, 1.2, n) * 3_600_000_000).astype(np.int64)
        solved = replied + (self.rng.lognormal(3, 1.3, n) * 3_600_000_000).astype(np.int64)
        solved = np.where((self.rng.random(n) < 0.985) & (solved < _T + _PAST * _DAY), solved, _NULL)
        priority = self.rng.choice(np.array([1, 2, 3, 4]), n, p=[0.3, 0.5, 0.15, 0.05])
        raised = self.rng.random(n) < 0.1
        outcomes = self.rng.choice(4, n, p=[0.8, 0.16, 0.03, 0.01])
        reopened = (self.rng.random(n) < 0.05).astype(np.int64)
        for envelope, rows, after in self._versions(SUPPORT, "t", accounts, at, solved):
            ended = _instants(np.where(after, solved, _NULL)[rows])
            yield envelope | {
                "subject": _text("Ticket about ", np.flatnonzero(rows)),
                "opened_at": _instants(at[rows]),
                "first_replied_at": _instants(np.where(replied < _T + _PAST * _DAY, replied, _NULL)[rows]),
                "solved_at": ended,
                "reopened": pa.array(reopened[rows]),
                "priority": pa.array(np.minimum(priority + (raised & after), 4)[rows]),
                "channel": _same("e-mail", int(rows.sum())),
                "outcome": pc.if_else(
                    pc.is_valid(ended),
                    _chosen(("solved", "closed", "merged", "deleted"), outcomes[rows]),
                    pa.scalar(None, pa.string()),
                ),
            }

    def fact_survey_response(self) -> Iterator[Columns]:
        accounts, at = self._events(3, 740)
        kind = self.rng.choice(3, len(at), p=[0.6, 0.3, 0.1])
        score = np.where(kind == 0, self.rng.integers(0, 11, len(at)), self.rng.integers(1, 6, len(at))).astype(np.float64)
        for envelope, rows, _ in self._versions(SUPPORT, "answer", accounts, at, np.full(len(at), _NULL)):
            yield envelope | {
                "kind": _chosen(("nps", "csat", "ces"), kind[rows]),
                "score": pa.array(score[rows]),
                "scale_min": pa.array(np.where(kind == 0, 0.0, 1.0)[rows]),
                "scale_max": pa.array(np.where(kind == 0, 10.0, 5.0)[rows]),
                "responded_at": _instants(at[rows]),
            }

    def fact_opportunity(self) -> Iterator[Columns]:
        accounts, at = self._events(1.5, 740)
        n = len(at)
        closed = at + (self.rng.random(n) * 90 * _DAY).astype(np.int64)
        closed = np.where((self.rng.random(n) < 0.9) & (closed < _T + _PAST * _DAY), closed, _NULL)
        kind, won = self.rng.choice(4, n, p=[0.1, 0.5, 0.3, 0.1]), self.rng.random(n) < 0.7
        for envelope, rows, after in self._versions(CRM, "deal", accounts, at, closed):
            ended = _instants(np.where(after, closed, _NULL)[rows])
            yield envelope | {
                "kind": _chosen(("new", "renewal", "upsell", "services"), kind[rows]),
                "stage": _same("open", int(rows.sum())),
                "amount": pa.array((self.size[accounts[rows]] * 100_000).astype(np.int64)),
                "currency": self._currency(accounts[rows]),
                "opened_at": _instants(at[rows]),
                "closed_at": ended,
                "won": pc.if_else(pc.is_valid(ended), pa.array(won[rows]), pa.scalar(None, pa.bool_())),
            }

    def fact_activity(self) -> Iterator[Columns]:
        accounts, at = self._events(10, 740)
        kinds = ("meeting", "call", "email", "training", "webinar", "community", "survey_sent")
        kind = self.rng.choice(len(kinds), len(at), p=[0.2, 0.2, 0.3, 0.05, 0.05, 0.1, 0.1])
        for envelope, rows, _ in self._versions(CRM, "act", accounts, at, np.full(len(at), _NULL)):
            yield envelope | {"kind": _chosen(kinds, kind[rows]), "at": _instants(at[rows])}

    def fact_pulse(self) -> Iterator[Columns]:
        accounts, at = self._events(0.5, 400)
        value = self.rng.integers(0, 101, len(at)).astype(np.float64)
        for envelope, rows, _ in self._versions(CRM, "pulse", accounts, at, np.full(len(at), _NULL)):
            n = int(rows.sum())
            author = {"author": _same("owner-1", n), "reason": _same("a call", n)}
            yield envelope | {"value": pa.array(value[rows])} | author | {"at": _instants(at[rows])}

    def fact_usage_day(self) -> Iterator[Columns]:
        share = self.size / self.size.sum()
        counts = self.rng.poisson(share * 203 * self.n)  # some of them meet, below
        # A number a row, made up piece by piece: at a million accounts, every column of 64 bits is 1.6 GB.
        key = np.repeat(np.arange(self.n), counts)
        pieces = [slice(start, start + _CHUNK) for start in range(0, len(key), _CHUNK)]
        sizes = [len(key[at]) for at in pieces]
        user = [
            np.minimum((self.rng.random(n) * self.users[key[at]]).astype(np.int64), 999).astype(np.int16)
            for at, n in zip(pieces, sizes, strict=True)
        ]
        feature = [(np.minimum(self.rng.geometric(0.25, n), 12) - 1).astype(np.int8) for n in sizes]
        for i, at in enumerate(pieces):
            day = (self.rng.random(sizes[i]) * _USAGE_DAYS).astype(np.int64)
            # By day first, as they arrive.
            key[at] = ((day * self.n + key[at]) * 1_000 + user[i]) * 12 + feature[i]
        del user, feature
        key.sort()
        for at in pieces:
            here = key[at]
            before = key[at.start - 1] if at.start else -1
            rest, features = np.divmod(here[np.diff(here, prepend=before) > 0], 12)
            rest, users = np.divmod(rest, 1_000)
            days, accounts = np.divmod(rest, self.n)
            yield from self._usage(accounts, users, features, days + _T_DAY + _PAST - _USAGE_DAYS)

    def _usage(self, accounts: Ints, user: Ints, feature: Ints, day: Ints) -> Iterator[Columns]:
        n = len(day)
        count = 1 + self.rng.poisson(4, n)
        seconds = np.where(self.rng.random(n) < 0.7, count * 45, 0)
        people, features = _text("user-", user), _text("feature-", feature)
        days = pa.array(day.astype(np.int32)).cast(pa.date32())
        keys = pc.binary_join_element_wise(_text("product-", accounts), people, features, days.cast(pa.string()), "|")
        # Three in a hundred were counted once more two days later.
        late = (self.rng.random(n) < 0.03) & (day >= _T_DAY - _FIRST_LOAD)
        known = (day + 1) * _DAY
        sources = self._sources(PRODUCT, accounts)
        for newest in (False, True):
            rows = np.ones(n, bool) if newest else late
            known_from = np.where(late & newest, known + 2 * _DAY, known)
            envelope = _envelope(PRODUCT, keys, sources, known_from, _NULL if newest else known + 2 * _DAY, rows)
            mask = pa.array(rows)
            yield envelope | {
                "user": people.filter(mask),
                "feature": features.filter(mask),
                "day": days.filter(mask),
                "count": pa.array((count - (not newest))[rows]),
                "seconds": pa.array(seconds[rows]),
            }

    def _currency(self, accounts: Ints) -> pa.Array:
        return _chosen(("USD", "EUR"), self.euro[accounts].astype(np.int64))


# --- columns --------------------------------------------------------------------------------------------------------------

_NULL = np.iinfo(np.int64).min
_INSTANT = pa.timestamp("us", tz="UTC")


def _envelope(connection: int, keys: pa.Array, sources: Ints, known_from: Ints, known_to: Any, rows: Any) -> Columns:
    """What every version of a fact has, of those `rows`."""
    until = np.broadcast_to(known_to, len(sources))[rows]
    began = known_from[rows]
    return {
        "connection_id": _same(connection, len(until)),
        "source_id": keys.filter(pa.array(rows)),
        "source_account_id": pa.array(sources[rows]),
        "known_from": _instants(began),
        "known_to": _instants(until),
        "assumed": pa.array(began < _T - _FIRST_LOAD * _DAY),
    }


def _instants(micros: Ints) -> pa.Array:
    return pa.array(micros, mask=micros == _NULL).cast(_INSTANT)


def _text(prefix: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def _with_texts(before: str, numbers: Ints, after: str) -> pa.Array:
    return pc.binary_join_element_wise(before, pa.array(numbers).cast(pa.string()), after, "")


def _chosen(words: tuple[str, ...], numbers: Ints) -> pa.Array:
    return pa.array(words).take(pa.array(numbers % len(words)))


def _same(value: object, n: int) -> pa.Array:
    return pa.repeat(value, n)


def _some(given: bool, column: pa.Array) -> pa.Array:
    return column if given else pa.nulls(len(column), column.type)


def days_before(days: int) -> datetime:
    """T less some days."""
    return T - timedelta(days=days)
