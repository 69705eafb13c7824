-- Written without statements: src/seal/seal.c names the columns by number, and says
-- what is in shapes and leaves and of what a seal is the digest.
CREATE TABLE pv.audit_seal (
    id          bigint PRIMARY KEY,
    sealed_at   timestamptz NOT NULL,
    incarnation bigint NOT NULL,
    until       xid8 NOT NULL,
    settled     bigint NOT NULL,
    dropped     bigint NOT NULL,
    reach       bigint NOT NULL,
    first       bigint NOT NULL,
    first_prior bytea NOT NULL CHECK (octet_length(first_prior) = 32),
    prior       bytea NOT NULL CHECK (octet_length(prior) = 32),
    shapes      bytea NOT NULL,
    leaves      bytea NOT NULL,
    seal        bytea NOT NULL CHECK (octet_length(seal) = 32)
);
ALTER TABLE pv.audit_seal ALTER leaves SET STORAGE EXTERNAL;
CREATE INDEX audit_seal_incarnation ON pv.audit_seal (incarnation, id);
COMMENT ON TABLE pv.audit_seal IS 'the seals of the audit log, each over some of its chunks and over the seal before';
COMMENT ON COLUMN pv.audit_seal.id IS 'its number, from 1 on without gaps';
COMMENT ON COLUMN pv.audit_seal.sealed_at IS 'when it was made';
COMMENT ON COLUMN pv.audit_seal.incarnation IS 'the cluster whose chunks it covers, by its system identifier';
COMMENT ON COLUMN pv.audit_seal.until IS 'chunks of this cluster whose transactions are before this one are covered by this seal and those before';
COMMENT ON COLUMN pv.audit_seal.settled IS 'so are all chunks whose numbers are below this one, of whatever cluster';
COMMENT ON COLUMN pv.audit_seal.dropped IS 'the partitions of the log whose numbers are below this one have been dropped by pv.expire_audit()';
COMMENT ON COLUMN pv.audit_seal.reach IS 'the highest number of a chunk that the seals before this one cover; -1 for none';
COMMENT ON COLUMN pv.audit_seal.first IS 'the first seal that was left then';
COMMENT ON COLUMN pv.audit_seal.first_prior IS 'the seal before that one';
COMMENT ON COLUMN pv.audit_seal.prior IS 'the seal before this one; zeros for the first';
COMMENT ON COLUMN pv.audit_seal.shapes IS 'the shapes of the records in the chunks that it covers, with their digests';
COMMENT ON COLUMN pv.audit_seal.leaves IS 'the chunks that it covers, with their digests';
COMMENT ON COLUMN pv.audit_seal.seal IS 'SHA-256 of all the other columns';
SELECT pg_extension_config_dump('pv.audit_seal', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
ALTER TABLE pv.audit_seal ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;

CREATE TABLE pv.audit_partition (
    number      bigint PRIMARY KEY,
    ended_at    timestamptz NOT NULL,
    incarnation bigint NOT NULL,
    until       xid8 NOT NULL
);
COMMENT ON TABLE pv.audit_partition IS 'the partitions of the audit log that are no longer written to, until they are dropped';
COMMENT ON COLUMN pv.audit_partition.number IS 'the partition: n is pv.audit_log_n';
COMMENT ON COLUMN pv.audit_partition.ended_at IS 'since when nothing is written to it';
COMMENT ON COLUMN pv.audit_partition.incarnation IS 'the cluster that it was ended in, by its system identifier';
COMMENT ON COLUMN pv.audit_partition.until IS 'a transaction of this cluster that all those are before which wrote to it';
SELECT pg_extension_config_dump('pv.audit_partition', '');

CREATE FUNCTION pv.audit_leaves(leaves bytea, OUT n integer, OUT id bigint, OUT xid xid8, OUT raw bytea)
    RETURNS SETOF record LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 200
    AS 'MODULE_PATHNAME', 'pvext_audit_leaves';
COMMENT ON FUNCTION pv.audit_leaves(bytea) IS
    'the chunks that a seal covers: n counts from 0; raw is the SHA-256 of the payload as it was sealed, NULL where its records could not be read';

CREATE FUNCTION pv.seal_audit()
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_seal_audit';
COMMENT ON FUNCTION pv.seal_audit() IS
    'seals what has been recorded by transactions older than any that is running; returns how many records. Errors: 25001 above READ COMMITTED';
CREATE FUNCTION pv.seal_head()
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_seal_head';
COMMENT ON FUNCTION pv.seal_head() IS
    'the last seal, to be kept elsewhere and handed to pv.verify_audit(); NULL where there is none';
CREATE FUNCTION pv.verify_audit(head text DEFAULT NULL, OUT problem text, OUT seal bigint, OUT chunk bigint,
                                OUT record integer, OUT relation text, OUT at timestamptz, OUT operation text,
                                OUT detail text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_audit';
COMMENT ON FUNCTION pv.verify_audit(text) IS
    'what is wrong with the audit log and its seals; no row is the proof that nothing is, for what has been sealed; head is what pv.seal_head() returned. Errors: 22P02 malformed head';
CREATE FUNCTION pv.expire_audit()
    RETURNS integer LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_expire_audit';
COMMENT ON FUNCTION pv.expire_audit() IS
    'drops the partitions of the audit log that ended longer than pvext.audit_keep ago and are sealed; returns how many. Errors: 25001 above READ COMMITTED';
