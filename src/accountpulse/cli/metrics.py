"""`accountpulse metrics`: what models can be made of."""

from __future__ import annotations

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@declare("metrics", example="accountpulse metrics\naccountpulse metrics --json | jq '.metrics[].name'")
def command(run: Run) -> int:
    """List the metrics that models and segment rules may name."""
    from accountpulse.cli.display import Column, table
    from accountpulse.config.reading import read_plugin_settings
    from accountpulse.config.settings import PluginSettings
    from accountpulse.plugins.host import PluginHost

    settings = read_plugin_settings(run.path) if run.config or run.path.exists() else PluginSettings()
    found = sorted(PluginHost.load(allow=settings.allow).metrics.values(), key=lambda metric: (metric.group, metric.name))
    if run.as_json:
        keys = ("name", "title", "group", "unit", "better", "description")
        run.emit({"metrics": [{key: getattr(metric, key) for key in keys} for metric in found]})
        return 0
    columns = [Column("metric"), Column("group"), Column("unit"), Column("good is"), Column("what it is", wide=True)]
    run.out.print(table(columns, [(m.name, m.group, m.unit, m.better or "-", m.description) for m in found]))
    return 0
