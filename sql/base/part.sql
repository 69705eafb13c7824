-- Partitions and children are declared at their root; one that leaves takes along what
-- was declared there. Written by event triggers (src/base/table_part.c), read by pv.check_map().
CREATE TABLE pv.part (
    relation    regclass,
    relation_id integer,
    left_at     timestamptz,
    PRIMARY KEY (relation, relation_id)
);
COMMENT ON TABLE pv.part IS 'tables that are, or have been, partitions or children of a declared one, at any depth';
COMMENT ON COLUMN pv.part.relation IS 'the partition or child';
COMMENT ON COLUMN pv.part.relation_id IS 'the declared table, by its id in pv.relation';
COMMENT ON COLUMN pv.part.left_at IS 'when it left, and its declarations were carried over; NULL as long as it has not been seen to leave';
-- Those that are parts are found again.
SELECT pg_extension_config_dump('pv.part', 'WHERE left_at IS NOT NULL AND relation IN (SELECT oid FROM pg_catalog.pg_class)');
