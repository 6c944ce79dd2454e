// The live feed: scores as they change, and why. Ends with Ctrl-C.
import { setTimeout as wait } from "node:timers/promises";
import { fromEnvironment } from "./client.ts";
import { LiveFeedDocument } from "./generated/graphql.ts";

const client = fromEnvironment();
let since: string | null = null;
for (;;) {
  try {
    for await (const { scoreChanged: event } of client.watch(LiveFeedDocument, { since })) {
      const before = event.scoreBefore?.toFixed(1) ?? "?";
      console.log(`${event.account?.name}: ${before} -> ${event.score?.toFixed(1)}, ${event.band}`);
      for (const { reason } of event.account?.score?.components ?? []) console.log(`  ${reason}`);
      since = event.cursor;
    }
  } catch (error) {
    if (!(error instanceof Event)) throw error; // a server that isn't there is an ErrorEvent, one that goes a CloseEvent
    // Codes from 4000 on are the server's own word, such as 4403 for a wrong token: asking again would not help.
    if (error instanceof CloseEvent && error.code >= 4000) throw new Error(`refused: ${error.code} ${error.reason}`);
  }
  // What changes meanwhile is told first: `since` is the last event's cursor.
  await wait(1000);
}
