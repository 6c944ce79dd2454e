"""`accountpulse plugins`: what is installed."""

from __future__ import annotations

from accountpulse.cli.app import FAILED, OK
from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@declare("plugins", example="accountpulse plugins")
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
