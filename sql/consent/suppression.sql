CREATE TABLE pv.suppression (
    digest bytea PRIMARY KEY,
    since  date NOT NULL DEFAULT current_date,
    source text CONSTRAINT suppression_source CHECK (source <> '')
);
COMMENT ON TABLE pv.suppression IS 'addresses and keys of subjects that were erased, and what is on lists that were imported, as keyed digests: who comes back with an import is not written to again';
COMMENT ON COLUMN pv.suppression.digest IS 'HMAC of an e-mail address, a telephone number, a subject''s key, or somebody else''s digest of an e-mail address';
COMMENT ON COLUMN pv.suppression.since IS 'the day of the erasure, or of the import';
COMMENT ON COLUMN pv.suppression.source IS 'which list it was imported from; NULL for an erasure';
SELECT pg_extension_config_dump('pv.suppression', '');

CREATE FUNCTION pv.may_process(subject regclass, key text, purpose text)
    RETURNS boolean LANGUAGE C STABLE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'pvext_may_process';
COMMENT ON FUNCTION pv.may_process(regclass, text, text) IS
    'whether a subject''s data may be processed for a purpose: with a consent in force where the purpose rests on consent; else unless the subject has objected or, where it can object, was erased before under the same key, e-mail address or telephone number, or is on a list that was imported; these count before what is only claimed by an import. False where the key is null or nobody''s. Errors: 42704 not a subject table, no such purpose';
CREATE FUNCTION pv.may_process(subject regclass, key anyelement, purpose text)
    RETURNS boolean LANGUAGE C STABLE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'pvext_may_process';
COMMENT ON FUNCTION pv.may_process(regclass, anyelement, text) IS 'the same for a typed key';
