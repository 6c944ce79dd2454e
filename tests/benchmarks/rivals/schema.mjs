// The same rows for the Node servers: two prepared statements over Node's own SQLite, one for accounts, one for components.
import { DatabaseSync } from "node:sqlite";
import { buildSchema } from "graphql";

const database = new DatabaseSync(process.argv[2], { readOnly: true });
const rows = database.prepare(`
  select a.account_id, a.name, a.domain, a.owner, a.plan, a.region, a.employees, a.lifecycle_stage, a.customer_since, a.renewal_at,
         s.score, s.band
  from account_profile a left join score_current s using (account_id)
  where ?1 is null or a.owner = ?1 order by a.name, a.account_id limit ?2`);
const parts = database.prepare(`
  select * from rival_component where account_id in (select value from json_each(?)) order by id`);

export const schema = buildSchema(`
  scalar DateTime
  enum ComponentState { MEASURED NO_DATA }
  type Component { group: String! state: ComponentState! value: Float contribution: Float! reason: String! }
  type Score { value: Float! band: String! components: [Component!]! }
  type Account {
    id: ID! name: String! domain: String owner: String plan: String region: String employees: Int lifecycleStage: String
    customerSince: DateTime renewalAt: DateTime score: Score
  }
  type Accounts { nodes: [Account!]! }
  input TextFilter { eq: String! }
  input AccountFilter { owner: TextFilter! }
  type Query { accounts(first: Int = 50, filter: AccountFilter): Accounts! }`);

const moment = (micros) => (micros === null ? null : new Date(micros / 1000).toISOString().replace(".000Z", "+00:00"));

function components(ids) {
  const found = new Map(ids.map((id) => [id, []]));
  for (const part of parts.all(JSON.stringify(ids))) found.get(part.account_id).push({ ...part, state: part.state.toUpperCase() });
  return found;
}

export const accounts = (_, { first, filter }) => {
  const found = rows.all(filter?.owner.eq ?? null, first);
  const byAccount = components(found.map((row) => row.account_id));
  return {
    nodes: found.map((row) => ({
      id: Buffer.from(`Account:${row.account_id}`).toString("base64url"),
      name: row.name, domain: row.domain, owner: row.owner, plan: row.plan, region: row.region, employees: row.employees,
      lifecycleStage: row.lifecycle_stage, customerSince: moment(row.customer_since), renewalAt: moment(row.renewal_at),
      score: row.score === null ? null : { value: row.score, band: row.band, components: byAccount.get(row.account_id) },
    })),
  };
};
schema.getQueryType().getFields().accounts.resolve = accounts;
