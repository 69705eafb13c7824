-- A ledger is only ever added to. The trigger asks nobody who they are: it
-- refuses the owner of the table, and of the database, too.
CREATE FUNCTION pv.refuse_change() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_refuse_change';
COMMENT ON FUNCTION pv.refuse_change() IS 'trigger of the ledgers: refuses UPDATE, DELETE and TRUNCATE to everyone';

-- A subject may bear the pseudonym of one erased before: each has its own key.
CREATE TABLE pv.evidence_key (
    ledger         text NOT NULL CHECK (ledger IN ('consent', 'agreement', 'erasure', 'request')),
    subject_digest bytea NOT NULL,
    wrapped        bytea NOT NULL CHECK (length(wrapped) = 48),
    PRIMARY KEY (subject_digest, ledger, wrapped)
);
COMMENT ON TABLE pv.evidence_key IS 'the keys under which a subject''s evidence is encrypted; without them it is gone';
COMMENT ON COLUMN pv.evidence_key.ledger IS 'what it encrypts: evidence of consents or of agreements, keys that an erasure has replaced, or what was claimed in a request';
COMMENT ON COLUMN pv.evidence_key.subject_digest IS 'HMAC of the subject''s key; of a request, of its id';
COMMENT ON COLUMN pv.evidence_key.wrapped IS 'the key, encrypted under the secret';
SELECT pg_extension_config_dump('pv.evidence_key', '');
