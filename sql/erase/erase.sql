CREATE TYPE pv.erasure_state AS ENUM
    ('requested', 'blocked', 'partial', 'verifying', 'completed', 'cancelled');
COMMENT ON TYPE pv.erasure_state IS 'how far an erasure is';

CREATE TABLE pv.erasure_ledger (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    relation_id     integer NOT NULL,
    key             text,
    former_digest   bytea NOT NULL,
    subject_digest  bytea NOT NULL,
    state           pv.erasure_state NOT NULL,
    requested_at    timestamptz NOT NULL DEFAULT now(),
    due_at          timestamptz NOT NULL DEFAULT now(),
    completed_at    timestamptz,
    requested_by    name NOT NULL,
    requested_role  name NOT NULL,
    approved_by     name,
    executed_by     name,
    executed_at     timestamptz,
    reason          text,
    rows_anonymised bigint NOT NULL DEFAULT 0,
    rows_deleted    bigint NOT NULL DEFAULT 0,
    retained_until  timestamptz,
    blocked_by      text[] NOT NULL DEFAULT '{}',
    clear_since     timestamptz,
    verify_after    bigint,
    scrubbed_at     timestamptz,
    tried_at        timestamptz,
    former_keys     bytea,
    traits          bytea[],
    CHECK (state NOT IN ('completed', 'cancelled') OR key IS NULL AND former_keys IS NULL AND traits IS NULL),
    CHECK ((state = 'completed') = (completed_at IS NOT NULL))
);
COMMENT ON TABLE pv.erasure_ledger IS 'requests for erasure and what became of them; read it as pv.erasure';
COMMENT ON COLUMN pv.erasure_ledger.key IS 'the subject''s key as it is now; NULL from completion on';
COMMENT ON COLUMN pv.erasure_ledger.former_digest IS 'HMAC of the key at the request';
COMMENT ON COLUMN pv.erasure_ledger.subject_digest IS 'HMAC of the row''s key after the erasure';
COMMENT ON COLUMN pv.erasure_ledger.executed_at IS 'when data was last changed, for pvext.erasure_limit';
COMMENT ON COLUMN pv.erasure_ledger.clear_since IS 'since when a blocked request has no blocker, for pvext.unblock_delay';
COMMENT ON COLUMN pv.erasure_ledger.verify_after IS 'the set of older transactions that must have ended before the second look';
COMMENT ON COLUMN pv.erasure_ledger.former_keys IS 'the keys that were replaced, encrypted, until the second look; NULL where none is due';
COMMENT ON COLUMN pv.erasure_ledger.traits IS 'HMACs of what identifies the person in the row, by which it is told that the key has been given to somebody else; NULL where the row could not be looked at, and from completion on';
COMMENT ON COLUMN pv.erasure_ledger.id IS 'by which it is approved, cancelled and verified';
COMMENT ON COLUMN pv.erasure_ledger.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.erasure_ledger.state IS 'how far it is';
COMMENT ON COLUMN pv.erasure_ledger.requested_at IS 'when it was requested';
COMMENT ON COLUMN pv.erasure_ledger.due_at IS 'from when on it may be carried out, for pvext.erasure_delay';
COMMENT ON COLUMN pv.erasure_ledger.completed_at IS 'when nothing personal was left; NULL until then';
COMMENT ON COLUMN pv.erasure_ledger.requested_by IS 'which login requested it, or the role whose code did, where that ran on its behalf';
COMMENT ON COLUMN pv.erasure_ledger.requested_role IS 'under which role';
COMMENT ON COLUMN pv.erasure_ledger.approved_by IS 'which login approved it; NULL where none did';
COMMENT ON COLUMN pv.erasure_ledger.executed_by IS 'which login last carried it out; NULL until then';
COMMENT ON COLUMN pv.erasure_ledger.reason IS 'why it was requested, and then why it was cancelled; NULL where not given';
COMMENT ON COLUMN pv.erasure_ledger.rows_anonymised IS 'how many rows were anonymised, all calls together';
COMMENT ON COLUMN pv.erasure_ledger.rows_deleted IS 'how many rows were deleted, all calls together';
COMMENT ON COLUMN pv.erasure_ledger.retained_until IS 'the latest end of what retention rules hold back; infinity where a time has not begun, NULL where nothing is held back';
COMMENT ON COLUMN pv.erasure_ledger.blocked_by IS 'the blockers and holds that keep data back, each with its reason; empty where none does';
COMMENT ON COLUMN pv.erasure_ledger.tried_at IS 'when the worker last tried to go on with it; NULL for never';
COMMENT ON COLUMN pv.erasure_ledger.scrubbed_at IS 'when the old values were scrubbed from the files; NULL until then';
CREATE INDEX ON pv.erasure_ledger (subject_digest);
-- The two differ only where the subject was re-keyed.
CREATE INDEX ON pv.erasure_ledger (former_digest) WHERE former_digest <> subject_digest;
CREATE INDEX ON pv.erasure_ledger (executed_at);
CREATE UNIQUE INDEX erasure_ledger_open ON pv.erasure_ledger (relation_id, subject_digest)
    WHERE state IN ('requested', 'blocked', 'partial', 'verifying');
SELECT pg_extension_config_dump('pv.erasure_ledger', '');

-- Not in a dump: those of another server have ended.
CREATE TABLE pv.older_transaction (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    set_id        bigint NOT NULL,
    pid           integer,
    backend_start timestamptz,
    lxid          bigint,
    gid           text,
    began         timestamptz NOT NULL,
    UNIQUE (set_id, pid, backend_start, lxid),
    UNIQUE (set_id, gid, began),
    CHECK ((gid IS NULL) = (pid IS NOT NULL)),
    CHECK ((pid IS NULL) = (backend_start IS NULL) AND (pid IS NULL) = (lxid IS NULL))
);
COMMENT ON TABLE pv.older_transaction IS 'transactions that may still write for an erased subject: erasures wait for them in state verifying';
COMMENT ON COLUMN pv.older_transaction.id IS 'the row''s number, by which a publication tells it from others';
COMMENT ON SEQUENCE pv.older_transaction_id_seq IS 'numbers of older transactions';
COMMENT ON COLUMN pv.older_transaction.set_id IS 'the set of those that erasures of one transaction wait for, named in pv.erasure_ledger.verify_after';
COMMENT ON COLUMN pv.older_transaction.pid IS 'the backend that is in it; NULL for a prepared transaction';
COMMENT ON COLUMN pv.older_transaction.backend_start IS 'when the backend was started';
COMMENT ON COLUMN pv.older_transaction.lxid IS 'the number of the transaction within the backend';
COMMENT ON COLUMN pv.older_transaction.gid IS 'the identifier of a prepared transaction; NULL for others';
COMMENT ON COLUMN pv.older_transaction.began IS 'when it began, or was prepared';

CREATE VIEW pv.erasure AS
    SELECT e.id, r.relation AS subject, e.key, e.former_digest, e.subject_digest, e.state,
           e.requested_at, e.due_at, e.completed_at, e.requested_by, e.approved_by, e.executed_by,
           e.reason, e.rows_anonymised, e.rows_deleted, e.retained_until, e.blocked_by, e.scrubbed_at
    FROM pv.erasure_ledger e JOIN pv.relation r ON r.id = e.relation_id;
COMMENT ON VIEW pv.erasure IS 'the erasure ledger: requests for erasure and what became of them';
COMMENT ON COLUMN pv.erasure.subject IS 'the subject table';

CREATE VIEW pv.erasure_wait AS
    SELECT e.id AS erasure, w.pid, w.gid, w.began,
           format('%s, %s old', CASE WHEN w.gid IS NULL THEN format('the transaction of pid %s', w.pid)
                                ELSE format('prepared transaction %L', w.gid) END,
                  to_char(make_interval(secs => floor(extract(epoch FROM clock_timestamp() - w.began))), 'HH24:MI:SS')) AS what
    FROM pv.erasure_ledger AS e JOIN pv.older_transaction AS w ON w.set_id = e.verify_after
    WHERE e.state = 'verifying'
      AND (w.gid IS NOT NULL OR EXISTS (SELECT FROM pg_stat_activity AS a
           WHERE a.pid = w.pid AND (a.backend_start = w.backend_start) IS NOT FALSE
           AND coalesce(a.xact_start <= w.began, a.state IS DISTINCT FROM 'idle')));
COMMENT ON VIEW pv.erasure_wait IS 'the older transactions that erasures in state verifying wait for';
COMMENT ON COLUMN pv.erasure_wait.erasure IS 'the erasure, by its id';
COMMENT ON COLUMN pv.erasure_wait.pid IS 'the backend that is in the transaction; NULL for a prepared one';
COMMENT ON COLUMN pv.erasure_wait.gid IS 'the identifier of a prepared transaction; NULL for others';
COMMENT ON COLUMN pv.erasure_wait.began IS 'when it began, or was prepared';
COMMENT ON COLUMN pv.erasure_wait.what IS 'the same in words, with its age';

CREATE TABLE pv.redaction (
    relation_id    integer NOT NULL,
    column_name    name NOT NULL,
    subject_digest bytea NOT NULL,
    digest         bytea NOT NULL,
    PRIMARY KEY (subject_digest, relation_id, column_name, digest)
);
-- by the text, when that is rewritten for another subject
CREATE INDEX redaction_digest ON pv.redaction (digest);
COMMENT ON TABLE pv.redaction IS 'SHA-256 of texts that no longer hold a subject''s identifying values';
COMMENT ON COLUMN pv.redaction.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.redaction.column_name IS 'the column that holds the text';
COMMENT ON COLUMN pv.redaction.subject_digest IS 'HMAC of the key of the subject whose values the text no longer holds';
COMMENT ON COLUMN pv.redaction.digest IS 'SHA-256 of the text';
SELECT pg_extension_config_dump('pv.redaction', '');

CREATE FUNCTION pv.preview_erasure(subject regclass, key text,
        OUT relation regclass, OUT column_name name, OUT rows bigint, OUT strategy text,
        OUT verdict text, OUT until timestamptz, OUT basis text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_preview_erasure';
COMMENT ON FUNCTION pv.preview_erasure(regclass, text) IS
    'what erase_subject would do now, per column: rows that are still personal, and whether they would be erased, retained (until when, on what basis) or blocked (by what); changes nothing. Errors: P0002 no such subject';
CREATE FUNCTION pv.preview_erasure(subject regclass, key anyelement,
        OUT relation regclass, OUT column_name name, OUT rows bigint, OUT strategy text,
        OUT verdict text, OUT until timestamptz, OUT basis text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_preview_erasure';
COMMENT ON FUNCTION pv.preview_erasure(regclass, anyelement) IS 'the same for a typed key';

CREATE FUNCTION pv.erase_subject(subject regclass, key text, reason text DEFAULT NULL)
    RETURNS pv.erasure LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_erase_subject';
COMMENT ON FUNCTION pv.erase_subject(regclass, text, text) IS
    'erases what may go of a subject, in this transaction, and records the request; returns its row of the ledger; where a lock is not had in time, a warning (55P03), and the request is entered for the worker. Errors: P0002 no such subject, 54000 pvext.erasure_limit, 25001 isolation above READ COMMITTED, 27000 rows still personal, 55000 triggers have written the person''s values where the map does not know them, 25006 read only, or a standby, 55006 called from a trigger or expression that pvext itself is running, 42501 an expression was declared for a former owner';
CREATE FUNCTION pv.erase_subject(subject regclass, key anyelement, reason text DEFAULT NULL)
    RETURNS pv.erasure LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_erase_subject';
COMMENT ON FUNCTION pv.erase_subject(regclass, anyelement, text) IS 'the same for a typed key';
CREATE FUNCTION pv.erase_subjects(subject regclass, keys text[], reason text DEFAULT NULL)
    RETURNS SETOF pv.erasure LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_erase_subjects';
COMMENT ON FUNCTION pv.erase_subjects(regclass, text[], text) IS
    'the same for many subjects, all or none; returns a row of the ledger for each';

CREATE FUNCTION pv.cancel_erasure(erasure uuid, reason text)
    RETURNS pv.erasure LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_cancel_erasure';
COMMENT ON FUNCTION pv.cancel_erasure(uuid, text) IS
    'cancels a request of which nothing has been erased yet, or whose key has been given to somebody else. Errors: P0002 no such erasure, 55000 too late';
CREATE FUNCTION pv.approve_erasure(erasure uuid)
    RETURNS pv.erasure LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_approve_erasure';
COMMENT ON FUNCTION pv.approve_erasure(uuid) IS
    'approves a request that another login made, under another role, and carries it out if it is due. Errors: P0002 no such erasure, 42501 one''s own request, or called by code that runs on somebody''s behalf, 55000 nothing to approve, or the row seems to be another person''s by now';

CREATE FUNCTION pv.verify_erasure(subject regclass, key text, everywhere boolean DEFAULT false,
        OUT relation regclass, OUT column_name name, OUT rows bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_subject';
COMMENT ON FUNCTION pv.verify_erasure(regclass, text, boolean) IS
    'columns and numbers of rows that are still personal, whatever the reason; empty is the proof of erasure. With everywhere, in the transaction of the erasure or before it, also columns that the map does not know and that hold what identified the subject, of all tables of the database: as pv.find_copies() searches them; a table that cannot be searched is a row without a number. Errors: P0002 no such subject; with everywhere 55000 what identified the subject is not known any more, 42501 there is what you may not read, 25006 read only';
CREATE FUNCTION pv.verify_erasure(subject regclass, key anyelement, everywhere boolean DEFAULT false,
        OUT relation regclass, OUT column_name name, OUT rows bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_subject';
COMMENT ON FUNCTION pv.verify_erasure(regclass, anyelement, boolean) IS 'the same for a typed key';
CREATE FUNCTION pv.verify_erasure(erasure uuid,
        OUT relation regclass, OUT column_name name, OUT rows bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_erasure';
COMMENT ON FUNCTION pv.verify_erasure(uuid) IS
    'the same for an erasure of the ledger; looks for the row by its digest, which reads the subject table whole. Errors: P0002 no such erasure';
