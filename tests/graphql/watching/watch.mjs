// Watches with the usual clients until each has been told two events; prints those, then how a wrong token is refused.
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import WebSocket from "ws";

const [address, token, query] = process.argv.slice(2);
const authorization = `Bearer ${token}`;

async function told(client) {
  const events = [];
  for await (const { data, errors } of client.iterate({ query })) {
    if (errors) throw new Error(JSON.stringify(errors));
    events.push(data);
    if (events.length === 2) break;
  }
  return events;
}

const ws = (connectionParams) =>
  createWs({ url: `ws://${address}/graphql`, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
const sse = createSse({ url: `http://${address}/graphql/stream`, headers: { authorization } });
const good = ws({ authorization });
const [overSocket, overStream] = await Promise.all([told(good), told(sse)]);
await good.dispose();
sse.dispose();

let refused = null;
try {
  await told(ws({ authorization: "Bearer ap_wrong" }));
} catch (error) {
  refused = error.code ?? String(error);
}
console.log(JSON.stringify({ overSocket, overStream, refused }));
process.exit(0);
