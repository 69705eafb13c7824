CREATE FUNCTION pv.candidate_links(subject regclass, OUT relation regclass, OUT name name, OUT columns name[],
                                   OUT parent regclass, OUT parent_columns name[], OUT depth integer,
                                   OUT indexed boolean, OUT declared boolean, OUT found_by text, OUT confidence real,
                                   OUT reason text, OUT condition text, OUT shared text)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_candidate_links';
COMMENT ON FUNCTION pv.candidate_links(regclass) IS
    'links that the foreign keys suggest downstream from a subject, to any depth, but not below another subject, and links that are guessed: by names, by pairs of columns such as item_type and item_id, by content of which a sample is looked for among the subject''s keys, and of what the subject''s rows refer to; self-references are left out. indexed: an index begins with one of the columns; declared: it is a link already; found_by: foreign key, or for a guess name, polymorphic, content, reference or junction; confidence: from 0 to 1, which a foreign key has; condition, shared: as pv.declare_link() takes them. Reads some rows of every table';

CREATE FUNCTION pv.link_foreign_keys(subject regclass, max_depth integer DEFAULT 1, excluding regclass[] DEFAULT '{}')
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_link_foreign_keys';
COMMENT ON FUNCTION pv.link_foreign_keys(regclass, integer, regclass[]) IS
    'declares the candidate links by foreign keys, and no guesses, down to max_depth, without those of the tables in excluding and what is reached through these alone; returns how many. Errors: 22023 max_depth, 42704 neither a subject nor linked, 42501 not the owner of one of the tables';

CREATE FUNCTION pv.generate_map(subject regclass)
    RETURNS text LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_generate_map';
COMMENT ON FUNCTION pv.generate_map(regclass) IS
    'SQL to edit and run: what is missing of a subject''s data map: whose rows are, what is in the columns, by their names, types and some rows, how long they may be kept, and which tables nothing links; of a table that is no subject yet, the declaration of the subject, too. Statements have been tried, and undone; what a person has to decide is a comment. Errors: 42809 not an ordinary table';

CREATE FUNCTION pv.check_map(OUT relation text, OUT column_name name, OUT severity text, OUT problem text, OUT hint text,
                             OUT statement text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_check_map';
COMMENT ON FUNCTION pv.check_map() IS
    'what of the data map no longer fits the database, by table, the worst first: an error is what makes an erasure fail or miss data, a warning what to look at, such as unclassified columns, rows that belong to nobody, tables of which nothing is declared though their rows seem to be somebody''s, and triggers that write where nothing is declared. statement: what settles it, to be read first. Counts rows of linked tables, and reads some of every other';

CREATE FUNCTION pv.take_up_orphan(schema name, name name, relation regclass)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_take_up_orphan';
COMMENT ON FUNCTION pv.take_up_orphan(name, name, regclass) IS
    'says that a table has taken the place of one that was dropped under that name, and takes up its declarations, consents and requests. Errors: 42704 there is no such, 42501 it is another role''s, 42710 it has declarations of its own';

CREATE FUNCTION pv.undeclare_orphan(schema name, name name)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_orphan';
COMMENT ON FUNCTION pv.undeclare_orphan(name, name) IS
    'takes away what was declared of a table that has been dropped, and what refers to it: links, blockers and retention rules over it. What the ledgers know of its subjects stays. Errors: 42704 there is no such';
