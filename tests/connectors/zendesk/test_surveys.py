"""The newer CSAT of Zendesk: its surveys as survey responses, and never counted twice beside the older ratings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.zendesk.conftest import NOW, Desk

from accountpulse.connectors.zendesk import csat
from accountpulse.connectors.zendesk.config import ZendeskConfig
from accountpulse.connectors.zendesk.source import LAG, Zendesk
from accountpulse.plugins import InvalidRecord, Message, PermissionMissing, SurveyResponse

DAY = timedelta(days=1)
ORGANIZATION = 57542
AT = "2026-11-20T12:00:00.000Z"


def rating(
    score: Any = 4, *, options: tuple[int, ...] | None = None, sub_type: str = "customer_satisfaction"
) -> dict[str, Any]:
    """As in Zendesk's reference, where a list of answers leaves the question's options out."""
    question: dict[str, Any] = {"id": "01J1WBE8QR0YQVE373K2JDJR0F", "sub_type": sub_type, "type": "rating_scale_numeric"}
    if options is not None:
        question["options"] = [{"rating": each, "label": {"type": "static", "value": str(each)}} for each in options]
    return {
        "created_at": AT, "updated_at": AT, "question": question,
        "rating": score, "rating_category": "good", "type": "rating_scale",
    }  # fmt: skip


def comment(text: str | None) -> dict[str, Any]:
    said = {"type": "skipped"} if text is None else {"type": "open_ended", "value": text}
    return {"created_at": AT, "updated_at": AT, "question": {"id": "01J1WBNS", "type": "open_ended"}, **said}


def survey(ticket: object = 99, answers: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    return {"answers": list(answers), "responder_id": 4398080151295, "subject_zrns": [f"zen:ticket:{ticket}"], **more}


def put(desk: Desk, *answers: dict[str, Any], offered: timedelta = DAY, **ticket: Any) -> str:
    number = desk.vendor.put("ticket", {"organization_id": ORGANIZATION, **ticket}, at=NOW - 40 * DAY)["id"]
    return str(desk.vendor.put("survey_response", survey(number, answers), at=desk.clock.now() - offered)["id"])


def test_an_answer_on_its_own_scale() -> None:
    found = csat.survey_response({**survey(answers=(rating(), comment(None), comment("Twice!"))), "id": "01J1"}, "57542")
    assert found == SurveyResponse(
        source_id="01J1",
        raw_ref="/api/v2/guide/survey_responses?filter[subject_zrns]=zen:ticket:99",
        account="57542",
        kind="csat",
        score=4.0,
        scale_min=1.0,
        scale_max=5.0,
        comment="Twice!",
        respondent="4398080151295",
        responded_at=NOW - DAY,
    )


@pytest.mark.parametrize(("options", "scale"), [((1, 2), (1, 2)), ((3, 1, 2), (1, 3)), ((1, 2, 3, 4, 5), (1, 5)), ((), (1, 5))])
def test_the_scale_is_that_of_the_questions_options(options: tuple[int, ...], scale: tuple[int, int]) -> None:
    found = csat.survey_response({**survey(answers=(rating(2, options=options),)), "id": "1"}, "a")
    assert found is not None
    assert (found.scale_min, found.scale_max) == scale


def test_what_is_not_answered_or_asks_something_else_is_no_response() -> None:
    for answers in ((), (comment("only words"),), ({**rating(), "type": "skipped"},), (rating(sub_type="other"),)):
        assert csat.survey_response({**survey(answers=answers), "id": "1"}, "a") is None


@pytest.mark.parametrize("score", [None, True, "4", 6, 0])
def test_a_rating_that_cannot_be(score: Any) -> None:
    with pytest.raises(InvalidRecord, match="the rating"):
        csat.survey_response({**survey(answers=(rating(score),)), "id": "1"}, "a")


def test_only_a_ticket_names_an_account() -> None:
    assert csat.ticket_of(survey(99)) == 99
    assert csat.ticket_of({"subjects": [{"id": "99", "type": "ticket", "zrn": "zen:ticket:99"}]}) == 99
    assert csat.ticket_of({"subject_zrns": ["zen:conversation:4295a81b", "zen:ticket:x"]}) is None


def test_all_pages_are_read_with_their_tickets_organization(desk: Desk) -> None:
    ids = [put(desk, rating(n), offered=n * DAY) for n in (3, 2, 1)]
    put(desk, rating(), organization_id=None)
    put(desk)
    desk.vendor.page_size = 2
    found = desk.read("surveys", connector=desk.connect(csat="surveys"))
    assert (found.error, found.invalid) == (None, [])
    assert [(each.source_id, each.account, each.score) for each in found.records] == [
        (each, str(ORGANIZATION), score) for each, score in zip(ids, (3.0, 2.0, 1.0), strict=True)
    ]
    assert found.checkpoints == [NOW - LAG]


def test_an_answer_weeks_after_the_offer_is_read(desk: Desk) -> None:
    connector = desk.connect(csat="surveys")
    survey = put(desk, offered=20 * DAY)
    put(desk, rating(), offered=31 * DAY)
    first = desk.read("surveys", connector=connector)
    assert len(first.records) == 1
    desk.clock.advance(9 * DAY)
    desk.vendor.touch("survey_response", survey, answers=[rating(5)])
    assert desk.read("surveys", first.cursor, connector).ids == [survey]


def test_a_fault_between_pages_moves_no_cursor(desk: Desk) -> None:
    for _ in range(3):
        put(desk, rating())
    desk.vendor.page_size = 2
    desk.vendor.fail(2, status=503, path="/guide/survey_responses")
    found = desk.read("surveys", connector=desk.connect(csat="surveys"))
    assert (len(found.records), found.checkpoints) == (2, [])


def test_a_plan_without_surveys_lacks_a_permission_only(desk: Desk) -> None:
    desk.vendor.fail(1, status=404, path="/guide/survey_responses")
    assert isinstance(desk.read("surveys", connector=desk.connect(csat="surveys")).error, PermissionMissing)


def test_only_what_was_chosen_is_read(desk: Desk) -> None:
    put(desk, rating())
    desk.vendor.put("satisfaction_rating", {"ticket_id": int(desk.vendor.ids("ticket")[0]), "score": "good"}, at=NOW - DAY)
    chosen_streams = {"ratings": ["satisfaction"], "surveys": ["surveys"], "both": ["satisfaction", "surveys"]}
    for chosen, streams in chosen_streams.items():
        connector = desk.connect(csat=chosen)
        brought = {name: desk.read(name, connector=connector).ids for name in ("satisfaction", "surveys")}
        assert [name for name, ids in brought.items() if ids] == streams
        config = ZendeskConfig.model_validate(desk.settings(csat=chosen))
        declared = {spec.name: Zendesk.stream_records(spec, config) for spec in Zendesk.streams()}
        assert [name for name, records in declared.items() if SurveyResponse in records] == streams


def test_a_webhook_brings_the_answer_as_polling_does(desk: Desk) -> None:
    survey = put(desk, rating(5), metric_set={"reopens": 0})
    connector = desk.connect(csat="surveys", webhook_secrets=("whsec",))
    (polled,) = desk.read("surveys", connector=connector).records
    body = {"kind": "ticket", "id": desk.vendor.ids("ticket")[0], "what": "csat_received", "received_at": NOW.isoformat()}
    items = list(connector.apply(Message("1", body)))
    assert items[1:] == [polled]
    assert polled.source_id == survey
