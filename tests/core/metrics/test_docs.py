"""docs/metrics.md tells the truth: its example is a plugin that works, and its list is what is installed."""

from __future__ import annotations

import re
import sys
import types
from datetime import timedelta
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import get_args

import sqlalchemy as sa
from hypothesis import given
from tests.core.metrics.test_laws import MODES, SEEDS, assert_same, laws
from tests.core.metrics.test_money import look
from tests.core.metrics.test_states import END, add, cell, small
from tests.core.metrics.worlds import DAY, ZONE, load, random_world, without_later_knowledge, without_the_future

from accountpulse.core.clock import start_of_day
from accountpulse.core.metrics.asof import AsKnown, Mode
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.states import ComponentState as State
from accountpulse.core.metrics.translator import FUNCTIONS
from accountpulse.core.model import ActivityKind, schemas
from accountpulse.plugins.host import PluginHost

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"


EXAMPLES = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def installed(example: str, metric: str) -> Metric:
    """The metric of an example, as the host finds it among the installed plugins."""
    module = types.ModuleType("docs_metrics_example")
    exec(compile(example, str(DOCS), "exec"), module.__dict__)
    sys.modules[module.__name__] = module
    try:
        entry = EntryPoint("example", module.__name__, "accountpulse")
        host = PluginHost.load(found=[*entry_points(group="accountpulse"), entry])
    finally:
        del sys.modules[module.__name__]
    assert [p.status for p in host.plugins if p.name == "example"] == ["loaded"]
    return host.metrics[metric]


LATE = installed(EXAMPLES[0], "late_share_180d")
PAUSE = installed(EXAMPLES[1], "longest_pause_60d")


def test_a_plugin_adds_a_metric_in_under_15_lines(engine: sa.Engine) -> None:
    assert len([line for line in EXAMPLES[0].splitlines() if line.strip()]) < 15
    world = small("invoice")
    for days, paid in ((10, 5), (10, 15), (3, 9), (30, None)):
        due = END - timedelta(days=days)
        at = END - timedelta(days=paid) if paid is not None else None
        add(world, "invoice", issued_at=END - timedelta(days=60), due_at=due, paid_at=at)
    assert cell(look(engine, world, [LATE]), "late_share_180d") == (1 / 3, State.MEASURED, None)
    assert cell(look(engine, small("invoice"), [LATE]), "late_share_180d")[1] is State.NO_DATA
    assert cell(look(engine, small(), [LATE]), "late_share_180d")[1] is State.NOT_CONNECTED


def test_a_plugin_computes_what_no_expression_says(engine: sa.Engine) -> None:
    world = small("usage_day")
    for days in (70, 40, 9, 2, 2):
        add(world, "usage_day", day=DAY - timedelta(days=days))
    assert cell(look(engine, world, [PAUSE]), "longest_pause_60d") == (31, State.MEASURED, None)


@laws(10)
@given(seed=SEEDS, mode=MODES)
def test_and_it_keeps_the_laws(sqlite_engine: sa.Engine, seed: int, mode: Mode) -> None:
    world = random_world(seed)
    if isinstance(mode, AsKnown):
        past = without_later_knowledge(world, mode.at, ZONE)
    else:
        past = without_the_future(world, start_of_day(DAY + timedelta(days=1), ZONE), DAY)
    frames = []
    for each in (world, past):
        load(sqlite_engine, each)
        with sqlite_engine.connect() as c:
            frames.append(evaluate(c, [LATE], day=DAY, zone=ZONE, mode=mode, reporting_currency="USD"))
    assert_same(*frames)


def test_the_list_is_what_is_built_in() -> None:
    text = DOCS.read_text(encoding="utf-8")
    rows = [
        f"| `{m.name}` | {m.unit} | {m.better or '-'} | {f'{m.window} d' if m.window else '-'} | {m.description} |"
        for m in BUILTIN
    ]
    assert text.split("| --- | --- | --- | --- | --- |\n")[1].splitlines() == rows, "\n".join(["write:", *rows])


def test_every_source_function_and_kind_of_its_own_is_named() -> None:
    text = DOCS.read_text(encoding="utf-8")
    kinds = ("onboarding_step", "onboarding_completed", "survey_sent", "user_invited", "integration_connected", "community")
    assert set(kinds) <= set(get_args(ActivityKind))
    names = [*(n for n in schemas() if n != "account"), *FUNCTIONS, *kinds]
    assert [name for name in names if f"`{name}`" not in text] == []
