"""PostGraphile over the same rows: views with the columns that are asked for, and the queries in its own words for them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from tests.benchmarks.portfolio import LIST, SMALL

_MOMENT = """to_char({0} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') as {0}"""
_VIEWS = f"""
create schema rival;
create view rival.account as
select account_id, rtrim(translate(encode(convert_to('Account:' || account_id, 'UTF8'), 'base64'), '+/', '-_'), '=') as key,
  name, domain, owner, plan, region, employees::int, lifecycle_stage,
  {_MOMENT.format("customer_since")}, {_MOMENT.format("renewal_at")}
from account_profile;
comment on view rival.account is E'@primaryKey account_id';
create view rival.score as select account_id, score as value, band from score_current;
comment on view rival.score is E'@primaryKey account_id\\n@foreignKey (account_id) references rival.account (account_id)';
create view rival.component as
select id, account_id, "group", upper(state) as state, value, contribution, reason from rival_component;
comment on view rival.component is E'@primaryKey id\\n@foreignKey (account_id) references rival.score (account_id)';
"""
_FIRST = "accounts: allAccounts(first: {}, orderBy: [NAME_ASC, ACCOUNT_ID_ASC]{}) {{ nodes"
QUERIES = {
    LIST: f"""query($owner: String!) {{ {_FIRST.format(100, ", condition: {owner: $owner}")} {{
  id: key name domain owner plan region employees lifecycleStage customerSince renewalAt
  score: scoreByAccountId {{ value band components: componentsByAccountId(orderBy: PRIMARY_KEY_ASC) {{ nodes {{
    group state value contribution reason }} }} }}
}} }} }}""",
    SMALL: f"{{ {_FIRST.format(1, '')} {{ name plan score: scoreByAccountId {{ value }} }} }} }}",
}


def make_views(url: str) -> None:
    """Make the views in a database that is filled."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in _VIEWS.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


def as_ours(data: Any) -> Any:
    """An answer in our shape: components are a list there, too, one level deeper."""
    for account in data["accounts"]["nodes"]:
        if account["score"] and "components" in account["score"]:
            account["score"]["components"] = account["score"]["components"]["nodes"]
    return data
