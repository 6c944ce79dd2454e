"""`accountpulse metrics`: what models can be made of."""

from __future__ import annotations

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@declare("metrics", example="accountpulse metrics\naccountpulse metrics --json | jq '.metrics[].name'")
def command(run: Run) -> int:
    """List the metrics that models and segment rules may name.

    The window is how many days a metric looks back from the day asked about; - is everything so far.
    """
    from accountpulse.cli.display import Column, table
    from accountpulse.config.reading import read_plugin_settings
    from accountpulse.config.settings import PluginSettings
    from accountpulse.plugins.host import PluginHost

    settings = read_plugin_settings(run.path) if run.config or run.path.exists() else PluginSettings()
    found = sorted(PluginHost.load(allow=settings.allow).metrics.values(), key=lambda metric: (metric.group, metric.name))
    if run.as_json:
        keys = ("name", "title", "group", "unit", "better", "window", "description")
        run.emit({"metrics": [{key: getattr(metric, key) for key in keys} for metric in found]})
        return 0
    titles = ("metric", "group", "unit", "good is", "window")
    columns = [*map(Column, titles), Column("what it is", wide=True)]
    rows = [(m.name, m.group, m.unit, m.better or "-", f"{m.window} d" if m.window else "-", m.description) for m in found]
    run.out.print(table(columns, rows))
    return 0
