CREATE TABLE pv.event (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    login          name NOT NULL,
    role           name NOT NULL,
    call           text NOT NULL,
    subject_digest bytea
);
COMMENT ON TABLE pv.event IS 'every call that changed what pvext keeps';
COMMENT ON COLUMN pv.event.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.event.role IS 'as whom the call was made (current_user)';
COMMENT ON COLUMN pv.event.call IS 'the function and what it was about, without any key';
COMMENT ON COLUMN pv.event.subject_digest IS 'HMAC of the subject''s key, where the call was about one subject';
COMMENT ON COLUMN pv.event.id IS 'its number';
COMMENT ON COLUMN pv.event.at IS 'when the call was recorded';
COMMENT ON SEQUENCE pv.event_id_seq IS 'numbers of events';
SELECT pg_extension_config_dump('pv.event', '');
SELECT pg_extension_config_dump('pv.event_id_seq', '');
