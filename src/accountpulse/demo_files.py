"""The demo's configuration, as the files that an operator would write: every other command can go on with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from accountpulse.config.model_json_schema import EDITOR_COMMENT, FILE_NAME, published_schema
from accountpulse.config.model_schema import DEFAULT_MODELS, default_model_text
from accountpulse.config.settings import DEFAULT_PATH
from accountpulse.config.yaml import dump_yaml

if TYPE_CHECKING:
    from accountpulse.testing.vendors import Vendors

WRITE_KEY = "demo-write-key"
USAGE = "usage"
STORE_VARIABLE = "ACCOUNTPULSE_STORE"
"""Stands in the file for the URL of a store that isn't a file: such a URL may hold a password."""

RATES = {"EUR": [{"from": "2020-01-01", "rate": 1.12}, {"from": "2026-01-01", "rate": 1.08}]}
SEGMENTS = [
    {"name": "new", "when": {"tenure_days": {"lt": 90}}, "model": "models/new.yaml"},
    {"name": "enterprise", "when": {"plan": {"in": ["enterprise"]}}, "model": "models/enterprise.yaml"},
    {"name": "standard", "default": True, "model": "models/standard.yaml"},
]


def write_files(folder: Path, store: str, vendors: Vendors) -> Path:
    """Write the configuration and what belongs to it; returns its path.

    A model that is there already is left alone: whoever goes on with a demo may have changed it.
    """
    models = folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    for name in DEFAULT_MODELS:
        if not (models / f"{name}.yaml").exists():
            (models / f"{name}.yaml").write_text(EDITOR_COMMENT + default_model_text(name), encoding="utf-8")
    (models / FILE_NAME).write_text(published_schema(), encoding="utf-8")
    vendors.world.write_usage_csv(folder / "usage.csv")
    secrets = _Secrets(folder)
    url = f"${{{STORE_VARIABLE}}}" if "://" in store else str(Path(store).expanduser().resolve())
    path = folder / DEFAULT_PATH
    path.write_text(
        dump_yaml(
            {
                "store": {"url": url},
                "rates": RATES,
                "connections": _connections(vendors, secrets),
                "segments": SEGMENTS,
            }
        ),
        encoding="utf-8",
    )
    return path


class _Secrets:
    """Keeps each made-up secret in a file of its own: a configuration takes none in any other way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "secrets"
        self._folder.mkdir(exist_ok=True)

    def __call__(self, name: str, value: str) -> str:
        file = self._folder / name
        file.write_text(value, encoding="utf-8")
        file.chmod(0o600)
        return f"file:secrets/{name}"


def _connections(vendors: Vendors, secret: _Secrets) -> dict[str, Any]:
    from accountpulse.testing.vendors.world import surveys

    salesforce, zendesk = vendors.salesforce.credentials, vendors.zendesk.credentials
    configs: dict[str, tuple[str, dict[str, Any]]] = {
        "crm": (
            "salesforce",
            {
                "base_url": vendors.salesforce.base_url,
                "client_id": salesforce["consumer_key"],
                "client_secret": secret("crm", salesforce["consumer_secret"]),
            },
        ),
        "support": (
            "zendesk",
            {
                "base_url": vendors.zendesk.base_url,
                "client_id": zendesk["client_id"],
                "client_secret": secret("support", zendesk["client_secret"]),
            },
        ),
        "billing": (
            "stripe",
            {
                "base_url": vendors.stripe.base_url,
                "api_key": secret("billing", vendors.stripe.credentials["api_key"]),
                "services_products": ["Onboarding package"],
                "training_products": ["Admin training day"],
            },
        ),
        "surveys": (
            "typeform",
            {
                "base_url": vendors.typeform.base_url,
                "token": secret("surveys", vendors.typeform.credentials["token"]),
                "forms": [
                    _form(surveys.NPS_FORM, "nps", surveys.NPS_SCORE_REF, surveys.NPS_COMMENT_REF),
                    _form(surveys.CSAT_FORM, "csat", surveys.CSAT_SCORE_REF, surveys.CSAT_COMMENT_REF),
                ],
            },
        ),
        "usage_history": (
            "tabular",
            {
                "files": [
                    {
                        "path": "usage.csv",
                        "record": "usage_day",
                        "columns": {
                            "account": "account_id",
                            **{name: name for name in ("user", "feature", "day", "count", "seconds")},
                        },
                    }
                ]
            },
        ),
        USAGE: ("segment", {"write_keys": [secret("usage", WRITE_KEY)]}),
    }
    return {
        name: {"connector": connector, **({"anchor": True} if name == "crm" else {}), "config": config}
        for name, (connector, config) in configs.items()
    }


def _form(form: str, kind: str, score: str, comment: str) -> dict[str, str]:
    return {"id": form, "kind": kind, "score_field": score, "comment_field": comment}
