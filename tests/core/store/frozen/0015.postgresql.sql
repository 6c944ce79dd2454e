CREATE TABLE public.account (
    id integer NOT NULL,
    created_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.account IS 'A customer. What is known about it comes from the source accounts linked to it.';
CREATE TABLE public.account_profile (
    account_id integer NOT NULL,
    name text NOT NULL,
    domain text,
    owner text,
    plan text,
    industry text,
    region text,
    employees bigint,
    lifecycle_stage text,
    parent_account_id integer,
    customer_since timestamp with time zone,
    renewal_at timestamp with time zone,
    churned_at timestamp with time zone,
    mrr bigint,
    custom jsonb NOT NULL,
    origins jsonb NOT NULL
);
COMMENT ON TABLE public.account_profile IS 'What is known of each account now, merged from its sources; origins says which connection each value is from.';
CREATE TABLE public.score_current (
    account_id integer NOT NULL,
    day date NOT NULL,
    segment_id integer NOT NULL,
    model_id integer NOT NULL,
    score double precision NOT NULL,
    reference double precision NOT NULL,
    band text NOT NULL,
    band_since date NOT NULL,
    coverage double precision NOT NULL,
    low double precision NOT NULL,
    high double precision NOT NULL,
    trend_28d double precision,
    trend_90d double precision,
    content_hash bytea NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    raw_score double precision NOT NULL,
    raw_band text NOT NULL
);
COMMENT ON TABLE public.score_current IS 'The score of each account now. content_hash: of this row and its detail, to see what changed without reading it.';
CREATE TABLE public.scoring_model (
    id integer NOT NULL,
    version text NOT NULL,
    name text NOT NULL,
    content jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.scoring_model IS 'Every model ever scored with; version is the hash of its canonical content.';
CREATE TABLE public.segment (
    id integer NOT NULL,
    name text NOT NULL
);
CREATE VIEW public.account_current AS
 SELECT p.account_id,
    p.name,
    p.domain,
    p.owner,
    p.plan,
    p.industry,
    p.region,
    p.employees,
    p.lifecycle_stage,
    p.parent_account_id,
    p.customer_since,
    p.renewal_at,
    p.churned_at,
    p.mrr AS mrr_minor,
    (p.custom)::text AS custom,
    g.name AS segment,
    m.name AS model,
    m.version AS model_version,
    s.day,
    s.score,
    s.band,
    s.band_since,
    s.raw_score,
    s.raw_band,
    s.coverage,
    s.low,
    s.high,
    s.trend_28d,
    s.trend_90d,
    s.scored_at
   FROM (((public.account_profile p
     LEFT JOIN public.score_current s ON ((s.account_id = p.account_id)))
     LEFT JOIN public.segment g ON ((g.id = s.segment_id)))
     LEFT JOIN public.scoring_model m ON ((m.id = s.model_id)));
CREATE SEQUENCE public.account_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.account_id_seq OWNED BY public.account.id;
CREATE TABLE public.account_metrics (
    account_id integer NOT NULL,
    parent_id integer,
    measured bytea NOT NULL,
    described text NOT NULL,
    booked text NOT NULL
);
COMMENT ON TABLE public.account_metrics IS 'What the facts said about each account when it was last measured, so that others need not be measured again; see core/scoring/stored_frame.py. booked: what it counts for in the day''s portfolio and segments.';
CREATE TABLE public.account_note (
    id bigint NOT NULL,
    account_id integer NOT NULL,
    text text NOT NULL,
    author text NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    ended_by text,
    home_id integer
);
COMMENT ON TABLE public.account_note IS 'What somebody wrote about an account; a removed note keeps its row.';
CREATE SEQUENCE public.account_note_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.account_note_id_seq OWNED BY public.account_note.id;
CREATE TABLE public.account_target (
    id bigint NOT NULL,
    account_id integer NOT NULL,
    score double precision NOT NULL,
    due date NOT NULL,
    owner text NOT NULL,
    reason text,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    ended_by text,
    home_id integer
);
COMMENT ON TABLE public.account_target IS 'The score an account is to have on a day, and who promised it.';
CREATE SEQUENCE public.account_target_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.account_target_id_seq OWNED BY public.account_target.id;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.api_token (
    id bigint NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    hash bytea NOT NULL,
    scopes jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    row_scope jsonb
);
COMMENT ON TABLE public.api_token IS 'API tokens. Only a hash is kept; the prefix finds the row.';
CREATE SEQUENCE public.api_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.api_token_id_seq OWNED BY public.api_token.id;
CREATE TABLE public.score_absence (
    account_id integer NOT NULL,
    basis smallint NOT NULL,
    day date NOT NULL,
    until date
);
COMMENT ON TABLE public.score_absence IS 'The scored days on which an account that had been scored was no customer: from day up to, not including, until.';
CREATE TABLE public.score_history (
    account_id integer NOT NULL,
    basis smallint NOT NULL,
    day date NOT NULL,
    model_id integer NOT NULL,
    segment_id integer NOT NULL,
    score_centi smallint NOT NULL,
    band smallint NOT NULL,
    packed bytea NOT NULL
);
COMMENT ON TABLE public.score_history IS 'A row when the score moved by a point, or the band, model, segment or steadiness changed. basis: 0 live, 1 restated, 2 and 3 the same of the shadow. score_centi: hundredths of a point. band: index in the model''s bands, -1 unknown. packed: coverage, components, and what was before steadiness and overrides; see core/store/history_rows.py.';
CREATE TABLE public.scored_day (
    day date NOT NULL,
    basis smallint NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    accounts integer NOT NULL
);
COMMENT ON TABLE public.scored_day IS 'Which days have been scored: a day without a history row of its own is in force from the row before.';
CREATE VIEW public.component_daily AS
 SELECT s.account_id,
    p.name,
    d.day,
        CASE d.basis
            WHEN 0 THEN 'live'::text
            ELSE 'restated'::text
        END AS basis,
    g.name AS segment,
    m.version AS model_version,
    l.metric_group,
    l.metric,
    l.weight,
        CASE
            WHEN (get_byte(s.packed, ((((octet_length(s.packed) - l.lines) + l.place) - 1))::integer) <= 247) THEN (((get_byte(s.packed, ((((octet_length(s.packed) - l.lines) + l.place) - 1))::integer))::double precision * (100)::double precision) / (247)::double precision)
            ELSE NULL::double precision
        END AS component,
        CASE get_byte(s.packed, ((((octet_length(s.packed) - l.lines) + l.place) - 1))::integer)
            WHEN 249 THEN 'no_data'::text
            WHEN 250 THEN 'not_connected'::text
            WHEN 251 THEN 'never_synced'::text
            WHEN 252 THEN 'stale'::text
            WHEN 253 THEN 'not_applicable'::text
            WHEN 254 THEN 'failed'::text
            ELSE 'measured'::text
        END AS state
   FROM (((((( SELECT h.account_id,
            h.basis,
            h.day,
            h.model_id,
            h.segment_id,
            h.score_centi,
            h.band,
            h.packed,
            lead(h.day) OVER (PARTITION BY h.account_id, h.basis ORDER BY h.day) AS until
           FROM public.score_history h
          WHERE (h.basis = ANY (ARRAY[0, 1]))) s
     JOIN public.scored_day d ON (((d.basis = s.basis) AND (d.day >= s.day) AND (d.day < COALESCE(s.until, 'infinity'::date)))))
     JOIN public.scoring_model m ON ((m.id = s.model_id)))
     JOIN public.segment g ON ((g.id = s.segment_id)))
     LEFT JOIN public.account_profile p ON ((p.account_id = s.account_id)))
     JOIN ( SELECT every.model_id,
            every.metric_group,
            every.metric,
            every.weight,
            row_number() OVER (PARTITION BY every.model_id ORDER BY every.sort) AS place,
            count(*) OVER (PARTITION BY every.model_id) AS lines
           FROM ( SELECT m_1.id AS model_id,
                    ((g_1.key * 1000) + l_1.key) AS sort,
                    (g_1.value ->> 'name'::text) AS metric_group,
                    (l_1.value ->> 'metric'::text) AS metric,
                    ((l_1.value ->> 'weight'::text))::double precision AS weight
                   FROM public.scoring_model m_1,
                    LATERAL jsonb_array_elements((m_1.content -> 'groups'::text)) WITH ORDINALITY g_1(value, key),
                    LATERAL jsonb_array_elements((g_1.value -> 'metrics'::text)) WITH ORDINALITY l_1(value, key)) every) l ON ((l.model_id = s.model_id)))
  WHERE (((d.basis = 0) OR (NOT (EXISTS ( SELECT 1
           FROM public.scored_day e
          WHERE ((e.day = d.day) AND (e.basis = 0)))))) AND (NOT (EXISTS ( SELECT 1
           FROM public.score_absence a
          WHERE ((a.account_id = s.account_id) AND (a.basis = s.basis) AND (a.day <= d.day) AND (d.day < COALESCE(a.until, 'infinity'::date)))))));
CREATE TABLE public.connection (
    id integer NOT NULL,
    name text NOT NULL,
    connector text NOT NULL,
    identity jsonb,
    priority integer NOT NULL,
    anchor boolean NOT NULL,
    provides jsonb NOT NULL,
    state text NOT NULL,
    state_since timestamp with time zone NOT NULL,
    message text,
    paused_until timestamp with time zone,
    removed_at timestamp with time zone
);
COMMENT ON TABLE public.connection IS 'A configured source. state: new / ok / partial / failed / paused / needs_reauth / misconfigured.';
CREATE SEQUENCE public.connection_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.connection_id_seq OWNED BY public.connection.id;
CREATE TABLE public.connection_past (
    connection_id integer NOT NULL,
    known_to timestamp with time zone NOT NULL,
    known_from timestamp with time zone,
    state text NOT NULL,
    message text,
    provides jsonb NOT NULL,
    configured boolean NOT NULL
);
COMMENT ON TABLE public.connection_past IS 'How a connection stood until it changed; how it stands is in connection. known_from is null for since ever.';
CREATE TABLE public.erased_key (
    hash bytea NOT NULL,
    erasure_id bigint NOT NULL
);
COMMENT ON TABLE public.erased_key IS 'Whom no sync may bring back, as keyed hashes of what a source calls them. Released erasures have none.';
CREATE TABLE public.erasure (
    id bigint NOT NULL,
    kind text NOT NULL,
    author text NOT NULL,
    reason text,
    at timestamp with time zone NOT NULL,
    removed jsonb NOT NULL,
    released_at timestamp with time zone,
    released_by text
);
COMMENT ON TABLE public.erasure IS 'What was erased on request: by whom, why, and how many rows of what. It names nobody. kind: contact / account.';
CREATE SEQUENCE public.erasure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.erasure_id_seq OWNED BY public.erasure.id;
CREATE TABLE public.fact_account (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    name text,
    domains jsonb NOT NULL,
    emails jsonb NOT NULL,
    "references" jsonb NOT NULL,
    owner text,
    parent text,
    plan text,
    industry text,
    region text,
    employees bigint,
    lifecycle_stage text,
    created_at timestamp with time zone,
    customer_since timestamp with time zone,
    renewal_at timestamp with time zone,
    churned_at timestamp with time zone,
    custom jsonb NOT NULL
);
CREATE SEQUENCE public.fact_account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_account_id_seq OWNED BY public.fact_account.id;
CREATE TABLE public.fact_activity (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    kind text NOT NULL,
    direction text,
    at timestamp with time zone NOT NULL,
    subject text,
    contact text
);
CREATE SEQUENCE public.fact_activity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_activity_id_seq OWNED BY public.fact_activity.id;
CREATE TABLE public.fact_change (
    id bigint NOT NULL,
    record text NOT NULL,
    fact_id bigint NOT NULL
);
COMMENT ON TABLE public.fact_change IS 'Versions of facts that were closed, or corrected in place, since the mirror was refreshed; see core/store/mirror.py.';
CREATE SEQUENCE public.fact_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_change_id_seq OWNED BY public.fact_change.id;
CREATE TABLE public.fact_contact (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    email text,
    name text,
    role text,
    active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.fact_contact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_contact_id_seq OWNED BY public.fact_contact.id;
CREATE TABLE public.fact_invoice (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    number text,
    issued_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    paid_at timestamp with time zone,
    voided_at timestamp with time zone,
    amount bigint NOT NULL,
    services_amount bigint NOT NULL,
    training_amount bigint NOT NULL,
    currency text NOT NULL,
    attempts bigint NOT NULL
);
CREATE SEQUENCE public.fact_invoice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_invoice_id_seq OWNED BY public.fact_invoice.id;
CREATE TABLE public.fact_opportunity (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    name text,
    kind text NOT NULL,
    stage text,
    amount bigint,
    currency text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone,
    closed_at timestamp with time zone,
    won boolean,
    services_amount bigint,
    training_amount bigint
);
CREATE TABLE public.fact_opportunity_change (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    opportunity text NOT NULL,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    before text,
    after text,
    days bigint,
    amount_delta bigint,
    currency text NOT NULL
);
CREATE SEQUENCE public.fact_opportunity_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_opportunity_change_id_seq OWNED BY public.fact_opportunity_change.id;
CREATE SEQUENCE public.fact_opportunity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_opportunity_id_seq OWNED BY public.fact_opportunity.id;
CREATE TABLE public.fact_outcome (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    amount bigint,
    currency text,
    author text
);
CREATE SEQUENCE public.fact_outcome_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_outcome_id_seq OWNED BY public.fact_outcome.id;
CREATE TABLE public.fact_payment_issue (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    reason text
);
CREATE SEQUENCE public.fact_payment_issue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_payment_issue_id_seq OWNED BY public.fact_payment_issue.id;
CREATE TABLE public.fact_pulse (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    value double precision NOT NULL,
    author text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.fact_pulse_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_pulse_id_seq OWNED BY public.fact_pulse.id;
CREATE TABLE public.fact_subscription (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    plan text,
    status text NOT NULL,
    seats bigint,
    mrr bigint NOT NULL,
    currency text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    trial_ends_at timestamp with time zone,
    renews_at timestamp with time zone,
    ended_at timestamp with time zone
);
CREATE TABLE public.fact_subscription_change (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    subscription text NOT NULL,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    mrr_delta bigint NOT NULL,
    currency text NOT NULL
);
CREATE SEQUENCE public.fact_subscription_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_subscription_change_id_seq OWNED BY public.fact_subscription_change.id;
CREATE SEQUENCE public.fact_subscription_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_subscription_id_seq OWNED BY public.fact_subscription.id;
CREATE TABLE public.fact_survey_response (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    kind text NOT NULL,
    score double precision NOT NULL,
    scale_min double precision NOT NULL,
    scale_max double precision NOT NULL,
    comment text,
    respondent text,
    responded_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.fact_survey_response_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_survey_response_id_seq OWNED BY public.fact_survey_response.id;
CREATE TABLE public.fact_ticket (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    subject text,
    requester text,
    opened_at timestamp with time zone NOT NULL,
    first_replied_at timestamp with time zone,
    solved_at timestamp with time zone,
    reopened bigint NOT NULL,
    priority bigint NOT NULL,
    channel text,
    outcome text
);
CREATE SEQUENCE public.fact_ticket_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_ticket_id_seq OWNED BY public.fact_ticket.id;
CREATE TABLE public.fact_usage_day (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    source_id text NOT NULL,
    source_account_id integer NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    assumed boolean NOT NULL,
    hash bytea NOT NULL,
    raw_ref text,
    "user" text NOT NULL,
    feature text NOT NULL,
    day date NOT NULL,
    count bigint NOT NULL,
    seconds bigint NOT NULL
);
CREATE SEQUENCE public.fact_usage_day_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_usage_day_id_seq OWNED BY public.fact_usage_day.id;
CREATE TABLE public.fx_rate (
    currency text NOT NULL,
    day date NOT NULL,
    rate double precision NOT NULL
);
COMMENT ON TABLE public.fx_rate IS 'Units of the reporting currency for one unit of a currency, in force from a day on; as the configuration says.';
CREATE TABLE public.held_delete (
    connection_id integer NOT NULL,
    stream text NOT NULL,
    held_at timestamp with time zone NOT NULL,
    vanished bigint NOT NULL,
    known bigint NOT NULL
);
COMMENT ON TABLE public.held_delete IS 'A snapshot in which more than a fifth would vanish: nothing is deleted until a person confirms.';
CREATE TABLE public.inbox (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    key text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    body jsonb,
    applied_at timestamp with time zone
);
COMMENT ON TABLE public.inbox IS 'Pushed messages, durable before they are answered. The body is dropped once applied; the key stays.';
CREATE SEQUENCE public.inbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.inbox_id_seq OWNED BY public.inbox.id;
CREATE TABLE public.lease (
    connection_id integer NOT NULL,
    stream text NOT NULL,
    epoch integer NOT NULL,
    worker_id text,
    run_id bigint,
    taken_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.lease IS 'Who may write a stream. epoch counts the runners there were: one with an older epoch writes nothing any more.';
CREATE TABLE public.link (
    id bigint NOT NULL,
    source_account_id integer NOT NULL,
    account_id integer NOT NULL,
    method text NOT NULL,
    evidence text NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone
);
COMMENT ON TABLE public.link IS 'Which account a source account belongs to, why, and since when. method: anchor / manual / reference / plugin / domain / email.';
CREATE TABLE public.link_decision (
    id bigint NOT NULL,
    source_account_id integer NOT NULL,
    account_id integer,
    author text NOT NULL,
    reason text,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    ended_by text
);
COMMENT ON TABLE public.link_decision IS 'What a person decided about where a source account belongs. account_id null: to no other account than its own.';
CREATE SEQUENCE public.link_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.link_decision_id_seq OWNED BY public.link_decision.id;
CREATE TABLE public.link_evidence (
    source_account_id integer NOT NULL,
    evidence bigint NOT NULL
);
COMMENT ON TABLE public.link_evidence IS 'By what a source account was placed when that was last decided: hashes of its ids, domains, addresses and name.';
CREATE SEQUENCE public.link_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.link_id_seq OWNED BY public.link.id;
CREATE TABLE public.metric_frame (
    id integer NOT NULL,
    number bigint NOT NULL,
    history bigint NOT NULL,
    day date NOT NULL,
    content jsonb NOT NULL
);
COMMENT ON TABLE public.metric_frame IS 'One row: what the rows of account_metrics are of. number counts the runs that wrote them; history counts the writes to days other than this one.';
CREATE SEQUENCE public.metric_frame_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.metric_frame_id_seq OWNED BY public.metric_frame.id;
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    delivery text NOT NULL,
    event text NOT NULL,
    account_id integer NOT NULL,
    subject text,
    body jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    attempts integer NOT NULL,
    due_at timestamp with time zone,
    delivered_at timestamp with time zone,
    error text
);
COMMENT ON TABLE public.outbox IS 'What is to be told to the configured webhook, written with the scores that say it. subject: what is told only once, such as a target that was missed. due_at: when to try next; null once delivered, or given up.';
CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.peer (
    model_id integer NOT NULL,
    segment_id integer NOT NULL,
    day date NOT NULL,
    metric text NOT NULL,
    component double precision NOT NULL,
    value double precision NOT NULL,
    accounts integer NOT NULL,
    curve jsonb NOT NULL
);
COMMENT ON TABLE public.peer IS 'What is typical in a segment on a day: mean component (0..100), median value and rank curve.';
CREATE TABLE public.portfolio_daily (
    day date NOT NULL,
    basis smallint NOT NULL,
    segment_id integer NOT NULL,
    owner text NOT NULL,
    band text NOT NULL,
    accounts integer NOT NULL,
    arr bigint NOT NULL
);
COMMENT ON TABLE public.portfolio_daily IS 'How many accounts and how much yearly revenue (minor units) were in each band; owner is '''' where there is none.';
CREATE TABLE public.publication (
    id bigint NOT NULL,
    segment_id integer NOT NULL,
    model_id integer NOT NULL,
    "position" integer NOT NULL,
    rule jsonb NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    stage text DEFAULT 'published'::text NOT NULL
);
COMMENT ON TABLE public.publication IS 'Which model and rule a segment had, and when: position is its place in the order of rules. stage: published gives the score, shadow is scored beside it.';
CREATE SEQUENCE public.publication_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.publication_id_seq OWNED BY public.publication.id;
CREATE TABLE public.quarantine (
    connection_id integer NOT NULL,
    stream text NOT NULL,
    source_id text NOT NULL,
    reason text NOT NULL,
    seen_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.quarantine IS 'Records that could not be understood.';
CREATE TABLE public.release (
    id bigint NOT NULL,
    stage text NOT NULL,
    action text NOT NULL,
    author text NOT NULL,
    reason text,
    at timestamp with time zone NOT NULL,
    restored bigint
);
COMMENT ON TABLE public.release IS 'Who changed which models are in force, and why. stage: as of publication. action: publish / rollback / shadow / withdraw. restored: the release whose models a rollback put back.';
CREATE SEQUENCE public.release_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.release_id_seq OWNED BY public.release.id;
CREATE TABLE public.revision (
    domain text NOT NULL,
    number bigint NOT NULL
);
COMMENT ON TABLE public.revision IS 'Counts the writes that can change an answer, by domain: facts, scores, people, models, operations.';
CREATE TABLE public.run (
    id bigint NOT NULL,
    connection_id integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    state text NOT NULL,
    message text,
    cancelled_at timestamp with time zone
);
COMMENT ON TABLE public.run IS 'One sync of one connection. state: running, or how it ended. cancelled_at: when somebody asked for it to stop.';
CREATE SEQUENCE public.run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.run_id_seq OWNED BY public.run.id;
CREATE TABLE public.run_stream (
    run_id bigint NOT NULL,
    stream text NOT NULL,
    read bigint NOT NULL,
    opened bigint NOT NULL,
    closed bigint NOT NULL,
    unchanged bigint NOT NULL,
    quarantined bigint NOT NULL,
    retries integer NOT NULL,
    state text NOT NULL,
    message text
);
COMMENT ON TABLE public.run_stream IS 'What one run did in one stream.';
CREATE TABLE public.score_backdrop (
    digest text NOT NULL,
    content jsonb NOT NULL
);
COMMENT ON TABLE public.score_backdrop IS 'What the current scores of a segment are set against: titles, weights, what is typical; see core/scoring/backdrop.py. digest: of the content.';
CREATE VIEW public.score_daily AS
 SELECT s.account_id,
    p.name,
    p.owner,
    d.day,
        CASE d.basis
            WHEN 0 THEN 'live'::text
            ELSE 'restated'::text
        END AS basis,
    g.name AS segment,
    m.name AS model,
    m.version AS model_version,
    ((s.score_centi)::double precision / (100)::double precision) AS score,
        CASE
            WHEN (s.band < 0) THEN 'unknown'::text
            ELSE (((m.content -> 'bands'::text) -> (s.band)::integer) ->> 'name'::text)
        END AS band,
    (((get_byte(s.packed, 0) % 128))::double precision / (100)::double precision) AS coverage
   FROM ((((( SELECT h.account_id,
            h.basis,
            h.day,
            h.model_id,
            h.segment_id,
            h.score_centi,
            h.band,
            h.packed,
            lead(h.day) OVER (PARTITION BY h.account_id, h.basis ORDER BY h.day) AS until
           FROM public.score_history h
          WHERE (h.basis = ANY (ARRAY[0, 1]))) s
     JOIN public.scored_day d ON (((d.basis = s.basis) AND (d.day >= s.day) AND (d.day < COALESCE(s.until, 'infinity'::date)))))
     JOIN public.scoring_model m ON ((m.id = s.model_id)))
     JOIN public.segment g ON ((g.id = s.segment_id)))
     LEFT JOIN public.account_profile p ON ((p.account_id = s.account_id)))
  WHERE (((d.basis = 0) OR (NOT (EXISTS ( SELECT 1
           FROM public.scored_day e
          WHERE ((e.day = d.day) AND (e.basis = 0)))))) AND (NOT (EXISTS ( SELECT 1
           FROM public.score_absence a
          WHERE ((a.account_id = s.account_id) AND (a.basis = s.basis) AND (a.day <= d.day) AND (d.day < COALESCE(a.until, 'infinity'::date)))))));
CREATE TABLE public.score_detail (
    account_id integer NOT NULL,
    adjustments jsonb NOT NULL,
    matched jsonb NOT NULL,
    steadiness text,
    backdrop text NOT NULL,
    numbers bytea NOT NULL,
    told jsonb
);
COMMENT ON TABLE public.score_detail IS 'What explains each current score. numbers: of its components, see core/scoring/backdrop.py; told: their reasons that no number says, by place. Kept apart: it is ten times larger, and lists of accounts don''t need it.';
CREATE TABLE public.score_override (
    id bigint NOT NULL,
    account_id integer NOT NULL,
    score double precision NOT NULL,
    owner text NOT NULL,
    reason text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone,
    ended_by text,
    home_id integer
);
COMMENT ON TABLE public.score_override IS 'A person''s word against the model''s: in force from known_from to the earlier of known_to and expires_at.';
CREATE SEQUENCE public.score_override_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.score_override_id_seq OWNED BY public.score_override.id;
CREATE SEQUENCE public.scoring_model_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.scoring_model_id_seq OWNED BY public.scoring_model.id;
CREATE TABLE public.segment_daily (
    day date NOT NULL,
    basis smallint NOT NULL,
    segment_id integer NOT NULL,
    accounts integer NOT NULL,
    taken integer NOT NULL
);
COMMENT ON TABLE public.segment_daily IS 'How many accounts a segment held on a day, and how many more match its rule but were taken by an earlier one.';
CREATE SEQUENCE public.segment_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.segment_id_seq OWNED BY public.segment.id;
CREATE TABLE public.setting (
    key text NOT NULL,
    value jsonb
);
COMMENT ON TABLE public.setting IS 'What holds for the whole store: its time zone, its reporting currency.';
CREATE TABLE public.snapshot_key (
    run_id bigint NOT NULL,
    record text NOT NULL,
    source_id text NOT NULL
);
COMMENT ON TABLE public.snapshot_key IS 'The keys that a complete read has seen so far; emptied when it ends.';
CREATE TABLE public.source_account (
    id integer NOT NULL,
    connection_id integer NOT NULL,
    key text NOT NULL,
    first_known_at timestamp with time zone NOT NULL,
    touched_at timestamp with time zone,
    touched_records integer,
    touched_since date
);
COMMENT ON TABLE public.source_account IS 'An account as one source names it. touched_at: when facts or links of it last changed, null once they are scored; touched_records: which record types, as bits; touched_since: the first day whose values may differ.';
CREATE SEQUENCE public.source_account_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.source_account_id_seq OWNED BY public.source_account.id;
CREATE TABLE public.stream_gap (
    connection_id integer NOT NULL,
    stream text NOT NULL,
    known_from timestamp with time zone NOT NULL,
    known_to timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.stream_gap IS 'When a stream was not read: from the last success before a gap to the first one after it.';
CREATE TABLE public.stream_state (
    connection_id integer NOT NULL,
    stream text NOT NULL,
    records jsonb NOT NULL,
    cursor jsonb,
    "position" timestamp with time zone,
    first_loaded_at timestamp with time zone,
    last_success_at timestamp with time zone,
    last_attempt_at timestamp with time zone,
    state text NOT NULL,
    message text,
    gap_from timestamp with time zone
);
COMMENT ON TABLE public.stream_state IS 'How far each stream has been read. state: new / loading / ok / failed / skipped.';
CREATE TABLE public.sweep (
    connection_id integer NOT NULL,
    stream text NOT NULL,
    run_id bigint NOT NULL,
    read_through timestamp with time zone
);
COMMENT ON TABLE public.sweep IS 'A stream that is being read again from the start, for what is gone. run_id: the pass, named by the run that began it; read_through: up to when it has been read to its end since.';
CREATE TABLE public.trail (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    token text,
    account_id integer,
    input jsonb NOT NULL,
    result text,
    idempotency_key text
);
COMMENT ON TABLE public.trail IS 'What people changed, as they asked for it. token: the API token''s prefix, null for the command line. result: the id of what was made or changed. idempotency_key: the asker''s own name for the request.';
CREATE SEQUENCE public.trail_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trail_id_seq OWNED BY public.trail.id;
CREATE TABLE public.unlinked (
    source_account_id integer NOT NULL,
    reason text NOT NULL,
    candidates jsonb NOT NULL
);
COMMENT ON TABLE public.unlinked IS 'Source accounts that no rule could place, with the accounts that come into question.';
CREATE TABLE public.worker (
    id text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    jobs boolean NOT NULL,
    started_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.worker IS 'A process that reads connections, and its last sign of life. jobs: whether it does what is scheduled.';
ALTER TABLE ONLY public.account ALTER COLUMN id SET DEFAULT nextval('public.account_id_seq'::regclass);
ALTER TABLE ONLY public.account_note ALTER COLUMN id SET DEFAULT nextval('public.account_note_id_seq'::regclass);
ALTER TABLE ONLY public.account_target ALTER COLUMN id SET DEFAULT nextval('public.account_target_id_seq'::regclass);
ALTER TABLE ONLY public.api_token ALTER COLUMN id SET DEFAULT nextval('public.api_token_id_seq'::regclass);
ALTER TABLE ONLY public.connection ALTER COLUMN id SET DEFAULT nextval('public.connection_id_seq'::regclass);
ALTER TABLE ONLY public.erasure ALTER COLUMN id SET DEFAULT nextval('public.erasure_id_seq'::regclass);
ALTER TABLE ONLY public.fact_account ALTER COLUMN id SET DEFAULT nextval('public.fact_account_id_seq'::regclass);
ALTER TABLE ONLY public.fact_activity ALTER COLUMN id SET DEFAULT nextval('public.fact_activity_id_seq'::regclass);
ALTER TABLE ONLY public.fact_change ALTER COLUMN id SET DEFAULT nextval('public.fact_change_id_seq'::regclass);
ALTER TABLE ONLY public.fact_contact ALTER COLUMN id SET DEFAULT nextval('public.fact_contact_id_seq'::regclass);
ALTER TABLE ONLY public.fact_invoice ALTER COLUMN id SET DEFAULT nextval('public.fact_invoice_id_seq'::regclass);
ALTER TABLE ONLY public.fact_opportunity ALTER COLUMN id SET DEFAULT nextval('public.fact_opportunity_id_seq'::regclass);
ALTER TABLE ONLY public.fact_opportunity_change ALTER COLUMN id SET DEFAULT nextval('public.fact_opportunity_change_id_seq'::regclass);
ALTER TABLE ONLY public.fact_outcome ALTER COLUMN id SET DEFAULT nextval('public.fact_outcome_id_seq'::regclass);
ALTER TABLE ONLY public.fact_payment_issue ALTER COLUMN id SET DEFAULT nextval('public.fact_payment_issue_id_seq'::regclass);
ALTER TABLE ONLY public.fact_pulse ALTER COLUMN id SET DEFAULT nextval('public.fact_pulse_id_seq'::regclass);
ALTER TABLE ONLY public.fact_subscription ALTER COLUMN id SET DEFAULT nextval('public.fact_subscription_id_seq'::regclass);
ALTER TABLE ONLY public.fact_subscription_change ALTER COLUMN id SET DEFAULT nextval('public.fact_subscription_change_id_seq'::regclass);
ALTER TABLE ONLY public.fact_survey_response ALTER COLUMN id SET DEFAULT nextval('public.fact_survey_response_id_seq'::regclass);
ALTER TABLE ONLY public.fact_ticket ALTER COLUMN id SET DEFAULT nextval('public.fact_ticket_id_seq'::regclass);
ALTER TABLE ONLY public.fact_usage_day ALTER COLUMN id SET DEFAULT nextval('public.fact_usage_day_id_seq'::regclass);
ALTER TABLE ONLY public.inbox ALTER COLUMN id SET DEFAULT nextval('public.inbox_id_seq'::regclass);
ALTER TABLE ONLY public.link ALTER COLUMN id SET DEFAULT nextval('public.link_id_seq'::regclass);
ALTER TABLE ONLY public.link_decision ALTER COLUMN id SET DEFAULT nextval('public.link_decision_id_seq'::regclass);
ALTER TABLE ONLY public.metric_frame ALTER COLUMN id SET DEFAULT nextval('public.metric_frame_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
ALTER TABLE ONLY public.publication ALTER COLUMN id SET DEFAULT nextval('public.publication_id_seq'::regclass);
ALTER TABLE ONLY public.release ALTER COLUMN id SET DEFAULT nextval('public.release_id_seq'::regclass);
ALTER TABLE ONLY public.run ALTER COLUMN id SET DEFAULT nextval('public.run_id_seq'::regclass);
ALTER TABLE ONLY public.score_override ALTER COLUMN id SET DEFAULT nextval('public.score_override_id_seq'::regclass);
ALTER TABLE ONLY public.scoring_model ALTER COLUMN id SET DEFAULT nextval('public.scoring_model_id_seq'::regclass);
ALTER TABLE ONLY public.segment ALTER COLUMN id SET DEFAULT nextval('public.segment_id_seq'::regclass);
ALTER TABLE ONLY public.source_account ALTER COLUMN id SET DEFAULT nextval('public.source_account_id_seq'::regclass);
ALTER TABLE ONLY public.trail ALTER COLUMN id SET DEFAULT nextval('public.trail_id_seq'::regclass);
INSERT INTO public.account VALUES (1, '2026-01-01 12:30:15.123456+00');
INSERT INTO public.account VALUES (2, '2026-01-02 12:30:15.123456+00');
INSERT INTO public.account_metrics VALUES (1, 1, '\x007fff01', 'described 1', 'booked 1');
INSERT INTO public.account_metrics VALUES (2, NULL, '\x007fff02', 'described 2', 'booked 2');
INSERT INTO public.account_note VALUES (1, 1, 'text 1', 'author 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'ended_by 1', 1);
INSERT INTO public.account_note VALUES (2, 2, 'text 2', 'author 2', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL);
INSERT INTO public.account_profile VALUES (1, 'name 1', 'domain 1', 'owner 1', 'plan 1', 'industry 1', 'region 1', 1, 'lifecycle_stage 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 1, '["custom 1"]', '["origins 1"]');
INSERT INTO public.account_profile VALUES (2, 'name 2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '["custom 2"]', '["origins 2"]');
INSERT INTO public.account_target VALUES (1, 1, 1.5, '2026-01-01', 'owner 1', 'reason 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'ended_by 1', 1);
INSERT INTO public.account_target VALUES (2, 2, 2.5, '2026-01-02', 'owner 2', NULL, '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL);
INSERT INTO public.alembic_version VALUES ('0015');
INSERT INTO public.api_token VALUES (1, 'name 1', 'prefix 1', '\x007fff01', '["scopes 1"]', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '["row_scope 1"]');
INSERT INTO public.api_token VALUES (2, 'name 2', 'prefix 2', '\x007fff02', '["scopes 2"]', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL);
INSERT INTO public.connection VALUES (1, 'name 1', 'connector 1', '["identity 1"]', 1, true, '["provides 1"]', 'state 1', '2026-01-01 12:30:15.123456+00', 'message 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.connection VALUES (2, 'name 2', 'connector 2', NULL, 2, false, '["provides 2"]', 'state 2', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL);
INSERT INTO public.connection_past VALUES (1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'state 1', 'message 1', '["provides 1"]', true);
INSERT INTO public.connection_past VALUES (2, '2026-01-02 12:30:15.123456+00', NULL, 'state 2', NULL, '["provides 2"]', false);
INSERT INTO public.erased_key VALUES ('\x007fff01', 1);
INSERT INTO public.erased_key VALUES ('\x007fff02', 2);
INSERT INTO public.erasure VALUES (1, 'kind 1', 'author 1', 'reason 1', '2026-01-01 12:30:15.123456+00', '["removed 1"]', '2026-01-01 12:30:15.123456+00', 'released_by 1');
INSERT INTO public.erasure VALUES (2, 'kind 2', 'author 2', NULL, '2026-01-02 12:30:15.123456+00', '["removed 2"]', NULL, NULL);
INSERT INTO public.fact_account VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'name 1', '["domains 1"]', '["emails 1"]', '["references 1"]', 'owner 1', 'parent 1', 'plan 1', 'industry 1', 'region 1', 1, 'lifecycle_stage 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '["custom 1"]');
INSERT INTO public.fact_account VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, NULL, '["domains 2"]', '["emails 2"]', '["references 2"]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '["custom 2"]');
INSERT INTO public.fact_activity VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'kind 1', 'direction 1', '2026-01-01 12:30:15.123456+00', 'subject 1', 'contact 1');
INSERT INTO public.fact_activity VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, 'kind 2', NULL, '2026-01-02 12:30:15.123456+00', NULL, NULL);
INSERT INTO public.fact_change VALUES (1, 'record 1', 1);
INSERT INTO public.fact_change VALUES (2, 'record 2', 2);
INSERT INTO public.fact_contact VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'email 1', 'name 1', 'role 1', true, '2026-01-01 12:30:15.123456+00');
INSERT INTO public.fact_contact VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, NULL, NULL, NULL, false, '2026-01-02 12:30:15.123456+00');
INSERT INTO public.fact_invoice VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'number 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 1, 1, 1, 'currency 1', 1);
INSERT INTO public.fact_invoice VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, NULL, '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL, 2, 2, 2, 'currency 2', 2);
INSERT INTO public.fact_opportunity VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'name 1', 'kind 1', 'stage 1', 1, 'currency 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, 1, 1);
INSERT INTO public.fact_opportunity VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, NULL, 'kind 2', NULL, NULL, 'currency 2', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.fact_opportunity_change VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'opportunity 1', 'kind 1', '2026-01-01 12:30:15.123456+00', 'before 1', 'after 1', 1, 1, 'currency 1');
INSERT INTO public.fact_opportunity_change VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, 'opportunity 2', 'kind 2', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL, NULL, 'currency 2');
INSERT INTO public.fact_outcome VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'kind 1', '2026-01-01 12:30:15.123456+00', 1, 'currency 1', 'author 1');
INSERT INTO public.fact_outcome VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, 'kind 2', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL);
INSERT INTO public.fact_payment_issue VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'kind 1', '2026-01-01 12:30:15.123456+00', 1, 'currency 1', 'reason 1');
INSERT INTO public.fact_payment_issue VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, 'kind 2', '2026-01-02 12:30:15.123456+00', 2, 'currency 2', NULL);
INSERT INTO public.fact_pulse VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 1.5, 'author 1', 'reason 1', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.fact_pulse VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, 2.5, 'author 2', 'reason 2', '2026-01-02 12:30:15.123456+00');
INSERT INTO public.fact_subscription VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'plan 1', 'status 1', 1, 1, 'currency 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.fact_subscription VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, NULL, 'status 2', NULL, 2, 'currency 2', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL);
INSERT INTO public.fact_subscription_change VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'subscription 1', 'kind 1', '2026-01-01 12:30:15.123456+00', 1, 'currency 1');
INSERT INTO public.fact_subscription_change VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, 'subscription 2', 'kind 2', '2026-01-02 12:30:15.123456+00', 2, 'currency 2');
INSERT INTO public.fact_survey_response VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'kind 1', 1.5, 1.5, 1.5, 'comment 1', 'respondent 1', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.fact_survey_response VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, 'kind 2', 2.5, 2.5, 2.5, NULL, NULL, '2026-01-02 12:30:15.123456+00');
INSERT INTO public.fact_ticket VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'subject 1', 'requester 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 1, 1, 'channel 1', 'outcome 1');
INSERT INTO public.fact_ticket VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, NULL, NULL, '2026-01-02 12:30:15.123456+00', NULL, NULL, 2, 2, NULL, NULL);
INSERT INTO public.fact_usage_day VALUES (1, 1, 'source_id 1', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', true, '\x007fff01', 'raw_ref 1', 'user 1', 'feature 1', '2026-01-01', 1, 1);
INSERT INTO public.fact_usage_day VALUES (2, 2, 'source_id 2', 2, '2026-01-02 12:30:15.123456+00', NULL, false, '\x007fff02', NULL, 'user 2', 'feature 2', '2026-01-02', 2, 2);
INSERT INTO public.fx_rate VALUES ('currency 1', '2026-01-01', 1.5);
INSERT INTO public.fx_rate VALUES ('currency 2', '2026-01-02', 2.5);
INSERT INTO public.held_delete VALUES (1, 'stream 1', '2026-01-01 12:30:15.123456+00', 1, 1);
INSERT INTO public.held_delete VALUES (2, 'stream 2', '2026-01-02 12:30:15.123456+00', 2, 2);
INSERT INTO public.inbox VALUES (1, 1, 'key 1', '2026-01-01 12:30:15.123456+00', '["body 1"]', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.inbox VALUES (2, 2, 'key 2', '2026-01-02 12:30:15.123456+00', NULL, NULL);
INSERT INTO public.lease VALUES (1, 'stream 1', 1, 'worker_id 1', 1, '2026-01-01 12:30:15.123456+00');
INSERT INTO public.lease VALUES (2, 'stream 2', 2, NULL, NULL, '2026-01-02 12:30:15.123456+00');
INSERT INTO public.link VALUES (1, 1, 1, 'method 1', 'evidence 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.link VALUES (2, 2, 2, 'method 2', 'evidence 2', '2026-01-02 12:30:15.123456+00', NULL);
INSERT INTO public.link_decision VALUES (1, 1, 1, 'author 1', 'reason 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'ended_by 1');
INSERT INTO public.link_decision VALUES (2, 2, NULL, 'author 2', NULL, '2026-01-02 12:30:15.123456+00', NULL, NULL);
INSERT INTO public.link_evidence VALUES (1, 1);
INSERT INTO public.link_evidence VALUES (2, 2);
INSERT INTO public.metric_frame VALUES (1, 1, 1, '2026-01-01', '["content 1"]');
INSERT INTO public.metric_frame VALUES (2, 2, 2, '2026-01-02', '["content 2"]');
INSERT INTO public.outbox VALUES (1, 'delivery 1', 'event 1', 1, 'subject 1', '["body 1"]', '2026-01-01 12:30:15.123456+00', 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'error 1');
INSERT INTO public.outbox VALUES (2, 'delivery 2', 'event 2', 2, NULL, '["body 2"]', '2026-01-02 12:30:15.123456+00', 2, NULL, NULL, NULL);
INSERT INTO public.peer VALUES (1, 1, '2026-01-01', 'metric 1', 1.5, 1.5, 1, '["curve 1"]');
INSERT INTO public.peer VALUES (2, 2, '2026-01-02', 'metric 2', 2.5, 2.5, 2, '["curve 2"]');
INSERT INTO public.portfolio_daily VALUES ('2026-01-01', 1, 1, 'owner 1', 'band 1', 1, 1);
INSERT INTO public.portfolio_daily VALUES ('2026-01-02', 2, 2, 'owner 2', 'band 2', 2, 2);
INSERT INTO public.publication VALUES (1, 1, 1, 1, '["rule 1"]', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'stage 1');
INSERT INTO public.publication VALUES (2, 2, 2, 2, '["rule 2"]', '2026-01-02 12:30:15.123456+00', NULL, 'stage 2');
INSERT INTO public.quarantine VALUES (1, 'stream 1', 'source_id 1', 'reason 1', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.quarantine VALUES (2, 'stream 2', 'source_id 2', 'reason 2', '2026-01-02 12:30:15.123456+00');
INSERT INTO public.release VALUES (1, 'stage 1', 'action 1', 'author 1', 'reason 1', '2026-01-01 12:30:15.123456+00', 1);
INSERT INTO public.release VALUES (2, 'stage 2', 'action 2', 'author 2', NULL, '2026-01-02 12:30:15.123456+00', NULL);
INSERT INTO public.revision VALUES ('domain 1', 1);
INSERT INTO public.revision VALUES ('domain 2', 2);
INSERT INTO public.run VALUES (1, 1, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'state 1', 'message 1', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.run VALUES (2, 2, '2026-01-02 12:30:15.123456+00', NULL, 'state 2', NULL, NULL);
INSERT INTO public.run_stream VALUES (1, 'stream 1', 1, 1, 1, 1, 1, 1, 'state 1', 'message 1');
INSERT INTO public.run_stream VALUES (2, 'stream 2', 2, 2, 2, 2, 2, 2, 'state 2', NULL);
INSERT INTO public.score_absence VALUES (1, 1, '2026-01-01', '2026-01-01');
INSERT INTO public.score_absence VALUES (2, 2, '2026-01-02', NULL);
INSERT INTO public.score_backdrop VALUES ('digest 1', '["content 1"]');
INSERT INTO public.score_backdrop VALUES ('digest 2', '["content 2"]');
INSERT INTO public.score_current VALUES (1, '2026-01-01', 1, 1, 1.5, 1.5, 'band 1', '2026-01-01', 1.5, 1.5, 1.5, 1.5, 1.5, '\x007fff01', '2026-01-01 12:30:15.123456+00', 1.5, 'raw_band 1');
INSERT INTO public.score_current VALUES (2, '2026-01-02', 2, 2, 2.5, 2.5, 'band 2', '2026-01-02', 2.5, 2.5, 2.5, NULL, NULL, '\x007fff02', '2026-01-02 12:30:15.123456+00', 2.5, 'raw_band 2');
INSERT INTO public.score_detail VALUES (1, '["adjustments 1"]', '["matched 1"]', 'steadiness 1', 'digest 1', '\x007fff01', '["told 1"]');
INSERT INTO public.score_detail VALUES (2, '["adjustments 2"]', '["matched 2"]', NULL, 'digest 2', '\x007fff02', NULL);
INSERT INTO public.score_history VALUES (1, 1, '2026-01-01', 1, 1, 1, 1, '\x007fff01');
INSERT INTO public.score_history VALUES (2, 2, '2026-01-02', 2, 2, 2, 2, '\x007fff02');
INSERT INTO public.score_override VALUES (1, 1, 1.5, 'owner 1', 'reason 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'ended_by 1', 1);
INSERT INTO public.score_override VALUES (2, 2, 2.5, 'owner 2', 'reason 2', '2026-01-02 12:30:15.123456+00', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL);
INSERT INTO public.scored_day VALUES ('2026-01-01', 1, '2026-01-01 12:30:15.123456+00', 1);
INSERT INTO public.scored_day VALUES ('2026-01-02', 2, '2026-01-02 12:30:15.123456+00', 2);
INSERT INTO public.scoring_model VALUES (1, 'version 1', 'name 1', '["content 1"]', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.scoring_model VALUES (2, 'version 2', 'name 2', '["content 2"]', '2026-01-02 12:30:15.123456+00');
INSERT INTO public.segment VALUES (1, 'name 1');
INSERT INTO public.segment VALUES (2, 'name 2');
INSERT INTO public.segment_daily VALUES ('2026-01-01', 1, 1, 1, 1);
INSERT INTO public.segment_daily VALUES ('2026-01-02', 2, 2, 2, 2);
INSERT INTO public.setting VALUES ('key 1', '["value 1"]');
INSERT INTO public.setting VALUES ('key 2', NULL);
INSERT INTO public.snapshot_key VALUES (1, 'record 1', 'source_id 1');
INSERT INTO public.snapshot_key VALUES (2, 'record 2', 'source_id 2');
INSERT INTO public.source_account VALUES (1, 1, 'key 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 1, '2026-01-01');
INSERT INTO public.source_account VALUES (2, 2, 'key 2', '2026-01-02 12:30:15.123456+00', NULL, NULL, NULL);
INSERT INTO public.stream_gap VALUES (1, 'stream 1', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.stream_gap VALUES (2, 'stream 2', '2026-01-02 12:30:15.123456+00', '2026-01-02 12:30:15.123456+00');
INSERT INTO public.stream_state VALUES (1, 'stream 1', '["records 1"]', '["cursor 1"]', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00', 'state 1', 'message 1', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.stream_state VALUES (2, 'stream 2', '["records 2"]', NULL, NULL, NULL, NULL, NULL, 'state 2', NULL, NULL);
INSERT INTO public.sweep VALUES (1, 'stream 1', 1, '2026-01-01 12:30:15.123456+00');
INSERT INTO public.sweep VALUES (2, 'stream 2', 2, NULL);
INSERT INTO public.trail VALUES (1, '2026-01-01 12:30:15.123456+00', 'action 1', 'actor 1', 'token 1', 1, '["input 1"]', 'result 1', 'idempotency_key 1');
INSERT INTO public.trail VALUES (2, '2026-01-02 12:30:15.123456+00', 'action 2', 'actor 2', NULL, NULL, '["input 2"]', NULL, NULL);
INSERT INTO public.unlinked VALUES (1, 'reason 1', '["candidates 1"]');
INSERT INTO public.unlinked VALUES (2, 'reason 2', '["candidates 2"]');
INSERT INTO public.worker VALUES ('1', 'host 1', 1, true, '2026-01-01 12:30:15.123456+00', '2026-01-01 12:30:15.123456+00');
INSERT INTO public.worker VALUES ('2', 'host 2', 2, false, '2026-01-02 12:30:15.123456+00', '2026-01-02 12:30:15.123456+00');
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT pk_account PRIMARY KEY (id);
ALTER TABLE ONLY public.account_profile
    ADD CONSTRAINT pk_account_current PRIMARY KEY (account_id);
ALTER TABLE ONLY public.account_metrics
    ADD CONSTRAINT pk_account_metrics PRIMARY KEY (account_id);
ALTER TABLE ONLY public.account_note
    ADD CONSTRAINT pk_account_note PRIMARY KEY (id);
ALTER TABLE ONLY public.account_target
    ADD CONSTRAINT pk_account_target PRIMARY KEY (id);
ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT pk_api_token PRIMARY KEY (id);
ALTER TABLE ONLY public.connection
    ADD CONSTRAINT pk_connection PRIMARY KEY (id);
ALTER TABLE ONLY public.connection_past
    ADD CONSTRAINT pk_connection_past PRIMARY KEY (connection_id, known_to);
ALTER TABLE ONLY public.erased_key
    ADD CONSTRAINT pk_erased_key PRIMARY KEY (hash);
ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT pk_erasure PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_account
    ADD CONSTRAINT pk_fact_account PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_activity
    ADD CONSTRAINT pk_fact_activity PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_change
    ADD CONSTRAINT pk_fact_change PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_contact
    ADD CONSTRAINT pk_fact_contact PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_invoice
    ADD CONSTRAINT pk_fact_invoice PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_opportunity
    ADD CONSTRAINT pk_fact_opportunity PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_opportunity_change
    ADD CONSTRAINT pk_fact_opportunity_change PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_outcome
    ADD CONSTRAINT pk_fact_outcome PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_payment_issue
    ADD CONSTRAINT pk_fact_payment_issue PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_pulse
    ADD CONSTRAINT pk_fact_pulse PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_subscription
    ADD CONSTRAINT pk_fact_subscription PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_subscription_change
    ADD CONSTRAINT pk_fact_subscription_change PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_survey_response
    ADD CONSTRAINT pk_fact_survey_response PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_ticket
    ADD CONSTRAINT pk_fact_ticket PRIMARY KEY (id);
ALTER TABLE ONLY public.fact_usage_day
    ADD CONSTRAINT pk_fact_usage_day PRIMARY KEY (id);
ALTER TABLE ONLY public.fx_rate
    ADD CONSTRAINT pk_fx_rate PRIMARY KEY (currency, day);
ALTER TABLE ONLY public.held_delete
    ADD CONSTRAINT pk_held_delete PRIMARY KEY (connection_id, stream);
ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT pk_inbox PRIMARY KEY (id);
ALTER TABLE ONLY public.lease
    ADD CONSTRAINT pk_lease PRIMARY KEY (connection_id, stream);
ALTER TABLE ONLY public.link
    ADD CONSTRAINT pk_link PRIMARY KEY (id);
ALTER TABLE ONLY public.link_decision
    ADD CONSTRAINT pk_link_decision PRIMARY KEY (id);
ALTER TABLE ONLY public.link_evidence
    ADD CONSTRAINT pk_link_evidence PRIMARY KEY (source_account_id, evidence);
ALTER TABLE ONLY public.metric_frame
    ADD CONSTRAINT pk_metric_frame PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);
ALTER TABLE ONLY public.peer
    ADD CONSTRAINT pk_peer PRIMARY KEY (model_id, segment_id, day, metric);
ALTER TABLE ONLY public.portfolio_daily
    ADD CONSTRAINT pk_portfolio_daily PRIMARY KEY (day, basis, segment_id, owner, band);
ALTER TABLE ONLY public.publication
    ADD CONSTRAINT pk_publication PRIMARY KEY (id);
ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT pk_quarantine PRIMARY KEY (connection_id, stream, source_id);
ALTER TABLE ONLY public.release
    ADD CONSTRAINT pk_release PRIMARY KEY (id);
ALTER TABLE ONLY public.revision
    ADD CONSTRAINT pk_revision PRIMARY KEY (domain);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT pk_run PRIMARY KEY (id);
ALTER TABLE ONLY public.run_stream
    ADD CONSTRAINT pk_run_stream PRIMARY KEY (run_id, stream);
ALTER TABLE ONLY public.score_absence
    ADD CONSTRAINT pk_score_absence PRIMARY KEY (account_id, basis, day);
ALTER TABLE ONLY public.score_backdrop
    ADD CONSTRAINT pk_score_backdrop PRIMARY KEY (digest);
ALTER TABLE ONLY public.score_current
    ADD CONSTRAINT pk_score_current PRIMARY KEY (account_id);
ALTER TABLE ONLY public.score_detail
    ADD CONSTRAINT pk_score_detail PRIMARY KEY (account_id);
ALTER TABLE ONLY public.score_history
    ADD CONSTRAINT pk_score_history PRIMARY KEY (account_id, basis, day);
ALTER TABLE ONLY public.score_override
    ADD CONSTRAINT pk_score_override PRIMARY KEY (id);
ALTER TABLE ONLY public.scored_day
    ADD CONSTRAINT pk_scored_day PRIMARY KEY (day, basis);
ALTER TABLE ONLY public.scoring_model
    ADD CONSTRAINT pk_scoring_model PRIMARY KEY (id);
ALTER TABLE ONLY public.segment
    ADD CONSTRAINT pk_segment PRIMARY KEY (id);
ALTER TABLE ONLY public.segment_daily
    ADD CONSTRAINT pk_segment_daily PRIMARY KEY (day, basis, segment_id);
ALTER TABLE ONLY public.setting
    ADD CONSTRAINT pk_setting PRIMARY KEY (key);
ALTER TABLE ONLY public.snapshot_key
    ADD CONSTRAINT pk_snapshot_key PRIMARY KEY (run_id, record, source_id);
ALTER TABLE ONLY public.source_account
    ADD CONSTRAINT pk_source_account PRIMARY KEY (id);
ALTER TABLE ONLY public.stream_gap
    ADD CONSTRAINT pk_stream_gap PRIMARY KEY (connection_id, stream, known_from);
ALTER TABLE ONLY public.stream_state
    ADD CONSTRAINT pk_stream_state PRIMARY KEY (connection_id, stream);
ALTER TABLE ONLY public.sweep
    ADD CONSTRAINT pk_sweep PRIMARY KEY (connection_id, stream);
ALTER TABLE ONLY public.trail
    ADD CONSTRAINT pk_trail PRIMARY KEY (id);
ALTER TABLE ONLY public.unlinked
    ADD CONSTRAINT pk_unlinked PRIMARY KEY (source_account_id);
ALTER TABLE ONLY public.worker
    ADD CONSTRAINT pk_worker PRIMARY KEY (id);
ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT uq_api_token_prefix UNIQUE (prefix);
ALTER TABLE ONLY public.connection
    ADD CONSTRAINT uq_connection_name UNIQUE (name);
ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT uq_inbox_connection_id_key UNIQUE (connection_id, key);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT uq_outbox_delivery UNIQUE (delivery);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT uq_outbox_subject UNIQUE (subject);
ALTER TABLE ONLY public.scoring_model
    ADD CONSTRAINT uq_scoring_model_version UNIQUE (version);
ALTER TABLE ONLY public.segment
    ADD CONSTRAINT uq_segment_name UNIQUE (name);
ALTER TABLE ONLY public.source_account
    ADD CONSTRAINT uq_source_account_connection_id_key UNIQUE (connection_id, key);
ALTER TABLE ONLY public.trail
    ADD CONSTRAINT uq_trail_key UNIQUE (token, idempotency_key);
CREATE INDEX ix_account_current_name ON public.account_profile USING btree (name, account_id);
CREATE INDEX ix_account_current_owner ON public.account_profile USING btree (owner, account_id);
CREATE INDEX ix_account_metrics_parent ON public.account_metrics USING btree (parent_id) WHERE (parent_id IS NOT NULL);
CREATE INDEX ix_account_note_account ON public.account_note USING btree (account_id, known_from);
CREATE INDEX ix_account_target_account ON public.account_target USING btree (account_id, known_from);
CREATE INDEX ix_fact_account_account ON public.fact_account USING btree (source_account_id);
CREATE INDEX ix_fact_account_parent ON public.fact_account USING btree (connection_id, parent) WHERE (parent IS NOT NULL);
CREATE INDEX ix_fact_account_versions ON public.fact_account USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_activity_account ON public.fact_activity USING btree (source_account_id, at);
CREATE INDEX ix_fact_activity_versions ON public.fact_activity USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_contact_account ON public.fact_contact USING btree (source_account_id, created_at);
CREATE INDEX ix_fact_contact_versions ON public.fact_contact USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_invoice_account ON public.fact_invoice USING btree (source_account_id, issued_at);
CREATE INDEX ix_fact_invoice_versions ON public.fact_invoice USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_opportunity_account ON public.fact_opportunity USING btree (source_account_id, opened_at);
CREATE INDEX ix_fact_opportunity_change_account ON public.fact_opportunity_change USING btree (source_account_id, at);
CREATE INDEX ix_fact_opportunity_change_versions ON public.fact_opportunity_change USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_opportunity_versions ON public.fact_opportunity USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_outcome_account ON public.fact_outcome USING btree (source_account_id, at);
CREATE INDEX ix_fact_outcome_versions ON public.fact_outcome USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_payment_issue_account ON public.fact_payment_issue USING btree (source_account_id, at);
CREATE INDEX ix_fact_payment_issue_versions ON public.fact_payment_issue USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_pulse_account ON public.fact_pulse USING btree (source_account_id, at);
CREATE INDEX ix_fact_pulse_versions ON public.fact_pulse USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_subscription_account ON public.fact_subscription USING btree (source_account_id, started_at);
CREATE INDEX ix_fact_subscription_change_account ON public.fact_subscription_change USING btree (source_account_id, at);
CREATE INDEX ix_fact_subscription_change_versions ON public.fact_subscription_change USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_subscription_versions ON public.fact_subscription USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_survey_response_account ON public.fact_survey_response USING btree (source_account_id, responded_at);
CREATE INDEX ix_fact_survey_response_versions ON public.fact_survey_response USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_ticket_account ON public.fact_ticket USING btree (source_account_id, opened_at);
CREATE INDEX ix_fact_ticket_versions ON public.fact_ticket USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_fact_usage_day_account ON public.fact_usage_day USING btree (source_account_id, day);
CREATE INDEX ix_fact_usage_day_versions ON public.fact_usage_day USING btree (connection_id, source_id, known_from);
CREATE INDEX ix_inbox_received ON public.inbox USING btree (connection_id, received_at);
CREATE INDEX ix_inbox_waiting ON public.inbox USING btree (connection_id, id) WHERE (applied_at IS NULL);
CREATE INDEX ix_link_account ON public.link USING btree (account_id);
CREATE INDEX ix_link_evidence_evidence ON public.link_evidence USING btree (evidence);
CREATE INDEX ix_outbox_due ON public.outbox USING btree (due_at);
CREATE INDEX ix_run_connection ON public.run USING btree (connection_id, id);
CREATE INDEX ix_score_current_scored_at ON public.score_current USING btree (scored_at);
CREATE INDEX ix_score_override_account ON public.score_override USING btree (account_id, known_from);
CREATE INDEX ix_source_account_touched ON public.source_account USING btree (touched_at);
CREATE INDEX ix_trail_account ON public.trail USING btree (account_id, id);
CREATE UNIQUE INDEX uq_account_target_current ON public.account_target USING btree (account_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_account_current ON public.fact_account USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_activity_current ON public.fact_activity USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_contact_current ON public.fact_contact USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_invoice_current ON public.fact_invoice USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_opportunity_change_current ON public.fact_opportunity_change USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_opportunity_current ON public.fact_opportunity USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_outcome_current ON public.fact_outcome USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_payment_issue_current ON public.fact_payment_issue USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_pulse_current ON public.fact_pulse USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_subscription_change_current ON public.fact_subscription_change USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_subscription_current ON public.fact_subscription USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_survey_response_current ON public.fact_survey_response USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_ticket_current ON public.fact_ticket USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_fact_usage_day_current ON public.fact_usage_day USING btree (connection_id, source_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_link_current ON public.link USING btree (source_account_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_link_decision_current ON public.link_decision USING btree (source_account_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_publication_current ON public.publication USING btree (stage, segment_id) WHERE (known_to IS NULL);
CREATE UNIQUE INDEX uq_score_override_current ON public.score_override USING btree (account_id) WHERE (known_to IS NULL);
ALTER TABLE ONLY public.account_profile
    ADD CONSTRAINT fk_account_current_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.account_profile
    ADD CONSTRAINT fk_account_current_parent_account_id FOREIGN KEY (parent_account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.account_metrics
    ADD CONSTRAINT fk_account_metrics_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.account_note
    ADD CONSTRAINT fk_account_note_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.account_note
    ADD CONSTRAINT fk_account_note_home_id FOREIGN KEY (home_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.account_target
    ADD CONSTRAINT fk_account_target_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.account_target
    ADD CONSTRAINT fk_account_target_home_id FOREIGN KEY (home_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.connection_past
    ADD CONSTRAINT fk_connection_past_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.erased_key
    ADD CONSTRAINT fk_erased_key_erasure_id FOREIGN KEY (erasure_id) REFERENCES public.erasure(id);
ALTER TABLE ONLY public.fact_account
    ADD CONSTRAINT fk_fact_account_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_account
    ADD CONSTRAINT fk_fact_account_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_activity
    ADD CONSTRAINT fk_fact_activity_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_activity
    ADD CONSTRAINT fk_fact_activity_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_contact
    ADD CONSTRAINT fk_fact_contact_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_contact
    ADD CONSTRAINT fk_fact_contact_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_invoice
    ADD CONSTRAINT fk_fact_invoice_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_invoice
    ADD CONSTRAINT fk_fact_invoice_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_opportunity_change
    ADD CONSTRAINT fk_fact_opportunity_change_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_opportunity_change
    ADD CONSTRAINT fk_fact_opportunity_change_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_opportunity
    ADD CONSTRAINT fk_fact_opportunity_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_opportunity
    ADD CONSTRAINT fk_fact_opportunity_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_outcome
    ADD CONSTRAINT fk_fact_outcome_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_outcome
    ADD CONSTRAINT fk_fact_outcome_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_payment_issue
    ADD CONSTRAINT fk_fact_payment_issue_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_payment_issue
    ADD CONSTRAINT fk_fact_payment_issue_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_pulse
    ADD CONSTRAINT fk_fact_pulse_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_pulse
    ADD CONSTRAINT fk_fact_pulse_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_subscription_change
    ADD CONSTRAINT fk_fact_subscription_change_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_subscription_change
    ADD CONSTRAINT fk_fact_subscription_change_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_subscription
    ADD CONSTRAINT fk_fact_subscription_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_subscription
    ADD CONSTRAINT fk_fact_subscription_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_survey_response
    ADD CONSTRAINT fk_fact_survey_response_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_survey_response
    ADD CONSTRAINT fk_fact_survey_response_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_ticket
    ADD CONSTRAINT fk_fact_ticket_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_ticket
    ADD CONSTRAINT fk_fact_ticket_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.fact_usage_day
    ADD CONSTRAINT fk_fact_usage_day_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.fact_usage_day
    ADD CONSTRAINT fk_fact_usage_day_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.held_delete
    ADD CONSTRAINT fk_held_delete_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT fk_inbox_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.lease
    ADD CONSTRAINT fk_lease_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.link
    ADD CONSTRAINT fk_link_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.link_decision
    ADD CONSTRAINT fk_link_decision_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.link_decision
    ADD CONSTRAINT fk_link_decision_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.link_evidence
    ADD CONSTRAINT fk_link_evidence_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.link
    ADD CONSTRAINT fk_link_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT fk_outbox_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.peer
    ADD CONSTRAINT fk_peer_model_id FOREIGN KEY (model_id) REFERENCES public.scoring_model(id);
ALTER TABLE ONLY public.peer
    ADD CONSTRAINT fk_peer_segment_id FOREIGN KEY (segment_id) REFERENCES public.segment(id);
ALTER TABLE ONLY public.portfolio_daily
    ADD CONSTRAINT fk_portfolio_daily_segment_id FOREIGN KEY (segment_id) REFERENCES public.segment(id);
ALTER TABLE ONLY public.publication
    ADD CONSTRAINT fk_publication_model_id FOREIGN KEY (model_id) REFERENCES public.scoring_model(id);
ALTER TABLE ONLY public.publication
    ADD CONSTRAINT fk_publication_segment_id FOREIGN KEY (segment_id) REFERENCES public.segment(id);
ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT fk_quarantine_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.release
    ADD CONSTRAINT fk_release_restored FOREIGN KEY (restored) REFERENCES public.release(id);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT fk_run_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.run_stream
    ADD CONSTRAINT fk_run_stream_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.score_absence
    ADD CONSTRAINT fk_score_absence_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.score_current
    ADD CONSTRAINT fk_score_current_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.score_current
    ADD CONSTRAINT fk_score_current_model_id FOREIGN KEY (model_id) REFERENCES public.scoring_model(id);
ALTER TABLE ONLY public.score_current
    ADD CONSTRAINT fk_score_current_segment_id FOREIGN KEY (segment_id) REFERENCES public.segment(id);
ALTER TABLE ONLY public.score_detail
    ADD CONSTRAINT fk_score_detail_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.score_detail
    ADD CONSTRAINT fk_score_detail_backdrop FOREIGN KEY (backdrop) REFERENCES public.score_backdrop(digest);
ALTER TABLE ONLY public.score_history
    ADD CONSTRAINT fk_score_history_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.score_history
    ADD CONSTRAINT fk_score_history_model_id FOREIGN KEY (model_id) REFERENCES public.scoring_model(id);
ALTER TABLE ONLY public.score_history
    ADD CONSTRAINT fk_score_history_segment_id FOREIGN KEY (segment_id) REFERENCES public.segment(id);
ALTER TABLE ONLY public.score_override
    ADD CONSTRAINT fk_score_override_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.score_override
    ADD CONSTRAINT fk_score_override_home_id FOREIGN KEY (home_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.segment_daily
    ADD CONSTRAINT fk_segment_daily_segment_id FOREIGN KEY (segment_id) REFERENCES public.segment(id);
ALTER TABLE ONLY public.snapshot_key
    ADD CONSTRAINT fk_snapshot_key_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.source_account
    ADD CONSTRAINT fk_source_account_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.stream_gap
    ADD CONSTRAINT fk_stream_gap_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.stream_state
    ADD CONSTRAINT fk_stream_state_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.sweep
    ADD CONSTRAINT fk_sweep_connection_id FOREIGN KEY (connection_id) REFERENCES public.connection(id);
ALTER TABLE ONLY public.sweep
    ADD CONSTRAINT fk_sweep_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.trail
    ADD CONSTRAINT fk_trail_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.unlinked
    ADD CONSTRAINT fk_unlinked_source_account_id FOREIGN KEY (source_account_id) REFERENCES public.source_account(id);
