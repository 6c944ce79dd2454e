"""Model files: reading one with every mistake at its place, and the models that come with AccountPulse.

The keys and their meaning are described in `docs/models.md` and checked by `core/scoring/parse.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources import files
from pathlib import Path as FilePath

from accountpulse.config.settings import ATTRIBUTES
from accountpulse.config.yaml import Located, load_yaml, parse_yaml
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.parse import parse_model

DEFAULT_MODELS = ("new", "enterprise", "standard")


def load_model(path: FilePath, *, metrics: Mapping[str, Metric], scorers: Collection[str]) -> ScoringModel:
    """Read a model file. `metrics` and `scorers`: what is installed. Raises SettingsError with *all* problems."""
    return read_model(load_yaml(path), metrics=metrics, scorers=scorers)


def read_model(located: Located, *, metrics: Mapping[str, Metric], scorers: Collection[str]) -> ScoringModel:
    """Like `load_model`, of a document already read."""
    model, problems = parse_model(located.data, metrics=metrics, scorers=scorers, attributes=ATTRIBUTES)
    if model is None:
        raise located.error(problems)
    return model


def default_model_text(name: str) -> str:
    """The text of a model file that comes with AccountPulse, to copy into one's own repository."""
    return (files("accountpulse.config") / "models" / f"{name}.yaml").read_text(encoding="utf-8")


def default_models(*, metrics: Mapping[str, Metric], scorers: Collection[str]) -> dict[str, ScoringModel]:
    """The models that come with AccountPulse, by name. Raises SettingsError where `metrics` lacks one they use."""
    located = {name: parse_yaml(default_model_text(name), f"accountpulse/config/models/{name}.yaml") for name in DEFAULT_MODELS}
    return {name: read_model(document, metrics=metrics, scorers=scorers) for name, document in located.items()}
