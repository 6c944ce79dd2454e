"""A correct connector, as small as one gets: what the tutorial ends with, and what every mutant departs from."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from accountpulse import plugins as ap


class AcmeConfig(ap.ConnectorConfig):
    """token: from Acme's settings page. base_url: where Acme's API is."""

    token: SecretStr
    base_url: str = "https://api.acme.example"


class Acme(ap.Connector[AcmeConfig]):
    """Acme CRM: customers."""

    id, title = "acme", "Acme CRM"

    def check(self) -> ap.Identity:
        me = self.get("/me")
        return ap.Identity(me["id"], me["name"])

    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change. Acme shows a change up to five minutes late."""
        params = {"updated_since": window.since.isoformat()} if window.since else {}
        while True:
            page = self.get("/customers", params)
            yield from map(self.record, page["data"])
            if page["data"]:
                yield ap.Checkpoint(datetime.fromisoformat(page["data"][-1]["updated_at"]))
            if page["next"] is None:
                return
            if page["next"] == params.get("page"):
                raise ap.Transient("Acme gave the same page twice")
            params["page"] = page["next"]

    def record(self, row: dict[str, Any]) -> ap.Item:
        if not row.get("id"):
            return ap.InvalidRecord("unknown", "the customer has no id")
        if row["deleted"]:
            return ap.Deleted(ap.Account, row["id"])
        return ap.Account(source_id=row["id"], name=row.get("name"))

    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.config.token.get_secret_value()}"}
        return self.context.http.get_json(self.config.base_url + path, params=params, headers=headers)
