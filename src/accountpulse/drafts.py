"""Drafts from files and from texts, and what they meet among the accounts of the store; nothing here publishes or stores."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from accountpulse.config.settings import ATTRIBUTES, Settings
from accountpulse.config.yaml import Located, parse_yaml
from accountpulse.core.clock import Clock, day_of
from accountpulse.core.errors import SettingsError
from accountpulse.core.scoring.day import DayScores, Scorecards, Yardstick, score_day
from accountpulse.core.scoring.lint import Finding, lint_population, lint_segments
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.normalise import Baseline
from accountpulse.core.scoring.parse import parse_model
from accountpulse.core.scoring.preview import DraftProblem
from accountpulse.core.scoring.problems import Problem, did_you_mean, path_text
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.segments import FieldKind, Rule, parse_rules
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.plugins.host import PluginHost

EVERYBODY = "all accounts"
LONGEST_DRAFT = 60_000
"""How many characters the texts of a draft may have together. The models that come with AccountPulse have some 3,000 each."""
MOST_PAST_DAYS = 24
"""How many past days the models of such a draft may look back to: each costs an evaluation of all accounts."""


# --- drafts sent as text --------------------------------------------------------------------------------------------------


class TextReader:
    """Reads a draft from texts, YAML or JSON, and collects all that is wrong with it. metrics, scorers: what is installed."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self.problems: list[DraftProblem] = []

    def read(self, configured: Draft, models: Sequence[str], segments: str | None) -> Draft | None:
        """The configured draft with these models and rules in its place; None where anything is wrong.

        models: model files; each takes the place of the configured model of its name. segments: a list of rules as under
        `segments:` in the configuration, but with the names of models instead of files.
        """
        if sum(map(len, models)) + len(segments or "") > LONGEST_DRAFT:
            self.problems.append(DraftProblem("models", f"the texts are longer than {LONGEST_DRAFT:,} characters together"))
            return None
        given: dict[str, ScoringModel] = {}
        for i, text in enumerate(models):
            model = self._model(f"models[{i}]", text)
            if model is not None and model.name in given:
                self._add(f"models[{i}]", f"two models are called {model.name!r}; give each its own name")
            elif model is not None:
                given[model.name] = model
        known = {**configured.models, **given}
        rules = configured.rules if segments is None else self._rules(segments, known)
        if self.problems:
            return None
        named = {rule.model for rule in rules}
        for name in given.keys() - named:
            words = f"no segment is scored with a model called {name!r}; segments name: {', '.join(sorted(named))}"
            self._add("segments", words)
        past = {
            offset
            for name in named
            for line in known[name].lines
            if isinstance(line.normaliser, Baseline)
            for offset in line.normaliser.offsets
        }
        if len(past) > MOST_PAST_DAYS:
            words = f"their baselines look back to {len(past)} different days; at most {MOST_PAST_DAYS} can be tried at once"
            self._add("models", words)
        return None if self.problems else Draft(rules, known)

    def _add(self, place: str, message: str) -> None:
        self.problems.append(DraftProblem(place, message))

    def _model(self, label: str, text: str) -> ScoringModel | None:
        located = self._located(label, text)
        if located is None:
            return None
        model, problems = parse_model(
            located.data, metrics=self._host.metrics, scorers=self._host.scorers, attributes=ATTRIBUTES
        )
        self._place(located, problems)
        return model

    def _rules(self, text: str, models: Mapping[str, ScoringModel]) -> tuple[Rule, ...]:
        located = self._located("segments", text)
        if located is None:
            return ()
        metrics: dict[str, FieldKind] = dict.fromkeys(self._host.metrics, "number")
        rules, problems = parse_rules(located.data, fields={**metrics, **ATTRIBUTES})
        for i, rule in enumerate(rules if not problems else ()):
            if rule.model not in models:
                hint = did_you_mean(rule.model, models)
                what = f"there is no model {rule.model!r}{hint}; models: {', '.join(sorted(models))}"
                problems.append(Problem((i, "model"), what))
        self._place(located, problems)
        return tuple(rules)

    def _located(self, label: str, text: str) -> Located | None:
        # JSON is YAML, but for tabs between its tokens, which YAML refuses and which no JSON text can hold elsewhere.
        plain = text.replace("\t", " ") if text.lstrip()[:1] in ("{", "[") else text
        try:
            return parse_yaml(plain, label)
        except SettingsError as error:
            for problem in error.problems:
                found = re.fullmatch(rf"{re.escape(label)}(?::(\d+))?: (.*)", problem, re.DOTALL)
                line, message = found.groups() if found else (None, problem)
                self._add(f"{label}, line {line}" if line else label, message)
            return None

    def _place(self, located: Located, problems: Sequence[Problem]) -> None:
        for problem in sorted(problems, key=lambda each: located.line(each.path)):
            place = f"{located.file}, line {located.line(problem.path)}: {path_text(problem.path)}"
            self._add(place, problem.message)


# --- what model files meet --------------------------------------------------------------------------------------------------


def has_store(settings: Settings) -> bool:
    """Whether there is a store already. To ask must not make one."""
    url = settings.store_url
    if "://" not in url:
        return Path(url).is_file()
    parsed = sa.make_url(url)
    return parsed.get_backend_name() != "sqlite" or bool(parsed.database and Path(parsed.database).is_file())


@dataclass(frozen=True, slots=True)
class Checked:
    """What a model meets today: how many accounts it would score, in which segments, and what to look at."""

    accounts: int
    segments: tuple[str, ...]
    findings: tuple[Finding, ...]


def check(store: Store, clock: Clock, settings: Settings, host: PluginHost, models: Sequence[ScoringModel]) -> list[Checked]:
    """What each model meets among today's accounts, in the segments that name it; where none does, among all accounts."""
    drafts = {model.name: model for model in models}
    configured = Scorecards(settings.segments, {**settings.models, **drafts}, {}, {})
    with store.read() as connection:
        yardstick = _yardstick(connection, settings, host)
        now = clock.now()
        day = day_of(now, yardstick.zone)
        named = score_day(connection, configured, yardstick, day, now=now)
        found = []
        for model in models:
            scores, segments = named, tuple(rule.name for rule in settings.segments if rule.model == model.name)
            extra = lint_segments(named.assignment)
            if not segments or drafts[model.name] is not model:
                everybody = Scorecards((Rule(EVERYBODY, model.name, None),), {model.name: model}, {}, {})
                scores, segments, extra = score_day(connection, everybody, yardstick, day, now=now), (EVERYBODY,), []
            found.append(_checked(scores, segments, extra))
    return found


def _checked(scores: DayScores, names: tuple[str, ...], extra: list[Finding]) -> Checked:
    mine = [segment for segment in scores.segments if segment.rule.name in names]
    findings = [finding for segment in mine for finding in lint_population(segment.rule.name, segment.evaluation)]
    findings += [finding for finding in extra if finding.place in names]
    return Checked(sum(len(segment.rows) for segment in mine), names, tuple(findings))


def _yardstick(connection: sa.Connection, settings: Settings, host: PluginHost) -> Yardstick:
    ids = {row.name: row.id for row in store_connections.listing(connection)}
    return Yardstick(
        zone=settings.zone,
        currency=settings.currency,
        metrics=host.metrics,
        scorers=host.scorers,
        precedence={
            attribute: [ids[name] for name in names if name in ids] for attribute, names in settings.precedence.items()
        },
        stale_after=timedelta(days=settings.stale_after_days),
    )
