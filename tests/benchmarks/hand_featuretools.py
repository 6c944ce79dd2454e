"""Those of the metrics that featuretools can say, from the same Parquet files. Runs in an environment that has featuretools.

Only the computation is measured: the facts are already linked, of the right version, and in memory as an EntitySet. What
happens to a record later (answered, solved, closed) is a dataframe of its own with that time as its index, or the present would
leak into the past. Every window is a call of its own.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import featuretools as ft
import numpy as np
import pandas as pd
from featuretools import primitives as p
from tests.benchmarks.measure import Region, finish
from tests.benchmarks.question import SAYABLE
from tests.benchmarks.world import T

END = pd.Timestamp(T).tz_localize(None)
# Windows of featuretools end with the cutoff itself, ours before T.
CUTOFF = END - pd.Timedelta(1, "us")

COUNTED = ("logins_30d", "active_days_30d", "features_used_90d", "tickets_30d", "upsells_won_365d", "renewals_won_730d")


def main() -> None:
    """Measure it: `folder` with the Parquet files; `out`, where the values go."""
    warnings.simplefilter("ignore")
    arguments = json.loads(sys.argv[1])
    entities, accounts = entity_set(Path(arguments["folder"]))
    windows = features(entities)
    region, found = Region(), {}
    with region.measured():
        for window, wanted in windows.items():
            table = ft.calculate_feature_matrix(
                list(wanted.values()),
                entities,
                cutoff_time=CUTOFF,
                instance_ids=accounts,
                training_window=ft.Timedelta(window, "d") if window else None,
            )
            for name, feature in wanted.items():
                nothing = 0.0 if name in COUNTED else np.nan
                found[name] = table[feature.get_name()].reindex(accounts).to_numpy(dtype="float64", na_value=nothing)
    if out := arguments.get("out"):
        np.savez(out, ids=accounts, values=np.stack([found[name] for name in SAYABLE], axis=1), names=SAYABLE)
    finish({"cpu": region.cpu, "wall": region.wall})


def entity_set(folder: Path) -> tuple[ft.EntitySet, np.ndarray]:
    """The facts as dataframes, and the accounts that exist."""
    links = _current(folder, "link", ["source_account_id", "account_id"])
    account_of = links.set_index("source_account_id")["account_id"]

    def facts(name: str, columns: list[str], event: str) -> pd.DataFrame:
        rows = _current(folder, name, ["source_account_id", *columns])
        rows["account"] = rows.pop("source_account_id").map(account_of)
        rows = rows[rows["account"].notna() & (pd.to_datetime(rows[event], utc=True) < pd.Timestamp(T))]
        rows["account"] = rows["account"].astype("int64")
        for column in rows.columns[rows.dtypes.map(lambda t: isinstance(t, pd.DatetimeTZDtype))]:
            rows[column] = rows[column].dt.tz_localize(None)
        return rows

    people = facts("fact_account", ["connection_id", "created_at", "customer_since", "churned_at"], "created_at")
    people = people.sort_values("connection_id").groupby("account")[["created_at", "customer_since", "churned_at"]].first()
    exists = people["customer_since"].fillna(people["created_at"]) < END
    people = people[exists & ~(people["churned_at"] < END)].reset_index()[["account"]]

    entities = ft.EntitySet("hub")
    entities.add_dataframe(people, "accounts", index="account")

    def add(name: str, rows: pd.DataFrame, event: str) -> None:
        rows = rows[rows["account"].isin(people["account"])]
        entities.add_dataframe(rows.reset_index(drop=True), name, index="row", make_index=True, time_index=event)
        entities.add_relationship("accounts", "account", name, "account")

    usage = facts("fact_usage_day", ["day", "user", "feature", "count"], "day")
    usage["at"] = pd.to_datetime(usage.pop("day"))
    usage["day"] = usage["at"].dt.strftime("%Y%m%d").astype("category")
    for name in ("user", "feature"):
        usage[name] = usage[name].astype("category")
    add("usage", usage, "at")
    columns = ["opened_at", "first_replied_at", "solved_at", "outcome"]
    tickets = facts("fact_ticket", columns, "opened_at")
    real = ~(tickets["solved_at"] < END) | tickets["outcome"].isin(["solved", "closed"])
    add("tickets", tickets.loc[real, ["account", "opened_at"]], "opened_at")
    for name, column in (("replies", "first_replied_at"), ("solutions", "solved_at")):
        rows = tickets[tickets[column] < END].copy()
        rows["hours"] = (rows[column] - rows["opened_at"]).dt.total_seconds() / 3600
        add(name, rows[["account", column, "hours"]], column)
    answers = facts("fact_survey_response", ["kind", "score", "responded_at"], "responded_at")
    add("nps", answers.loc[answers["kind"] == "nps", ["account", "score", "responded_at"]], "responded_at")
    csat = answers[answers["kind"] == "csat"].assign(score=lambda rows: (rows["score"] - 1) / 4)
    add("csat", csat[["account", "score", "responded_at"]], "responded_at")
    deals = facts("fact_opportunity", ["kind", "opened_at", "closed_at", "won"], "opened_at")
    won = deals[deals["won"].eq(True) & (deals["closed_at"] < END)]
    for kind in ("renewal", "upsell"):
        add(kind, won.loc[won["kind"] == kind, ["account", "closed_at"]], "closed_at")
    return entities, people["account"].to_numpy()


def features(entities: ft.EntitySet) -> dict[int, dict[str, ft.FeatureBase]]:
    """Window in days -> metric -> feature."""

    def over(name: str, column: str, primitive: type[p.AggregationPrimitive]) -> ft.FeatureBase:
        return ft.Feature(entities[name].ww[column], parent_dataframe_name="accounts", primitive=primitive)

    return {
        30: {
            "logins_30d": over("usage", "count", p.Sum),
            "active_days_30d": over("usage", "day", p.NumUnique),
            "tickets_30d": over("tickets", "row", p.Count),
        },
        90: {
            "features_used_90d": over("usage", "feature", p.NumUnique),
            "first_reply_hours_90d": over("replies", "hours", p.Median),
            "resolution_hours_90d": over("solutions", "hours", p.Median),
            "csat_90d": over("csat", "score", p.Mean),
        },
        365: {"nps_latest": over("nps", "score", p.Last), "upsells_won_365d": over("upsell", "row", p.Count)},
        730: {"renewals_won_730d": over("renewal", "row", p.Count)},
    }


def _current(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    rows = pd.read_parquet(folder / f"{name}.parquet", columns=[*columns, "known_to"])
    return rows[rows["known_to"].isna()].drop(columns="known_to")


if __name__ == "__main__":
    main()
