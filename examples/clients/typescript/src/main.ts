// The portfolio, the page of the account that scores worst, why its score moved, and a person's word on it.
import { fromEnvironment } from "./client.ts";
import {
  AccountPageDocument,
  OverrideDocument,
  PortfolioDocument,
  WhyDocument,
  type OverrideScoreInput,
} from "./generated/graphql.ts";

const client = fromEnvironment();

const { portfolio } = await client.ask(PortfolioDocument, {});
console.log(`${portfolio.accounts} accounts on ${portfolio.day}`);
for (const { keys, accounts, share } of portfolio.groups) {
  console.log(`  ${keys.map((key) => key.value ?? "none").join(", ")}: ${accounts} (${Math.round(100 * share)} %)`);
}

const [account] = (await client.ask(AccountPageDocument, {})).accounts.nodes;
if (!account?.score) throw new Error("no account has a score yet: run accountpulse score");
console.log(`${account.name}: ${account.score.value?.toFixed(1)}, ${account.score.band}`);
for (const { reason } of account.score.components) console.log(`  ${reason}`);

const { explainChange: why } = await client.ask(WhyDocument, { account: { id: account.id } });
console.log(why.summary);

const input: OverrideScoreInput = {
  account: { id: account.id },
  score: account.score.value === 1 ? 2 : 1,
  reason: "they told us that they leave",
  until: new Date(Date.now() + 24 * 3600 * 1000).toISOString(),
  expectedRevision: account.revision,
  idempotencyKey: crypto.randomUUID(),
};
const { overrideScore: done } = await client.ask(OverrideDocument, { input });
for (const { field, message } of done.userErrors) throw new Error(`${field.join(".")}: ${message}`);
// As after an answer that was lost on its way: with the same key nothing is done twice.
const { overrideScore: again } = await client.ask(OverrideDocument, { input });
console.log(`overridden once: ${again.account?.revision === done.account?.revision}`);
