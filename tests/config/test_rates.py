"""The `rates` and `key_features` of a configuration: read, or refused at their line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from accountpulse.config.model_schema import default_model_text
from accountpulse.config.settings import Settings
from accountpulse.core.errors import SettingsError
from accountpulse.plugins.host import PluginHost

HOST = PluginHost.load()
REST = """\
currency: USD
connections: {}
segments: [{name: all, default: true, model: standard.yaml}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "standard.yaml").write_text(default_model_text("standard"))
    return tmp_path


def load(folder: Path, block: str) -> Settings:
    (folder / "accountpulse.yaml").write_text(REST + block)
    return Settings.load(folder / "accountpulse.yaml", HOST, environment={})


def problems(folder: Path, block: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(folder, block)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_rates_stand_in_the_file_in_any_order(folder: Path) -> None:
    found = load(
        folder,
        "rates:\n"
        "  EUR: [{from: 2026-01-01, rate: 1.08}, {from: 2025-01-01, rate: 1}]\n"
        "  JPY: [{from: 2025-01-01, rate: 0.0067}]\n",
    )
    assert found.rates == {
        "EUR": {date(2026, 1, 1): 1.08, date(2025, 1, 1): 1.0},
        "JPY": {date(2025, 1, 1): 0.0067},
    }
    assert load(folder, "").rates == {}


def test_or_in_a_csv_file(folder: Path) -> None:
    (folder / "rates.csv").write_text("\ufeffCurrency,rate,note,from\nEUR, 1.08 ,x,2026-01-01\n\nEUR,1.04,,2025-01-01\n")
    assert load(folder, "rates: {file: rates.csv}").rates == {"EUR": {date(2026, 1, 1): 1.08, date(2025, 1, 1): 1.04}}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("rates: [1]", "accountpulse.yaml:4: rates: found a list; allowed: a mapping such as {EUR: [{from: 2026-01-01,"),
        ("rates: {EUR: 1.08}", "rates.EUR: found 1.08; allowed: a list of at least one rate such as {from: 2026-01-01,"),
        ("rates: {EURO: [{from: 2026-01-01, rate: 1}]}", "rates.EURO: found the currency 'EURO'; allowed: an ISO 4217 code"),
        ("rates: {EUX: [{from: 2026-01-01, rate: 1}]}", "rates.EUX: ISO 4217 has no currency 'EUX' (did you mean"),
        ("rates: {USD: [{from: 2026-01-01, rate: 1}]}", "rates.USD: USD is the reporting currency (`currency`)"),
        ("rates: {EUR: [{from: 2026-13-01, rate: 1}]}", "rates.EUR[0].from: found '2026-13-01'; allowed: a day such as"),
        ("rates: {EUR: [{from: 2026-01-01, rate: 0}]}", "rates.EUR[0].rate: found 0; allowed: a number above 0"),
        ("rates: {EUR: [{from: 2026-01-01, rate: -1.1}]}", "rates.EUR[0].rate: found -1.1; allowed: a number above 0"),
        ("rates: {EUR: [{from: 2026-01-01, rate: .inf}]}", "rates.EUR[0].rate: found inf; allowed"),
        ("rates: {EUR: [{from: 2026-01-01, rate: .nan}]}", "rates.EUR[0].rate: found nan; allowed"),
        ("rates: {EUR: [{from: 2026-01-01, rate: true}]}", "rates.EUR[0].rate: found true; allowed"),
        ("rates: {EUR: [{from: 2026-01-01}]}", "rates.EUR[0]: the key 'rate' is missing"),
        ("rates: {EUR: [{from: 2026-01-01, rte: 1}]}", "rates.EUR[0].rte: unknown key (did you mean 'rate'?)"),
        (
            "rates:\n  EUR:\n    - {from: 2026-01-01, rate: 1}\n    - {from: 2026-01-01, rate: 2}",
            "accountpulse.yaml:7: rates.EUR[1].from: EUR has a rate from 2026-01-01 already, in item 0; keep one of them",
        ),
        ("rates: {file: no.csv}", "rates.file: 'no.csv' can't be read: No such file or directory; paths start from"),
        ("rates: {file: 3}", "rates.file: found 3; allowed: the path of a CSV file with the columns currency, from, rate"),
        ("rates: {file: standard.yaml, EUR: []}", "rates.EUR: rates are in a file or here, not both"),
        ("key_features: login", "key_features: found 'login'; allowed: a list of at least one feature"),
        ("key_features: [login, '']", "key_features[1]: found ''; allowed: the name of a feature"),
        ("key_features: [login, login]", "key_features[1]: 'login' is named twice; name each once"),
    ],
)
def test_a_mistake_is_told_at_its_place(folder: Path, block: str, expected: str) -> None:
    found = problems(folder, block)
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "rates.csv:1: the column 'currency' is missing; the columns are currency, from, rate"),
        ("currency,from\n", "rates.csv:1: the column 'rate' is missing"),
        ("currency,from,rate\nEUR,2026-01-01\n", "rates.csv:2: 2 columns found, the header has 3"),
        ("currency,from,rate\nEUR,1.1.2026,1\n", "rates.csv:2: from: found '1.1.2026'; allowed: a day such as 2026-01-31"),
        ("currency,from,rate\nEUR,2026-01-01,1,08\n", "rates.csv:2: 4 columns found"),
        ('currency,from,rate\nEUR,2026-01-01,"1,08"\n', "rates.csv:2: rate: found '1,08'; allowed: a number above 0"),
        ("currency,from,rate\n\neur,2026-01-01,1\n", "rates.csv:3: currency: found the currency 'eur'"),
        ("currency,from,rate\nUSD,2026-01-01,1\n", "rates.csv:2: currency: USD is the reporting currency"),
        ("currency,from,rate\nEUR,2026-01-01,1e-12\n", "rates.csv:2: rate: found '1e-12'; allowed"),
        (
            "currency,from,rate\nEUR,2026-01-01,1\nEUR,2026-01-02,1\nEUR,2026-01-01,2\n",
            "rates.csv:4: from: EUR has a rate from 2026-01-01 already, on line 2; keep one of them",
        ),
        ('currency,from,rate\nEUR,2026-01-01,"1\n', "rates.csv: not valid CSV"),
    ],
)
def test_a_mistake_in_the_csv_file_is_told_at_its_line(folder: Path, text: str, expected: str) -> None:
    (folder / "rates.csv").write_text(text)
    found = problems(folder, "rates: {file: rates.csv}")
    assert any(problem.startswith(expected) for problem in found), found


def test_a_csv_file_must_be_text(folder: Path) -> None:
    (folder / "rates.csv").write_bytes(b"currency,from,rate\n\xff\xfe")
    assert problems(folder, "rates: {file: rates.csv}") == [
        "accountpulse.yaml:4: rates.file: found 'rates.csv'; allowed: a CSV file in UTF-8"
    ]


def test_key_features(folder: Path) -> None:
    assert load(folder, "key_features: [dashboards, ' reports ']").key_features == ("dashboards", "reports")
    assert load(folder, "").key_features is None
