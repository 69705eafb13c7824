-- The tables below name a relation by its id, without a foreign key: pg_restore's
-- parallel jobs load them in any order.
CREATE TABLE pv.relation (
    id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation regclass UNIQUE,
    schema   name NOT NULL,
    name     name NOT NULL,
    owner    name NOT NULL,
    former   text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE pv.relation IS 'every relation that a declaration names';
COMMENT ON COLUMN pv.relation.relation IS 'the relation; NULL for an orphan, whose table has been dropped';
COMMENT ON COLUMN pv.relation.schema IS 'its schema, by which a dropped table''s declarations find a new one';
COMMENT ON COLUMN pv.relation.name IS 'its name';
COMMENT ON COLUMN pv.relation.former IS 'names that it had before, with their schemas and quoted, the latest last: a table that has one may have taken its place';
COMMENT ON COLUMN pv.relation.owner IS 'its owner, whose a new table of a dropped one''s name must be';
COMMENT ON COLUMN pv.relation.id IS 'the number by which the other tables name it; stays when the table is dropped';
COMMENT ON SEQUENCE pv.relation_id_seq IS 'numbers of relations';
SELECT pg_extension_config_dump('pv.relation', '');
SELECT pg_extension_config_dump('pv.relation_id_seq', '');

-- Tells every backend that the data map it keeps in memory is out of date.
CREATE FUNCTION pv.map_changed() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_map_changed';
COMMENT ON FUNCTION pv.map_changed() IS 'trigger of the tables that hold the data map';
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.relation
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.relation ENABLE ALWAYS TRIGGER map_changed;
