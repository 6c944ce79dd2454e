// Asks, changes and watches; what comes back has the type of the operation.
import { createClient } from "graphql-ws";
import type { TypedDocumentString } from "./generated/graphql.ts";

export interface Client {
  /** The answer's data. Throws with the server's words and their code where there are errors. */
  ask<Result, Variables>(operation: TypedDocumentString<Result, Variables>, variables: Variables): Promise<Result>;
  /** Events one by one, until the loop is left. Throws the socket's `CloseEvent` where the connection is lost or refused. */
  watch<Result, Variables extends Record<string, unknown>>(
    operation: TypedDocumentString<Result, Variables>,
    variables: Variables,
  ): AsyncIterableIterator<Result>;
}

interface Answer<Result> {
  data?: Result | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** @param url the address of the API, such as http://127.0.0.1:8000/graphql  @param token an API token: `accountpulse token create` */
export function connect(url: string, token: string): Client {
  const authorization = `Bearer ${token}`;
  const socket = createClient({ url: url.replace(/^http/, "ws"), connectionParams: { authorization }, retryAttempts: 0 });
  return {
    async ask(operation, variables) {
      const response = await fetch(url, {
        method: "POST",
        headers: { authorization, "content-type": "application/json", accept: "application/graphql-response+json" },
        body: JSON.stringify({ query: operation.toString(), variables }),
      });
      return dataOf(await response.json());
    },
    async *watch(operation, variables) {
      for await (const event of socket.iterate({ query: operation.toString(), variables })) yield dataOf(event as never);
    },
  };
}

/** The client of ACCOUNTPULSE_URL and ACCOUNTPULSE_TOKEN. */
export function fromEnvironment(): Client {
  const { ACCOUNTPULSE_URL: url = "http://127.0.0.1:8000/graphql", ACCOUNTPULSE_TOKEN: token } = process.env;
  if (!token) throw new Error("set ACCOUNTPULSE_TOKEN to a token with the scopes read and write");
  return connect(url, token);
}

function dataOf<Result>({ data, errors }: Answer<Result>): Result {
  if (errors?.length) throw new Error(errors.map((e) => `${e.extensions?.code ?? "ERROR"}: ${e.message}`).join("\n"));
  if (!data) throw new Error("the answer has no data");
  return data;
}
