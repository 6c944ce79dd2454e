"""The same metrics in pandas, by hand, from Parquet files of the same facts. Runs in an environment that has pandas.

Reads the columns and days that it needs, never joins what a look-up can do, and knows that a version may be learnt late.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tests.benchmarks.measure import Region, finish
from tests.benchmarks.question import METRICS
from tests.benchmarks.world import AS_OF, EUR_RATE, T, days_before

END = pd.Timestamp(T)


def metrics(folder: Path) -> pd.DataFrame:
    """Account id -> the metrics, for the accounts that exist on the day."""
    links = _current(folder, "link", ["source_account_id", "account_id"])
    account_of = links.set_index("source_account_id")["account_id"]
    people = _people(folder, account_of)
    found = pd.DataFrame(index=people.index)
    _usage(folder, account_of, found)
    _support(folder, account_of, found)
    _billing(folder, account_of, found)
    _relationship(folder, account_of, found)
    found["days_to_renewal"] = _days(people["renewal_at"]) - _today()
    found["tenure_days"] = _today() - _days(people["customer_since"].fillna(people["created_at"]))
    for name in ("logins_30d", "active_days_30d", "features_used_90d", "tickets_30d", "open_urgent_tickets"):
        found[name] = found[name].fillna(0)
    for name in ("overdue_invoices", "renewals_won_730d", "upsells_won_365d"):
        found[name] = found[name].fillna(0)
    return found[list(METRICS)].astype(float).sort_index()


def _current(folder: Path, name: str, columns: list[str], filters: list[tuple[str, str, object]] | None = None) -> pd.DataFrame:
    """The current versions of some columns."""
    rows = pd.read_parquet(folder / f"{name}.parquet", columns=[*columns, "known_to"], filters=filters)
    return rows[rows["known_to"].isna()].drop(columns="known_to")


def _facts(
    folder: Path, account_of: pd.Series, name: str, columns: list[str], filters: list[tuple[str, str, object]] | None = None
) -> pd.DataFrame:
    """The current facts of linked accounts, with `account`."""
    rows = _current(folder, name, ["source_account_id", *columns], filters)
    rows["account"] = rows.pop("source_account_id").map(account_of)
    rows = rows[rows["account"].notna()]
    rows["account"] = rows["account"].astype("int64")
    return rows


def _at_end(folder: Path, name: str, column: str, rows: pd.DataFrame) -> pd.Series:
    """A column that is not dated, as it stood at T: of the newest version known before T, else of the first one."""
    late = rows["known_from"] >= END
    values = rows[column].copy()
    if not late.any():
        return values
    keys = rows.loc[late, "source_id"]
    versions = pd.read_parquet(folder / f"{name}.parquet", columns=["source_id", "known_from", column])
    versions = versions[versions["source_id"].isin(keys)].sort_values("known_from")
    first = versions.drop_duplicates("source_id", keep="first").set_index("source_id")[column]
    before = versions[versions["known_from"] < END].drop_duplicates("source_id", keep="last").set_index("source_id")[column]
    values[late] = keys.map(before.combine_first(first)).to_numpy()
    return values


def _people(folder: Path, account_of: pd.Series) -> pd.DataFrame:
    attributes = ["name", "owner", "plan", "industry", "region", "employees", "lifecycle_stage", "renewal_at"]
    dated = ["created_at", "customer_since", "churned_at"]
    rows = _facts(
        folder,
        account_of,
        "fact_account",
        ["connection_id", "source_id", "known_from", *attributes, *dated],
    )
    for name in attributes:
        rows[name] = _at_end(folder, "fact_account", name, rows)
    rows["churned_at"] = rows["churned_at"].where(rows["churned_at"] < END)
    rows = rows.sort_values(["account", "connection_id", "source_id"])
    people = rows.groupby("account")[[*attributes, *dated]].first()
    exists = people["customer_since"].fillna(people["created_at"]) < END
    return people[exists & people["churned_at"].isna()]


def _usage(folder: Path, account_of: pd.Series, found: pd.DataFrame) -> None:
    day = lambda n: days_before(n).date()  # noqa: E731
    window = [("day", ">=", day(90)), ("day", "<", day(0))]
    rows = _facts(folder, account_of, "fact_usage_day", ["day", "user", "feature", "count"], window)
    days = pd.to_datetime(rows["day"])
    recent = rows[days >= pd.Timestamp(day(30))]
    between = rows[(days >= pd.Timestamp(day(60))) & (days < pd.Timestamp(day(30)))]
    logins, before = recent.groupby("account")["count"].sum(), between.groupby("account")["count"].sum()
    found["logins_30d"] = logins
    found["usage_trend_30d"] = (found["logins_30d"].fillna(0) - before.reindex(found.index)) / before.reindex(found.index)
    found["active_days_30d"] = recent.drop_duplicates(["account", "day"]).groupby("account").size()
    found["features_used_90d"] = rows.drop_duplicates(["account", "feature"]).groupby("account").size()
    users = recent.drop_duplicates(["account", "user"]).groupby("account").size()
    subscriptions = _facts(
        folder, account_of, "fact_subscription", ["source_id", "known_from", "seats", "started_at", "ended_at"]
    )
    running = subscriptions[
        (subscriptions["started_at"] < END) & (subscriptions["ended_at"].isna() | (subscriptions["ended_at"] >= END))
    ]
    running = running.assign(seats=_at_end(folder, "fact_subscription", "seats", running))
    seats = running.groupby("account")["seats"].sum().reindex(found.index)
    found["seat_utilisation_30d"] = users.reindex(found.index).fillna(0) / seats.where(seats > 0)
    # Who was not active lately: the last day there ever was.
    last = rows.groupby("account")["day"].max().reindex(found.index)
    if last.isna().any():
        everything = _facts(folder, account_of, "fact_usage_day", ["day"], [("day", "<", day(90))])
        silent = everything[everything["account"].isin(last.index[last.isna()])]
        last = last.fillna(silent.groupby("account")["day"].max())
    found["days_since_last_activity"] = _today() - _days(pd.to_datetime(last))


def _support(folder: Path, account_of: pd.Series, found: pd.DataFrame) -> None:
    tickets = _facts(
        folder,
        account_of,
        "fact_ticket",
        ["source_id", "known_from", "opened_at", "first_replied_at", "solved_at", "priority", "outcome"],
        [("opened_at", "<", T)],
    )
    solved = tickets["solved_at"].where(tickets["solved_at"] < END)
    real = solved.isna() | tickets["outcome"].isin(["solved", "closed"])
    found["tickets_30d"] = tickets[(tickets["opened_at"] >= days_before(30)) & real].groupby("account").size()
    unsolved = tickets[solved.isna()]
    urgent = _at_end(folder, "fact_ticket", "priority", unsolved) == 4
    found["open_urgent_tickets"] = unsolved[urgent].groupby("account").size()
    for name, column in (("first_reply_hours_90d", "first_replied_at"), ("resolution_hours_90d", "solved_at")):
        rows = tickets[(tickets[column] >= days_before(90)) & (tickets[column] < END)]
        hours = (rows[column] - rows["opened_at"]).dt.total_seconds() / 3600
        found[name] = hours.groupby(rows["account"]).median()
    answers = _facts(
        folder,
        account_of,
        "fact_survey_response",
        ["source_id", "kind", "score", "scale_min", "scale_max", "responded_at"],
        [("responded_at", "<", T), ("responded_at", ">=", days_before(365))],
    )
    nps = answers[answers["kind"] == "nps"].sort_values(["responded_at", "source_id"])
    found["nps_latest"] = nps.groupby("account")["score"].last()
    csat = answers[(answers["kind"] == "csat") & (answers["responded_at"] >= days_before(90))]
    share = (csat["score"] - csat["scale_min"]) / (csat["scale_max"] - csat["scale_min"])
    found["csat_90d"] = share.groupby(csat["account"]).mean()


def _billing(folder: Path, account_of: pd.Series, found: pd.DataFrame) -> None:
    invoices = _facts(
        folder, account_of, "fact_invoice", ["issued_at", "due_at", "paid_at", "voided_at"], [("issued_at", "<", T)]
    )
    unpaid = (invoices["paid_at"].isna() | (invoices["paid_at"] >= END)) & (
        invoices["voided_at"].isna() | (invoices["voided_at"] >= END)
    )
    found["overdue_invoices"] = invoices[(invoices["due_at"] < END) & unpaid].groupby("account").size()
    moves = _facts(folder, account_of, "fact_subscription_change", ["at", "mrr_delta", "currency"], [("at", "<", T)])
    amount = moves["mrr_delta"] * moves["currency"].map({"USD": 1.0, "EUR": EUR_RATE})
    revenue = amount.groupby(moves["account"]).sum().reindex(found.index)
    lately = moves["at"] >= days_before(90)
    moved = amount[lately].groupby(moves.loc[lately, "account"]).sum().reindex(found.index).fillna(0)
    base = revenue - moved
    found["mrr_change_90d"] = (moved / base.where(base != 0)).where(revenue.notna())


def _relationship(folder: Path, account_of: pd.Series, found: pd.DataFrame) -> None:
    deals = _facts(
        folder,
        account_of,
        "fact_opportunity",
        ["source_id", "known_from", "kind", "opened_at", "closed_at", "won"],
        [("closed_at", ">=", days_before(730)), ("closed_at", "<", T), ("opened_at", "<", T)],
    )
    won = deals[deals["won"].eq(True)]
    kind = _at_end(folder, "fact_opportunity", "kind", won)
    found["renewals_won_730d"] = won[kind == "renewal"].groupby("account").size()
    found["upsells_won_365d"] = won[(kind == "upsell") & (won["closed_at"] >= days_before(365))].groupby("account").size()
    activities = _facts(folder, account_of, "fact_activity", ["at"], [("at", "<", T), ("kind", "in", ["meeting", "call"])])
    met = activities.groupby("account")["at"].max().reindex(found.index)
    found["days_since_last_meeting"] = _today() - _days(met)


def _today() -> int:
    return int((pd.Timestamp(AS_OF) - pd.Timestamp(0)).days)


def _days(times: pd.Series) -> pd.Series:
    """Days since 1970 in UTC."""
    plain = times.dt.tz_localize(None) if times.dt.tz is not None else times
    return np.floor((plain - pd.Timestamp(0)) / pd.Timedelta(days=1))


def main() -> None:
    """Measure it: `folder` with the Parquet files; `out`, where the values go."""
    arguments = json.loads(sys.argv[1])
    region = Region()
    with region.measured():
        found = metrics(Path(arguments["folder"]))
    if out := arguments.get("out"):
        np.savez(out, ids=found.index.to_numpy(), values=found.to_numpy())
    finish({"cpu": region.cpu, "wall": region.wall})


if __name__ == "__main__":
    main()
