-- By whose transaction the row was written tells where it is: a dump keeps what it
-- says, not who wrote it. Whatever rewrites this table row by row must stamp it anew.
CREATE TABLE pv.identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    xid      xid8 NOT NULL,
    system   bigint NOT NULL,
    database oid NOT NULL,
    relation oid NOT NULL,
    since    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pv.identity IS 'which database this is, written by the first declaring call: in one that was restored from a dump, duties wait for pv.resume()';
COMMENT ON COLUMN pv.identity.only_row IS 'always true: there is one row at most';
COMMENT ON COLUMN pv.identity.xid IS 'the transaction that wrote the row; in a restored database another one did';
COMMENT ON COLUMN pv.identity.system IS 'the system identifier of the cluster; another one after pg_upgrade';
COMMENT ON COLUMN pv.identity.database IS 'the database''s OID; another one in a copy made by CREATE DATABASE';
COMMENT ON COLUMN pv.identity.relation IS 'this table''s OID';
COMMENT ON COLUMN pv.identity.since IS 'when it was written';
SELECT pg_extension_config_dump('pv.identity', '');

CREATE FUNCTION pv.identity_state()
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_identity_state';
COMMENT ON FUNCTION pv.identity_state() IS
    'new: nothing is declared yet; own: it is the database in which it was declared; upgraded: it is, in another cluster; copied: a copy of it by CREATE DATABASE; restored: it came from a dump, and nothing is purged, completed or expired until pv.resume() is called';
CREATE FUNCTION pv.resume()
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_resume';
COMMENT ON FUNCTION pv.resume() IS
    'confirms that what was restored from a dump is whole, and that the duties may go on here; and that a table that has the name of a dropped one, but another owner, is the same and takes up its declarations. Errors: 25006 in a transaction that is read only';
