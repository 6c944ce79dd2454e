// Starts GraphiQL. The token lives in this page's memory only; it may be given behind a #, which no browser sends anywhere.
"use strict";

const EXAMPLE = `# The accounts that need somebody, the most valuable first.
query Portfolio {
  accounts(
    filter: { score: { lte: 50 }, churnedAt: { null: true } }
    orderBy: [{ field: MRR, direction: DESC }]
    first: 10
  ) {
    totalCount
    nodes {
      name
      owner
      mrr { amount currency }
      score { value band bandSince coverage bounds { low high } trend28d }
    }
  }
}
`;

const needsToken = document.documentElement.dataset.token === "required";
let token = new URLSearchParams(window.location.hash.slice(1)).get("token") || "";
if (token) history.replaceState(null, "", window.location.pathname);

const form = document.getElementById("sign-in");
const root = ReactDOM.createRoot(document.getElementById("graphiql"));
let shown = 0;

function fetcher(parameters, options) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json, application/json;q=0.9" };
  if (token) headers.authorization = `Bearer ${token}`;
  return fetch("/graphql", {
    method: "POST",
    headers: { ...headers, ...((options && options.headers) || {}) },
    body: JSON.stringify(parameters),
    credentials: "omit",
  }).then((response) => {
    if (response.status === 401) form.hidden = false;
    return response.json();
  });
}

function show() {
  // A new key makes GraphiQL ask for the schema again, now with the token.
  shown += 1;
  root.render(
    React.createElement(GraphiQL, { key: shown, fetcher, defaultQuery: EXAMPLE, shouldPersistHeaders: false })
  );
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  token = document.getElementById("token").value.trim();
  form.hidden = Boolean(token);
  show();
});

form.hidden = !needsToken || Boolean(token);
if (form.hidden) show();
else document.getElementById("graphiql").textContent = "";
