"""The configuration that `accountpulse init` writes: every key, with what it means."""

from __future__ import annotations

from pathlib import Path

from accountpulse.config.model_json_schema import EDITOR_COMMENT, FILE_NAME, published_schema
from accountpulse.config.model_schema import DEFAULT_MODELS, default_model_text
from accountpulse.config.settings import DEFAULT_PATH
from accountpulse.core.errors import SettingsError

TEMPLATE = """\
# AccountPulse: the configuration. Check it with `accountpulse check`; every key is described in docs/configuration.md.
#
# Secrets never stand in this file. Write ${NAME}, and set the environment variable NAME; or file:/path/to/secret.

# Where everything is kept: a file, or a PostgreSQL database such as postgresql://accountpulse:${DB_PASSWORD}@db/accountpulse
store: {url: accountpulse.db}

# Whose midnight ends a scoring day, and in which money amounts are reported.
time_zone: UTC
currency: USD

# What other currencies are worth in it, each rate from its day on: 1 EUR is 1.08 of the currency above. An amount in a currency
# without a rate makes a metric unknown, never wrong. For many rates, name a CSV file with the columns currency, from, rate:
# write {file: rates.csv} instead.
# rates:
#   EUR: [{from: 2025-01-01, rate: 1.04}, {from: 2026-01-01, rate: 1.08}]

# The features that adoption is measured by; without this list, all that customers used in the last 90 days.
# key_features: [dashboards, reports, alerts]

# A webhook that is told, signed, when an account's band changes or a target was missed: docs/notify.md.
# notify: {url: "https://hooks.example/accountpulse", secret: "${NOTIFY_SECRET}"}

# Where your customers are known. Take away the '#' of those you have. The name of a connection (crm, support) is yours to
# choose. Where two disagree about an account, the one that stands first is believed.
connections:
  # crm:
  #   connector: salesforce           # pip install "accountpulse[salesforce]"
  #   anchor: true                    # its accounts are the accounts here; those of the others are linked to them
  #   schedule: "*/15 * * * *"        # when `accountpulse serve` reads it (cron, in the time zone above); by default, never
  #   config:
  #     base_url: https://acme.my.salesforce.com
  #     client_id: 3MVG9...           # an External Client App with the client credentials flow and a run-as user
  #     client_secret: ${SALESFORCE_CLIENT_SECRET}

  # other_crm:                        # or instead of it
  #   connector: hubspot
  #   config:
  #     access_token: ${HUBSPOT_ACCESS_TOKEN}   # of a private app that may read
  #     leave_out: [tickets, surveys]           # what you do elsewhere

  # support:
  #   connector: zendesk              # pip install "accountpulse[zendesk]" (zenpy is GPL-3.0)
  #   config:
  #     base_url: https://acme.zendesk.com
  #     client_id: accountpulse       # an OAuth client of kind "confidential"
  #     client_secret: ${ZENDESK_CLIENT_SECRET}
  #     webhook_secrets: ["${ZENDESK_WEBHOOK_SECRET}"]   # of a webhook to http://<this server>/in/support/webhook; not needed

  # messenger:
  #   connector: intercom
  #   config:
  #     token: ${INTERCOM_TOKEN}      # of an app that may read users, companies and conversations
  #     base_url: https://api.eu.intercom.io           # or .au, or https://api.intercom.io: where the workspace is
  #     webhook_secrets: ["${INTERCOM_CLIENT_SECRET}"] # of a webhook to http://<this server>/in/messenger/webhook

  # billing:
  #   connector: stripe               # pip install "accountpulse[stripe]"
  #   config:
  #     api_key: ${STRIPE_API_KEY}    # a restricted key that may read

  # surveys:
  #   connector: typeform
  #   config:
  #     token: ${TYPEFORM_TOKEN}
  #     forms:
  #       - {id: abc123, kind: nps, score_field: nps_score}
  #     webhook_secrets: ["${TYPEFORM_WEBHOOK_SECRET}"]  # of a webhook to http://<this server>/in/surveys/webhook; not needed

  # other_surveys:
  #   connector: surveys              # any tool sends responses, signed, to http://<this server>/in/other_surveys/responses
  #   config:
  #     webhook_secrets: ["${SURVEYS_SECRET}"]

  # usage:
  #   connector: segment              # your product sends events to http://<this server>/in/usage
  #   config:
  #     write_keys: ["${SEGMENT_WRITE_KEY}"]

  # usage_counted:
  #   connector: posthog              # or counted by PostHog, day by day
  #   config:
  #     personal_api_key: ${POSTHOG_PERSONAL_API_KEY}  # with the scopes query:read, project:read, group:read
  #     project_id: 12345
  #     group_type: company           # the group type that is your customer

  # usage_history:
  #   connector: tabular              # CSV, JSON lines, or Parquet with pip install "accountpulse[parquet]"
  #   config:
  #     files:
  #       - path: usage/*.csv
  #         record: usage_day
  #         columns: {account: account_id, user: user, feature: feature, day: day, count: count, seconds: seconds}

# For single attributes, whom to believe first. The order of the connections holds for the others.
# precedence:
#   plan: [billing, crm]

# Which customers are scored with which model. The first rule that matches wins; the last one takes everybody else.
segments:
  - {name: new, when: {tenure_days: {lt: 90}}, model: models/new.yaml}
  - {name: enterprise, when: {plan: {in: [enterprise]}}, model: models/enterprise.yaml}
  - {name: standard, default: true, model: models/standard.yaml}

# After how many days without a good reading a connection's data counts as unknown.
freshness: {stale_after_days: 3}

# How much of the scores' history is kept: every move for `daily_days`, one row a week until `keep_days`. Default: for ever.
# history: {daily_days: 400, keep_days: 1825}

# When everybody is scored, besides after each scheduled reading.
# scoring: {schedule: "30 5 * * *"}

# Beside the store, a copy of the facts by column, over which metrics run several times faster: worth it from about 100,000
# accounts on. It needs pip install "accountpulse[fast]"; docs/engines.md says more.
# mirror: {path: mirror}

# Or in Spark, over that copy or over tables of a lake: pip install "accountpulse[spark]" and a Java of 17 or newer.
# engine: spark
# spark:
#   master: spark://head:7077
#   options: {spark.executor.memory: 4g}
#   tables: {usage_day: lake.product_usage}

# plugins:
#   allow: [salesforce, hubspot, zendesk, intercom, stripe, typeform, surveys, segment, posthog, tabular, scorers, metrics]
#   strict: true                                     # a broken plugin stops the start; allow: by default, all there are

# Where `accountpulse serve` listens.
server: {host: 127.0.0.1, port: 8000}
"""


def write_template(directory: Path, config: Path | None = None, *, force: bool = False) -> list[Path]:
    """Write the configuration, its models, and the schema that editors check those with; returns their paths, in that order.

    config: its name, when not accountpulse.yaml. Raises SettingsError rather than overwrite anything without `force`.
    """
    file = directory / (config or DEFAULT_PATH)
    texts = {file: TEMPLATE}
    folder = file.parent / "models"
    texts |= {folder / f"{name}.yaml": EDITOR_COMMENT + default_model_text(name) for name in DEFAULT_MODELS}
    texts[folder / FILE_NAME] = published_schema()
    there = [path for path in texts if path.exists()]
    if there and not force:
        raise SettingsError([f"{path}: is there already; overwrite it with --force, or name another folder" for path in there])
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError([f"{error.filename}: can't be written: {error.strerror}"]) from error
    return list(texts)
