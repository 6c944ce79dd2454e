"""What identifies a company, written one way."""

from __future__ import annotations

import pytest

from accountpulse.core.identity.evidence import company_domains, mailbox, plain_name, registrable_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.com", "acme.com"),
        ("  HTTPS://www.Acme.co.uk/about?x=1 ", "acme.co.uk"),
        ("mail.eu.acme.com", "acme.com"),
        ("acme.com:8443", "acme.com"),
        ("acme.github.io", "acme.github.io"),
        ("github.io", None),
        ("co.uk", None),
        ("gmail.com", None),
        ("www.gmail.com", None),
        ("10.0.0.1", None),
        ("localhost", None),
        ("", None),
        ("not a domain", None),
        ("@", None),
    ],
)
def test_a_site_is_its_registrable_domain(text: str, domain: str | None) -> None:
    assert registrable_domain(text) == domain


def test_addresses_give_their_domains_but_free_mail_gives_none() -> None:
    emails = ["ann@acme.com", "bob@gmail.com", "no-address", "x@y@mail.acme.io"]
    assert company_domains(["www.globex.com"], emails) == {"acme.com", "globex.com", "acme.io"}


@pytest.mark.parametrize(
    ("email", "same"),
    [(" Ann+news@Acme.com ", "ann@acme.com"), ("ann", None), ("@acme.com", None), ("ann@", None), ("", None)],
)
def test_an_address_is_compared_without_case_and_plus(email: str, same: str | None) -> None:
    assert mailbox(email) == same


def test_a_name_is_compared_by_letters_and_digits() -> None:
    assert plain_name("Straße & Söhne (2)") == plain_name("STRASSE_söhne 2")
