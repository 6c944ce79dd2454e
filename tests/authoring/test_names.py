"""What a plugin may be called, and what an author is told instead."""

from __future__ import annotations

import pytest

from accountpulse.authoring.names import names
from accountpulse.core.errors import InvalidInput


def test_every_name_follows_from_one() -> None:
    made = names("acme-crm2", None, (), "connector")
    assert (made.distribution, made.package, made.id) == ("accountpulse-acme-crm2", "accountpulse_acme_crm2", "acme_crm2")
    assert (made.class_name, made.title) == ("AcmeCrm2", "Acme Crm2")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Acme CRM", "'acme-crm'"),
        ("acme_crm", "'acme-crm'"),
        ("3com", "'com'"),
        ("accountpulse-acme", "'acme'"),
        ("-acme-", "'acme'"),
        ("../acme", "'acme'"),
        ("a" * 41, "40 characters"),
        ("", "lower-case letters"),
        ("é", "lower-case letters"),
        ("acme\n", "'acme'"),
        ("any", "Python's own Any"),
        ("zendesk", "there is a connector 'zendesk' already"),
    ],
)
def test_a_name_that_does_not_do_is_refused_with_one_that_does(name: str, advice: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        names(name, None, ("zendesk",), "connector")
    assert advice in str(refused.value)


@pytest.mark.parametrize("title", ['Say "hi"', "back\\slash", "two\nlines\x07", " "])
def test_a_title_stays_within_its_quotes(title: str) -> None:
    with pytest.raises(InvalidInput, match="--title"):
        names("acme", title, (), "connector")
