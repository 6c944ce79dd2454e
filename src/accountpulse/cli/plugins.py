"""`accountpulse plugins`, or `plugin`: the group. By itself it lists what is installed; what authors need is beside it."""

from __future__ import annotations

from accountpulse.cli.app import FAILED, OK
from accountpulse.cli.common import Run, group
from accountpulse.cli.plugin_new import attempt, new
from accountpulse.cli.plugins_audit import audit, page


@group("plugins", example="accountpulse plugins\naccountpulse plugins --json | jq '.plugins[] | select(.status != \"loaded\")'")
def command(run: Run) -> int:
    """List the plugins, what each contributes, and why a broken one is broken."""
    from accountpulse.cli.display import Column, table
    from accountpulse.config.reading import read_plugin_settings
    from accountpulse.config.settings import PluginSettings
    from accountpulse.plugins.host import PluginHost

    # It must also work where there is no configuration yet.
    settings = read_plugin_settings(run.path) if run.config or run.path.exists() else PluginSettings()
    plugins = PluginHost.load(allow=settings.allow).plugins
    if run.as_json:
        run.emit({"plugins": plugins})
    else:
        columns = [
            Column("plugin"),
            Column("from"),
            Column("version"),
            Column("status"),
            Column("hooks, or why not", wide=True),
        ]
        rows = [(p.name, p.distribution, p.version, p.status, p.reason or ", ".join(p.hooks)) for p in plugins]
        run.out.print(table(columns, rows))
    return FAILED if any(plugin.status == "broken" for plugin in plugins) else OK


for each in (audit, page, new, attempt):
    command.add_command(each)
