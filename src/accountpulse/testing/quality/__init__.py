"""The quality scale of connectors: what a connector claims in its `quality.yaml`, and whether that is so.

`audit(connector)` gives its report; `accountpulse plugins audit` prints it. The rules are told in docs/plugins/quality.md.
"""

from accountpulse.testing.quality.audit import Report, RuleReport, audit

__all__ = ["Report", "RuleReport", "audit"]
