"""A company that is served by real processes, and whose vendors push: what a load or a delay is measured on.

Its accounts come from a file, tickets from a simulated Zendesk, customers from a simulated Stripe; surveys and usage are only
ever pushed. `Site.webhook` makes what a vendor would send of something that just happened, signed as it signs.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import itertools
import json
import os
import random
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import stripe

from accountpulse.config.model_schema import DEFAULT_MODELS, default_model_text
from accountpulse.config.settings import DEFAULT_PATH, Settings
from accountpulse.config.yaml import dump_yaml
from accountpulse.core.clock import SystemClock
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.trail import operator
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost
from accountpulse.testing.vendors.server import serving
from accountpulse.testing.vendors.stripe import StripeVendor
from accountpulse.testing.vendors.typeform import TypeformVendor
from accountpulse.testing.vendors.world.wire import zulu
from accountpulse.testing.vendors.zendesk import ZendeskVendor

REPOSITORY = Path(__file__).parents[2]
WRITE_KEY, SECRET = "sesame-open-up", "whsec_shared_by_all_that_push"
FORM, SCORE = "form0001", "score"
TICKETS, DAYS = 5, 20
"""Of each account, before anything is pushed."""
PATIENCE = 120.0
ARCHIVE = "archive"
"""A connection that is not read before somebody asks for it."""
KINDS = ("stripe", "zendesk", "typeform", "generic", "usage")
# The vendor shows nothing of its last minute.
SETTLED = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request that a vendor sends."""

    path: str
    body: bytes
    headers: dict[str, str]


class Site:
    """The company. accounts: how many customers it has. archive: the URL of another desk, whose tickets are nobody's, and
    archives: how many connections read it.

    hook, secret: who is told of changes, and what that is signed with.
    """

    def __init__(
        self, accounts: int, folder: Path, *, archive: str | None = None, archives: int = 1, hook: str = "", secret: str = ""
    ) -> None:
        self.accounts = accounts
        self.folder = folder
        self._archive = archive
        self._archives = [f"{ARCHIVE}{n or ''}" for n in range(archives)]
        self._hook, self._hook_secret = hook, secret
        self.now = datetime.now(UTC)
        self._numbers = itertools.count(1)
        self._chance = random.Random(7)
        # How often each kind of thing happened to an account: what happens changes its score each time.
        self._happened = Counter[tuple[str, int]]()
        self.desk = ZendeskVendor(None, SystemClock())
        self.billing = StripeVendor(None, SystemClock())
        self.forms = TypeformVendor(None, SystemClock())
        fields = [{"id": "f1", "ref": SCORE, "type": "opinion_scale", "title": "How likely?"}]
        self.forms.put("form", {"id": FORM, "title": "NPS", "fields": fields, "hidden": ["account_id"]})
        long_ago = self.now - timedelta(days=200)
        for n in range(accounts):
            organization = {
                "id": n + 1,
                "name": f"Company {n}",
                "domain_names": [f"company{n}.com"],
                "created_at": zulu(long_ago),
            }
            self._load(self.desk, "organization", organization, long_ago)
            customer = {"id": f"cus_{n}", "name": f"Company {n}", "email": f"ap@company{n}.com"}
            self._load(self.billing, "customer", customer, long_ago)
        for n in range(accounts * TICKETS):
            at = self.now - timedelta(days=1 + n % 120)
            self._load(self.desk, "ticket", self._ticket(n + 1, n % accounts, at), at)

    def webhook(self, kind: str, account: int) -> Pushed:
        """What a vendor sends of something that happened to an account just now."""
        self._happened[kind, account] += 1
        return getattr(self, f"_{kind}")(account, self._happened[kind, account])  # type: ignore[no-any-return]

    def usage(self, account: int, events: int, *, user: str = "zoe", ago: int = 0) -> bytes:
        """The body of a request of Segment's libraries with so many calls of an account, each new. ago: so many days."""
        now = datetime.now(UTC)
        at = zulu(now - timedelta(days=ago))
        batch = [
            {
                "type": "track", "event": "export", "messageId": f"m{next(self._numbers)}",
                "userId": f"{user}@company{account}.com",
                "context": {"groupId": f"a{account}", "library": {"name": "analytics-python", "version": "2.4.0"}},
                "properties": {"source": "button", "rows": 17}, "timestamp": at,
            }
            for _ in range(events)
        ]  # fmt: skip
        return json.dumps({"batch": batch, "sentAt": zulu(now)}).encode()

    def _stripe(self, account: int, _: int) -> Pushed:
        name = f"in_{next(self._numbers)}"
        invoice = {
            "id": name,
            "customer": f"cus_{account}",
            "status": "open",
            "total": 5_000,
            "amount_due": 5_000,
            "due_date": int(time.time()) - 86_400 * (5 + next(self._numbers)),
        }
        self.billing.put("invoice", invoice)
        event = self.billing.get("event", self.billing.ids("event")[-1])
        assert event["data"]["object"]["id"] == name
        body = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(body, SECRET, int(time.time()))
        return Pushed("billing/webhook", body.encode(), {"stripe-signature": signature})

    def _zendesk(self, account: int, _: int) -> Pushed:
        number = 10**6 + next(self._numbers)
        at = datetime.now(UTC)
        self.desk.put("ticket", {**self._ticket(number, account, at), "priority": "urgent"})
        event = {
            "type": "zen:event-type:ticket.created", "id": f"event-{number}", "time": zulu(at),
            "zendesk_event_version": "2022-11-06", "subject": f"zen:ticket:{number}", "detail": {"id": str(number)},
            "event": {},
        }  # fmt: skip
        body = json.dumps(event).encode()
        return Pushed("support/webhook", body, self.desk.signed(body, SECRET))

    def _typeform(self, account: int, times: int) -> Pushed:
        answer = {
            "type": "number",
            "number": times % 11,
            "field": {"id": "f1", "ref": SCORE, "type": "opinion_scale"},
        }
        response = {"form_id": FORM, "hidden": {"account_id": f"a{account}"}, "answers": [answer]}
        token = self.forms.put("response", response)["token"]
        body, headers = self.forms.webhook(token, SECRET)
        return Pushed("surveys/webhook", body, headers)

    def _generic(self, account: int, times: int) -> Pushed:
        response = {
            "id": f"r{next(self._numbers)}", "kind": "csat", "score": 5 if times % 2 else 1, "account": f"a{account}",
            "responded_at": zulu(datetime.now(UTC)),
        }  # fmt: skip
        body, stamp = json.dumps(response).encode(), str(int(time.time()))
        digest = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return Pushed("answers/responses", body, {"X-AccountPulse-Signature": digest, "X-AccountPulse-Timestamp": stamp})

    def _usage(self, account: int, times: int) -> Pushed:
        # The first is of today, those after it of a day on which nobody used anything.
        ago = 0 if times == 1 else DAYS + times
        return Pushed("usage/v1/batch", self.usage(account, 3, ago=ago), write_key())

    # --- what there is before ---------------------------------------------------------------------------------------------

    def write(self, store: str) -> Path:
        """Write the files and the configuration; returns its path."""
        rows = [
            {"id": f"a{n}", "name": f"Company {n}", "domain": f"company{n}.com", "since": "2024-02-01"}
            for n in range(self.accounts)
        ]
        self._table("accounts.csv", rows)
        days = [(n, self.now.date() - timedelta(days=1 + d)) for n in range(self.accounts) for d in range(DAYS)]
        self._table(
            "usage.csv",
            [
                {"id": f"u{n}-{day}", "account": f"a{n}", "user": f"zoe@company{n}.com", "feature": "export",
                 "day": day.isoformat(), "count": self._chance.randrange(1, 50)}
                for n, day in days
            ],
        )  # fmt: skip
        models = self.folder / "models"
        models.mkdir(exist_ok=True)
        for name in DEFAULT_MODELS:
            (models / f"{name}.yaml").write_text(default_model_text(name), encoding="utf-8")
        for name, secret in {
            "desk": self.desk.credentials["oauth_token"], "stripe": self.billing.credentials["api_key"],
            "typeform": self.forms.credentials["token"], "shared": SECRET, "key": WRITE_KEY,
            "hook": self._hook_secret,
        }.items():  # fmt: skip
            (self.folder / name).write_text(secret, encoding="utf-8")
            (self.folder / name).chmod(0o600)
        path = self.folder / DEFAULT_PATH
        path.write_text(dump_yaml(self._configuration(store)), encoding="utf-8")
        return path

    def _configuration(self, store: str) -> dict[str, Any]:
        accounts = {
            "path": "accounts.csv", "record": "account", "timezone": "UTC",
            "columns": {"source_id": "id", "name": "name", "domains": "domain", "customer_since": "since"},
        }  # fmt: skip
        names = ("account", "user", "feature", "day", "count")
        usage = {"path": "usage.csv", "record": "usage_day", "columns": {"source_id": "id", **{name: name for name in names}}}
        form = {"id": FORM, "kind": "nps", "score_field": SCORE}
        return {
            "store": {"url": store},
            "connections": {
                "product": {"connector": "tabular", "anchor": True, "config": {"files": [accounts, usage]}},
                "support": {
                    "connector": "zendesk",
                    "config": {"base_url": self.desk.base_url, "oauth_token": "file:desk", "webhook_secrets": ["file:shared"]},
                },
                "billing": {
                    "connector": "stripe",
                    "config": {"base_url": self.billing.base_url, "api_key": "file:stripe", "webhook_secrets": ["file:shared"]},
                },
                "surveys": {
                    "connector": "typeform",
                    "config": {
                        "base_url": self.forms.base_url,
                        "token": "file:typeform",
                        "forms": [form],
                        "webhook_secrets": ["file:shared"],
                    },
                },
                "answers": {"connector": "surveys", "config": {"webhook_secrets": ["file:shared"]}},
                "usage": {"connector": "segment", "config": {"write_keys": ["file:key"]}},
                **(
                    {
                        name: {"connector": "zendesk", "config": {"base_url": self._archive, "oauth_token": "file:desk"}}
                        for name in self._archives
                    }
                    if self._archive
                    else {}
                ),
            },
            **({"notify": {"url": self._hook, "secret": "file:hook"}} if self._hook else {}),
            "segments": [{"name": "standard", "default": True, "model": "models/standard.yaml"}],
        }

    def _table(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        with (self.folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def _load(self, vendor: ZendeskVendor | StripeVendor, kind: str, body: dict[str, Any], at: datetime) -> None:
        vendor.complete(kind, body, at)
        vendor.load(kind, body, at)

    def _ticket(self, number: int, account: int, at: datetime) -> dict[str, Any]:
        return {
            "id": number, "organization_id": account + 1, "subject": f"Ticket {number}",
            "priority": self._chance.choice(("low", "normal", "high", "urgent")), "status": "open",
            "created_at": zulu(at), "updated_at": zulu(at),
        }  # fmt: skip


def write_key() -> dict[str, str]:
    """The header by which Segment's libraries say who they are."""
    return {"authorization": f"Basic {b64encode(f'{WRITE_KEY}:'.encode()).decode()}", "content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Served:
    """A site that is served. address: of the API; tokens: that may read and write; log: what the processes said.

    pid: of the process that answers.
    """

    site: Site
    store: str
    address: str
    tokens: Sequence[str]
    log: Path
    pid: int

    def cpu(self) -> float:
        """The CPU that the process which answers has used so far, user and system, in seconds."""
        used = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(int(ticks) for ticks in used) / os.sysconf("SC_CLK_TCK")

    def push(self, client: httpx.Client, pushed: Pushed) -> httpx.Response:
        """Send what a vendor sends."""
        return client.post(f"{self.address}/in/{pushed.path}", content=pushed.body, headers=pushed.headers)


@contextmanager
def served(site: Site, store: str, *, workers: int = 0, tokens: int = 1) -> Iterator[Served]:
    """Read and score a site once, then serve it in a process of its own, as an operator does; workers have others."""
    log = site.folder / "processes.log"
    with ExitStack() as stack:
        for vendor in (site.desk, site.billing, site.forms):
            stack.enter_context(serving(vendor))
        configuration = site.write(store)
        made = prepare(configuration, tokens)
        serve = ["serve", "--port", "0", *(["--api-only"] if workers else [])]
        processes = [
            stack.enter_context(_process(configuration, log, *command)) for command in (serve, *[["worker"]] * workers)
        ]
        address = _document(processes[0], log)["graphql"].removesuffix("/graphql")
        for worker in processes[1:]:
            _document(worker, log)
        _until_ready(address)
        yield Served(site, store, address, made, log, processes[0].pid)


def prepare(configuration: Path, tokens: int) -> list[str]:
    """Read and score what there is, but for the archive; returns so many tokens that may read and write."""
    settings = Settings.load(configuration, PluginHost.load())
    with Hub.open(settings) as hub:
        for name in settings.connections:
            if not name.startswith(ARCHIVE):
                result = hub.read(SyncRequest(name))
                assert result.state == "ok", result
        hub.link()
        hub.score()
        made = [
            hub.operations.create_token(f"load {n}", ["read", "write"], None, rows=EVERYTHING, asker=operator("load"))
            for n in range(tokens)
        ]
    return [str(each.token) for each in made]


@contextmanager
def _process(configuration: Path, log: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A process of ours while the context lasts."""
    begin = [sys.executable, "-P", "-m", "accountpulse", *command, "--json", "--config", str(configuration)]
    with log.open("ab") as said:
        process = subprocess.Popen(begin, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=said, text=True)
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _document(process: subprocess.Popen[str], log: Path) -> Any:
    """What a process says first, as JSON."""
    assert process.stdout is not None
    said = ""
    while not said.rstrip().endswith("}"):
        line = process.stdout.readline()
        assert line, log.read_text(errors="replace")[-4000:]
        said += line
    return json.loads(said)


def _until_ready(address: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("it never got ready")
