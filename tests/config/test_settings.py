"""The configuration file: what it means, and what a person is told about each mistake in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.config.conftest import Problems
from tests.config.settings_texts import ENVIRONMENT, GOOD, SECRET

from accountpulse.config.reading import read_plugin_settings
from accountpulse.config.settings import PluginSettings, ServerSettings, Settings, default_path
from accountpulse.config.template import TEMPLATE, write_template
from accountpulse.core.errors import SettingsError
from accountpulse.core.jobs.schedules import Schedule
from accountpulse.core.sync.headway import Limits
from accountpulse.plugins.host import PluginHost, PluginInfo

# --- what it means --------------------------------------------------------------------------------------------------------


def test_a_good_file_is_read_with_all_it_says(load: Callable[[str], Settings], folder: Path) -> None:
    settings = load(GOOD)

    assert settings.store_url == str(folder / "data" / "pulse.db")
    assert settings.zone.key == "Europe/Berlin"
    assert settings.currency == "EUR"
    assert list(settings.connections) == ["crm", "billing", "usage"]
    assert anchors(settings) == ["crm"]
    assert settings.precedence == {"plan": ("billing", "crm")}
    assert [(rule.name, rule.model) for rule in settings.segments] == [("new", "new"), ("standard", "standard")]
    assert set(settings.models) == {"new", "standard"}
    assert settings.stale_after_days == 2
    assert settings.server == ServerSettings(host="0.0.0.0", port=9000)


def test_references_become_secrets(load: Callable[[str], Settings]) -> None:
    settings = load(GOOD)

    assert settings.connections["crm"].config.client_secret == SecretStr(SECRET)  # type: ignore[attr-defined]  # Salesforce's
    assert settings.connections["usage"].config.write_keys == (  # type: ignore[attr-defined]  # Segment's
        SecretStr("one-key"),
        SecretStr("two-key"),
    )


def test_schedules_are_read_in_the_time_zone_of_the_store_unless_they_name_their_own(load: Callable[[str], Settings]) -> None:
    own = "schedule: {cron: '30 5 * * mon-fri', time_zone: America/New_York}"
    settings = load(
        GOOD.replace("anchor: true", "anchor: true\n    schedule: '*/15  * * * *'")
        .replace("connector: stripe", f"connector: stripe\n    {own}")
        .replace("freshness:", "scoring: {schedule: 0 6 * * *}\nfreshness:")
    )
    assert {name: each.schedule for name, each in settings.connections.items()} == {
        "crm": Schedule("*/15 * * * *", "Europe/Berlin"),
        "billing": Schedule("30 5 * * mon-fri", "America/New_York"),
        "usage": None,
    }
    assert settings.scoring_schedule == Schedule("0 6 * * *", "Europe/Berlin")


def test_how_long_a_run_may_take_is_limited(load: Callable[[str], Settings]) -> None:
    assert load(GOOD).limits == Limits(budget=timedelta(hours=24), silence=timedelta(minutes=30))
    limits = load(GOOD.replace("freshness:", "sync: {run_hours: 1.5, silent_minutes: 5}\nfreshness:")).limits
    assert limits == Limits(budget=timedelta(hours=1.5), silence=timedelta(minutes=5))
    with pytest.raises(SettingsError, match=r"sync\.silent_minutes"):
        load(GOOD.replace("freshness:", "sync: {silent_minutes: 0}\nfreshness:"))


def test_no_secret_is_in_a_repr(load: Callable[[str], Settings]) -> None:
    shown = repr(load(GOOD.replace("data/pulse.db", '"postgresql://me:${DB_PASSWORD}@db/pulse"')))

    for secret in (*filter(None, ENVIRONMENT.values()), "two-key", "p%40ss"):
        assert secret not in shown


def test_everything_but_connections_and_segments_has_a_default(load: Callable[[str], Settings], folder: Path) -> None:
    settings = load("connections:\nsegments: [{name: all, default: true, model: models/standard.yaml}]\n")

    assert settings.connections == {}
    assert settings.store_url == str(folder / "accountpulse.db")
    assert (settings.time_zone, settings.currency, settings.stale_after_days) == ("UTC", "USD", 3)
    assert settings.server == ServerSettings()
    assert settings.plugins == PluginSettings()


def test_a_password_in_a_url_may_hold_any_character(load: Callable[[str], Settings]) -> None:
    url = load(GOOD.replace("data/pulse.db", '"postgresql://me:${DB_PASSWORD}@db/pulse"')).store_url
    assert url == "postgresql://me:p%40ss%2Fword@db/pulse"


def test_a_relative_sqlite_url_starts_at_the_file_too(load: Callable[[str], Settings], folder: Path) -> None:
    assert load(GOOD.replace("data/pulse.db", '"sqlite:///data/x.db"')).store_url == f"sqlite:///{folder}/data/x.db"
    assert load(GOOD.replace("data/pulse.db", '"sqlite:////var/x.db"')).store_url == "sqlite:////var/x.db"


@pytest.mark.parametrize(
    ("connections", "anchor"),
    [
        (
            "  crm: {connector: salesforce, config: {base_url: 'https://a.my.salesforce.com', client_id: a, "
            "client_secret: '${SF_SECRET}'}}\n  billing: {connector: stripe, config: {api_key: '${STRIPE_KEY}'}}\n",
            "crm",
        ),
        ("  billing: {connector: stripe, config: {api_key: '${STRIPE_KEY}'}}\n", "billing"),
    ],
)
def test_the_crm_is_the_anchor_else_billing(load: Callable[[str], Settings], connections: str, anchor: str) -> None:
    text = f"connections:\n{connections}segments: [{{name: all, default: true, model: models/standard.yaml}}]\n"
    assert anchors(load(text)) == [anchor]


def anchors(settings: Settings) -> list[str]:
    return [name for name, connection in settings.connections.items() if connection.anchor]


def test_a_dollar_is_written_twice(load: Callable[[str], Settings]) -> None:
    config = load(GOOD.replace("client_id: abc", 'client_id: "$${abc}"')).connections["crm"].config
    assert config.client_id == "${abc}"  # type: ignore[attr-defined]  # Salesforce's


def test_plugins_can_be_read_before_the_rest_is_right(folder: Path) -> None:
    file = folder / "accountpulse.yaml"
    file.write_text("plugins: {allow: [stripe], strict: true}\nnonsense: 1\n")
    assert read_plugin_settings(file) == PluginSettings(allow=("stripe",), strict=True)


def test_the_default_path_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCOUNTPULSE_CONFIG", raising=False)
    assert default_path() == Path("accountpulse.yaml")
    monkeypatch.setenv("ACCOUNTPULSE_CONFIG", "elsewhere.yaml")
    assert default_path() == Path("elsewhere.yaml")


def test_the_template_is_a_good_file(tmp_path: Path, host: PluginHost) -> None:
    written = write_template(tmp_path)
    settings = Settings.load(written[0], host, environment={})
    assert [rule.name for rule in settings.segments] == ["new", "enterprise", "standard"]


def test_the_templates_examples_are_good_too(tmp_path: Path, host: PluginHost) -> None:
    write_template(tmp_path)
    examples = re.sub(r"^( *)# (?=  |[a-z_]+:|plugins|precedence)", r"\1", TEMPLATE, flags=re.MULTILINE)
    file = tmp_path / "all.yaml"
    file.write_text(examples)
    names = set(re.findall(r"\$\{([A-Z_]+)\}", examples))
    settings = Settings.load(file, host, environment=dict.fromkeys(names, "x" * 16))
    assert list(settings.connections) == [
        "crm",
        "other_crm",
        "support",
        "messenger",
        "billing",
        "surveys",
        "other_surveys",
        "usage",
        "usage_counted",
        "usage_history",
    ]
    assert settings.plugins.allow is not None


# --- what a person is told ------------------------------------------------------------------------------------------------

MISTAKES = [
    ("store: {url:", "stor: {url:", ":1: stor: unknown key (did you mean 'store'?); allowed: connections, segments, store"),
    ("data/pulse.db", "mysql://db/x", ":1: store.url: found a URL of kind 'mysql'; allowed: a file's path, sqlite:///path"),
    ("data/pulse.db", "''", ":1: store.url: found ''; allowed: a file's path"),
    ("Europe/Berlin", "Europe/Berln", ":2: time_zone: unknown time zone 'Europe/Berln' (did you mean 'Europe/Berlin'?)"),
    (
        "anchor: true",
        "schedule: hourly",
        ":7: connections.crm.schedule: 'hourly': found 1 fields; write five, of minutes, hours",
    ),
    ("anchor: true", "schedule: 0 0 5 * * *", ":7: connections.crm.schedule: '0 0 5 * * *': found 6 fields; write five"),
    ("anchor: true", "schedule: 0 0 31 2 *", ":7: connections.crm.schedule: '0 0 31 2 *': that day never comes; choose a day"),
    ("anchor: true", "schedule: 60 * * * *", ":7: connections.crm.schedule: '60 * * * *': it can't be read"),
    ("anchor: true", "schedule: 5", ":7: connections.crm.schedule: found 5; allowed: five fields of cron, such as"),
    (
        "anchor: true",
        "schedule: {cron: 0 5 * * *, time_zone: Mars}",
        ":7: connections.crm.schedule.time_zone: unknown time zone 'Mars'",
    ),
    ("anchor: true", "schedule: {at: 0 5 * * *}", ":7: connections.crm.schedule.at: unknown key; allowed: cron, time_zone"),
    ("EUR", "euro", ":3: currency: found 'euro'; allowed: an ISO 4217 code such as USD or EUR"),
    ("  crm:", "  CRM:", ":5: connections.CRM: found the name 'CRM'; allowed: a letter, then lower-case letters"),
    (
        "connector: salesforce",
        "connector: salesfroce",
        ":6: connections.crm.connector: unknown connector 'salesfroce' (did you",
    ),
    (
        "connector: salesforce",
        "connecter: salesforce",
        ":6: connections.crm.connecter: unknown key (did you mean 'connector'?)",
    ),
    ("anchor: true", "anchor: maybe", ":7: connections.crm.anchor: found 'maybe'; allowed: true or false"),
    ("base_url: https://acme.my", "base_url: https://login", ":9: connections.crm.config.base_url: found 'https://login."),
    ("      client_id: abc\n", "", ":8: connections.crm.config: the key 'client_id' is missing"),
    (
        "client_id:",
        "client-id:",
        ":10: connections.crm.config.client-id: unknown key (did you mean 'client_id'?); allowed: base",
    ),
    ("${SF_SECRET}", SECRET, ":11: connections.crm.config.client_secret: a secret must not stand in this file; write ${CRM_CL"),
    ("${SF_SECRET}", "12345678", ":11: connections.crm.config.client_secret: a secret must not stand in this file"),
    ("${SF_SECRET}", "${SF_SECRT}", ":11: connections.crm.config.client_secret: the environment variable SF_SECRT is not set"),
    ("${SF_SECRET}", "${EMPTY}", ":11: connections.crm.config.client_secret: the environment variable EMPTY is set, but empty"),
    ("${SF_SECRET}", "${not a name}", ":11: connections.crm.config.client_secret: found ${not a name}; allowed: ${NAME}"),
    (
        '{api_key: "${STRIPE_KEY}"}',
        "{}",
        ":14: connections.billing.config: the key 'api_key' is missing; write api_key: ${BILLIN",
    ),
    ('{api_key: "${STRIPE_KEY}"}', "[]", ":14: connections.billing.config: found an empty list; allowed: a mapping"),
    ('"file:secrets/two"', '"file:secrets/three"', ":18: connections.usage.config.write_keys[1]: the secret's file secrets/th"),
    ('"file:secrets/two"', '"file:secrets"', ":18: connections.usage.config.write_keys[1]: the secret's file secrets can't be"),
    ("billing, crm", "biling, crm", ":19: precedence.plan[0]: there is no connection 'biling' (did you mean 'billing'?)"),
    ("billing, crm", "crm, crm", ":19: precedence.plan[1]: connection 'crm' is named twice"),
    ("{plan: [", "{plam: [", ":19: precedence.plam: unknown key (did you mean 'plan'?); allowed: name, owner"),
    (
        "tenure_days",
        "tenure_dayz",
        ":21: segments[0].when.tenure_dayz: unknown attribute or metric 'tenure_dayz' (did you mean",
    ),
    (
        "models/new.yaml",
        "models/mew.yaml",
        ":21: segments[0].model: found 'models/mew.yaml'; allowed: the path of a model file",
    ),
    ("default: true", "when: {plan: {eq: x}}", ":20: segments: no default segment; add one at the end"),
    ("freshness:", "history: {daily_days: 30}\nfreshness:", ":23: history.daily_days: found 30; allowed: a whole number"),
    (
        "freshness:",
        "history: {daily_days: 900, keep_days: 400}\nfreshness:",
        ":23: history.daily_days: found 900, more than keep_days, 400",
    ),
    ("stale_after_days: 2", "stale_after_days: soon", ":23: freshness.stale_after_days: found 'soon'; allowed: a number"),
    ("strict: false", "strict: 1", ":24: plugins.strict: found 1; allowed: true or false"),
    ("strict: false", "allow: [stripy]", ":24: plugins.allow[0]: no plugin 'stripy' is installed (did you mean 'stripe'?)"),
    ("strict: false", "allow: stripe", ":24: plugins.allow: found 'stripe'; allowed: a list of plugin names"),
    (
        "port: 9000",
        "port: 99999",
        ":25: server.port: found 99999; allowed: a whole number from 0 to 65535: a port (0: any that is free)",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES, ids=[message[:60] for *_, message in MISTAKES])
def test_a_mistake_is_reported_at_its_place(problems: Problems, right: str, wrong: str, message: str) -> None:
    assert right in GOOD
    found = problems(GOOD.replace(right, wrong, 1))
    assert any(problem.startswith(f"accountpulse.yaml{message}") for problem in found), found


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("${SF_SECRET}", SECRET),
        GOOD.replace("client_id: abc", f"client_id: abc\n      client_sekret: {SECRET}"),
        GOOD.replace("https://acme.my.salesforce.com", f"https://me:{SECRET}@login.salesforce.com"),
        GOOD.replace("https://acme.my.salesforce.com", "http://x/${SF_SECRET}"),
        GOOD.replace('["${KEY_ONE}", "file:secrets/two"]', f"[{SECRET}]"),
        GOOD.replace('["${KEY_ONE}", "file:secrets/two"]', f"{{a: {SECRET}}}"),
        GOOD.replace("data/pulse.db", f'"postgresql://me:{SECRET}@db/pulse"'),
    ],
)
def test_no_message_quotes_a_secret(problems: Problems, text: str) -> None:
    assert SECRET not in "\n".join(problems(text))


def test_a_password_in_the_stores_url_is_refused(problems: Problems) -> None:
    found = problems(GOOD.replace("data/pulse.db", '"postgresql://me:secret@db/pulse"'))
    assert found == [
        "accountpulse.yaml:1: store.url: a password must not stand in this file; write ${DATABASE_URL}, or ${VARIABLE} for the "
        "password"
    ]


def test_all_problems_come_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    found = problems(
        GOOD.replace("EUR", "euro")
        .replace("salesforce\n", "salesfroce\n")
        .replace("port: 9000", "port: x")
        .replace("{lt:", "{less:")
    )
    lines = [int(match[1]) for problem in found if (match := re.match(r"accountpulse\.yaml:(\d+):", problem))]
    assert lines == [3, 6, 21, 25]


def test_a_models_mistakes_are_reported_in_its_own_file(problems: Problems, folder: Path) -> None:
    model = folder / "models" / "new.yaml"
    model.write_text(model.read_text().replace("goal: churn", "goal: chrun"))
    assert len(found := problems(GOOD)) == 1
    assert re.match(r"models/new\.yaml:\d+: goal: found 'chrun' \(did you mean 'churn'\?\)", found[0])


def test_two_models_of_one_name_are_refused(problems: Problems, folder: Path) -> None:
    text = (folder / "models" / "standard.yaml").read_text()
    (folder / "models" / "new.yaml").write_text(text.replace("weight: 45", "weight: 46"))
    assert problems(GOOD) == [
        "accountpulse.yaml:22: segments[1].model: the model in 'models/standard.yaml' is called 'standard', as that in "
        "'models/new.yaml'; give each its own name"
    ]


def test_without_an_anchor_nothing_would_become_an_account(problems: Problems) -> None:
    found = problems(
        "connections:\n  usage: {connector: segment, config: {write_keys: ['${KEY_ONE}']}}\n"
        "segments: [{name: all, default: true, model: models/standard.yaml}]\n"
    )
    assert found == [
        "accountpulse.yaml:1: connections: no connection is the anchor, whose accounts become accounts here; "
        "add `anchor: true` to one of usage"
    ]


def test_a_broken_plugin_is_named_where_its_connector_is_missing(folder: Path, host: PluginHost) -> None:
    broken = PluginInfo("acme", "accountpulse-acme", "1.0", "broken", "ImportError: no module named acme_sdk")
    lacking = PluginHost(
        connectors=host.connectors, metrics=host.metrics, scorers=host.scorers, plugins=[*host.plugins, broken]
    )
    file = folder / "accountpulse.yaml"
    file.write_text(GOOD.replace("connector: stripe", "connector: acme"))
    with pytest.raises(SettingsError, match="connector 'acme' can't be used: its plugin is broken: ImportError: no module"):
        Settings.load(file, lacking, environment=ENVIRONMENT)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path, host: PluginHost) -> None:
    with pytest.raises(SettingsError, match=r"there is no such file; make one with `accountpulse init`"):
        Settings.load(tmp_path / "none.yaml", host)


@pytest.mark.parametrize("text", ["- a list\n", "just text\n"])
def test_a_file_that_is_no_mapping_is_refused(problems: Problems, text: str) -> None:
    assert "allowed: a mapping with the keys connections, segments" in problems(text)[0]


@pytest.mark.parametrize("key", ["connections", "segments"])
def test_a_missing_block_is_named(problems: Problems, key: str) -> None:
    text = re.sub(rf"^{key}:\n(?: .*\n)+", "", GOOD, flags=re.MULTILINE)
    assert f"accountpulse.yaml:1: (top level): the key '{key}' is missing" in problems(text)


def test_init_overwrites_nothing_unless_it_must(tmp_path: Path) -> None:
    write_template(tmp_path)
    with pytest.raises(SettingsError, match="is there already; overwrite it with --force") as caught:
        write_template(tmp_path)
    assert len(caught.value.problems) == 5
    assert len(write_template(tmp_path, force=True)) == 5
