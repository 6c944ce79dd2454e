"""A configuration file in which everything is said, and what it refers to."""

from __future__ import annotations

SECRET = "hunter2-and-more"
ENVIRONMENT = {
    "SF_SECRET": SECRET,
    "STRIPE_KEY": "rk_test_abc123",
    "KEY_ONE": "one-key",
    "DB_PASSWORD": "p@ss/word",
    "EMPTY": "",
}
GOOD = """\
store: {url: data/pulse.db}
time_zone: Europe/Berlin
currency: EUR
connections:
  crm:
    connector: salesforce
    anchor: true
    config:
      base_url: https://acme.my.salesforce.com
      client_id: abc
      client_secret: ${SF_SECRET}
  billing:
    connector: stripe
    config: {api_key: "${STRIPE_KEY}"}
  usage:
    connector: segment
    config:
      write_keys: ["${KEY_ONE}", "file:secrets/two"]
precedence: {plan: [billing, crm]}
segments:
  - {name: new, when: {tenure_days: {lt: 90}}, model: models/new.yaml}
  - {name: standard, default: true, model: models/standard.yaml}
freshness: {stale_after_days: 2}
plugins: {strict: false}
server: {host: 0.0.0.0, port: 9000}
"""
