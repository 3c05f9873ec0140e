SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.audit_added_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_head' THEN IF NEW.entries > OLD.entries THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION 'the audit is only added to: its entries are never changed or removed'; END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.account_sessions (
    id bigint NOT NULL,
    token_hash character varying NOT NULL,
    account_id bigint NOT NULL,
    waits_for_code boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address character varying,
    browser character varying
);
CREATE SEQUENCE public.account_sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.account_sessions_id_seq OWNED BY public.account_sessions.id;
CREATE TABLE public.accounts (
    id bigint NOT NULL,
    name character varying NOT NULL,
    key character varying NOT NULL,
    email character varying,
    role character varying NOT NULL,
    password_hash character varying,
    subject character varying,
    totp_secret character varying,
    totp_confirmed_at timestamp with time zone,
    totp_step bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    signed_in_at timestamp with time zone,
    disabled_at timestamp with time zone
);
CREATE SEQUENCE public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.accounts_id_seq OWNED BY public.accounts.id;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.api_answers (
    id bigint NOT NULL,
    api_key_id bigint NOT NULL,
    idempotency_key character varying NOT NULL,
    request_hash character varying NOT NULL,
    owner character varying NOT NULL,
    owned_until timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    done jsonb,
    status integer,
    content_type character varying,
    body bytea
);
CREATE SEQUENCE public.api_answers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.api_answers_id_seq OWNED BY public.api_answers.id;
CREATE TABLE public.api_keys (
    id bigint NOT NULL,
    name character varying NOT NULL,
    prefix character varying NOT NULL,
    secret_hash character varying NOT NULL,
    scopes jsonb NOT NULL,
    created_by character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone
);
CREATE SEQUENCE public.api_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.api_keys_id_seq OWNED BY public.api_keys.id;
CREATE TABLE public.approvals (
    id bigint NOT NULL,
    message_id bigint NOT NULL,
    people integer NOT NULL,
    fingerprint character varying NOT NULL,
    asked_by character varying NOT NULL,
    asked_as character varying NOT NULL,
    asked_account integer,
    asked_at timestamp with time zone NOT NULL,
    decision character varying,
    decided_by character varying,
    decided_account integer,
    decided_at timestamp with time zone,
    reason character varying
);
CREATE SEQUENCE public.approvals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.approvals_id_seq OWNED BY public.approvals.id;
CREATE TABLE public.archived_months (
    month character varying NOT NULL,
    file character varying NOT NULL,
    rows integer NOT NULL,
    sha256 character varying NOT NULL,
    archived_at timestamp with time zone NOT NULL
);
CREATE TABLE public.audit_head (
    id bigint NOT NULL,
    entry_id bigint NOT NULL,
    entries bigint NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor character varying NOT NULL,
    action character varying NOT NULL,
    object_type character varying,
    object_id character varying,
    details jsonb NOT NULL,
    way character varying,
    address character varying,
    account_id bigint,
    previous_hash text DEFAULT ''::text NOT NULL,
    hash text DEFAULT ''::text NOT NULL
);
CREATE SEQUENCE public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_log_id_seq OWNED BY public.audit_log.id;
CREATE TABLE public.bot_pace (
    bot_id bigint NOT NULL,
    rate double precision NOT NULL,
    next_departure double precision NOT NULL,
    departures integer NOT NULL,
    not_before timestamp with time zone,
    held_seconds double precision NOT NULL,
    refusals integer NOT NULL,
    rate_changed_at timestamp with time zone,
    trouble character varying,
    trouble_since timestamp with time zone,
    token_fingerprint character varying,
    paid_refusal character varying,
    paid_refused_at timestamp with time zone,
    trouble_looks integer DEFAULT 0 NOT NULL,
    trouble_look_at timestamp with time zone,
    served_at timestamp with time zone
);
CREATE TABLE public.button_presses (
    message_id bigint NOT NULL,
    user_id bigint NOT NULL,
    button text NOT NULL,
    pressed_at timestamp with time zone NOT NULL
);
CREATE TABLE public.draft_presence (
    draft_id bigint NOT NULL,
    place character varying NOT NULL,
    author character varying NOT NULL,
    beat_at timestamp with time zone NOT NULL
);
CREATE TABLE public.draft_versions (
    id bigint NOT NULL,
    draft_id bigint NOT NULL,
    content jsonb NOT NULL,
    author character varying NOT NULL,
    made_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.draft_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.draft_versions_id_seq OWNED BY public.draft_versions.id;
CREATE TABLE public.drafts (
    id bigint NOT NULL,
    author character varying NOT NULL,
    content jsonb NOT NULL,
    audience jsonb,
    plan jsonb NOT NULL,
    follows_message_id bigint,
    revision integer NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    edits_message_id bigint,
    saved_by character varying
);
CREATE SEQUENCE public.drafts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.drafts_id_seq OWNED BY public.drafts.id;
CREATE TABLE public.enrollments (
    user_id bigint NOT NULL,
    course_stream character varying NOT NULL,
    status character varying,
    enrolled_at timestamp with time zone
);
CREATE TABLE public.experiments (
    id bigint NOT NULL,
    name character varying NOT NULL,
    author character varying NOT NULL,
    salt character varying NOT NULL,
    audience jsonb NOT NULL,
    arms jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.experiments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.experiments_id_seq OWNED BY public.experiments.id;
CREATE TABLE public.forgotten_key (
    id bigint NOT NULL,
    key character varying NOT NULL
);
CREATE TABLE public.forgotten_people (
    fingerprint character varying NOT NULL,
    forgotten_at timestamp with time zone NOT NULL,
    forgotten_by character varying NOT NULL
);
CREATE TABLE public.media_files (
    id bigint NOT NULL,
    bot_id bigint NOT NULL,
    kind text NOT NULL,
    file_id text NOT NULL,
    name character varying NOT NULL,
    size bigint,
    mime character varying,
    width integer,
    height integer,
    duration integer,
    thumbnail text,
    sha256 character varying,
    chat_id bigint,
    message_id bigint,
    uploaded_by character varying NOT NULL,
    uploaded_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone
);
CREATE SEQUENCE public.media_files_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.media_files_id_seq OWNED BY public.media_files.id;
CREATE TABLE public.message_history (
    id bigint NOT NULL,
    message_text text NOT NULL,
    message_type text,
    file_id character varying,
    buttons jsonb NOT NULL,
    options jsonb NOT NULL,
    author character varying NOT NULL,
    bot_id bigint NOT NULL,
    status text,
    status_reason character varying,
    recipient_type text NOT NULL,
    recipient_group character varying,
    audience jsonb,
    audience_mode text,
    audience_at_creation integer NOT NULL,
    follows_message_id bigint,
    created_at timestamp with time zone NOT NULL,
    scheduled_at timestamp with time zone NOT NULL,
    late_limit double precision,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    sent_at timestamp with time zone,
    total_recipients integer NOT NULL,
    successful_deliveries integer NOT NULL,
    failed_deliveries integer NOT NULL,
    uncertain_deliveries integer NOT NULL,
    cancelled_deliveries integer NOT NULL,
    deleted_deliveries integer NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    action text DEFAULT 'send'::text NOT NULL,
    target_message_id bigint,
    rule_id bigint,
    keep_quiet boolean DEFAULT false NOT NULL,
    left_out jsonb DEFAULT '{}'::jsonb NOT NULL,
    experiment_id bigint,
    arm character varying,
    archived_at timestamp with time zone,
    translations jsonb,
    take_back_until timestamp with time zone,
    taken_back_at timestamp with time zone,
    written_as jsonb
);
CREATE SEQUENCE public.message_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.message_history_id_seq OWNED BY public.message_history.id;
CREATE TABLE public.message_preparations (
    message_id bigint NOT NULL,
    beat_at timestamp with time zone NOT NULL
);
CREATE TABLE public.message_recipients (
    id bigint NOT NULL,
    message_id bigint NOT NULL,
    user_id bigint NOT NULL,
    username character varying,
    delivery_status text NOT NULL,
    telegram_message_id bigint,
    reason character varying,
    error_code integer,
    error_description character varying,
    attempts integer NOT NULL,
    next_attempt_at timestamp with time zone,
    lease_owner character varying,
    sending_at timestamp with time zone,
    sent_at timestamp with time zone,
    version integer
);
CREATE SEQUENCE public.message_recipients_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.message_recipients_id_seq OWNED BY public.message_recipients.id;
CREATE TABLE public.message_templates (
    id bigint NOT NULL,
    kind text NOT NULL,
    name character varying NOT NULL,
    name_key character varying NOT NULL,
    author character varying NOT NULL,
    content jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.message_templates_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.message_templates_id_seq OWNED BY public.message_templates.id;
CREATE TABLE public.message_versions (
    message_id bigint NOT NULL,
    version integer NOT NULL,
    content jsonb NOT NULL,
    replaced_at timestamp with time zone NOT NULL,
    replaced_by character varying NOT NULL
);
CREATE TABLE public.recovery_codes (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    code_hash character varying NOT NULL,
    used_at timestamp with time zone
);
CREATE SEQUENCE public.recovery_codes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.recovery_codes_id_seq OWNED BY public.recovery_codes.id;
CREATE TABLE public.recurring_messages (
    id bigint NOT NULL,
    author character varying NOT NULL,
    content jsonb NOT NULL,
    audience jsonb NOT NULL,
    weekdays jsonb NOT NULL,
    local_time character varying NOT NULL,
    zone character varying NOT NULL,
    until character varying,
    late_limit double precision,
    keep_quiet boolean NOT NULL,
    next_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    stopped_at timestamp with time zone,
    stopped_reason character varying
);
CREATE SEQUENCE public.recurring_messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.recurring_messages_id_seq OWNED BY public.recurring_messages.id;
CREATE TABLE public.segment_members (
    segment_id bigint NOT NULL,
    user_id bigint NOT NULL
);
CREATE TABLE public.segment_sizes (
    segment_id bigint NOT NULL,
    day character varying NOT NULL,
    people integer NOT NULL
);
CREATE TABLE public.segments (
    id bigint NOT NULL,
    name character varying NOT NULL,
    owner character varying NOT NULL,
    description character varying NOT NULL,
    cohort jsonb NOT NULL,
    mode text NOT NULL,
    is_exclusion boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.segments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.segments_id_seq OWNED BY public.segments.id;
CREATE TABLE public.selection_entries (
    id bigint NOT NULL,
    author character varying NOT NULL,
    label character varying NOT NULL,
    cohort jsonb NOT NULL,
    excluded boolean NOT NULL,
    added_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.selection_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.selection_entries_id_seq OWNED BY public.selection_entries.id;
CREATE TABLE public.set_up_links (
    id bigint NOT NULL,
    token_hash character varying NOT NULL,
    account_id bigint,
    made_by character varying NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);
CREATE SEQUENCE public.set_up_links_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.set_up_links_id_seq OWNED BY public.set_up_links.id;
CREATE TABLE public.sign_in_attempts (
    subject character varying NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL,
    locked_until timestamp with time zone
);
CREATE TABLE public.source_places (
    source_id bigint NOT NULL,
    user_id bigint NOT NULL,
    course_stream character varying NOT NULL,
    run_id bigint NOT NULL
);
CREATE TABLE public.source_runs (
    id bigint NOT NULL,
    source_id bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    added integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    left_streams integer NOT NULL,
    rejected integer NOT NULL,
    rejects_file character varying,
    error text,
    places integer
);
CREATE SEQUENCE public.source_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.source_runs_id_seq OWNED BY public.source_runs.id;
CREATE TABLE public.sources (
    id bigint NOT NULL,
    name character varying NOT NULL,
    kind character varying NOT NULL,
    address text NOT NULL,
    query text,
    mapping jsonb NOT NULL,
    every_minutes integer,
    mark_left boolean NOT NULL,
    created_by character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_run_at timestamp with time zone
);
CREATE SEQUENCE public.sources_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.sources_id_seq OWNED BY public.sources.id;
CREATE TABLE public.suppressions (
    user_id bigint NOT NULL,
    reason character varying NOT NULL,
    marked_by character varying NOT NULL,
    marked_at timestamp with time zone NOT NULL
);
CREATE TABLE public.test_recipients (
    author character varying NOT NULL,
    user_id bigint NOT NULL,
    added_at timestamp with time zone NOT NULL
);
CREATE TABLE public.users (
    user_id bigint NOT NULL,
    username character varying,
    first_name character varying,
    last_name character varying,
    language_code character varying,
    registered_at timestamp with time zone,
    attributes jsonb NOT NULL,
    unreachable_reason character varying,
    unreachable_since timestamp with time zone,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.webhook_deliveries (
    id bigint NOT NULL,
    webhook_id bigint NOT NULL,
    event_id character varying NOT NULL,
    event character varying NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    attempts bigint NOT NULL,
    delivered_at timestamp with time zone,
    finished_at timestamp with time zone,
    last_error text
);
CREATE SEQUENCE public.webhook_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.webhook_deliveries_id_seq OWNED BY public.webhook_deliveries.id;
CREATE TABLE public.webhooks (
    id bigint NOT NULL,
    address text NOT NULL,
    sealed_secret text NOT NULL,
    events jsonb NOT NULL,
    active boolean NOT NULL,
    created_by character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    trouble text,
    trouble_since timestamp with time zone
);
CREATE SEQUENCE public.webhooks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.webhooks_id_seq OWNED BY public.webhooks.id;
CREATE TABLE public.workers (
    name character varying NOT NULL,
    kind character varying NOT NULL,
    host character varying NOT NULL,
    pid integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    beat_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.account_sessions ALTER COLUMN id SET DEFAULT nextval('public.account_sessions_id_seq'::regclass);
ALTER TABLE ONLY public.accounts ALTER COLUMN id SET DEFAULT nextval('public.accounts_id_seq'::regclass);
ALTER TABLE ONLY public.api_answers ALTER COLUMN id SET DEFAULT nextval('public.api_answers_id_seq'::regclass);
ALTER TABLE ONLY public.api_keys ALTER COLUMN id SET DEFAULT nextval('public.api_keys_id_seq'::regclass);
ALTER TABLE ONLY public.approvals ALTER COLUMN id SET DEFAULT nextval('public.approvals_id_seq'::regclass);
ALTER TABLE ONLY public.audit_log ALTER COLUMN id SET DEFAULT nextval('public.audit_log_id_seq'::regclass);
ALTER TABLE ONLY public.draft_versions ALTER COLUMN id SET DEFAULT nextval('public.draft_versions_id_seq'::regclass);
ALTER TABLE ONLY public.drafts ALTER COLUMN id SET DEFAULT nextval('public.drafts_id_seq'::regclass);
ALTER TABLE ONLY public.experiments ALTER COLUMN id SET DEFAULT nextval('public.experiments_id_seq'::regclass);
ALTER TABLE ONLY public.media_files ALTER COLUMN id SET DEFAULT nextval('public.media_files_id_seq'::regclass);
ALTER TABLE ONLY public.message_history ALTER COLUMN id SET DEFAULT nextval('public.message_history_id_seq'::regclass);
ALTER TABLE ONLY public.message_recipients ALTER COLUMN id SET DEFAULT nextval('public.message_recipients_id_seq'::regclass);
ALTER TABLE ONLY public.message_templates ALTER COLUMN id SET DEFAULT nextval('public.message_templates_id_seq'::regclass);
ALTER TABLE ONLY public.recovery_codes ALTER COLUMN id SET DEFAULT nextval('public.recovery_codes_id_seq'::regclass);
ALTER TABLE ONLY public.recurring_messages ALTER COLUMN id SET DEFAULT nextval('public.recurring_messages_id_seq'::regclass);
ALTER TABLE ONLY public.segments ALTER COLUMN id SET DEFAULT nextval('public.segments_id_seq'::regclass);
ALTER TABLE ONLY public.selection_entries ALTER COLUMN id SET DEFAULT nextval('public.selection_entries_id_seq'::regclass);
ALTER TABLE ONLY public.set_up_links ALTER COLUMN id SET DEFAULT nextval('public.set_up_links_id_seq'::regclass);
ALTER TABLE ONLY public.source_runs ALTER COLUMN id SET DEFAULT nextval('public.source_runs_id_seq'::regclass);
ALTER TABLE ONLY public.sources ALTER COLUMN id SET DEFAULT nextval('public.sources_id_seq'::regclass);
ALTER TABLE ONLY public.webhook_deliveries ALTER COLUMN id SET DEFAULT nextval('public.webhook_deliveries_id_seq'::regclass);
ALTER TABLE ONLY public.webhooks ALTER COLUMN id SET DEFAULT nextval('public.webhooks_id_seq'::regclass);
INSERT INTO public.account_sessions VALUES (1, 'token_hash № 1', 1, false, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', 'address № 1', 'browser № 1');
INSERT INTO public.account_sessions VALUES (2, 'token_hash № 2', 2, true, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', 'address № 2', 'browser № 2');
INSERT INTO public.account_sessions VALUES (3, 'token_hash № 3', 3, false, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', 'address № 3', 'browser № 3');
INSERT INTO public.accounts VALUES (1, 'name № 1', 'key № 1', 'email № 1', 'role № 1', 'password_hash № 1', 'subject № 1', 'totp_secret № 1', '2025-03-01 12:30:15.25+00', 1, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.accounts VALUES (2, 'name № 2', 'key № 2', 'email № 2', 'role № 2', 'password_hash № 2', 'subject № 2', 'totp_secret № 2', '2025-03-02 12:30:15.25+00', 2, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.accounts VALUES (3, 'name № 3', 'key № 3', 'email № 3', 'role № 3', 'password_hash № 3', 'subject № 3', 'totp_secret № 3', '2025-03-03 12:30:15.25+00', 3, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.alembic_version VALUES ('0014');
INSERT INTO public.api_answers VALUES (1, 1, 'idempotency_key № 1', 'request_hash № 1', 'owner № 1', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 1, 'content_type № 1', '\x626f647920e284962031');
INSERT INTO public.api_answers VALUES (2, 2, 'idempotency_key № 2', 'request_hash № 2', 'owner № 2', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 2, 'content_type № 2', '\x626f647920e284962032');
INSERT INTO public.api_answers VALUES (3, 3, 'idempotency_key № 3', 'request_hash № 3', 'owner № 3', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 3, 'content_type № 3', '\x626f647920e284962033');
INSERT INTO public.api_keys VALUES (1, 'name № 1', 'prefix № 1', 'secret_hash № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 'created_by № 1', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.api_keys VALUES (2, 'name № 2', 'prefix № 2', 'secret_hash № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 'created_by № 2', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.api_keys VALUES (3, 'name № 3', 'prefix № 3', 'secret_hash № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 'created_by № 3', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.approvals VALUES (1, 1, 1, 'fingerprint № 1', 'asked_by № 1', 'asked_as № 1', 1, '2025-03-01 12:30:15.25+00', 'decision № 1', 'decided_by № 1', 1, '2025-03-01 12:30:15.25+00', 'reason № 1');
INSERT INTO public.approvals VALUES (2, 2, 2, 'fingerprint № 2', 'asked_by № 2', 'asked_as № 2', 2, '2025-03-02 12:30:15.25+00', 'decision № 2', 'decided_by № 2', 2, '2025-03-02 12:30:15.25+00', 'reason № 2');
INSERT INTO public.approvals VALUES (3, 3, 3, 'fingerprint № 3', 'asked_by № 3', 'asked_as № 3', 3, '2025-03-03 12:30:15.25+00', 'decision № 3', 'decided_by № 3', 3, '2025-03-03 12:30:15.25+00', 'reason № 3');
INSERT INTO public.archived_months VALUES ('month № 1', 'file № 1', 1, 'sha256 № 1', '2025-03-01 12:30:15.25+00');
INSERT INTO public.archived_months VALUES ('month № 2', 'file № 2', 2, 'sha256 № 2', '2025-03-02 12:30:15.25+00');
INSERT INTO public.archived_months VALUES ('month № 3', 'file № 3', 3, 'sha256 № 3', '2025-03-03 12:30:15.25+00');
INSERT INTO public.audit_log VALUES (1, '2025-03-01 12:30:15.25+00', 'actor № 1', 'action № 1', 'object_type № 1', 'object_id № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 'way № 1', 'address № 1', 1, 'previous_hash № 1', 'hash № 1');
INSERT INTO public.audit_log VALUES (2, '2025-03-02 12:30:15.25+00', 'actor № 2', 'action № 2', 'object_type № 2', 'object_id № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 'way № 2', 'address № 2', 2, 'previous_hash № 2', 'hash № 2');
INSERT INTO public.audit_log VALUES (3, '2025-03-03 12:30:15.25+00', 'actor № 3', 'action № 3', 'object_type № 3', 'object_id № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 'way № 3', 'address № 3', 3, 'previous_hash № 3', 'hash № 3');
INSERT INTO public.bot_pace VALUES (1, 1.5, 1.5, 1, '2025-03-01 12:30:15.25+00', 1.5, 1, '2025-03-01 12:30:15.25+00', 'trouble № 1', '2025-03-01 12:30:15.25+00', 'token_fingerprint № 1', 'paid_refusal № 1', '2025-03-01 12:30:15.25+00', 1, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.bot_pace VALUES (2, 2.5, 2.5, 2, '2025-03-02 12:30:15.25+00', 2.5, 2, '2025-03-02 12:30:15.25+00', 'trouble № 2', '2025-03-02 12:30:15.25+00', 'token_fingerprint № 2', 'paid_refusal № 2', '2025-03-02 12:30:15.25+00', 2, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.bot_pace VALUES (3, 3.5, 3.5, 3, '2025-03-03 12:30:15.25+00', 3.5, 3, '2025-03-03 12:30:15.25+00', 'trouble № 3', '2025-03-03 12:30:15.25+00', 'token_fingerprint № 3', 'paid_refusal № 3', '2025-03-03 12:30:15.25+00', 3, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.button_presses VALUES (1, 1, 'button № 1', '2025-03-01 12:30:15.25+00');
INSERT INTO public.button_presses VALUES (2, 2, 'button № 2', '2025-03-02 12:30:15.25+00');
INSERT INTO public.button_presses VALUES (3, 3, 'button № 3', '2025-03-03 12:30:15.25+00');
INSERT INTO public.draft_presence VALUES (1, 'place № 1', 'author № 1', '2025-03-01 12:30:15.25+00');
INSERT INTO public.draft_presence VALUES (2, 'place № 2', 'author № 2', '2025-03-02 12:30:15.25+00');
INSERT INTO public.draft_presence VALUES (3, 'place № 3', 'author № 3', '2025-03-03 12:30:15.25+00');
INSERT INTO public.draft_versions VALUES (1, 1, '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 'author № 1', '2025-03-01 12:30:15.25+00');
INSERT INTO public.draft_versions VALUES (2, 2, '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 'author № 2', '2025-03-02 12:30:15.25+00');
INSERT INTO public.draft_versions VALUES (3, 3, '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 'author № 3', '2025-03-03 12:30:15.25+00');
INSERT INTO public.drafts VALUES (1, 'author № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 1, 1, '2025-03-01 12:30:15.25+00', 1, 'saved_by № 1');
INSERT INTO public.drafts VALUES (2, 'author № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 2, 2, '2025-03-02 12:30:15.25+00', 2, 'saved_by № 2');
INSERT INTO public.drafts VALUES (3, 'author № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 3, 3, '2025-03-03 12:30:15.25+00', 3, 'saved_by № 3');
INSERT INTO public.enrollments VALUES (1, 'course_stream № 1', 'status № 1', '2025-03-01 12:30:15.25+00');
INSERT INTO public.enrollments VALUES (2, 'course_stream № 2', 'status № 2', '2025-03-02 12:30:15.25+00');
INSERT INTO public.enrollments VALUES (3, 'course_stream № 3', 'status № 3', '2025-03-03 12:30:15.25+00');
INSERT INTO public.experiments VALUES (1, 'name № 1', 'author № 1', 'salt № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '2025-03-01 12:30:15.25+00');
INSERT INTO public.experiments VALUES (2, 'name № 2', 'author № 2', 'salt № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '2025-03-02 12:30:15.25+00');
INSERT INTO public.experiments VALUES (3, 'name № 3', 'author № 3', 'salt № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '2025-03-03 12:30:15.25+00');
INSERT INTO public.forgotten_key VALUES (1, 'key № 1');
INSERT INTO public.forgotten_key VALUES (2, 'key № 2');
INSERT INTO public.forgotten_key VALUES (3, 'key № 3');
INSERT INTO public.forgotten_people VALUES ('fingerprint № 1', '2025-03-01 12:30:15.25+00', 'forgotten_by № 1');
INSERT INTO public.forgotten_people VALUES ('fingerprint № 2', '2025-03-02 12:30:15.25+00', 'forgotten_by № 2');
INSERT INTO public.forgotten_people VALUES ('fingerprint № 3', '2025-03-03 12:30:15.25+00', 'forgotten_by № 3');
INSERT INTO public.media_files VALUES (1, 1, 'kind № 1', 'file_id № 1', 'name № 1', 1, 'mime № 1', 1, 1, 1, 'thumbnail № 1', 'sha256 № 1', 1, 1, 'uploaded_by № 1', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.media_files VALUES (2, 2, 'kind № 2', 'file_id № 2', 'name № 2', 2, 'mime № 2', 2, 2, 2, 'thumbnail № 2', 'sha256 № 2', 2, 2, 'uploaded_by № 2', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.media_files VALUES (3, 3, 'kind № 3', 'file_id № 3', 'name № 3', 3, 'mime № 3', 3, 3, 3, 'thumbnail № 3', 'sha256 № 3', 3, 3, 'uploaded_by № 3', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.message_history VALUES (1, 'message_text № 1', 'message_type № 1', 'file_id № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 'author № 1', 1, 'status № 1', 'status_reason № 1', 'recipient_type № 1', 'recipient_group № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 'audience_mode № 1', 1, 1, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', 1.5, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', 1, 1, 1, 1, 1, 1, 1, 'action № 1', 1, 1, false, '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 1, 'arm № 1', '2025-03-01 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}');
INSERT INTO public.message_history VALUES (2, 'message_text № 2', 'message_type № 2', 'file_id № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 'author № 2', 2, 'status № 2', 'status_reason № 2', 'recipient_type № 2', 'recipient_group № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 'audience_mode № 2', 2, 2, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', 2.5, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', 2, 2, 2, 2, 2, 2, 2, 'action № 2', 2, 2, true, '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 2, 'arm № 2', '2025-03-02 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}');
INSERT INTO public.message_history VALUES (3, 'message_text № 3', 'message_type № 3', 'file_id № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 'author № 3', 3, 'status № 3', 'status_reason № 3', 'recipient_type № 3', 'recipient_group № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 'audience_mode № 3', 3, 3, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', 3.5, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', 3, 3, 3, 3, 3, 3, 3, 'action № 3', 3, 3, false, '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 3, 'arm № 3', '2025-03-03 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}');
INSERT INTO public.message_preparations VALUES (1, '2025-03-01 12:30:15.25+00');
INSERT INTO public.message_preparations VALUES (2, '2025-03-02 12:30:15.25+00');
INSERT INTO public.message_preparations VALUES (3, '2025-03-03 12:30:15.25+00');
INSERT INTO public.message_recipients VALUES (1, 1, 1, 'username № 1', 'delivery_status № 1', 1, 'reason № 1', 1, 'error_description № 1', 1, '2025-03-01 12:30:15.25+00', 'lease_owner № 1', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', 1);
INSERT INTO public.message_recipients VALUES (2, 2, 2, 'username № 2', 'delivery_status № 2', 2, 'reason № 2', 2, 'error_description № 2', 2, '2025-03-02 12:30:15.25+00', 'lease_owner № 2', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', 2);
INSERT INTO public.message_recipients VALUES (3, 3, 3, 'username № 3', 'delivery_status № 3', 3, 'reason № 3', 3, 'error_description № 3', 3, '2025-03-03 12:30:15.25+00', 'lease_owner № 3', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', 3);
INSERT INTO public.message_templates VALUES (1, 'kind № 1', 'name № 1', 'name_key № 1', 'author № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.message_templates VALUES (2, 'kind № 2', 'name № 2', 'name_key № 2', 'author № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.message_templates VALUES (3, 'kind № 3', 'name № 3', 'name_key № 3', 'author № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.message_versions VALUES (1, 1, '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '2025-03-01 12:30:15.25+00', 'replaced_by № 1');
INSERT INTO public.message_versions VALUES (2, 2, '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '2025-03-02 12:30:15.25+00', 'replaced_by № 2');
INSERT INTO public.message_versions VALUES (3, 3, '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '2025-03-03 12:30:15.25+00', 'replaced_by № 3');
INSERT INTO public.recovery_codes VALUES (1, 1, 'code_hash № 1', '2025-03-01 12:30:15.25+00');
INSERT INTO public.recovery_codes VALUES (2, 2, 'code_hash № 2', '2025-03-02 12:30:15.25+00');
INSERT INTO public.recovery_codes VALUES (3, 3, 'code_hash № 3', '2025-03-03 12:30:15.25+00');
INSERT INTO public.recurring_messages VALUES (1, 'author № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 'local_time № 1', 'zone № 1', 'until № 1', 1.5, false, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', 'stopped_reason № 1');
INSERT INTO public.recurring_messages VALUES (2, 'author № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 'local_time № 2', 'zone № 2', 'until № 2', 2.5, true, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', 'stopped_reason № 2');
INSERT INTO public.recurring_messages VALUES (3, 'author № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 'local_time № 3', 'zone № 3', 'until № 3', 3.5, false, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', 'stopped_reason № 3');
INSERT INTO public.segment_members VALUES (1, 1);
INSERT INTO public.segment_members VALUES (2, 2);
INSERT INTO public.segment_members VALUES (3, 3);
INSERT INTO public.segment_sizes VALUES (1, 'day № 1', 1);
INSERT INTO public.segment_sizes VALUES (2, 'day № 2', 2);
INSERT INTO public.segment_sizes VALUES (3, 'day № 3', 3);
INSERT INTO public.segments VALUES (1, 'name № 1', 'owner № 1', 'description № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 'mode № 1', false, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.segments VALUES (2, 'name № 2', 'owner № 2', 'description № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 'mode № 2', true, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.segments VALUES (3, 'name № 3', 'owner № 3', 'description № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 'mode № 3', false, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.selection_entries VALUES (1, 'author № 1', 'label № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', false, '2025-03-01 12:30:15.25+00');
INSERT INTO public.selection_entries VALUES (2, 'author № 2', 'label № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', true, '2025-03-02 12:30:15.25+00');
INSERT INTO public.selection_entries VALUES (3, 'author № 3', 'label № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', false, '2025-03-03 12:30:15.25+00');
INSERT INTO public.set_up_links VALUES (1, 'token_hash № 1', 1, 'made_by № 1', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.set_up_links VALUES (2, 'token_hash № 2', 2, 'made_by № 2', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.set_up_links VALUES (3, 'token_hash № 3', 3, 'made_by № 3', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.sign_in_attempts VALUES ('subject № 1', 1, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.sign_in_attempts VALUES ('subject № 2', 2, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.sign_in_attempts VALUES ('subject № 3', 3, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.source_places VALUES (1, 1, 'course_stream № 1', 1);
INSERT INTO public.source_places VALUES (2, 2, 'course_stream № 2', 2);
INSERT INTO public.source_places VALUES (3, 3, 'course_stream № 3', 3);
INSERT INTO public.source_runs VALUES (1, 1, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', 1, 1, 1, 1, 1, 'rejects_file № 1', 'error № 1', 1);
INSERT INTO public.source_runs VALUES (2, 2, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', 2, 2, 2, 2, 2, 'rejects_file № 2', 'error № 2', 2);
INSERT INTO public.source_runs VALUES (3, 3, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', 3, 3, 3, 3, 3, 'rejects_file № 3', 'error № 3', 3);
INSERT INTO public.sources VALUES (1, 'name № 1', 'kind № 1', 'address № 1', 'query № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 1, false, 'created_by № 1', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.sources VALUES (2, 'name № 2', 'kind № 2', 'address № 2', 'query № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 2, true, 'created_by № 2', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.sources VALUES (3, 'name № 3', 'kind № 3', 'address № 3', 'query № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 3, false, 'created_by № 3', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.suppressions VALUES (1, 'reason № 1', 'marked_by № 1', '2025-03-01 12:30:15.25+00');
INSERT INTO public.suppressions VALUES (2, 'reason № 2', 'marked_by № 2', '2025-03-02 12:30:15.25+00');
INSERT INTO public.suppressions VALUES (3, 'reason № 3', 'marked_by № 3', '2025-03-03 12:30:15.25+00');
INSERT INTO public.test_recipients VALUES ('author № 1', 1, '2025-03-01 12:30:15.25+00');
INSERT INTO public.test_recipients VALUES ('author № 2', 2, '2025-03-02 12:30:15.25+00');
INSERT INTO public.test_recipients VALUES ('author № 3', 3, '2025-03-03 12:30:15.25+00');
INSERT INTO public.users VALUES (1, 'username № 1', 'first_name № 1', 'last_name № 1', 'language_code № 1', '2025-03-01 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', 'unreachable_reason № 1', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.users VALUES (2, 'username № 2', 'first_name № 2', 'last_name № 2', 'language_code № 2', '2025-03-02 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', 'unreachable_reason № 2', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.users VALUES (3, 'username № 3', 'first_name № 3', 'last_name № 3', 'language_code № 3', '2025-03-03 12:30:15.25+00', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', 'unreachable_reason № 3', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
INSERT INTO public.webhook_deliveries VALUES (1, 1, 'event_id № 1', 'event № 1', 'body № 1', '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', 1, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00', 'last_error № 1');
INSERT INTO public.webhook_deliveries VALUES (2, 2, 'event_id № 2', 'event № 2', 'body № 2', '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', 2, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00', 'last_error № 2');
INSERT INTO public.webhook_deliveries VALUES (3, 3, 'event_id № 3', 'event № 3', 'body № 3', '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', 3, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00', 'last_error № 3');
INSERT INTO public.webhooks VALUES (1, 'address № 1', 'sealed_secret № 1', '{"list": [1, 2.5, null], "name": "Кино", "number": 1}', false, 'created_by № 1', '2025-03-01 12:30:15.25+00', 'trouble № 1', '2025-03-01 12:30:15.25+00');
INSERT INTO public.webhooks VALUES (2, 'address № 2', 'sealed_secret № 2', '{"list": [1, 2.5, null], "name": "Кино", "number": 2}', true, 'created_by № 2', '2025-03-02 12:30:15.25+00', 'trouble № 2', '2025-03-02 12:30:15.25+00');
INSERT INTO public.webhooks VALUES (3, 'address № 3', 'sealed_secret № 3', '{"list": [1, 2.5, null], "name": "Кино", "number": 3}', false, 'created_by № 3', '2025-03-03 12:30:15.25+00', 'trouble № 3', '2025-03-03 12:30:15.25+00');
INSERT INTO public.workers VALUES ('name № 1', 'kind № 1', 'host № 1', 1, '2025-03-01 12:30:15.25+00', '2025-03-01 12:30:15.25+00');
INSERT INTO public.workers VALUES ('name № 2', 'kind № 2', 'host № 2', 2, '2025-03-02 12:30:15.25+00', '2025-03-02 12:30:15.25+00');
INSERT INTO public.workers VALUES ('name № 3', 'kind № 3', 'host № 3', 3, '2025-03-03 12:30:15.25+00', '2025-03-03 12:30:15.25+00');
SELECT pg_catalog.setval('public.account_sessions_id_seq', 1, false);
SELECT pg_catalog.setval('public.accounts_id_seq', 1, false);
SELECT pg_catalog.setval('public.api_answers_id_seq', 1, false);
SELECT pg_catalog.setval('public.api_keys_id_seq', 1, false);
SELECT pg_catalog.setval('public.approvals_id_seq', 1, false);
SELECT pg_catalog.setval('public.audit_log_id_seq', 1, false);
SELECT pg_catalog.setval('public.draft_versions_id_seq', 1, false);
SELECT pg_catalog.setval('public.drafts_id_seq', 1, false);
SELECT pg_catalog.setval('public.experiments_id_seq', 1, false);
SELECT pg_catalog.setval('public.media_files_id_seq', 1, false);
SELECT pg_catalog.setval('public.message_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.message_recipients_id_seq', 1, false);
SELECT pg_catalog.setval('public.message_templates_id_seq', 1, false);
SELECT pg_catalog.setval('public.recovery_codes_id_seq', 1, false);
SELECT pg_catalog.setval('public.recurring_messages_id_seq', 1, false);
SELECT pg_catalog.setval('public.segments_id_seq', 1, false);
SELECT pg_catalog.setval('public.selection_entries_id_seq', 1, false);
SELECT pg_catalog.setval('public.set_up_links_id_seq', 1, false);
SELECT pg_catalog.setval('public.source_runs_id_seq', 1, false);
SELECT pg_catalog.setval('public.sources_id_seq', 1, false);
SELECT pg_catalog.setval('public.webhook_deliveries_id_seq', 1, false);
SELECT pg_catalog.setval('public.webhooks_id_seq', 1, false);
ALTER TABLE ONLY public.account_sessions
    ADD CONSTRAINT account_sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.account_sessions
    ADD CONSTRAINT account_sessions_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_email_key UNIQUE (email);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_key_key UNIQUE (key);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_subject_key UNIQUE (subject);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.api_answers
    ADD CONSTRAINT api_answers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_name_key UNIQUE (name);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_secret_hash_key UNIQUE (secret_hash);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.archived_months
    ADD CONSTRAINT archived_months_pkey PRIMARY KEY (month, file);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bot_pace
    ADD CONSTRAINT bot_pace_pkey PRIMARY KEY (bot_id);
ALTER TABLE ONLY public.button_presses
    ADD CONSTRAINT button_presses_pkey PRIMARY KEY (message_id, user_id, button);
ALTER TABLE ONLY public.draft_presence
    ADD CONSTRAINT draft_presence_pkey PRIMARY KEY (draft_id, place);
ALTER TABLE ONLY public.draft_versions
    ADD CONSTRAINT draft_versions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.drafts
    ADD CONSTRAINT drafts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.enrollments
    ADD CONSTRAINT enrollments_pkey PRIMARY KEY (user_id, course_stream);
ALTER TABLE ONLY public.experiments
    ADD CONSTRAINT experiments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.forgotten_key
    ADD CONSTRAINT forgotten_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.forgotten_people
    ADD CONSTRAINT forgotten_people_pkey PRIMARY KEY (fingerprint);
ALTER TABLE ONLY public.media_files
    ADD CONSTRAINT media_files_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.message_history
    ADD CONSTRAINT message_history_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.message_preparations
    ADD CONSTRAINT message_preparations_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY public.message_recipients
    ADD CONSTRAINT message_recipients_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.message_templates
    ADD CONSTRAINT message_templates_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.message_versions
    ADD CONSTRAINT message_versions_pkey PRIMARY KEY (message_id, version);
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.recurring_messages
    ADD CONSTRAINT recurring_messages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.segment_members
    ADD CONSTRAINT segment_members_pkey PRIMARY KEY (segment_id, user_id);
ALTER TABLE ONLY public.segment_sizes
    ADD CONSTRAINT segment_sizes_pkey PRIMARY KEY (segment_id, day);
ALTER TABLE ONLY public.segments
    ADD CONSTRAINT segments_name_key UNIQUE (name);
ALTER TABLE ONLY public.segments
    ADD CONSTRAINT segments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.selection_entries
    ADD CONSTRAINT selection_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.set_up_links
    ADD CONSTRAINT set_up_links_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.set_up_links
    ADD CONSTRAINT set_up_links_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.sign_in_attempts
    ADD CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (subject);
ALTER TABLE ONLY public.source_places
    ADD CONSTRAINT source_places_pkey PRIMARY KEY (source_id, user_id, course_stream);
ALTER TABLE ONLY public.source_runs
    ADD CONSTRAINT source_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sources
    ADD CONSTRAINT sources_name_key UNIQUE (name);
ALTER TABLE ONLY public.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.suppressions
    ADD CONSTRAINT suppressions_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.test_recipients
    ADD CONSTRAINT test_recipients_pkey PRIMARY KEY (author, user_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (name);
CREATE INDEX ix_account_sessions_account_id ON public.account_sessions USING btree (account_id);
CREATE INDEX ix_api_answers_created_at ON public.api_answers USING btree (created_at);
CREATE INDEX ix_approvals_message_id ON public.approvals USING btree (message_id);
CREATE INDEX ix_audit_log_action ON public.audit_log USING btree (action);
CREATE INDEX ix_audit_log_actor ON public.audit_log USING btree (actor);
CREATE INDEX ix_audit_log_at ON public.audit_log USING btree (at);
CREATE INDEX ix_button_presses_user_id ON public.button_presses USING btree (user_id);
CREATE INDEX ix_draft_versions_draft_id ON public.draft_versions USING btree (draft_id);
CREATE INDEX ix_drafts_author ON public.drafts USING btree (author);
CREATE INDEX ix_enrollments_course_stream ON public.enrollments USING btree (course_stream);
CREATE INDEX ix_message_history_created_at ON public.message_history USING btree (created_at);
CREATE INDEX ix_message_history_due ON public.message_history USING btree (status, scheduled_at);
CREATE INDEX ix_message_history_experiment_id ON public.message_history USING btree (experiment_id);
CREATE INDEX ix_message_history_rule_id ON public.message_history USING btree (rule_id);
CREATE INDEX ix_message_recipients_left ON public.message_recipients USING btree (sending_at, message_id) WHERE (sending_at IS NOT NULL);
CREATE INDEX ix_message_recipients_queue ON public.message_recipients USING btree (message_id, delivery_status, next_attempt_at);
CREATE INDEX ix_message_recipients_sending ON public.message_recipients USING btree (lease_owner) WHERE (delivery_status = 'sending'::text);
CREATE INDEX ix_message_recipients_user ON public.message_recipients USING btree (user_id);
CREATE INDEX ix_recovery_codes_account_id ON public.recovery_codes USING btree (account_id);
CREATE INDEX ix_recurring_messages_next_at ON public.recurring_messages USING btree (next_at);
CREATE INDEX ix_selection_entries_author ON public.selection_entries USING btree (author);
CREATE INDEX ix_set_up_links_account_id ON public.set_up_links USING btree (account_id);
CREATE INDEX ix_source_runs_source_id ON public.source_runs USING btree (source_id);
CREATE INDEX ix_sources_next_run_at ON public.sources USING btree (next_run_at);
CREATE INDEX ix_users_updated_at ON public.users USING btree (updated_at);
CREATE INDEX ix_users_username ON public.users USING btree (username);
CREATE INDEX ix_webhook_deliveries_due ON public.webhook_deliveries USING btree (finished_at, next_attempt_at);
CREATE INDEX ix_webhook_deliveries_webhook_id ON public.webhook_deliveries USING btree (webhook_id);
CREATE INDEX ix_workers_beat_at ON public.workers USING btree (beat_at);
CREATE UNIQUE INDEX ux_api_answers_key ON public.api_answers USING btree (api_key_id, idempotency_key);
CREATE UNIQUE INDEX ux_media_files_file_id ON public.media_files USING btree (bot_id, file_id);
CREATE UNIQUE INDEX ux_media_files_sha256 ON public.media_files USING btree (bot_id, sha256, kind);
CREATE UNIQUE INDEX ux_message_recipients_once ON public.message_recipients USING btree (message_id, user_id);
CREATE UNIQUE INDEX ux_message_templates_name ON public.message_templates USING btree (kind, name_key);
CREATE TRIGGER audit_head_added_only BEFORE DELETE OR UPDATE ON public.audit_head FOR EACH ROW EXECUTE FUNCTION public.audit_added_only();
CREATE TRIGGER audit_head_never_emptied BEFORE TRUNCATE ON public.audit_head FOR EACH STATEMENT EXECUTE FUNCTION public.audit_added_only();
CREATE TRIGGER audit_log_added_only BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION public.audit_added_only();
CREATE TRIGGER audit_log_never_emptied BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.audit_added_only();
ALTER TABLE ONLY public.account_sessions
    ADD CONSTRAINT account_sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.set_up_links
    ADD CONSTRAINT set_up_links_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
