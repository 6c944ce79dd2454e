// mercurius on fastify, its execution compiled by graphql-jit from the first use on.
import fastify from "fastify";
import mercurius from "mercurius";
import { schema } from "./schema.mjs";

const app = fastify();
app.register(mercurius, { schema, jit: 1 });
const address = await app.listen({ port: 0, host: "127.0.0.1" });
console.log(new URL(address).port);
