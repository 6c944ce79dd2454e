// graphql-yoga; with "jit" as second argument its execution is compiled by graphql-jit.
import { createServer } from "node:http";
import { createYoga } from "graphql-yoga";
import { useGraphQlJit } from "@envelop/graphql-jit";
import { schema } from "./schema.mjs";

const plugins = process.argv[3] === "jit" ? [useGraphQlJit()] : [];
const server = createServer(createYoga({ schema, plugins, logging: false, graphiql: false }));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
