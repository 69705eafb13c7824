CREATE SEQUENCE pv.event_id_seq;
COMMENT ON SEQUENCE pv.event_id_seq IS 'numbers of events, those of the ledgers of consents and agreements too';
SELECT pg_extension_config_dump('pv.event_id_seq', '');

CREATE TABLE pv.event_record (
    id             bigint PRIMARY KEY DEFAULT nextval('pv.event_id_seq'),
    at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    login          name NOT NULL,
    role           name NOT NULL,
    call           text NOT NULL,
    subject_digest bytea
);
COMMENT ON TABLE pv.event_record IS 'calls that changed what pvext keeps, but for those that a ledger of its own records; read it as pv.event';
COMMENT ON COLUMN pv.event_record.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.event_record.role IS 'as whom the call was made (current_user)';
COMMENT ON COLUMN pv.event_record.call IS 'the function and what it was about, without any key';
COMMENT ON COLUMN pv.event_record.subject_digest IS 'HMAC of the subject''s key, where the call was about one subject';
COMMENT ON COLUMN pv.event_record.id IS 'its number';
COMMENT ON COLUMN pv.event_record.at IS 'when the call was recorded';
SELECT pg_extension_config_dump('pv.event_record', '');
