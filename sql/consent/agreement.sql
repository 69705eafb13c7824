CREATE TABLE pv.agreement (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL CHECK (name <> ''),
    version      text NOT NULL CHECK (version <> ''),
    body         text NOT NULL CHECK (body <> ''),
    digest       bytea NOT NULL,
    declared_at  timestamptz NOT NULL DEFAULT now(),
    declared_by  name NOT NULL,
    withdrawn_at timestamptz,
    accepted     boolean NOT NULL DEFAULT false,
    UNIQUE (name, version)
);
COMMENT ON TABLE pv.agreement IS 'the texts that subjects agree to, in versions; one that has been accepted never changes';
COMMENT ON COLUMN pv.agreement.id IS 'its number';
COMMENT ON COLUMN pv.agreement.name IS 'the agreement';
COMMENT ON COLUMN pv.agreement.version IS 'the version, by which it is accepted';
COMMENT ON COLUMN pv.agreement.body IS 'the words';
COMMENT ON COLUMN pv.agreement.digest IS 'SHA-256 of the words in UTF-8';
COMMENT ON COLUMN pv.agreement.declared_at IS 'when the words were declared';
COMMENT ON COLUMN pv.agreement.declared_by IS 'which login declared them';
COMMENT ON COLUMN pv.agreement.withdrawn_at IS 'from when on nobody can accept it any more; NULL for not';
COMMENT ON COLUMN pv.agreement.accepted IS 'whether somebody has accepted it; from then on only withdrawn_at changes';
COMMENT ON SEQUENCE pv.agreement_id_seq IS 'numbers of agreements'' versions';
SELECT pg_extension_config_dump('pv.agreement', '');
SELECT pg_extension_config_dump('pv.agreement_id_seq', '');

CREATE FUNCTION pv.protect_agreement() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_protect_agreement';
COMMENT ON FUNCTION pv.protect_agreement() IS 'trigger of pv.agreement: refuses to everyone to change or delete a version that has been accepted, and TRUNCATE';
CREATE TRIGGER protect_row BEFORE UPDATE OR DELETE ON pv.agreement
    FOR EACH ROW EXECUTE FUNCTION pv.protect_agreement();
CREATE TRIGGER protect_table BEFORE TRUNCATE ON pv.agreement
    FOR EACH STATEMENT EXECUTE FUNCTION pv.protect_agreement();
ALTER TABLE pv.agreement ENABLE ALWAYS TRIGGER protect_row;
ALTER TABLE pv.agreement ENABLE ALWAYS TRIGGER protect_table;

-- The person stands in the state alone: an erasure takes the key from here, and
-- the ledger's rows are nobody's from then on, without being touched.
CREATE TABLE pv.agreement_state (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation_id    integer NOT NULL,
    name           text NOT NULL,
    key            text COLLATE "C",
    former_key     text,
    subject_digest bytea,
    state          text NOT NULL CHECK (state IN ('accepted', 'ended', 'erased')),
    version        text NOT NULL,
    since          timestamptz NOT NULL,
    kept_until     timestamptz,
    UNIQUE (relation_id, key, name),
    CHECK ((key IS NULL) = (state = 'erased')),
    CHECK (key IS NULL OR (former_key IS NULL AND kept_until IS NULL AND subject_digest IS NOT NULL))
);
COMMENT ON TABLE pv.agreement_state IS 'where each subject stands with each agreement now';
COMMENT ON COLUMN pv.agreement_state.id IS 'by which the ledger''s rows name it';
COMMENT ON COLUMN pv.agreement_state.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.agreement_state.name IS 'the agreement';
COMMENT ON COLUMN pv.agreement_state.key IS 'the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.agreement_state.former_key IS 'the key of a subject that has been erased, while pvext.agreement_keep keeps the proof; else NULL';
COMMENT ON COLUMN pv.agreement_state.subject_digest IS 'HMAC of the subject''s key as it is now; NULL once nothing names the subject';
COMMENT ON COLUMN pv.agreement_state.state IS 'what was last done: accepted, ended or erased';
COMMENT ON COLUMN pv.agreement_state.version IS 'the version that was last accepted';
COMMENT ON COLUMN pv.agreement_state.since IS 'when that was done';
COMMENT ON COLUMN pv.agreement_state.kept_until IS 'until when former_key is kept; else NULL';
COMMENT ON SEQUENCE pv.agreement_state_id_seq IS 'numbers of agreement states';
CREATE INDEX ON pv.agreement_state (subject_digest) WHERE key IS NULL AND subject_digest IS NOT NULL;
SELECT pg_extension_config_dump('pv.agreement_state', '');
SELECT pg_extension_config_dump('pv.agreement_state_id_seq', '');

CREATE TABLE pv.agreement_event (
    id           bigint PRIMARY KEY DEFAULT nextval('pv.event_id_seq'),
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    agreement_id bigint NOT NULL,
    relation_id  integer NOT NULL,
    name         text NOT NULL,
    version      text NOT NULL,
    body_digest  bytea,
    action       text NOT NULL CHECK (action IN ('accepted', 'ended', 'erased')),
    login        text NOT NULL,
    role         text NOT NULL,
    evidence     bytea,
    CHECK (action <> 'accepted' OR body_digest IS NOT NULL)
);
COMMENT ON TABLE pv.agreement_event IS 'the ledger of agreements: what was done, in its order, never changed; read it as pv.agreement_history';
COMMENT ON COLUMN pv.agreement_event.id IS 'its number';
COMMENT ON COLUMN pv.agreement_event.at IS 'when it was done';
COMMENT ON COLUMN pv.agreement_event.agreement_id IS 'whose agreement to what, by its id in pv.agreement_state';
COMMENT ON COLUMN pv.agreement_event.relation_id IS 'the subject table of then, by its id in pv.relation';
COMMENT ON COLUMN pv.agreement_event.name IS 'the agreement';
COMMENT ON COLUMN pv.agreement_event.version IS 'the version that was accepted, or was in force before it was ended or erased';
COMMENT ON COLUMN pv.agreement_event.body_digest IS 'SHA-256 of the words that were accepted; NULL where none were';
COMMENT ON COLUMN pv.agreement_event.action IS 'what was done: accepted, ended or erased';
COMMENT ON COLUMN pv.agreement_event.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.agreement_event.role IS 'as whom the call was made (current_user)';
COMMENT ON COLUMN pv.agreement_event.evidence IS 'what proves it, encrypted under the subject''s key; NULL where none was given';
CREATE INDEX ON pv.agreement_event (agreement_id, id);
SELECT pg_extension_config_dump('pv.agreement_event', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.agreement_event
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.agreement_event ENABLE ALWAYS TRIGGER refuse_change;

CREATE FUNCTION pv.declare_agreement(name text, version text, body text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_agreement';
COMMENT ON FUNCTION pv.declare_agreement(text, text, text) IS
    'declares a version of an agreement, or replaces the words of one that nobody has accepted; the same words again are harmless. Errors: 55000 the version has been accepted with other words, or has been withdrawn';
CREATE FUNCTION pv.withdraw_agreement(name text, version text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_agreement';
COMMENT ON FUNCTION pv.withdraw_agreement(text, text) IS
    'from now on nobody can accept the version; who has accepted it stays bound. Errors: 42704 no such version, 55000 withdrawn before';

CREATE FUNCTION pv.accept_agreement(subject regclass, key text, name text, version text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_accept_agreement';
COMMENT ON FUNCTION pv.accept_agreement(regclass, text, text, text, jsonb) IS
    'records that a subject has accepted a version of an agreement, which replaces the version accepted before; accepting the same again adds to the ledger. Errors: P0002 no such subject, 42704 no such version, 55000 the version has been withdrawn';
CREATE FUNCTION pv.accept_agreement(subject regclass, key anyelement, name text, version text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_accept_agreement';
COMMENT ON FUNCTION pv.accept_agreement(regclass, anyelement, text, text, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.end_agreement(subject regclass, key text, name text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_end_agreement';
COMMENT ON FUNCTION pv.end_agreement(regclass, text, text, jsonb) IS
    'records that an agreement with a subject has ended. Errors: P0002 no such subject, 42704 no such agreement, 55000 none is in force with the subject';
CREATE FUNCTION pv.end_agreement(subject regclass, key anyelement, name text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_end_agreement';
COMMENT ON FUNCTION pv.end_agreement(regclass, anyelement, text, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.bound_by(subject regclass, key text, name text, on_day date DEFAULT CURRENT_DATE)
    RETURNS text LANGUAGE C STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_bound_by';
COMMENT ON FUNCTION pv.bound_by(regclass, text, text, date) IS
    'the version of an agreement that a subject is bound by at the end of a day, in the session''s time zone; NULL where it has accepted none by then, or the agreement has ended. Errors: P0002 no such subject, 42704 no such agreement';
CREATE FUNCTION pv.bound_by(subject regclass, key anyelement, name text, on_day date DEFAULT CURRENT_DATE)
    RETURNS text LANGUAGE C STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_bound_by';
COMMENT ON FUNCTION pv.bound_by(regclass, anyelement, text, date) IS 'the same for a typed key';

CREATE FUNCTION pv.agreement_evidence(event bigint)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_agreement_evidence';
COMMENT ON FUNCTION pv.agreement_evidence(bigint) IS
    'the evidence of a row of pv.agreement_event; NULL where there was none, or it was destroyed with the subject''s erasure. Errors: P0002 no such event, XX001 it has been tampered with';
CREATE VIEW pv.agreement_history AS
    SELECT r.relation AS subject, coalesce(s.key, s.former_key) AS key, e.name, e.version,
           e.at, e.action, a.body, e.body_digest, e.login, e.role,
           pv.agreement_evidence(e.id) AS evidence, e.id
    FROM pv.agreement_event e
    LEFT JOIN pv.agreement_state s ON s.id = e.agreement_id
    JOIN pv.relation r ON r.id = coalesce(s.relation_id, e.relation_id)
    LEFT JOIN pv.agreement a ON a.name = e.name AND a.version = e.version;
COMMENT ON VIEW pv.agreement_history IS
    'the ledger of agreements as an authority would ask for it: who accepted which words, when, and on what evidence; key and evidence are NULL for a subject that has been erased';
COMMENT ON COLUMN pv.agreement_history.subject IS 'the subject table';
COMMENT ON COLUMN pv.agreement_history.key IS 'the subject''s key';
COMMENT ON COLUMN pv.agreement_history.body IS 'the words';

CREATE FUNCTION pv.verify_agreements(OUT name text, OUT version text, OUT problem text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_agreements';
COMMENT ON FUNCTION pv.verify_agreements() IS
    'where the agreements'' words, their digests, the ledger and the current state disagree; empty is the proof that they do not';
