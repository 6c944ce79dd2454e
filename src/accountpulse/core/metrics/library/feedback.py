"""What the customer's people say in surveys."""

from __future__ import annotations

from accountpulse.core.metrics.declare import Metric, count, last, latest, mean, metric

# From the source's own scale to 0..1.
_SCALED = "(score - scale_min) / (scale_max - scale_min)"

FEEDBACK: tuple[Metric, ...] = (
    metric(
        "nps_latest",
        "score",
        title="Latest NPS answer",
        group="feedback",
        unit="points",
        better="higher",
        description="The most recent answer to 'how likely are you to recommend us', 0 to 10, of the last 365 days.",
        score=last("survey_response", "score", where="kind = 'nps'", window=365),
    ),
    metric(
        "nps_trend_180d",
        "recent - before",
        title="NPS trend",
        group="feedback",
        unit="points",
        better="higher",
        description="Mean NPS answer of the last 180 days less that of the 180 days before. No value unless both have answers.",
        recent=mean("survey_response", "score", where="kind = 'nps'", window=180),
        before=mean("survey_response", "score", where="kind = 'nps'", window=(360, 180)),
    ),
    metric(
        "csat_90d",
        "score",
        title="Customer satisfaction",
        group="feedback",
        unit="share",
        better="higher",
        description="Mean satisfaction of the last 90 days, from 0 (worst of the scale) to 1 (best).",
        score=mean("survey_response", _SCALED, where="kind = 'csat'", window=90),
    ),
    metric(
        "ces_90d",
        "score",
        title="Customer effort",
        group="feedback",
        unit="share",
        better="higher",
        description="Mean ease of getting things done in the last 90 days, from 0 (hard) to 1 (easy).",
        score=mean("survey_response", _SCALED, where="kind = 'ces'", window=90),
    ),
    metric(
        "days_since_last_response",
        "responded",
        title="Days since last response",
        group="feedback",
        unit="days",
        better="lower",
        clock="since",
        description="Calendar days since anybody last answered a survey of any kind.",
        responded=latest("survey_response", "responded_at"),
    ),
    metric(
        "response_rate_180d",
        "least(answered / sent, 1)",
        title="Survey response rate",
        group="feedback",
        unit="share",
        better="higher",
        description="Answers in the last 180 days as a share of the surveys sent in that time, at most 1. "
        "No value where nobody reports what was sent.",
        answered=count("survey_response", window=180),
        sent=count("activity", where="kind = 'survey_sent'", window=180),
    ),
    metric(
        "responses_180d",
        "responses",
        title="Survey responses",
        group="feedback",
        unit="responses",
        better="higher",
        empty=0,
        description="Answers to surveys of any kind in the last 180 days.",
        responses=count("survey_response", window=180),
    ),
)
