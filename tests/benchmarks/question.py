"""What every engine is asked: these metrics, of every account that exists on `world.AS_OF`."""

METRICS = (
    "logins_30d",
    "usage_trend_30d",
    "active_days_30d",
    "days_since_last_activity",
    "features_used_90d",
    "seat_utilisation_30d",
    "tickets_30d",
    "first_reply_hours_90d",
    "resolution_hours_90d",
    "open_urgent_tickets",
    "nps_latest",
    "csat_90d",
    "overdue_invoices",
    "mrr_change_90d",
    "days_to_renewal",
    "renewals_won_730d",
    "upsells_won_365d",
    "days_since_last_meeting",
    "tenure_days",
)

SAYABLE = (
    "logins_30d",
    "active_days_30d",
    "tickets_30d",
    "features_used_90d",
    "first_reply_hours_90d",
    "resolution_hours_90d",
    "csat_90d",
    "nps_latest",
    "upsells_won_365d",
    "renewals_won_730d",
)
"""Those of them that featuretools can say."""
