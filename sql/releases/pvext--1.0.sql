\echo Use "CREATE EXTENSION pvext" to load this file. \quit
-- Some of pv's tables are written by the server's heap functions.
SET LOCAL default_table_access_method = heap;

-- Fails where a schema of that name stands already: nobody may prepare it.
CREATE SCHEMA pv;
COMMENT ON SCHEMA pv IS 'pvext: what the company''s privacy statement promises, and the functions that keep it';
GRANT USAGE ON SCHEMA pv TO PUBLIC;
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
-- Partitions and children are declared at their root; one that leaves takes along what
-- was declared there. Written by event triggers (src/part.c), read by pv.check_map().
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
CREATE SEQUENCE pv.event_id_seq;
COMMENT ON SEQUENCE pv.event_id_seq IS 'numbers of events, those of the ledgers of consents and agreements too';
SELECT pg_extension_config_dump('pv.event_id_seq', '');

CREATE TABLE pv.event_record (
    id             bigint PRIMARY KEY DEFAULT nextval('pv.event_id_seq'),
    at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    login          name NOT NULL,
    role           name NOT NULL,
    call           text NOT NULL,
    subject_digest bytea
);
COMMENT ON TABLE pv.event_record IS 'calls that changed what pvext keeps, but for those that a ledger of its own records; read it as pv.event';
COMMENT ON COLUMN pv.event_record.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.event_record.role IS 'as whom the call was made (current_user)';
COMMENT ON COLUMN pv.event_record.call IS 'the function and what it was about, without any key';
COMMENT ON COLUMN pv.event_record.subject_digest IS 'HMAC of the subject''s key, where the call was about one subject';
COMMENT ON COLUMN pv.event_record.id IS 'its number';
COMMENT ON COLUMN pv.event_record.at IS 'when the call was recorded';
SELECT pg_extension_config_dump('pv.event_record', '');
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
CREATE TABLE pv.secret (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    value       bytea CHECK (length(value) >= 32),
    fingerprint bytea NOT NULL
);
COMMENT ON TABLE pv.secret IS 'the key of all keyed digests; whoever reads it can test guesses at keys';
COMMENT ON COLUMN pv.secret.value IS 'the key; NULL where pvext.secret_file holds it';
COMMENT ON COLUMN pv.secret.fingerprint IS 'a digest by which another key is noticed';
COMMENT ON COLUMN pv.secret.only_row IS 'always true: there is one row at most';
SELECT pg_extension_config_dump('pv.secret', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.secret
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.secret ENABLE ALWAYS TRIGGER map_changed;
CREATE TABLE pv.declared_subject (
    relation_id integer PRIMARY KEY,
    key         name[] NOT NULL CHECK (cardinality(key) > 0),
    description text,
    condition   text,
    bound       text,
    owner       name,
    CHECK ((condition IS NULL) = (bound IS NULL) AND (condition IS NULL OR owner IS NOT NULL))
);
COMMENT ON TABLE pv.declared_subject IS 'tables whose rows are persons; read it as pv.subject';
COMMENT ON COLUMN pv.declared_subject.bound IS 'the condition with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_subject.owner IS 'the table''s owner when the condition was declared, on whose behalf it runs';
COMMENT ON COLUMN pv.declared_subject.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_subject.key IS 'the columns whose values name a person, in order';
COMMENT ON COLUMN pv.declared_subject.description IS 'what the rows are, in words; NULL where not given';
COMMENT ON COLUMN pv.declared_subject.condition IS 'which rows are persons, as given; NULL for all rows';
SELECT pg_extension_config_dump('pv.declared_subject', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_subject
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_subject ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.subject AS
    SELECT r.relation, s.key, s.description, s.condition, r.schema, r.name
    FROM pv.declared_subject s JOIN pv.relation r ON r.id = s.relation_id;
COMMENT ON VIEW pv.subject IS 'tables whose rows are persons';
COMMENT ON COLUMN pv.subject.relation IS 'the table';
COMMENT ON COLUMN pv.subject.schema IS 'its schema';
COMMENT ON COLUMN pv.subject.name IS 'its name';

CREATE FUNCTION pv.declare_subject(relation regclass, key name[] DEFAULT NULL,
                                   description text DEFAULT NULL, condition text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_subject';
COMMENT ON FUNCTION pv.declare_subject(regclass, name[], text, text) IS
    'declares that the rows of a table (those meeting condition) are persons, each named by key, by default the primary key; replaces an earlier declaration. Errors: 42809 a view, a partition or a foreign table, 42703 no such column, 42830 key not unique, 42501 not the owner, 55006 another key, while consents or agreements name subjects by the former';

CREATE FUNCTION pv.undeclare_subject(relation regclass)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_subject';
COMMENT ON FUNCTION pv.undeclare_subject(regclass) IS
    'takes a subject table out of the map; its links, personal columns and ledger stay, and tokens of consents that were sent out die. Errors: 42704 not declared, 55006 a blocker, hold or open request needs it, or consents or agreements name its subjects';
CREATE TABLE pv.declared_link (
    relation_id    integer NOT NULL,
    name           name NOT NULL CHECK (name <> '' AND name <> '*'),
    columns        name[] NOT NULL,
    parent_id      integer NOT NULL,
    parent_columns name[] NOT NULL CHECK (cardinality(parent_columns) = cardinality(columns)),
    condition      text,
    bound          text,
    owner          name,
    on_erase       text NOT NULL CHECK (on_erase IN ('anonymise', 'delete')),
    inherited      boolean NOT NULL DEFAULT true,
    PRIMARY KEY (relation_id, name),
    CHECK ((condition IS NULL) = (bound IS NULL) AND (condition IS NULL OR owner IS NOT NULL)),
    CHECK (inherited OR on_erase <> 'delete')
);
COMMENT ON TABLE pv.declared_link IS 'which rows belong to which; read it as pv.link';
COMMENT ON COLUMN pv.declared_link.bound IS 'the condition with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_link.owner IS 'the table''s owner when the condition was declared, on whose behalf it runs';
COMMENT ON COLUMN pv.declared_link.relation_id IS 'the table whose rows belong, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_link.name IS 'its name, unique within the table';
COMMENT ON COLUMN pv.declared_link.columns IS 'the columns that hold the values of parent_columns, in the same order';
COMMENT ON COLUMN pv.declared_link.parent_id IS 'the table whose rows they belong to, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_link.parent_columns IS 'the columns of the parent that name its row';
COMMENT ON COLUMN pv.declared_link.condition IS 'which rows belong, as given; NULL for all rows';
COMMENT ON COLUMN pv.declared_link.on_erase IS 'what becomes of the rows when the person is erased: anonymise their personal columns, or delete them';
COMMENT ON COLUMN pv.declared_link.inherited IS 'what belongs to the rows belongs to this parent''s person, too';
SELECT pg_extension_config_dump('pv.declared_link', '');
CREATE INDEX ON pv.declared_link (parent_id);
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_link
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_link ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.link AS
    SELECT r.relation, l.name, l.columns, p.relation AS parent, l.parent_columns, l.condition, l.on_erase,
           l.inherited
    FROM pv.declared_link l
    JOIN pv.relation r ON r.id = l.relation_id
    JOIN pv.relation p ON p.id = l.parent_id;
COMMENT ON VIEW pv.link IS 'which table''s rows belong to which other table''s rows';
COMMENT ON COLUMN pv.link.relation IS 'the table whose rows belong to others';
COMMENT ON COLUMN pv.link.parent IS 'the table of the rows that they belong to';

CREATE FUNCTION pv.declare_link(relation regclass, columns name[], parent regclass,
                                parent_columns name[] DEFAULT NULL, name name DEFAULT NULL,
                                condition text DEFAULT NULL, on_erase text DEFAULT 'anonymise',
                                inherit boolean DEFAULT true)
    RETURNS name LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_link';
COMMENT ON FUNCTION pv.declare_link(regclass, name[], regclass, name[], name, text, text, boolean) IS
    'declares that a table''s rows (those meeting condition) belong to the parent''s row whose parent_columns, by default its subject key or primary key, they hold; without inherit, what belongs to these rows is not its person''s. Returns the link''s name. Errors: 42710 name taken, 42830 parent columns not unique, 42804 types do not compare, 55000 a cascade from rows to delete reaches what is not declared delete, 42702 rows would be deleted with any of several subjects';

CREATE FUNCTION pv.undeclare_link(relation regclass, name name)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_link';
COMMENT ON FUNCTION pv.undeclare_link(regclass, name) IS
    'takes a link out of the map. Errors: 42704 not declared, 55006 a personal column names it';
CREATE TYPE pv.legal_basis AS ENUM
    ('consent', 'contract', 'legal_obligation', 'vital_interests', 'public_task', 'legitimate_interests');
COMMENT ON TYPE pv.legal_basis IS 'GDPR article 6(1), (a) to (f) in order';

CREATE TABLE pv.purpose (
    name        text COLLATE "C" PRIMARY KEY CHECK (name <> ''),
    legal_basis pv.legal_basis NOT NULL,
    description text NOT NULL,
    id          integer GENERATED ALWAYS AS IDENTITY UNIQUE
);
COMMENT ON TABLE pv.purpose IS 'what personal data is processed for, and on which legal basis';
COMMENT ON COLUMN pv.purpose.name IS 'its name, by which columns and blockers refer to it';
COMMENT ON COLUMN pv.purpose.legal_basis IS 'on which basis of GDPR article 6(1) the processing rests';
COMMENT ON COLUMN pv.purpose.description IS 'what the processing is for, in words';
COMMENT ON COLUMN pv.purpose.id IS 'the number by which ledgers refer to it';
COMMENT ON SEQUENCE pv.purpose_id_seq IS 'numbers of purposes';
SELECT pg_extension_config_dump('pv.purpose', '');
SELECT pg_extension_config_dump('pv.purpose_id_seq', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.purpose
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.purpose ENABLE ALWAYS TRIGGER map_changed;

CREATE TABLE pv.declared_personal (
    relation_id integer NOT NULL,
    column_name name NOT NULL,
    paths       text[],
    category    text NOT NULL CHECK (category <> ''),
    purposes    text[] CHECK (cardinality(purposes) > 0),
    erase_with  text NOT NULL,
    parameter   text,
    strategy    text NOT NULL,
    argument    text,
    owner       name NOT NULL,
    named       text[],
    PRIMARY KEY (relation_id, column_name)
);
COMMENT ON TABLE pv.declared_personal IS 'columns that hold personal data; read it as pv.personal';
COMMENT ON COLUMN pv.declared_personal.paths IS 'the links from the row up to the persons it is about, each path the links'' names joined by dots; empty for the person''s own row; NULL for any of them';
COMMENT ON COLUMN pv.declared_personal.strategy IS 'erase_with, or what auto came to';
COMMENT ON COLUMN pv.declared_personal.argument IS 'the parameter as bound to the column, such as a constant that auto found or an expression with every name qualified';
COMMENT ON COLUMN pv.declared_personal.owner IS 'the table''s owner at the declaration, on whose behalf an expression runs';
COMMENT ON COLUMN pv.declared_personal.named IS 'the links as they were named at the declaration; NULL where none was, since there was one way only';
COMMENT ON COLUMN pv.declared_personal.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_personal.column_name IS 'the column';
COMMENT ON COLUMN pv.declared_personal.category IS 'what kind of data it is; identifying marks what free text is redacted of';
COMMENT ON COLUMN pv.declared_personal.purposes IS 'the names of the purposes that it serves; NULL for all of them';
COMMENT ON COLUMN pv.declared_personal.erase_with IS 'the strategy as declared, which may be auto';
COMMENT ON COLUMN pv.declared_personal.parameter IS 'the strategy''s parameter as given; NULL where it has none';
SELECT pg_extension_config_dump('pv.declared_personal', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_personal
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_personal ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.personal AS
    SELECT r.relation,
           CASE WHEN p.paths IS NULL THEN '*'
                ELSE (SELECT string_agg(DISTINCT split_part(u.path, '.', 1), ',') FROM unnest(p.paths) AS u (path)) END AS link,
           p.column_name, p.category, p.purposes, p.erase_with, p.parameter, p.strategy, p.paths
    FROM pv.declared_personal p JOIN pv.relation r ON r.id = p.relation_id;
COMMENT ON VIEW pv.personal IS 'columns that hold personal data, whose it is, and how it is erased';
COMMENT ON COLUMN pv.personal.relation IS 'the table';
COMMENT ON COLUMN pv.personal.link IS 'the link whose subject the column is about, or several joined by commas; NULL for the subject''s own row, * for any';
COMMENT ON COLUMN pv.personal.paths IS 'the links up to the subjects, each path the links'' names joined by dots; empty for the subject''s own row, NULL for any';
COMMENT ON COLUMN pv.personal.strategy IS 'erase_with, or what auto came to';

CREATE TABLE pv.not_personal (
    relation_id integer NOT NULL,
    column_name name NOT NULL,
    PRIMARY KEY (relation_id, column_name)
);
COMMENT ON TABLE pv.not_personal IS 'columns that were looked at and identify nobody';
COMMENT ON COLUMN pv.not_personal.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.not_personal.column_name IS 'the column';
SELECT pg_extension_config_dump('pv.not_personal', '');

CREATE FUNCTION pv.declare_purpose(name text, legal_basis pv.legal_basis, description text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_purpose';
COMMENT ON FUNCTION pv.declare_purpose(text, pv.legal_basis, text) IS
    'declares what personal data is processed for; a purpose that exists gets the new description, and the new basis. Errors: 22023 the name is empty, 55006 from or to consent while consents are in force or objections stand';
CREATE FUNCTION pv.undeclare_purpose(name text)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_purpose';
COMMENT ON FUNCTION pv.undeclare_purpose(text) IS
    'takes a purpose away. Errors: 42704 not declared, 55006 a personal column or blocker names it, or consents or objections are on record';

CREATE FUNCTION pv.declare_personal(relation regclass, columns name[], category text,
                                    purposes text[] DEFAULT NULL, erase_with text DEFAULT 'auto',
                                    parameter text DEFAULT NULL, link name DEFAULT NULL,
                                    links name[] DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_personal';
COMMENT ON FUNCTION pv.declare_personal(regclass, name[], text, text[], text, text, name, name[]) IS
    'declares columns that hold personal data, how they are erased, and whose they are where rows belong to several: the subject''s at the end of the link, or of any of the links; replaces an earlier declaration, with a NOTICE. Category identifying marks what free text is redacted of. Errors: 42703 no such column, 42704 no such purpose or link, or the table is linked to no subject, 42702 link needed, 428C9 a generated column, 22023 and the SQLSTATE of the constraint in question where the strategy cannot work on the column';
CREATE FUNCTION pv.undeclare_personal(relation regclass, columns name[] DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_personal';
COMMENT ON FUNCTION pv.undeclare_personal(regclass, name[]) IS
    'takes columns, by default all of the table''s, out of the map. Errors: 42704 not declared';

CREATE FUNCTION pv.declare_not_personal(relation regclass, columns name[] DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_not_personal';
COMMENT ON FUNCTION pv.declare_not_personal(regclass, name[]) IS
    'records that columns, by default all that are not yet classified, were looked at and identify nobody. Errors: 42710 declared personal';
CREATE FUNCTION pv.undeclare_not_personal(relation regclass, columns name[] DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_not_personal';
COMMENT ON FUNCTION pv.undeclare_not_personal(regclass, name[]) IS
    'makes columns, by default all of the table''s, unclassified again. Errors: 42704 not declared';

CREATE FUNCTION pv.remove_path(document jsonb, path text[])
    RETURNS jsonb LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_remove_path';
COMMENT ON FUNCTION pv.remove_path(jsonb, text[]) IS
    'the document without what the path leads to; an array on the way is entered element by element';

CREATE FUNCTION pv.redact_text(document text, identifying text[], replacement text, whole boolean DEFAULT false,
                               room integer DEFAULT -1)
    RETURNS text LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_redact_text';
COMMENT ON FUNCTION pv.redact_text(text, text[], text, boolean, integer) IS
    'the text with a replacement where it holds one of the values, however that is spelled; with whole the replacement alone; cut to room characters where that is not negative';
CREATE FUNCTION pv.holds_text(document text, identifying text[], replacement text, whole boolean DEFAULT false,
                              room integer DEFAULT -1)
    RETURNS boolean LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_holds_text';
COMMENT ON FUNCTION pv.holds_text(text, text[], text, boolean, integer) IS
    'whether pv.redact_text() would change the text; with whole, whether it is anything but empty or the replacement';
CREATE FUNCTION pv.redact_json(document json, identifying text[], replacement text, whole boolean DEFAULT false)
    RETURNS json LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_redact_json';
COMMENT ON FUNCTION pv.redact_json(json, text[], text, boolean) IS
    'the document with a replacement where its strings and names hold one of the values, and null for its numbers that are one; with whole an empty document of its kind';
CREATE FUNCTION pv.holds_json(document json, identifying text[], replacement text, whole boolean DEFAULT false)
    RETURNS boolean LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_holds_json';
COMMENT ON FUNCTION pv.holds_json(json, text[], text, boolean) IS
    'whether pv.redact_json() would change the document; with whole, whether there is anything in it';

-- The numbers that short tokens are made of.
CREATE SEQUENCE pv.token_seq;
COMMENT ON SEQUENCE pv.token_seq IS 'numbers of tokens that are too short to be random';
SELECT pg_extension_config_dump('pv.token_seq', '');
CREATE TABLE pv.declared_blocker (
    relation_id integer NOT NULL,
    name        text NOT NULL CHECK (name <> ''),
    over_id     integer,
    condition   text NOT NULL,
    bound       text NOT NULL,
    owner       name NOT NULL,
    reason      text NOT NULL,
    purposes    text[] CHECK (cardinality(purposes) > 0),
    PRIMARY KEY (relation_id, name)
);
COMMENT ON TABLE pv.declared_blocker IS 'what keeps a subject from being erased; read it as pv.blocker';
COMMENT ON COLUMN pv.declared_blocker.over_id IS 'the linked table whose rows the condition is over; NULL for the subject''s own row';
COMMENT ON COLUMN pv.declared_blocker.bound IS 'the condition with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_blocker.owner IS 'the owner, at the declaration, of the table the condition is over';
COMMENT ON COLUMN pv.declared_blocker.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_blocker.name IS 'its name, unique within the subject table';
COMMENT ON COLUMN pv.declared_blocker.condition IS 'the condition as given; true, NULL and an error block';
COMMENT ON COLUMN pv.declared_blocker.reason IS 'what the ledger says of a request that it blocks';
COMMENT ON COLUMN pv.declared_blocker.purposes IS 'the names of the purposes whose columns it keeps back; NULL for all columns';
SELECT pg_extension_config_dump('pv.declared_blocker', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_blocker
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_blocker ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.blocker AS
    SELECT s.relation AS subject, b.name, o.relation, b.condition, b.reason, b.purposes
    FROM pv.declared_blocker b
    JOIN pv.relation s ON s.id = b.relation_id
    LEFT JOIN pv.relation o ON o.id = b.over_id;
COMMENT ON VIEW pv.blocker IS 'conditions under which a subject is not erased';
COMMENT ON COLUMN pv.blocker.subject IS 'the subject table';
COMMENT ON COLUMN pv.blocker.relation IS 'the linked table that the condition is over; NULL for the subject table itself';

CREATE TABLE pv.hold (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation_id    integer NOT NULL,
    key            text,
    subject_digest bytea NOT NULL,
    reason         text NOT NULL CHECK (reason <> ''),
    placed_at      timestamptz NOT NULL DEFAULT now(),
    placed_by      name NOT NULL,
    expires        timestamptz,
    released_at    timestamptz,
    released_by    name,
    release_reason text
);
COMMENT ON TABLE pv.hold IS 'subjects of whom nothing may be erased, nor of what is about them and others, such as for a court case';
COMMENT ON COLUMN pv.hold.key IS 'the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.hold.subject_digest IS 'HMAC of the subject''s key';
COMMENT ON COLUMN pv.hold.id IS 'its number, by which it is released';
COMMENT ON COLUMN pv.hold.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.hold.reason IS 'why it was placed';
COMMENT ON COLUMN pv.hold.placed_at IS 'when it was placed';
COMMENT ON COLUMN pv.hold.placed_by IS 'which login placed it';
COMMENT ON COLUMN pv.hold.expires IS 'when it ends by itself; NULL for never';
COMMENT ON COLUMN pv.hold.released_at IS 'when it was released; NULL until then';
COMMENT ON COLUMN pv.hold.released_by IS 'which login released it; NULL until then';
COMMENT ON COLUMN pv.hold.release_reason IS 'why it was released; NULL until then';
COMMENT ON SEQUENCE pv.hold_id_seq IS 'numbers of holds';
CREATE INDEX ON pv.hold (subject_digest);
SELECT pg_extension_config_dump('pv.hold', '');
SELECT pg_extension_config_dump('pv.hold_id_seq', '');

CREATE FUNCTION pv.declare_blocker(subject regclass, name text, condition text, reason text,
                                   relation regclass DEFAULT NULL, purposes text[] DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_blocker';
COMMENT ON FUNCTION pv.declare_blocker(regclass, text, text, text, regclass, text[]) IS
    'declares a condition over the subject''s row, called subject, or over rows of a linked table, under which nothing (with purposes: nothing of theirs) is erased; NULL and errors block. Replaces an earlier one of the name. Errors: 42704 not a subject, not linked, no such purpose; 42702 unqualified column in a subquery; 42601 the condition cannot be parsed; 42703 it names no such column; 42804 it is not boolean; 42P17 a volatile function';
CREATE FUNCTION pv.undeclare_blocker(subject regclass, name text)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_blocker';
COMMENT ON FUNCTION pv.undeclare_blocker(regclass, text) IS 'takes a blocker away. Errors: 42704 not declared';
CREATE FUNCTION pv.check_blockers(subject regclass, OUT name text, OUT blocked bigint, OUT subjects bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_check_blockers';
COMMENT ON FUNCTION pv.check_blockers(regclass) IS
    'how many of the subjects each blocker blocks now, with a WARNING at none or all. Errors: 42704 not a subject';
CREATE FUNCTION pv.place_hold(subject regclass, key text, reason text, expires timestamptz DEFAULT NULL)
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_place_hold';
COMMENT ON FUNCTION pv.place_hold(regclass, text, text, timestamptz) IS
    'holds back every erasure of a subject, and of rows and columns that are about the subject and somebody else, until released or expired; returns the hold''s id. Errors: P0002 no such subject, 22023 it would have expired already';
CREATE FUNCTION pv.place_hold(subject regclass, key anyelement, reason text, expires timestamptz DEFAULT NULL)
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_place_hold';
COMMENT ON FUNCTION pv.place_hold(regclass, anyelement, text, timestamptz) IS 'the same for a typed key';
CREATE FUNCTION pv.release_hold(hold bigint, reason text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_release_hold';
COMMENT ON FUNCTION pv.release_hold(bigint, text) IS
    'releases a hold, for the record with a reason. Errors: P0002 no such hold, 55000 released before';
CREATE TABLE pv.declared_retention (
    relation_id     integer NOT NULL,
    name            text NOT NULL CHECK (name <> ''),
    keep            interval NOT NULL,
    after           text NOT NULL,
    after_bound     text NOT NULL,
    basis           text NOT NULL CHECK (basis <> ''),
    columns         name[],
    mandatory       boolean NOT NULL,
    action          text NOT NULL CHECK (action IN ('anonymise', 'delete')),
    over_id         integer,
    otherwise       text,
    otherwise_bound text,
    time_zone       text NOT NULL,
    owner           name NOT NULL,
    state           text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'active')),
    PRIMARY KEY (relation_id, name),
    CHECK ((otherwise IS NULL) = (otherwise_bound IS NULL))
);
COMMENT ON TABLE pv.declared_retention IS 'how long columns are kept; read it as pv.retention';
COMMENT ON COLUMN pv.declared_retention.after_bound IS 'the clock with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_retention.owner IS 'the owner, at the declaration, on whose behalf the clock runs';
COMMENT ON COLUMN pv.declared_retention.state IS 'only an active rule is purged by; a mandatory one holds back requests in either state';
COMMENT ON COLUMN pv.declared_retention.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_retention.name IS 'its name, unique within the table';
COMMENT ON COLUMN pv.declared_retention.keep IS 'how long after the moment of the clock';
COMMENT ON COLUMN pv.declared_retention.after IS 'the clock as given: an expression over the row, or an aggregate over the linked rows of over_id';
COMMENT ON COLUMN pv.declared_retention.basis IS 'why, such as the law that demands it';
COMMENT ON COLUMN pv.declared_retention.columns IS 'the columns that are kept; NULL for all personal ones';
COMMENT ON COLUMN pv.declared_retention.mandatory IS 'whether it also holds back requests for erasure';
COMMENT ON COLUMN pv.declared_retention.action IS 'what becomes of the data when the time is over: anonymise the columns, or delete the rows';
COMMENT ON COLUMN pv.declared_retention.over_id IS 'the linked table that the clock is over, by its id in pv.relation; NULL for the row itself';
COMMENT ON COLUMN pv.declared_retention.otherwise IS 'the clock where the first gives NULL, as given; NULL where there is none';
COMMENT ON COLUMN pv.declared_retention.otherwise_bound IS 'the other clock with every name qualified, its row called r; NULL where there is none';
COMMENT ON COLUMN pv.declared_retention.time_zone IS 'the time zone in which the clock runs and dates become times';
SELECT pg_extension_config_dump('pv.declared_retention', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_retention
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_retention ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.retention AS
    SELECT r.relation, t.name, t.keep, t.after, t.basis, t.columns, t.mandatory, t.action,
           o.relation AS "over", t.otherwise, t.time_zone, t.state
    FROM pv.declared_retention t
    JOIN pv.relation r ON r.id = t.relation_id
    LEFT JOIN pv.relation o ON o.id = t.over_id;
COMMENT ON VIEW pv.retention IS 'how long columns are kept, from which moment, and on what basis';
COMMENT ON COLUMN pv.retention.relation IS 'the table';
COMMENT ON COLUMN pv.retention.over IS 'the linked table that the clock is an aggregate over; NULL where it is over the row itself';

CREATE FUNCTION pv.declare_retention(relation regclass, name text, keep interval, after text, basis text,
                                     columns name[] DEFAULT NULL, mandatory boolean DEFAULT false,
                                     action text DEFAULT 'anonymise', over regclass DEFAULT NULL,
                                     otherwise text DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_retention';
COMMENT ON FUNCTION pv.declare_retention(regclass, text, interval, text, text, name[], boolean, text, regclass, text, text) IS
    'declares how long columns (by default all personal ones) are kept after a moment of each row, or of the linked rows of over; a mandatory rule also holds back requests. Replaces an earlier one of the name, and is then proposed again. Errors: 42804 clock not a date or time, 22023 keep, action or time zone, 42704 over not linked, 0A000 over has another owner, 55000 rows that are to be deleted are referred to by others';
CREATE FUNCTION pv.undeclare_retention(relation regclass, name text)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_retention';
COMMENT ON FUNCTION pv.undeclare_retention(regclass, text) IS 'takes a retention rule away. Errors: 42704 not declared';

CREATE FUNCTION pv.activate_retention(relation regclass, name text, expected_rows bigint)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_activate_retention';
COMMENT ON FUNCTION pv.activate_retention(regclass, text, bigint) IS
    'lets a retention rule be purged by, if as many rows as expected are due now; pv.preview_purge() shows how many are. Errors: 42704 not declared, 55000 another number of rows is due';

CREATE VIEW pv.retention_conflicts AS
    WITH about AS (
        SELECT t.relation_id, t.name, t.keep, t.action, p.column_name
        FROM pv.declared_retention AS t JOIN pv.declared_personal AS p ON p.relation_id = t.relation_id
        WHERE CASE WHEN t.columns IS NULL THEN t.mandatory OR t.action = 'anonymise'
                   ELSE p.column_name = ANY (t.columns) END
        UNION ALL
        SELECT t.relation_id, t.name, t.keep, t.action, NULL FROM pv.declared_retention AS t
    )
    SELECT r.relation, a.column_name, a.name AS rule, a.keep, b.name AS overridden_by, b.keep AS kept_for
    FROM about AS a
    JOIN about AS b ON b.relation_id = a.relation_id AND b.keep > a.keep
                   AND b.column_name IS NOT DISTINCT FROM a.column_name
    JOIN pv.relation AS r ON r.id = a.relation_id
    WHERE a.column_name IS NOT NULL OR a.action = 'delete';
COMMENT ON VIEW pv.retention_conflicts IS 'retention rules that promise a shorter time than another rule on the same column, or row: the latest end wins';
COMMENT ON COLUMN pv.retention_conflicts.relation IS 'the table';
COMMENT ON COLUMN pv.retention_conflicts.column_name IS 'the column; NULL for rows that are to be deleted';
COMMENT ON COLUMN pv.retention_conflicts.rule IS 'the rule with the shorter time';
COMMENT ON COLUMN pv.retention_conflicts.keep IS 'that time';
COMMENT ON COLUMN pv.retention_conflicts.overridden_by IS 'the rule with the longer time';
COMMENT ON COLUMN pv.retention_conflicts.kept_for IS 'that time';

CREATE FUNCTION pv.find_overdue(OUT relation regclass, OUT rule text, OUT action text, OUT rows bigint,
                                OUT oldest timestamptz, OUT held_by text[], OUT hint text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_find_overdue';
COMMENT ON FUNCTION pv.find_overdue() IS 'what pv.overdue shows';
CREATE VIEW pv.overdue AS SELECT * FROM pv.find_overdue();
COMMENT ON VIEW pv.overdue IS 'what is expired and still personal, by the rule that takes it; empty when it is done';
COMMENT ON COLUMN pv.overdue.relation IS 'the table';
COMMENT ON COLUMN pv.overdue.rule IS 'the active rule that takes it, of several the one that keeps longest';
COMMENT ON COLUMN pv.overdue.action IS 'what becomes of it: anonymise or delete';
COMMENT ON COLUMN pv.overdue.rows IS 'how many rows; NULL where that cannot be decided';
COMMENT ON COLUMN pv.overdue.oldest IS 'since when the first of them is due';
COMMENT ON COLUMN pv.overdue.held_by IS 'the holds and blockers that keep these rows; NULL for rows that the next run takes';
COMMENT ON COLUMN pv.overdue.hint IS 'the CREATE INDEX without which the whole table is read, or why it cannot be decided; else NULL';

CREATE FUNCTION pv.preview_purge(OUT relation regclass, OUT rule text, OUT state text, OUT action text,
                                 OUT rows bigint, OUT held bigint, OUT oldest timestamptz, OUT hint text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_preview_purge';
COMMENT ON FUNCTION pv.preview_purge() IS
    'what the next purge would do, by rule: how many rows it would take, and how many are held or blocked; of a rule that is only proposed, what it would if it were active. Changes nothing';

CREATE FUNCTION pv.accounting_year_end(at date, first_month integer DEFAULT 1)
    RETURNS date LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_accounting_year_end';
COMMENT ON FUNCTION pv.accounting_year_end(date, integer) IS
    'the last day of the accounting year that the day lies in, of one that begins with first_month. Errors: 22023 no such month';
CREATE FUNCTION pv.accounting_year_end(at timestamp, first_month integer DEFAULT 1)
    RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN pv.accounting_year_end(at::date, first_month);
COMMENT ON FUNCTION pv.accounting_year_end(timestamp, integer) IS 'the same for a timestamp';
CREATE FUNCTION pv.accounting_year_end(at timestamptz, first_month integer DEFAULT 1)
    RETURNS date LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN pv.accounting_year_end(at::date, first_month);
COMMENT ON FUNCTION pv.accounting_year_end(timestamptz, integer) IS 'the same for a timestamptz, its day being that of the session''s time zone; within a retention rule, of the rule''s';
-- A ledger is only ever added to. The trigger asks nobody who they are: it
-- refuses the owner of the table, and of the database, too.
CREATE FUNCTION pv.refuse_change() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_refuse_change';
COMMENT ON FUNCTION pv.refuse_change() IS 'trigger of the ledgers: refuses UPDATE, DELETE and TRUNCATE to everyone';

-- A subject may bear the pseudonym of one erased before: each has its own key.
CREATE TABLE pv.evidence_key (
    ledger         text NOT NULL CHECK (ledger IN ('consent', 'agreement', 'erasure')),
    subject_digest bytea NOT NULL,
    wrapped        bytea NOT NULL CHECK (length(wrapped) = 48),
    PRIMARY KEY (subject_digest, ledger, wrapped)
);
COMMENT ON TABLE pv.evidence_key IS 'the keys under which a subject''s evidence is encrypted; without them it is gone';
COMMENT ON COLUMN pv.evidence_key.ledger IS 'what it encrypts: evidence of consents or of agreements, or keys that an erasure has replaced';
COMMENT ON COLUMN pv.evidence_key.subject_digest IS 'HMAC of the subject''s key';
COMMENT ON COLUMN pv.evidence_key.wrapped IS 'the key, encrypted under the secret';
SELECT pg_extension_config_dump('pv.evidence_key', '');
CREATE TABLE pv.consent_text (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purpose_id   integer NOT NULL,
    version      text NOT NULL CHECK (version <> ''),
    language     text NOT NULL CHECK (language <> ''),
    body         text NOT NULL CHECK (body <> ''),
    digest       bytea NOT NULL,
    declared_at  timestamptz NOT NULL DEFAULT now(),
    declared_by  name NOT NULL,
    withdrawn_at timestamptz,
    UNIQUE (purpose_id, version, language)
);
COMMENT ON TABLE pv.consent_text IS 'the words that consents are given to; they never change';
COMMENT ON COLUMN pv.consent_text.id IS 'its number';
COMMENT ON COLUMN pv.consent_text.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_text.version IS 'the version, by which consents are given';
COMMENT ON COLUMN pv.consent_text.language IS 'the language that the words are in';
COMMENT ON COLUMN pv.consent_text.body IS 'the words';
COMMENT ON COLUMN pv.consent_text.digest IS 'SHA-256 of the words in UTF-8';
COMMENT ON COLUMN pv.consent_text.declared_at IS 'when it was declared';
COMMENT ON COLUMN pv.consent_text.declared_by IS 'which login declared it';
COMMENT ON COLUMN pv.consent_text.withdrawn_at IS 'from when on nobody can consent to it any more; NULL for not';
COMMENT ON SEQUENCE pv.consent_text_id_seq IS 'numbers of consent texts';
SELECT pg_extension_config_dump('pv.consent_text', '');
SELECT pg_extension_config_dump('pv.consent_text_id_seq', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.consent_text
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.consent_text ENABLE ALWAYS TRIGGER map_changed;
CREATE FUNCTION pv.refuse_text_change() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_refuse_text_change';
COMMENT ON FUNCTION pv.refuse_text_change() IS 'trigger of the consent texts: refuses to everyone all changes but withdrawing one';
CREATE TRIGGER refuse_text_change BEFORE UPDATE OR DELETE ON pv.consent_text
    FOR EACH ROW EXECUTE FUNCTION pv.refuse_text_change();
ALTER TABLE pv.consent_text ENABLE ALWAYS TRIGGER refuse_text_change;
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON pv.consent_text
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_text_change();
ALTER TABLE pv.consent_text ENABLE ALWAYS TRIGGER refuse_truncate;

-- These two tables are written without statements: src/state.c names their
-- columns by number, and knows of no index with a predicate or an expression.
--
-- The person stands in the state alone: an erasure takes the key from here, and
-- the ledger's rows are nobody's from then on, without being touched.
CREATE TABLE pv.consent_state (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation_id    integer NOT NULL,
    purpose_id     integer NOT NULL,
    key            text COLLATE "C",
    former_key     text COLLATE "C",
    subject_digest bytea,
    former_digest  bytea,
    state          text NOT NULL
                   CHECK (state IN ('requested', 'given', 'withdrawn', 'expired', 'objected', 'allowed', 'erased')),
    since          timestamptz NOT NULL,
    given          boolean NOT NULL,
    expires        timestamptz,
    kept_until     timestamptz,
    CONSTRAINT consent_state_key UNIQUE (relation_id, key, purpose_id),
    CHECK (given = (state = 'given')),
    CONSTRAINT consent_state_of_somebody CHECK ((key IS NULL) = (state = 'erased')),
    CHECK (key IS NULL OR former_key IS NULL)
);
COMMENT ON TABLE pv.consent_state IS 'each subject''s consent or objection as it is now; read it as pv.consent';
COMMENT ON COLUMN pv.consent_state.id IS 'by which the ledger''s rows name it';
COMMENT ON COLUMN pv.consent_state.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_state.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_state.key IS 'the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.consent_state.former_key IS 'the key of a subject that has been erased, while pvext.consent_keep keeps the proof; else NULL';
COMMENT ON COLUMN pv.consent_state.subject_digest IS 'HMAC of the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.consent_state.former_digest IS 'HMAC of the key that an erased subject''s row has now, while the proof is kept; else NULL';
COMMENT ON COLUMN pv.consent_state.state IS 'what was last done: requested, given, withdrawn, expired, objected, allowed (an objection taken back) or erased';
COMMENT ON COLUMN pv.consent_state.since IS 'when that was done';
COMMENT ON COLUMN pv.consent_state.given IS 'whether there is a consent, in force until it expires';
COMMENT ON COLUMN pv.consent_state.expires IS 'when the consent expires, or expired; NULL for never';
COMMENT ON COLUMN pv.consent_state.kept_until IS 'until when the proof is kept of a subject that has been erased; else NULL';
COMMENT ON SEQUENCE pv.consent_state_id_seq IS 'numbers of consent states';
CREATE INDEX ON pv.consent_state (former_digest);
SELECT pg_extension_config_dump('pv.consent_state', '');
SELECT pg_extension_config_dump('pv.consent_state_id_seq', '');

CREATE TABLE pv.consent_event (
    id          bigint PRIMARY KEY DEFAULT nextval('pv.event_id_seq'),
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    consent_id  bigint NOT NULL,
    relation_id integer NOT NULL,
    purpose_id  integer NOT NULL,
    action      text NOT NULL
                CHECK (action IN ('requested', 'given', 'withdrawn', 'expired', 'objected', 'allowed', 'erased')),
    version     text,
    language    text,
    text_digest bytea,
    channel     text,
    expires     timestamptz,
    login       text NOT NULL,
    role        text NOT NULL,
    evidence    bytea
);
COMMENT ON TABLE pv.consent_event IS 'the consent ledger: what was done, in its order, never changed; read it as pv.consent_history';
COMMENT ON COLUMN pv.consent_event.id IS 'its number';
COMMENT ON COLUMN pv.consent_event.at IS 'when it was done';
COMMENT ON COLUMN pv.consent_event.consent_id IS 'whose consent to what, by its id in pv.consent_state';
COMMENT ON COLUMN pv.consent_event.relation_id IS 'the subject table of then, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_event.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_event.action IS 'what was done: requested, given, withdrawn, expired, objected, allowed (an objection taken back) or erased';
COMMENT ON COLUMN pv.consent_event.version IS 'the version of the text that was shown; NULL where none was';
COMMENT ON COLUMN pv.consent_event.language IS 'the language it was shown in; NULL where that is not known';
COMMENT ON COLUMN pv.consent_event.text_digest IS 'SHA-256 of the words; where the language is not known, of the digests of all languages of the version, in the order of their names';
COMMENT ON COLUMN pv.consent_event.channel IS 'through which channel; NULL for an erasure';
COMMENT ON COLUMN pv.consent_event.expires IS 'until when the consent was given; NULL for without an end';
COMMENT ON COLUMN pv.consent_event.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.consent_event.role IS 'as whom the call was made (current_user)';
COMMENT ON COLUMN pv.consent_event.evidence IS 'what proves it, encrypted under the subject''s key; NULL where none was given';
CREATE INDEX ON pv.consent_event (consent_id, id);
SELECT pg_extension_config_dump('pv.consent_event', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.consent_event
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.consent_event ENABLE ALWAYS TRIGGER refuse_change;

-- Which tables' subjects have become another's, with what they have said: the ledgers name the table of then.
CREATE TABLE pv.consent_move (
    id      bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_id integer NOT NULL,
    to_id   integer NOT NULL
);
COMMENT ON TABLE pv.consent_move IS 'when consents and agreements of subjects have gone from one table to another with a partition, never changed';
COMMENT ON COLUMN pv.consent_move.id IS 'its number';
COMMENT ON COLUMN pv.consent_move.at IS 'when they went';
COMMENT ON COLUMN pv.consent_move.from_id IS 'the subject table that they were of, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_move.to_id IS 'the one that they are of since, by its id in pv.relation';
COMMENT ON SEQUENCE pv.consent_move_id_seq IS 'numbers of such moves';
SELECT pg_extension_config_dump('pv.consent_move', '');
SELECT pg_extension_config_dump('pv.consent_move_id_seq', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.consent_move
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.consent_move ENABLE ALWAYS TRIGGER refuse_change;

-- has_consent() reads a bit here where the key is an integer. Each row holds
-- what some transactions changed; a subject's code is the XOR of all of them.
CREATE TABLE pv.consent_bitmap (
    relation_id integer NOT NULL,
    purpose_id  integer NOT NULL,
    bucket      bigint NOT NULL,
    next_expiry timestamptz NOT NULL,
    codes       bytea NOT NULL,
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY
) WITH (fillfactor = 50);
ALTER TABLE pv.consent_bitmap ALTER COLUMN codes SET STORAGE PLAIN;
COMMENT ON TABLE pv.consent_bitmap IS 'which subjects with an integer key have given consent, 4096 of them a bucket';
COMMENT ON COLUMN pv.consent_bitmap.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_bitmap.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_bitmap.bucket IS 'the keys'' bits but for the lowest twelve';
COMMENT ON COLUMN pv.consent_bitmap.next_expiry IS 'no consent of the bucket expires before that, as far as this row knows';
COMMENT ON COLUMN pv.consent_bitmap.codes IS 'two bits a subject, given and expiring, to be XORed with those of the bucket''s other rows; in full or, where fewer, as a list of those that are not zero';
COMMENT ON COLUMN pv.consent_bitmap.id IS 'the row''s number, by which a publication tells it from others';
COMMENT ON SEQUENCE pv.consent_bitmap_id_seq IS 'numbers of rows of bits';
CREATE INDEX consent_bitmap_bucket ON pv.consent_bitmap (relation_id, purpose_id, bucket);
SELECT pg_extension_config_dump('pv.consent_bitmap', '');
SELECT pg_extension_config_dump('pv.consent_bitmap_id_seq', '');

CREATE TABLE pv.consent_token (
    selector        bytea PRIMARY KEY,
    verifier_digest bytea NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('confirm', 'withdraw')),
    relation_id     integer NOT NULL,
    purpose_id      integer NOT NULL,
    key             text NOT NULL,
    version         text,
    language        text,
    text_digest     bytea,
    channel         text,
    consent_expires timestamptz,
    made_at         timestamptz NOT NULL DEFAULT now(),
    expires         timestamptz NOT NULL
);
COMMENT ON TABLE pv.consent_token IS 'links that were sent out, to confirm a consent or to withdraw it; each can be used once';
COMMENT ON COLUMN pv.consent_token.selector IS 'the part of the token by which its row is found';
COMMENT ON COLUMN pv.consent_token.verifier_digest IS 'SHA-256 of the rest of the token';
COMMENT ON COLUMN pv.consent_token.kind IS 'what it does: confirm or withdraw';
COMMENT ON COLUMN pv.consent_token.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_token.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_token.key IS 'the subject''s key';
COMMENT ON COLUMN pv.consent_token.version IS 'the version of the text that was shown; NULL for a withdrawal';
COMMENT ON COLUMN pv.consent_token.language IS 'the language it was shown in; NULL where that is not known';
COMMENT ON COLUMN pv.consent_token.text_digest IS 'SHA-256 of the words that were shown, as in pv.consent_event; NULL for a withdrawal';
COMMENT ON COLUMN pv.consent_token.channel IS 'through which channel the consent was requested; NULL for a withdrawal';
COMMENT ON COLUMN pv.consent_token.consent_expires IS 'until when the consent is to be in force; NULL for without an end';
COMMENT ON COLUMN pv.consent_token.made_at IS 'when it was made';
COMMENT ON COLUMN pv.consent_token.expires IS 'until when it can be used';
CREATE INDEX ON pv.consent_token (relation_id, key);
SELECT pg_extension_config_dump('pv.consent_token', '');

CREATE VIEW pv.consent AS
    SELECT r.relation AS subject, s.key, p.name AS purpose,
           s.state, s.since, s.expires,
           s.given AND (s.expires IS NULL OR s.expires > clock_timestamp()) AS in_force,
           s.former_key, s.kept_until, s.id
    FROM pv.consent_state s
    JOIN pv.relation r ON r.id = s.relation_id
    JOIN pv.purpose p ON p.id = s.purpose_id;
COMMENT ON VIEW pv.consent IS 'each subject''s consent or objection as it is now';
COMMENT ON COLUMN pv.consent.subject IS 'the subject table';
COMMENT ON COLUMN pv.consent.purpose IS 'the purpose';
COMMENT ON COLUMN pv.consent.key IS 'the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.consent.former_key IS 'the key of a subject that has been erased, while its proof is kept; else NULL';
COMMENT ON COLUMN pv.consent.in_force IS 'whether there is a consent that has not expired';

CREATE FUNCTION pv.declare_consent_text(purpose text, version text, language text, body text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_consent_text';
COMMENT ON FUNCTION pv.declare_consent_text(text, text, text, text) IS
    'declares the words that consent to a purpose is given to; they never change, and the same words again are harmless. Errors: 42704 no such purpose, 42809 the purpose does not rest on consent, 55000 the version has other words, or has been withdrawn';
CREATE FUNCTION pv.withdraw_consent_text(purpose text, version text, language text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_consent_text';
COMMENT ON FUNCTION pv.withdraw_consent_text(text, text, text) IS
    'from now on nobody can consent to a version (by default in any language); consents given stay. Errors: 42704 no such text, 42809 the purpose does not rest on consent, 55000 withdrawn before';

CREATE FUNCTION pv.give_consent(subject regclass, key text, purpose text, version text, channel text,
                                evidence jsonb DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                language text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_give_consent';
COMMENT ON FUNCTION pv.give_consent(regclass, text, text, text, text, jsonb, timestamptz, text) IS
    'records that a subject has consented to a purpose, to which words and through which channel; a consent that was there is renewed. Errors: P0002 no such subject, 42704 no such purpose or text, 42809 the purpose does not rest on consent, 55000 the text has been withdrawn, 22023 it would have expired already';
CREATE FUNCTION pv.give_consent(subject regclass, key anyelement, purpose text, version text, channel text,
                                evidence jsonb DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                language text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_give_consent';
COMMENT ON FUNCTION pv.give_consent(regclass, anyelement, text, text, text, jsonb, timestamptz, text) IS 'the same for a typed key';

CREATE FUNCTION pv.withdraw_consent(subject regclass, key text, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_consent';
COMMENT ON FUNCTION pv.withdraw_consent(regclass, text, text, text, jsonb) IS
    'records that a subject has withdrawn its consent, or refused; harmless where there was none. Links to confirm it die. Errors: P0002 no such subject, 42704 no such purpose, 42809 the purpose does not rest on consent';
CREATE FUNCTION pv.withdraw_consent(subject regclass, key anyelement, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_consent';
COMMENT ON FUNCTION pv.withdraw_consent(regclass, anyelement, text, text, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.object_to(subject regclass, key text, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_object_to';
COMMENT ON FUNCTION pv.object_to(regclass, text, text, text, jsonb) IS
    'records that a subject objects to a purpose that rests on another basis than consent (GDPR article 21). Errors: P0002 no such subject, 42704 no such purpose, 42809 the purpose rests on consent, a legal obligation or vital interests';
CREATE FUNCTION pv.object_to(subject regclass, key anyelement, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_object_to';
COMMENT ON FUNCTION pv.object_to(regclass, anyelement, text, text, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.withdraw_objection(subject regclass, key text, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_objection';
COMMENT ON FUNCTION pv.withdraw_objection(regclass, text, text, text, jsonb) IS
    'records that a subject has taken an objection back. Errors: P0002 no such subject, 42704 no such purpose, 42809 the purpose rests on consent, 55000 it has not objected';
CREATE FUNCTION pv.withdraw_objection(subject regclass, key anyelement, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_objection';
COMMENT ON FUNCTION pv.withdraw_objection(regclass, anyelement, text, text, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.request_consent(subject regclass, key text, purpose text, version text, channel text,
                                   evidence jsonb DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                   language text DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_request_consent';
COMMENT ON FUNCTION pv.request_consent(regclass, text, text, text, text, jsonb, timestamptz, text) IS
    'double opt-in: records that a consent was asked for, and returns the token to send to the subject, which confirm_consent takes once, until pvext.consent_token_lifetime has passed; it is stored hashed. Errors: as of give_consent';
CREATE FUNCTION pv.request_consent(subject regclass, key anyelement, purpose text, version text, channel text,
                                   evidence jsonb DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                   language text DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_request_consent';
COMMENT ON FUNCTION pv.request_consent(regclass, anyelement, text, text, text, jsonb, timestamptz, text) IS 'the same for a typed key';
CREATE FUNCTION pv.confirm_consent(token text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_confirm_consent';
COMMENT ON FUNCTION pv.confirm_consent(text, jsonb) IS
    'gives the consent that a token was made for; the token is used up. Errors: 28000 the token is unknown, used or expired, 55000 the text has been withdrawn, 22023 the consent would have expired already';
CREATE FUNCTION pv.unsubscribe_token(subject regclass, key text, purpose text, expires timestamptz DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_unsubscribe_token';
COMMENT ON FUNCTION pv.unsubscribe_token(regclass, text, text, timestamptz) IS
    'returns a token for an unsubscribe link, which withdraw_consent takes once, until expires or, where that is NULL, until pvext.consent_token_lifetime has passed; it is stored hashed. Errors: P0002 no such subject, 42704 no such purpose, 42809 the purpose does not rest on consent, 22023 it would have expired already';
CREATE FUNCTION pv.unsubscribe_token(subject regclass, key anyelement, purpose text, expires timestamptz DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_unsubscribe_token';
COMMENT ON FUNCTION pv.unsubscribe_token(regclass, anyelement, text, timestamptz) IS 'the same for a typed key';
CREATE FUNCTION pv.withdraw_consent(token text, channel text DEFAULT 'token')
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_by_token';
COMMENT ON FUNCTION pv.withdraw_consent(text, text) IS
    'withdraws the consent that a token of unsubscribe_token was made for; the token is used up. Errors: 28000 the token is unknown, used or expired';

CREATE FUNCTION pv.has_consent(subject regclass, key text, purpose text)
    RETURNS boolean LANGUAGE C STABLE PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'pvext_has_consent';
COMMENT ON FUNCTION pv.has_consent(regclass, text, text) IS
    'whether a consent to a purpose is in force that was given under a key; false where there is none, or the key is null. Whether the row is still there is not looked at. Errors: 42704 not a subject table, no such purpose, 42809 the purpose does not rest on consent, 22P02 not a key of the table';
CREATE FUNCTION pv.has_consent(subject regclass, key anyelement, purpose text)
    RETURNS boolean LANGUAGE C STABLE PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'pvext_has_consent';
COMMENT ON FUNCTION pv.has_consent(regclass, anyelement, text) IS 'the same for a typed key';
CREATE FUNCTION pv.consented(subject regclass, purpose text, OUT key text)
    RETURNS SETOF text LANGUAGE C STABLE PARALLEL SAFE ROWS 100000 AS 'MODULE_PATHNAME', 'pvext_consented';
COMMENT ON FUNCTION pv.consented(regclass, text) IS
    'the keys, as text, of the subjects whose consent to a purpose is in force. Errors: 42704 not a subject table, no such purpose, 42809 the purpose does not rest on consent';

CREATE FUNCTION pv.consent_evidence(event bigint)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_consent_evidence';
COMMENT ON FUNCTION pv.consent_evidence(bigint) IS
    'the evidence of a row of pv.consent_event; NULL where there was none, or it was destroyed with the subject''s erasure. Errors: P0002 no such event, XX001 it has been tampered with';
CREATE VIEW pv.consent_history AS
    SELECT r.relation AS subject, coalesce(s.key, s.former_key) AS key, p.name AS purpose,
           e.at, e.action, e.version, e.language, t.body AS text, e.text_digest, e.channel,
           e.expires, e.login, e.role, pv.consent_evidence(e.id) AS evidence, e.id
    FROM pv.consent_event e
    LEFT JOIN pv.consent_state s ON s.id = e.consent_id
    JOIN pv.relation r ON r.id = coalesce(s.relation_id, e.relation_id)
    JOIN pv.purpose p ON p.id = e.purpose_id
    LEFT JOIN pv.consent_text t
        ON t.purpose_id = e.purpose_id AND t.version = e.version AND t.language = e.language;
COMMENT ON VIEW pv.consent_history IS
    'the consent ledger as an authority would ask for it: who, when, which words, through which channel, on what evidence; key and evidence are NULL for a subject that has been erased, unless its proof is kept';
COMMENT ON COLUMN pv.consent_history.subject IS 'the subject table';
COMMENT ON COLUMN pv.consent_history.key IS 'the subject''s key';
COMMENT ON COLUMN pv.consent_history.purpose IS 'the purpose';
COMMENT ON COLUMN pv.consent_history.text IS 'the words; NULL where no text, or no language of it, is on record';

CREATE FUNCTION pv.verify_consents(OUT subject text, OUT key text, OUT purpose text, OUT problem text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_consents';
COMMENT ON FUNCTION pv.verify_consents() IS
    'where the consent ledger, the current state, the bitmaps and the texts'' digests disagree; empty is the proof that they do not';
CREATE TABLE pv.suppression (
    digest bytea PRIMARY KEY,
    since  date NOT NULL DEFAULT current_date
);
COMMENT ON TABLE pv.suppression IS 'addresses and keys of subjects that were erased, as keyed digests: who comes back with an import is not written to again';
COMMENT ON COLUMN pv.suppression.digest IS 'HMAC of an e-mail address, a telephone number, or a subject''s key';
COMMENT ON COLUMN pv.suppression.since IS 'the day of the erasure';
SELECT pg_extension_config_dump('pv.suppression', '');

CREATE FUNCTION pv.may_process(subject regclass, key text, purpose text)
    RETURNS boolean LANGUAGE C STABLE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'pvext_may_process';
COMMENT ON FUNCTION pv.may_process(regclass, text, text) IS
    'whether a subject''s data may be processed for a purpose: with a consent in force where the purpose rests on consent; else unless the subject has objected or, where it can object, was erased before under the same key, e-mail address or telephone number. False where the key is null or nobody''s. Errors: 42704 not a subject table, no such purpose';
CREATE FUNCTION pv.may_process(subject regclass, key anyelement, purpose text)
    RETURNS boolean LANGUAGE C STABLE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'pvext_may_process';
COMMENT ON FUNCTION pv.may_process(regclass, anyelement, text) IS 'the same for a typed key';
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
-- What has a ledger of its own is not written down twice.
CREATE VIEW pv.event AS
    SELECT id, at, login, role, call, subject_digest FROM pv.event_record
    UNION ALL
    SELECT e.id, e.at, CAST(e.login AS name), CAST(e.role AS name),
           format('%s(%I.%I, %s)',
                  CASE e.action WHEN 'requested' THEN 'request_consent' WHEN 'given' THEN 'give_consent'
                                WHEN 'withdrawn' THEN 'withdraw_consent' WHEN 'expired' THEN 'expire_consent' WHEN 'objected' THEN 'object_to'
                                WHEN 'allowed' THEN 'withdraw_objection' ELSE 'erase_subject' END,
                  r.schema, r.name, p.name),
           coalesce(s.subject_digest, s.former_digest)
    FROM pv.consent_event e
    JOIN pv.relation r ON r.id = e.relation_id
    JOIN pv.purpose p ON p.id = e.purpose_id
    LEFT JOIN pv.consent_state s ON s.id = e.consent_id
    UNION ALL
    SELECT e.id, e.at, CAST(e.login AS name), CAST(e.role AS name),
           format('%s(%I.%I, %s)',
                  CASE e.action WHEN 'accepted' THEN 'accept_agreement' WHEN 'ended' THEN 'end_agreement'
                                ELSE 'erase_subject' END,
                  r.schema, r.name, e.name),
           s.subject_digest
    FROM pv.agreement_event e
    JOIN pv.relation r ON r.id = e.relation_id
    LEFT JOIN pv.agreement_state s ON s.id = e.agreement_id;
COMMENT ON VIEW pv.event IS 'every call that changed what pvext keeps';
COMMENT ON COLUMN pv.event.id IS 'its number';
COMMENT ON COLUMN pv.event.at IS 'when the call was recorded';
COMMENT ON COLUMN pv.event.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.event.role IS 'as whom the call was made (current_user)';
COMMENT ON COLUMN pv.event.call IS 'the function and what it was about, without any key';
COMMENT ON COLUMN pv.event.subject_digest IS 'HMAC of the subject''s key, where the call was about one subject';
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
           AND (a.xact_start <= w.began) IS NOT FALSE));
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

CREATE FUNCTION pv.verify_erasure(subject regclass, key text,
        OUT relation regclass, OUT column_name name, OUT rows bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_subject';
COMMENT ON FUNCTION pv.verify_erasure(regclass, text) IS
    'columns and numbers of rows that are still personal, whatever the reason; empty is the proof of erasure. Errors: P0002 no such subject';
CREATE FUNCTION pv.verify_erasure(subject regclass, key anyelement,
        OUT relation regclass, OUT column_name name, OUT rows bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_subject';
COMMENT ON FUNCTION pv.verify_erasure(regclass, anyelement) IS 'the same for a typed key';
CREATE FUNCTION pv.verify_erasure(erasure uuid,
        OUT relation regclass, OUT column_name name, OUT rows bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_erasure';
COMMENT ON FUNCTION pv.verify_erasure(uuid) IS
    'the same for an erasure of the ledger; looks for the row by its digest, which reads the subject table whole. Errors: P0002 no such erasure';
CREATE TABLE pv.audited (
    relation_id integer PRIMARY KEY,
    since       timestamptz NOT NULL DEFAULT now(),
    enabled_by  name NOT NULL,
    always      boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE pv.audited IS 'the tables whose changes are recorded';
COMMENT ON COLUMN pv.audited.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.audited.since IS 'since when';
COMMENT ON COLUMN pv.audited.enabled_by IS 'which login enabled it';
COMMENT ON COLUMN pv.audited.always IS 'also what a subscription applies, and what is changed with session_replication_role = replica';
SELECT pg_extension_config_dump('pv.audited', '');
-- What the triggers write depends on the data map.
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.audited
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.audited ENABLE ALWAYS TRIGGER map_changed;

CREATE FUNCTION pv.refuse_insert() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_refuse_insert';
COMMENT ON FUNCTION pv.refuse_insert() IS 'trigger of the audit log: refuses INSERT to all but superusers, who restore dumps';

CREATE TABLE pv.audit_shape (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation_id integer NOT NULL,
    columns     name[] NOT NULL,
    attnums     smallint[] NOT NULL,
    types       text[] NOT NULL,
    collations  text[] NOT NULL,
    stored      oid[] NOT NULL,
    keys        smallint[] NOT NULL,
    links       smallint[] NOT NULL,
    CHECK (cardinality(attnums) = cardinality(columns) AND cardinality(types) = cardinality(columns)
           AND cardinality(collations) = cardinality(columns) AND cardinality(stored) = cardinality(columns))
);
CREATE INDEX audit_shape_relation ON pv.audit_shape (relation_id);
COMMENT ON TABLE pv.audit_shape IS 'what rows looked like when records of the audit log were written; never changes';
COMMENT ON COLUMN pv.audit_shape.id IS 'its number, which the records name';
COMMENT ON COLUMN pv.audit_shape.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.audit_shape.columns IS 'the names of its columns';
COMMENT ON COLUMN pv.audit_shape.attnums IS 'their numbers, which the records name';
COMMENT ON COLUMN pv.audit_shape.types IS 'their types';
COMMENT ON COLUMN pv.audit_shape.collations IS 'their collations; empty: that of the type';
COMMENT ON COLUMN pv.audit_shape.stored IS 'the types as whose values they are stored, which have the same OID in every server; 0: as text';
COMMENT ON COLUMN pv.audit_shape.keys IS 'the numbers of the columns of the row''s key, or of all that are not dropped';
COMMENT ON COLUMN pv.audit_shape.links IS 'the numbers of the columns of links';
COMMENT ON SEQUENCE pv.audit_shape_id_seq IS 'numbers of shapes';
SELECT pg_extension_config_dump('pv.audit_shape', '');
SELECT pg_extension_config_dump('pv.audit_shape_id_seq', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_shape
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_shape
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
ALTER TABLE pv.audit_shape ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;

-- The log is written without statements: src/chunk.c names its columns by number,
-- and src/record.c says what is in a payload. Partition n has the ids from
-- n * 2^32 on, and the one that follows the newest is there already. A backend
-- draws 64 ids at a time (CACHED_IDS there): they are many.
CREATE SEQUENCE pv.audit_log_id_seq CACHE 64;
COMMENT ON SEQUENCE pv.audit_log_id_seq IS 'numbers of the audit log''s chunks; numbers are left out';
SELECT pg_extension_config_dump('pv.audit_log_id_seq', '');

CREATE TABLE pv.audit_log (
    id          bigint NOT NULL,
    xid         xid8 NOT NULL,
    incarnation bigint NOT NULL,
    payload     bytea NOT NULL
) PARTITION BY RANGE (id);
COMMENT ON TABLE pv.audit_log IS 'the audit log, in chunks of many records; read it as pv.audit_trail';
COMMENT ON COLUMN pv.audit_log.id IS 'the chunk''s number; those of a transaction are in order';
COMMENT ON COLUMN pv.audit_log.xid IS 'the transaction';
COMMENT ON COLUMN pv.audit_log.incarnation IS 'the cluster whose transaction it was, by its system identifier';
COMMENT ON COLUMN pv.audit_log.payload IS 'the records';
CREATE TABLE pv.audit_log_0 PARTITION OF pv.audit_log FOR VALUES FROM (0) TO (4294967296)
    WITH (toast_tuple_target = 8160);
COMMENT ON TABLE pv.audit_log_0 IS 'a partition of the audit log';
CREATE TABLE pv.audit_log_1 PARTITION OF pv.audit_log FOR VALUES FROM (4294967296) TO (8589934592)
    WITH (toast_tuple_target = 8160);
COMMENT ON TABLE pv.audit_log_1 IS 'a partition of the audit log';
SELECT pg_extension_config_dump('pv.audit_log_0', '');
SELECT pg_extension_config_dump('pv.audit_log_1', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_log_0
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_log_1
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_log_0
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_log_1
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
ALTER TABLE pv.audit_log ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;
ALTER TABLE pv.audit_log_0 ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;
ALTER TABLE pv.audit_log_1 ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;

CREATE TABLE pv.audit_unread (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition bigint NOT NULL,
    chunk     bigint,
    found_at  timestamptz NOT NULL DEFAULT now(),
    problem   text NOT NULL
);
COMMENT ON TABLE pv.audit_unread IS 'chunks of the audit log that could not be read; read it as pv.unread';
COMMENT ON COLUMN pv.audit_unread.id IS 'the finding''s number';
COMMENT ON SEQUENCE pv.audit_unread_id_seq IS 'numbers of findings';
COMMENT ON COLUMN pv.audit_unread.partition IS 'the number of the partition';
COMMENT ON COLUMN pv.audit_unread.chunk IS 'the chunk''s number; NULL where that is not known: a page of the partition is damaged';
COMMENT ON COLUMN pv.audit_unread.found_at IS 'when that was found';
COMMENT ON COLUMN pv.audit_unread.problem IS 'what was found';
SELECT pg_extension_config_dump('pv.audit_unread', '');
SELECT pg_extension_config_dump('pv.audit_unread_id_seq', '');
CREATE VIEW pv.unread AS
    SELECT u.partition, u.chunk, min(u.found_at) AS found_at, (array_agg(u.problem ORDER BY u.found_at))[1] AS problem
    FROM pv.audit_unread AS u
    WHERE to_regclass('pv.audit_log_' || u.partition) IS NOT NULL
    GROUP BY u.partition, u.chunk, CASE WHEN u.chunk IS NULL THEN u.problem END;
COMMENT ON VIEW pv.unread IS 'the chunks of the audit log that cannot be read, in whole or in part: erasures, trails and purges pass them over, and what they hold of a person who was erased stays until their partition expires';
COMMENT ON COLUMN pv.unread.partition IS 'the partition: pv.audit_log_N has number N';
COMMENT ON COLUMN pv.unread.chunk IS 'the chunk''s number; NULL where that is not known: a page of the partition is damaged';
COMMENT ON COLUMN pv.unread.found_at IS 'when that was found first';
COMMENT ON COLUMN pv.unread.problem IS 'what was found';

CREATE FUNCTION pv.audit_change() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_audit_change';
COMMENT ON FUNCTION pv.audit_change() IS 'trigger of audited tables: records each change';

CREATE FUNCTION pv.enable_audit(relation regclass, always boolean DEFAULT false)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_enable_audit';
COMMENT ON FUNCTION pv.enable_audit(regclass, boolean) IS
    'records every change of a table''s rows from now on, with always also what a subscription to logical replication applies; partitions and children that come later are audited, too. Errors: 42809 no table that can be audited, 42501 not its owner';
CREATE FUNCTION pv.disable_audit(relation regclass)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_disable_audit';
COMMENT ON FUNCTION pv.disable_audit(regclass) IS
    'stops recording a table''s changes; what has been recorded stays, and this call is itself on record. Errors: 42704 it is not audited, 42501 not its owner';
CREATE FUNCTION pv.rotate_audit()
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_rotate_audit';
COMMENT ON FUNCTION pv.rotate_audit() IS
    'begins the next partition of the audit log and indexes the ones before, which takes until transactions that write to them have ended, but stops no other; returns its number';

CREATE FUNCTION pv.audit_records(partition oid, place tid, OUT n integer, OUT at timestamptz, OUT login text, OUT role text,
                                 OUT application text, OUT client text, OUT actor text, OUT relation_id integer,
                                 OUT relation text, OUT operation text, OUT key jsonb, OUT old jsonb, OUT new jsonb,
                                 OUT redacted text[])
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 50
    AS 'MODULE_PATHNAME', 'pvext_audit_records';
COMMENT ON FUNCTION pv.audit_records(oid, tid) IS
    'the changes in a chunk of the audit log, by its partition and its place there; none where there is no chunk, and a WARNING where not all of it can be read';

CREATE VIEW pv.audit_trail AS
    SELECT l.id, r.n, r.at, r.login, r.role, r.application, r.client, r.actor, r.relation_id, r.relation,
           r.operation, r.key, r.old, r.new, r.redacted, l.xid, l.incarnation
    FROM pv.audit_log AS l CROSS JOIN LATERAL pv.audit_records(l.tableoid, l.ctid) AS r;
COMMENT ON VIEW pv.audit_trail IS 'who did what to the rows of audited tables, once it has been committed; in order of (incarnation, xid, id, n)';
COMMENT ON COLUMN pv.audit_trail.id IS 'the chunk of the log that the record is in';
COMMENT ON COLUMN pv.audit_trail.n IS 'its place in the chunk';
COMMENT ON COLUMN pv.audit_trail.at IS 'when the statement began, or within a procedure the transaction';
COMMENT ON COLUMN pv.audit_trail.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.audit_trail.role IS 'as whom it was done (current_user)';
COMMENT ON COLUMN pv.audit_trail.application IS 'the application''s name for itself (application_name)';
COMMENT ON COLUMN pv.audit_trail.client IS 'the client''s address; NULL for a local one';
COMMENT ON COLUMN pv.audit_trail.actor IS 'on whose behalf, as the application claims (pvext.actor)';
COMMENT ON COLUMN pv.audit_trail.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.audit_trail.relation IS 'its name';
COMMENT ON COLUMN pv.audit_trail.operation IS 'INSERT, UPDATE, DELETE or TRUNCATE';
COMMENT ON COLUMN pv.audit_trail.key IS 'the columns of the row''s key and of its links, as they were before; of a table without a key all columns';
COMMENT ON COLUMN pv.audit_trail.old IS 'what the columns were that changed; all of a row that was deleted';
COMMENT ON COLUMN pv.audit_trail.new IS 'what they became; all of a row that was inserted';
COMMENT ON COLUMN pv.audit_trail.redacted IS 'the columns of which a value has been erased; NULL for none';
COMMENT ON COLUMN pv.audit_trail.xid IS 'the transaction';
COMMENT ON COLUMN pv.audit_trail.incarnation IS 'the cluster whose transaction it was, by its system identifier';

CREATE TYPE pv.subject_record AS (
    id bigint, n integer, at timestamptz, login text, role text, application text, client text, actor text,
    relation_id integer, relation text, operation text, key jsonb, old jsonb, new jsonb, redacted text[],
    xid xid8, incarnation bigint, purpose text, columns name[]
);
COMMENT ON TYPE pv.subject_record IS 'a record of the audit log that is about a subject: a change, as pv.audit_trail has it, or a read';
COMMENT ON COLUMN pv.subject_record.operation IS 'INSERT, UPDATE, DELETE or READ';
COMMENT ON COLUMN pv.subject_record.purpose IS 'of a read: what for, as the application claims';
COMMENT ON COLUMN pv.subject_record.columns IS 'of a read: the personal columns that were read';
CREATE FUNCTION pv.subject_trail(subject regclass, key text)
    RETURNS SETOF pv.subject_record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_subject_trail';
COMMENT ON FUNCTION pv.subject_trail(regclass, text) IS
    'who changed or looked at a subject''s row, under whatever key it had, and who changed the rows linked to it at any distance; in order of (incarnation, xid, id, n). Errors: 42704 not a subject, 22P02 malformed key';
CREATE FUNCTION pv.subject_trail(subject regclass, key anyelement)
    RETURNS SETOF pv.subject_record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_subject_trail';
COMMENT ON FUNCTION pv.subject_trail(regclass, anyelement) IS
    'the same, for a key of any type. Errors: 42704 not a subject, 22P02 malformed key';
-- Written without statements: src/seal.c names the columns by number, and says
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
CREATE FUNCTION pv.access_records(partition oid, place tid, OUT n integer, OUT at timestamptz, OUT login text, OUT role text,
                                  OUT application text, OUT client text, OUT actor text, OUT purpose text,
                                  OUT relation_id integer, OUT columns name[], OUT rows bigint, OUT keys jsonb,
                                  OUT ways text[], OUT refused boolean, OUT redacted text[], OUT statement bigint,
                                  OUT queryid bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 50
    AS 'MODULE_PATHNAME', 'pvext_access_records';
COMMENT ON FUNCTION pv.access_records(oid, tid) IS
    'the reads in a chunk of the audit log, by its partition and its place there; none where there is no chunk, and a WARNING where not all of it can be read';

CREATE VIEW pv.access_log AS
    SELECT l.id, a.n, a.at, a.login, a.role, a.application, a.client, a.actor, a.purpose, a.relation_id,
           CASE WHEN r.id IS NOT NULL THEN format('%I.%I', coalesce(s.nspname, r.schema), coalesce(c.relname, r.name))
           END AS relation,
           a.columns, a.rows, a.keys, a.ways, a.refused, a.redacted, a.statement, l.xid, l.incarnation,
           a.queryid
    FROM pv.audit_log AS l
    CROSS JOIN LATERAL pv.access_records(l.tableoid, l.ctid) AS a
    LEFT JOIN pv.relation AS r ON r.id = a.relation_id
    LEFT JOIN pg_class AS c ON c.oid = r.relation
    LEFT JOIN pg_namespace AS s ON s.oid = c.relnamespace;
COMMENT ON VIEW pv.access_log IS 'who has read personal columns of audited tables: a row for each statement and table, and another one when the statement took longer than it took to record it';
COMMENT ON COLUMN pv.access_log.id IS 'the chunk of the log that the record is in';
COMMENT ON COLUMN pv.access_log.n IS 'its place in the chunk';
COMMENT ON COLUMN pv.access_log.at IS 'when the statement began to read';
COMMENT ON COLUMN pv.access_log.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.access_log.role IS 'as whom it was done (current_user)';
COMMENT ON COLUMN pv.access_log.application IS 'the application''s name for itself (application_name)';
COMMENT ON COLUMN pv.access_log.client IS 'the client''s address; NULL for a local one';
COMMENT ON COLUMN pv.access_log.actor IS 'on whose behalf, as the application claims (pvext.actor)';
COMMENT ON COLUMN pv.access_log.purpose IS 'what for, as the application claims (pvext.purpose)';
COMMENT ON COLUMN pv.access_log.relation_id IS 'the audited table, by its id in pv.relation';
COMMENT ON COLUMN pv.access_log.relation IS 'its name; NULL where what made it has been rolled back';
COMMENT ON COLUMN pv.access_log.columns IS 'the personal columns that the statement names, or *; those of its conditions, too';
COMMENT ON COLUMN pv.access_log.rows IS 'how many rows the statement returned or changed; NULL while that was not known';
COMMENT ON COLUMN pv.access_log.keys IS 'the subjects that it was about, by their tables: the first of them, for each place where it reads the table up to pvext.audit_read_keys; NULL where that is not known';
COMMENT ON COLUMN pv.access_log.ways IS 'how the statement came to its rows: view, function, copy, cursor, prepared; compared: keys are also those that it asks for where no row came of it; error: it ended in one; command: a command has functions called with the values; NULL for none of these';
COMMENT ON COLUMN pv.access_log.refused IS 'it was refused for lack of a privilege';
COMMENT ON COLUMN pv.access_log.redacted IS 'the columns of which a value has been erased; NULL for none';
COMMENT ON COLUMN pv.access_log.statement IS 'the same for all rows of a statement, and growing';
COMMENT ON COLUMN pv.access_log.xid IS 'the transaction that recorded it';
COMMENT ON COLUMN pv.access_log.incarnation IS 'the cluster that this was in, by its system identifier';
COMMENT ON COLUMN pv.access_log.queryid IS 'the server''s id of statements like it, as pg_stat_statements has it; NULL where it has none: a plain one, unless compute_query_id is on';

-- Both are written without statements: src/drain.c names their columns by number.
CREATE TABLE pv.access_mark (
    drained_at timestamptz NOT NULL,
    one        boolean PRIMARY KEY DEFAULT true CHECK (one)
);
COMMENT ON TABLE pv.access_mark IS 'until when all reads have been recorded, when some were recorded last; one row at most';
COMMENT ON COLUMN pv.access_mark.drained_at IS 'what was read before has been recorded';

COMMENT ON COLUMN pv.access_mark.one IS 'there is one row at most';

CREATE TABLE pv.access_gap (
    since     timestamptz,
    up_again  timestamptz NOT NULL UNIQUE
);
COMMENT ON TABLE pv.access_gap IS 'after crashes: between which times reads may be missing in pv.access_log; nearly always those of the last second before the crash';
COMMENT ON COLUMN pv.access_gap.since IS 'what was read before has been recorded; NULL where nothing had been recorded yet';
COMMENT ON COLUMN pv.access_gap.up_again IS 'when the server had been started again';
SELECT pg_extension_config_dump('pv.access_gap', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.access_gap
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.access_gap
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
ALTER TABLE pv.access_gap ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;

CREATE FUNCTION pv.access_counts(OUT queued bigint, OUT drained bigint, OUT logged bigint, OUT waiting bigint,
                                 OUT queue_size bigint)
    RETURNS record LANGUAGE C VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_access_counts';
COMMENT ON FUNCTION pv.access_counts() IS
    'what has become of the reads of all databases since the server was started; NULLs where pvext is not preloaded';

CREATE VIEW pv.access_status AS
    SELECT a.queued, a.drained, a.logged, a.waiting, a.queue_size,
           (SELECT max(m.drained_at) FROM pv.access_mark AS m) AS drained_at,
           (SELECT count(*) FROM pv.access_gap) AS gaps,
           (SELECT max(g.up_again) FROM pv.access_gap AS g) AS last_gap
    FROM pv.access_counts() AS a;
COMMENT ON VIEW pv.access_status IS 'whether reads are being recorded: what has become of them since the server was started, in all databases, and what may be missing in this one';
COMMENT ON COLUMN pv.access_status.queued IS 'how many have been put into the queue';
COMMENT ON COLUMN pv.access_status.drained IS 'how many have gone from there into the audit log';
COMMENT ON COLUMN pv.access_status.logged IS 'how many have gone into the server''s log: as the queue was full, on a standby, or where there is no pvext any more';
COMMENT ON COLUMN pv.access_status.waiting IS 'how much of the queue they take that are in it: as a rule one each, more for those of many columns or keys';
COMMENT ON COLUMN pv.access_status.queue_size IS 'how much there is of it';
COMMENT ON COLUMN pv.access_status.drained_at IS 'until when all reads had been recorded when some were recorded last, in this database';
COMMENT ON COLUMN pv.access_status.gaps IS 'how many gaps pv.access_gap has, in which reads may be missing';
COMMENT ON COLUMN pv.access_status.last_gap IS 'when the last one ended';

CREATE FUNCTION pv.drain_reads()
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_drain_reads';
COMMENT ON FUNCTION pv.drain_reads() IS
    'records the reads of this database that wait in the queue, and waits for those that others are recording; returns how many the call itself has recorded. Those of statements that are still running stay, unless they have run for a second. Errors: 25006 in a transaction that is read only';
CREATE TABLE pv.run_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    duty        text NOT NULL CHECK (duty IN ('expire', 'erase', 'purge', 'seal', 'scrub')),
    state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'unfinished', 'failed', 'cut off')),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    done        bigint NOT NULL DEFAULT 0,
    failures    integer NOT NULL DEFAULT 0,
    error       text,
    stopped_at  text,
    login       name NOT NULL,
    pid         integer NOT NULL,
    CHECK ((finished_at IS NULL) = (state IN ('running', 'cut off')))
);
CREATE INDEX ON pv.run_log (duty, id);
COMMENT ON TABLE pv.run_log IS 'each time that a duty was done; those that had nothing to do are kept for a day, the others for 90';
COMMENT ON COLUMN pv.run_log.id IS 'its number';
COMMENT ON COLUMN pv.run_log.duty IS 'which duty: expire, erase, purge, seal or scrub';
COMMENT ON COLUMN pv.run_log.state IS 'how it ended: done, unfinished when its time was over, failed (in part), or cut off by a crash, a cancellation or the end of the server';
COMMENT ON COLUMN pv.run_log.started_at IS 'when it began';
COMMENT ON COLUMN pv.run_log.finished_at IS 'when it ended; NULL while it is running, and where it was cut off';
COMMENT ON COLUMN pv.run_log.done IS 'how much was done: what expired, requests completed, rows purged, records sealed, commands of the scrub run so far';
COMMENT ON COLUMN pv.run_log.failures IS 'how many things failed; pv.duty_failure has those that have not succeeded since';
COMMENT ON COLUMN pv.run_log.error IS 'what the first of them said; NULL for none';
COMMENT ON COLUMN pv.run_log.stopped_at IS 'what the worker was at when the time of its run was over: the next run goes on from there; NULL where it came to its end';
COMMENT ON COLUMN pv.run_log.login IS 'which login did it';
COMMENT ON COLUMN pv.run_log.pid IS 'in which process';
COMMENT ON SEQUENCE pv.run_log_id_seq IS 'numbers of runs';
SELECT pg_extension_config_dump('pv.run_log', '');
SELECT pg_extension_config_dump('pv.run_log_id_seq', '');

CREATE TABLE pv.duty_failure (
    duty        text NOT NULL,
    relation_id integer NOT NULL,
    name        text NOT NULL,
    failures    integer NOT NULL DEFAULT 1,
    since       timestamptz NOT NULL DEFAULT now(),
    last_at     timestamptz NOT NULL DEFAULT now(),
    retry_at    timestamptz NOT NULL DEFAULT now() + interval '1 minute',
    sqlstate    text NOT NULL,
    message     text NOT NULL,
    hint        text,
    leaf        oid,
    place       tid,
    PRIMARY KEY (duty, relation_id, name)
);
COMMENT ON TABLE pv.duty_failure IS 'what failed when a duty was done last, until it succeeds; the worker tries it again after pauses that grow';
COMMENT ON COLUMN pv.duty_failure.duty IS 'which duty';
COMMENT ON COLUMN pv.duty_failure.relation_id IS 'the table, by its id in pv.relation; 0 for none';
COMMENT ON COLUMN pv.duty_failure.name IS 'the retention rule, the request or the part of the duty; the rule and a row that cannot be taken, by its key or the digest of its subject; empty for all of the table';
COMMENT ON COLUMN pv.duty_failure.leaf IS 'of a row, the relation that holds it';
COMMENT ON COLUMN pv.duty_failure.place IS 'and where in it, until somebody changes the row';
COMMENT ON COLUMN pv.duty_failure.failures IS 'how often it has failed';
COMMENT ON COLUMN pv.duty_failure.since IS 'when it failed first';
COMMENT ON COLUMN pv.duty_failure.last_at IS 'when it failed last';
COMMENT ON COLUMN pv.duty_failure.retry_at IS 'when the worker tries again, at the earliest';
COMMENT ON COLUMN pv.duty_failure.sqlstate IS 'the SQLSTATE';
COMMENT ON COLUMN pv.duty_failure.message IS 'what the server said, without values';
COMMENT ON COLUMN pv.duty_failure.hint IS 'what can be done; NULL where nothing was said';
SELECT pg_extension_config_dump('pv.duty_failure', '');

CREATE TABLE pv.purge_count (
    relation_id integer NOT NULL,
    name        text NOT NULL,
    at          timestamptz NOT NULL,
    rows        bigint NOT NULL,
    PRIMARY KEY (relation_id, name, at)
);
COMMENT ON TABLE pv.purge_count IS 'how many rows each retention rule has purged, by the hour, for pvext.purge_limit';
COMMENT ON COLUMN pv.purge_count.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.purge_count.name IS 'the retention rule';
COMMENT ON COLUMN pv.purge_count.at IS 'the hour; or when the rule was activated';
COMMENT ON COLUMN pv.purge_count.rows IS 'how many rows; less than zero for those that were expected when the rule was activated';
SELECT pg_extension_config_dump('pv.purge_count', '');

CREATE PROCEDURE pv.run_duties(duties text[] DEFAULT NULL)
    LANGUAGE C AS 'MODULE_PATHNAME', 'pvext_run_duties';
COMMENT ON PROCEDURE pv.run_duties(text[]) IS
    'does what the background worker does: the duties expire, erase, purge and seal, or those named; commits after each step. What has failed lately is left for later. Errors: 25001 in a transaction block or above READ COMMITTED, 22023 no such duty, 0A000 scrub, which is the worker''s, 25006 read only, or a standby, 55000 the library is not of the extension''s version';
CREATE PROCEDURE pv.purge(relation regclass DEFAULT NULL, rule text DEFAULT NULL)
    LANGUAGE C AS 'MODULE_PATHNAME', 'pvext_purge_now';
COMMENT ON PROCEDURE pv.purge(regclass, text) IS
    'takes what the active retention rules (of a table, of a name) have made due; commits after each batch. pv.run_log has what became of it. Errors: 25001 in a transaction block or above READ COMMITTED, 25006 read only, or a standby';
CREATE TABLE pv.reappeared (
    erasure     uuid PRIMARY KEY,
    relation_id integer NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pv.reappeared IS 'erasures that are completed, and whose subject had something personal again when it was looked at; read it as pv.erasure_undone';
COMMENT ON COLUMN pv.reappeared.erasure IS 'the erasure, by its id in pv.erasure';
COMMENT ON COLUMN pv.reappeared.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.reappeared.since IS 'when that was noticed';
COMMENT ON COLUMN pv.reappeared.seen_at IS 'when it was seen last';

-- A page, since a key would be a person's.
CREATE TABLE pv.review (
    relation_id integer PRIMARY KEY,
    partition   oid NOT NULL,
    block       bigint NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pv.review IS 'how far each subject table has been looked through for erased subjects that are there again';
COMMENT ON COLUMN pv.review.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.review.partition IS 'the table, partition or child that is looked at next';
COMMENT ON COLUMN pv.review.block IS 'its page that is next';
COMMENT ON COLUMN pv.review.begun_at IS 'when the first page of all was looked at';

CREATE VIEW pv.erasure_undone AS
    SELECT a.erasure, a.relation_id, r.relation AS subject, a.since, a.seen_at, e.completed_at
    FROM pv.reappeared AS a JOIN pv.erasure_ledger AS e ON e.id = a.erasure
    JOIN pv.relation AS r ON r.id = a.relation_id
    WHERE NOT EXISTS (SELECT FROM pv.erasure_ledger AS l
                      WHERE l.relation_id = e.relation_id AND l.subject_digest IN (e.subject_digest, e.former_digest)
                            AND l.state <> 'cancelled' AND l.id <> e.id AND l.requested_at > e.requested_at);
COMMENT ON VIEW pv.erasure_undone IS 'completed erasures whose subject has something personal again, by a subscription or a script, and for whom nobody has asked since';
COMMENT ON COLUMN pv.erasure_undone.erasure IS 'the erasure, by its id in pv.erasure; pv.verify_erasure() says what there is';
COMMENT ON COLUMN pv.erasure_undone.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.erasure_undone.subject IS 'the subject table';
COMMENT ON COLUMN pv.erasure_undone.since IS 'when that was noticed';
COMMENT ON COLUMN pv.erasure_undone.seen_at IS 'when it was seen last';
COMMENT ON COLUMN pv.erasure_undone.completed_at IS 'when it had been erased';
-- What a scrub covers. Columns that are erased are the personal ones, those that
-- follow a key that is personal, and all of rows that are deleted.
CREATE VIEW pv.erased_column AS
    WITH RECURSIVE deleted AS (
        SELECT relation_id FROM pv.declared_link WHERE on_erase = 'delete'
        UNION
        SELECT relation_id FROM pv.declared_retention WHERE action = 'delete'
    ), erased (relation_id, column_name) AS (
        (SELECT relation_id, column_name FROM pv.declared_personal
         UNION
         SELECT d.relation_id, a.attname
         FROM deleted AS d JOIN pv.relation AS r ON r.id = d.relation_id
         JOIN pg_attribute AS a ON a.attrelid = r.relation AND a.attnum > 0 AND NOT a.attisdropped)
        UNION
        SELECT l.relation_id, c.name
        FROM erased AS e JOIN pv.declared_link AS l ON l.parent_id = e.relation_id
        CROSS JOIN LATERAL unnest(l.columns, l.parent_columns) AS c(name, parent_name)
        WHERE c.parent_name = e.column_name
    )
    SELECT relation_id, column_name FROM erased
    UNION
    -- what is made from them by the server
    SELECT e.relation_id, g.attname
    FROM erased AS e
    JOIN pv.relation AS r ON r.id = e.relation_id
    JOIN pg_attribute AS a ON a.attrelid = r.relation AND a.attname = e.column_name
    JOIN pg_depend AS d ON d.classid = CAST('pg_attrdef' AS regclass) AND d.refclassid = CAST('pg_class' AS regclass)
         AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
    JOIN pg_attrdef AS f ON f.oid = d.objid
    JOIN pg_attribute AS g ON g.attrelid = f.adrelid AND g.attnum = f.adnum AND g.attgenerated <> '';
COMMENT ON VIEW pv.erased_column IS 'the columns whose values may be erased';
COMMENT ON COLUMN pv.erased_column.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.erased_column.column_name IS 'the column';

CREATE VIEW pv.scrub_scope AS
    WITH RECURSIVE mapped (id, relation, erased) AS (
        SELECT r.id, CAST(r.relation AS oid), r.id IN (SELECT relation_id FROM pv.erased_column)
        FROM pv.relation AS r
        WHERE r.relation IS NOT NULL
          AND r.id IN (SELECT relation_id FROM pv.erased_column
                       UNION SELECT relation_id FROM pv.declared_subject
                       UNION SELECT relation_id FROM pv.declared_link)
        UNION
        SELECT m.id, i.inhrelid, m.erased FROM mapped AS m JOIN pg_inherits AS i ON i.inhparent = m.relation
    ), tree (id, relation, erased) AS (
        -- a column that has been dropped leaves its values, whether it was personal or not
        SELECT m.id, m.relation, m.erased FROM mapped AS m
        WHERE m.erased OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = m.relation AND a.attisdropped)
    ), dependent (class, object, level) AS (
        -- views, and functions whose bodies are parsed
        SELECT CAST(CAST('pg_class' AS regclass) AS oid), relation, 0 FROM tree WHERE erased
        UNION
        SELECT CASE WHEN w.oid IS NULL THEN p.classid ELSE CAST('pg_class' AS regclass) END, coalesce(w.ev_class, p.objid),
               CASE WHEN w.oid IS NULL THEN d.level ELSE d.level + 1 END
        FROM dependent AS d
        JOIN pg_depend AS p ON p.refclassid = d.class AND p.refobjid = d.object
             AND p.classid IN (CAST('pg_rewrite' AS regclass), CAST('pg_proc' AS regclass))
        LEFT JOIN pg_rewrite AS w ON p.classid = CAST('pg_rewrite' AS regclass) AND w.oid = p.objid
        WHERE coalesce(w.ev_class, p.objid) <> d.object
    )
    SELECT t.id AS relation_id, c.oid AS relation, CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind, 0 AS level
    FROM tree AS t JOIN pg_class AS c ON c.oid = t.relation
    WHERE c.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT NULL, c.oid, 'materialized view', max(d.level)
    FROM dependent AS d JOIN pg_class AS c ON d.class = CAST('pg_class' AS regclass) AND c.oid = d.object
    WHERE c.relkind = 'm' AND c.relispopulated
    GROUP BY c.oid
    UNION ALL
    SELECT NULL, c.oid, 'pvext''s own table', 0
    FROM pg_class AS c
    WHERE c.relnamespace = CAST('pv' AS regnamespace) AND c.relkind = 'r'
    UNION ALL
    SELECT NULL, CAST(v.relation AS oid), 'system catalog', 0
    FROM (VALUES (CAST('pg_statistic' AS regclass)), ('pg_statistic_ext_data'), ('pg_attribute')) AS v(relation)
    UNION ALL
    -- where a column that is erased may refer to large objects
    SELECT NULL, CAST(CAST('pg_largeobject' AS regclass) AS oid), 'system catalog', 0
    WHERE EXISTS (
        SELECT FROM pv.erased_column AS e JOIN pv.relation AS r ON r.id = e.relation_id
        JOIN pv.declared_personal AS p ON p.relation_id = e.relation_id AND p.column_name = e.column_name
        JOIN pg_attribute AS a ON a.attrelid = r.relation AND a.attname = e.column_name
        JOIN pg_type AS y ON y.oid = a.atttypid
        WHERE 26 IN (y.oid, y.typbasetype));
COMMENT ON VIEW pv.scrub_scope IS 'the relations that a scrub covers, each with its TOAST table and indexes';
COMMENT ON COLUMN pv.scrub_scope.relation_id IS 'the table of the data map that it is or belongs to, by its id in pv.relation';
COMMENT ON COLUMN pv.scrub_scope.relation IS 'the relation';
COMMENT ON COLUMN pv.scrub_scope.kind IS 'what it is';
COMMENT ON COLUMN pv.scrub_scope.level IS 'a materialized view comes after those of lower levels, which it may be made from';

-- An index keeps values longer than the rows that had them: a btree to part its
-- pages, GIN as entries, BRIN as the ends of ranges, GiST and SP-GiST in inner pages.
CREATE VIEW pv.scrub_index AS
    SELECT i.indexrelid AS index, i.indrelid AS relation, NOT i.indisexclusion AS online,
           NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AS cut_off
    FROM pv.scrub_scope AS s
    JOIN pg_index AS i ON i.indrelid = s.relation
    JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i'
    WHERE s.kind = 'table'
      AND (i.indisexclusion OR EXISTS (
          SELECT FROM pv.erased_column AS e
          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attname = e.column_name
          WHERE e.relation_id = s.relation_id
            AND (a.attnum = ANY (CAST(i.indkey AS smallint[])) OR EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = CAST('pg_class' AS regclass) AND d.objid = i.indexrelid
                  AND d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = i.indrelid
                  AND d.refobjsubid IN (0, a.attnum)))))
    UNION
    SELECT i.indexrelid, i.indrelid, true, NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
    FROM pv.scrub_scope AS s
    JOIN pg_index AS i ON i.indrelid = s.relation
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (CAST(i.indkey AS smallint[]))
    WHERE s.kind = 'pvext''s own table' AND a.attname IN ('key', 'former_key');
COMMENT ON VIEW pv.scrub_index IS 'the indexes that a scrub builds anew, since they keep values that were erased';
COMMENT ON COLUMN pv.scrub_index.index IS 'the index';
COMMENT ON COLUMN pv.scrub_index.relation IS 'its table';
COMMENT ON COLUMN pv.scrub_index.online IS 'whether it can be built beside others that write to the table';
COMMENT ON COLUMN pv.scrub_index.cut_off IS 'whether it is what a REINDEX CONCURRENTLY left that was cut off';
CREATE TABLE pv.scrubbed (
    relation oid PRIMARY KEY,
    filenode bigint NOT NULL,
    before   xid8 NOT NULL,
    lsn      pg_lsn NOT NULL,
    at       timestamptz NOT NULL
);
COMMENT ON TABLE pv.scrubbed IS 'which relations pv.scrub_pages() has been through; of these files alone, so that dumps leave it out';
COMMENT ON COLUMN pv.scrubbed.relation IS 'the table; its TOAST table and indexes go with it';
COMMENT ON COLUMN pv.scrubbed.filenode IS 'the file that it was stored in then';
COMMENT ON COLUMN pv.scrubbed.before IS 'no row is left that was dead before this transaction';
COMMENT ON COLUMN pv.scrubbed.lsn IS 'pages that have not been changed since are clean';
COMMENT ON COLUMN pv.scrubbed.at IS 'when it was done';

CREATE FUNCTION pv.scrub_pages(relation regclass, force boolean DEFAULT false, before xid8 DEFAULT NULL,
                               OUT pages bigint, OUT scrubbed bigint, OUT bytes bigint, OUT unknown bigint)
    RETURNS record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_scrub_pages';
COMMENT ON FUNCTION pv.scrub_pages(regclass, boolean, xid8) IS
    'zeroes what belongs to nothing on the pages of a table, its partitions, TOAST table and indexes, after VACUUM; force logs every page, also those with nothing to zero. before: rows that died later are not in the way. Returns pages looked at, pages changed, bytes zeroed, pages of a kind that is left alone. Errors: 55006 somebody keeps rows that were erased, or has a page pinned, 55000 dead rows or values of dropped columns are still there, or it is a standby, 42501 not the owner, 42809 an index, a view or a temporary table, 0A000 not stored as a heap, 22023 before is not a transaction of late';
CREATE FUNCTION pv.check_vacuumed(relation regclass, before xid8)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_check_vacuumed';
COMMENT ON FUNCTION pv.check_vacuumed(regclass, xid8) IS
    'fails where a table still holds rows that were dead before a transaction. A step of pv.scrub_plan(). Errors: 55006 somebody keeps them, 55000 VACUUM has not been run';
CREATE FUNCTION pv.wait_for_others(before xid8 DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_wait_for_others';
COMMENT ON FUNCTION pv.wait_for_others(xid8) IS
    'waits up to half a minute until nobody keeps rows that were dead before a transaction, by default before the next one. A step of pv.scrub_plan(). Errors: 55006 somebody still does';
CREATE FUNCTION pv.page_residue(relation regclass)
    RETURNS bigint LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_page_residue';
COMMENT ON FUNCTION pv.page_residue(regclass) IS
    'how many bytes that belong to nothing are not zero on the pages of a table, its partitions, TOAST table and indexes. Errors: 42501 not the owner, 42809 not a table';
CREATE FUNCTION pv.unchanged_residue(relation regclass, since pg_lsn)
    RETURNS bigint LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_unchanged_residue';
COMMENT ON FUNCTION pv.unchanged_residue(regclass, pg_lsn) IS
    'the same on pages that have not been changed since a position in WAL';
CREATE TABLE pv.walked (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    begun    pg_lsn NOT NULL,
    before   xid8 NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pv.walked IS 'when WAL was last overwritten; of these files alone, so that dumps leave it out';
COMMENT ON COLUMN pv.walked.only_row IS 'there is one row';
COMMENT ON COLUMN pv.walked.begun IS 'no segment of before this position should be there';
COMMENT ON COLUMN pv.walked.before IS 'what transactions before this one wrote has been overwritten';
COMMENT ON COLUMN pv.walked.at IS 'when it was begun';

CREATE TABLE pv.scrub_receipt (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    erasures    uuid[] NOT NULL,
    scope       text[] NOT NULL,
    not_reached text[] NOT NULL,
    login       name NOT NULL
);
COMMENT ON TABLE pv.scrub_receipt IS 'receipts: what was scrubbed of old values, and what that could not reach';
COMMENT ON COLUMN pv.scrub_receipt.id IS 'its number';
COMMENT ON COLUMN pv.scrub_receipt.at IS 'when it was verified';
COMMENT ON COLUMN pv.scrub_receipt.erasures IS 'the completed erasures that it is for, by pv.erasure.id';
COMMENT ON COLUMN pv.scrub_receipt.scope IS 'the relations that no longer hold what was erased, each with its TOAST table and indexes; and WAL';
COMMENT ON COLUMN pv.scrub_receipt.not_reached IS 'where old values may still be';
COMMENT ON COLUMN pv.scrub_receipt.login IS 'which login it was given to';
SELECT pg_extension_config_dump('pv.scrub_receipt', '');
SELECT pg_extension_config_dump('pv.scrub_receipt_id_seq', '');

CREATE FUNCTION pv.scrub_plan(wal boolean DEFAULT true, OUT command text, OUT lock text, OUT wal_bytes bigint, OUT note text)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_scrub_plan';
COMMENT ON FUNCTION pv.scrub_plan(boolean) IS
    'the commands that scrub what has been erased, in their order, each to be run by itself (in psql: SELECT command FROM pv.scrub_plan() \gexec): the strongest lock that each takes, how much WAL it writes where that is known, and what it is for. Errors: 55006 somebody keeps rows that were erased, or the scrub would have to wait for a session that is idle in a transaction';
CREATE FUNCTION pv.drop_stale_statistics(before xid8)
    RETURNS bigint LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_drop_stale_statistics';
COMMENT ON FUNCTION pv.drop_stale_statistics(xid8) IS
    'forgets statistics of what a scrub covers that have not been renewed since a transaction; returns how many. A step of pv.scrub_plan()';
CREATE FUNCTION pv.walk_wal()
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_walk_wal';
COMMENT ON FUNCTION pv.walk_wal() IS
    'ends one WAL segment after the other, until all that were there have been overwritten; returns how many. A step of pv.scrub_plan()';
CREATE FUNCTION pv.finish_scrub(before xid8, wal boolean)
    RETURNS pv.scrub_receipt LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_finish_scrub';
COMMENT ON FUNCTION pv.finish_scrub(xid8, boolean) IS
    'verifies that all has been scrubbed of what was erased before a transaction, sets scrubbed_at of these erasures, and gives the receipt. The last step of pv.scrub_plan(). Errors: 55000 something has not been scrubbed, 55006 somebody keeps WAL';
CREATE FUNCTION pv.search_bytes(needles text[], OUT file text, OUT place text, OUT count bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_search_bytes';
COMMENT ON FUNCTION pv.search_bytes(text[]) IS
    'the files of the data directory that hold any of the values, what each belongs to, and how often; reads every file, as it was last written out. The values are kept in memory alone: pass them as a bound parameter. Errors: 42501 not a superuser, 22023 a value shorter than two bytes';
CREATE FUNCTION pv.worker_status(OUT library text, OUT launcher integer, OUT awake boolean, OUT awake_at timestamptz,
                                 OUT no_room_since timestamptz, OUT seen_since timestamptz)
    RETURNS record LANGUAGE C VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_worker_status';
COMMENT ON FUNCTION pv.worker_status() IS
    'what the library knows of itself: its version; the process that starts workers (0: there is none), whether it is awake, when it last was, and since when it has no room for a worker (NULLs where the library is not preloaded); and since when a duty that is well must have been begun';

CREATE VIEW pv.status AS
    WITH identity AS MATERIALIZED (
        SELECT pv.identity_state() AS state
    ), worker AS (
        SELECT w.library, e.extversion, w.library <> e.extversion AS differs, w.launcher, w.awake, w.awake_at, w.no_room_since,
               w.seen_since, coalesce(current_setting('pvext.enabled', true), 'on') = 'on' AS enabled,
               coalesce(current_setting('pvext.scrub', true), 'off') = 'on' AS scrub, e.oid
        FROM pv.worker_status() AS w, pg_extension AS e WHERE e.extname = 'pvext'
    ), held AS (
        -- Whoever does a duty has a lock on a part of the extension.
        SELECT l.objsubid AS n, min(l.pid) AS pid FROM pg_locks AS l, worker AS w
        WHERE l.locktype = 'object' AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
              AND l.classid = CAST('pg_extension' AS regclass) AND l.objid = w.oid AND l.objsubid > 0 AND l.granted
        GROUP BY l.objsubid
    ), misfit AS (
        -- Where rows of persons may be left without a word: what pv.check_map() finds without reading a table.
        SELECT format('%I.%I', r.schema, r.name) AS relation, 'it has been dropped, its declarations have not' AS problem
        FROM pv.relation AS r
        WHERE NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = r.relation)
              AND r.id IN (SELECT d.relation_id FROM pv.declared_subject AS d UNION ALL SELECT d.relation_id FROM pv.declared_link AS d
                           UNION ALL SELECT d.parent_id FROM pv.declared_link AS d UNION ALL SELECT d.relation_id FROM pv.declared_personal AS d
                           UNION ALL SELECT d.relation_id FROM pv.declared_retention AS d UNION ALL SELECT d.over_id FROM pv.declared_retention AS d
                           UNION ALL SELECT d.over_id FROM pv.declared_blocker AS d)
        UNION
        SELECT format('%I.%I', r.schema, r.name), format('its column %I does not exist, but is declared', d.name)
        FROM (SELECT s.relation_id, unnest(s.key) AS name FROM pv.declared_subject AS s
              UNION ALL SELECT l.relation_id, unnest(l.columns) FROM pv.declared_link AS l
              UNION ALL SELECT l.parent_id, unnest(l.parent_columns) FROM pv.declared_link AS l
              UNION ALL SELECT p.relation_id, p.column_name FROM pv.declared_personal AS p
              UNION ALL SELECT t.relation_id, unnest(t.columns) FROM pv.declared_retention AS t) AS d
        JOIN pv.relation AS r ON r.id = d.relation_id JOIN pg_class AS c ON c.oid = r.relation
        WHERE NOT EXISTS (SELECT FROM pg_attribute AS a
                          WHERE a.attrelid = c.oid AND a.attname = d.name AND a.attnum > 0 AND NOT a.attisdropped)
        UNION
        SELECT CAST(CAST(c.oid AS regclass) AS text), 'it has become a partition of a table of which nothing is declared'
        FROM pv.relation AS r JOIN pg_class AS c ON c.oid = r.relation
        WHERE c.relispartition
              AND r.id IN (SELECT d.relation_id FROM pv.declared_subject AS d UNION ALL SELECT d.relation_id FROM pv.declared_link AS d)
              AND NOT EXISTS (SELECT FROM pg_partition_ancestors(c.oid) AS a JOIN pv.relation AS u ON u.relation = a.relid
                              WHERE u.id <> r.id AND u.id IN (SELECT d.relation_id FROM pv.declared_subject AS d
                                                              UNION ALL SELECT d.relation_id FROM pv.declared_link AS d))
        UNION
        SELECT CAST(CAST(c.oid AS regclass) AS text), format('it has left %I.%I, unseen', r.schema, r.name)
        FROM pv.part AS p JOIN pg_class AS c ON c.oid = p.relation JOIN pv.relation AS r ON r.id = p.relation_id
             JOIN pg_class AS d ON d.oid = r.relation
        WHERE p.left_at IS NULL AND NOT EXISTS (
              WITH RECURSIVE above (relid) AS (
                  SELECT CAST(p.relation AS oid) UNION
                  SELECT i.inhparent FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.relid)
              SELECT FROM above AS a WHERE a.relid = d.oid)
    ), due AS (
        SELECT o.relation, o.rule, o.rows, o.oldest, o.held_by FROM pv.overdue AS o
    ), run AS (
        SELECT duty, max(started_at) AS last_run,
               max(finished_at) FILTER (WHERE state = 'done') AS last_success,
               max(coalesce(finished_at, started_at)) FILTER (WHERE state IN ('failed', 'cut off')) AS last_error,
               (array_agg(coalesce(error, state) ORDER BY id DESC) FILTER (WHERE state IN ('failed', 'cut off')))[1] AS error,
               (array_agg(state ORDER BY id DESC))[1] AS state
        FROM pv.run_log GROUP BY duty
    ), backlog AS (
        SELECT 'expire' AS duty, count(*) AS backlog, min(expires) AS oldest, NULL AS detail
        FROM (SELECT expires FROM pv.hold WHERE released_at IS NULL AND expires <= now()
              UNION ALL SELECT expires FROM pv.consent_state WHERE given AND key IS NOT NULL AND expires <= now()
              UNION ALL SELECT expires FROM pv.consent_token WHERE expires <= now()) AS e
        UNION ALL
        SELECT 'erase', count(*), min(requested_at),
               nullif(concat_ws(', ', VARIADIC ARRAY(
                   SELECT format('%s %s', count(*), state) FROM pv.erasure_ledger
                   WHERE state NOT IN ('completed', 'cancelled') GROUP BY state ORDER BY state)
                   || ARRAY(SELECT DISTINCT 'waits for ' || w.what FROM pv.erasure_wait AS w ORDER BY 1)), '')
        FROM pv.erasure_ledger WHERE state NOT IN ('completed', 'cancelled')
        UNION ALL
        SELECT 'purge', coalesce(sum(rows) FILTER (WHERE held_by IS NULL), 0), min(oldest) FILTER (WHERE held_by IS NULL),
               CASE WHEN sum(rows) FILTER (WHERE held_by IS NOT NULL) > 0
                    THEN format('%s rows are held or blocked', sum(rows) FILTER (WHERE held_by IS NOT NULL)) END
        FROM due
        UNION ALL
        SELECT 'seal', NULL, max(sealed_at), CASE WHEN count(*) > 0 THEN format('sealed up to seal %s', max(id)) END
        FROM pv.audit_seal
        UNION ALL
        SELECT 'scrub', count(*), min(completed_at),
               concat_ws('; ', CASE WHEN coalesce(current_setting('pvext.scrub', true), 'off') = 'off' THEN 'pvext.scrub is off' END,
                         (SELECT format('command %s is running', l.done + 1) FROM pv.run_log AS l WHERE l.duty = 'scrub' AND l.state = 'running'),
                         (SELECT 'last receipt ' || max(c.id) || ' of ' || to_char(max(c.at), 'YYYY-MM-DD HH24:MI') FROM pv.scrub_receipt AS c))
        FROM pv.erasure_ledger WHERE state = 'completed' AND scrubbed_at IS NULL
    ), late AS (
        -- Rows that were due before the last run, and not because a rule has been activated since.
        SELECT 'purge' AS duty, min(o.oldest) AS since FROM due AS o, worker AS w
        WHERE o.held_by IS NULL AND o.rows > 0 AND o.oldest < w.seen_since AND NOT EXISTS (
              SELECT FROM pv.purge_count AS c JOIN pv.relation AS t ON t.id = c.relation_id
              WHERE t.relation = o.relation AND c.name = o.rule AND c.rows < 0
                    AND c.at >= coalesce((SELECT r.last_run FROM run AS r WHERE r.duty = 'purge'), '-infinity'))
        UNION ALL
        -- Requests that nobody has looked at since their time came.
        SELECT 'erase', min(e.due_at) FROM pv.erasure_ledger AS e, worker AS w
        WHERE e.state = 'requested' AND e.key IS NOT NULL AND e.due_at < w.seen_since AND e.tried_at IS NULL
              AND (e.approved_by IS NOT NULL OR coalesce(current_setting('pvext.erasure_approvals', true), '0') = '0')
        UNION ALL
        SELECT 'scrub', min(b.oldest) FROM backlog AS b, worker AS w
        WHERE b.duty = 'scrub' AND w.scrub AND b.oldest < w.seen_since
                    - CAST(coalesce(current_setting('pvext.scrub_interval', true), '1d') AS interval)
    )
    SELECT s.item, s.state, s.last_run, s.last_success, s.last_error, s.error, s.backlog, s.oldest, s.detail,
           s.state NOT IN ('ok', 'on', 'off', 'standby', 'not preloaded', 'not used yet', 'in the database', 'in a file', 'copied')
           AND NOT (s.state = 'never done' AND (s.item = 'scrub' OR (SELECT i.state FROM identity AS i) = 'new')) AS alarm
    FROM (
    SELECT d.n, d.duty AS item,
           CASE WHEN w.differs THEN 'needs ALTER EXTENSION pvext UPDATE'
                WHEN i.state = 'restored' THEN i.state
                WHEN r.duty IS NULL AND (d.duty <> 'scrub' OR l.since IS NULL) THEN 'never done'
                WHEN f.failures > 0 THEN 'failing'
                -- One that has just ended may still look as if it were running.
                WHEN h.pid IS NULL AND r.state = 'running' AND r.last_run < w.seen_since AND NOT pg_is_in_recovery() THEN 'cut off'
                WHEN d.duty <> 'scrub' AND r.last_run < w.seen_since THEN CASE WHEN h.pid IS NULL THEN 'late' ELSE 'failing' END
                WHEN r.state NOT IN ('done', 'unfinished', 'running') THEN r.state
                WHEN l.since IS NOT NULL AND (d.duty <> 'scrub' OR h.pid IS NULL) THEN 'late'
                ELSE 'ok' END AS state,
           r.last_run, r.last_success, r.last_error,
           CASE WHEN w.differs THEN format('the library is of version %s, the extension of version %s', w.library, w.extversion)
                ELSE coalesce(f.message, CASE WHEN h.pid IS NOT NULL AND r.last_run < w.seen_since AND d.duty <> 'scrub'
                                              THEN format('nobody else can begin: process %s is at it', h.pid) END, r.error) END AS error,
           b.backlog, b.oldest,
           nullif(concat_ws('; ', CASE WHEN h.pid IS NOT NULL THEN format('running since %s in process %s', to_char(r.last_run, 'YYYY-MM-DD HH24:MI:SS'), h.pid) END,
                            b.detail, 'waiting since ' || to_char(l.since, 'YYYY-MM-DD HH24:MI'), f.detail), '') AS detail
    FROM unnest(ARRAY['expire', 'erase', 'purge', 'seal', 'scrub']) WITH ORDINALITY AS d(duty, n)
    CROSS JOIN worker AS w
    CROSS JOIN identity AS i
    LEFT JOIN late AS l ON l.duty = d.duty
    LEFT JOIN held AS h ON h.n = d.n
    LEFT JOIN run AS r ON r.duty = d.duty
    LEFT JOIN backlog AS b ON b.duty = d.duty
    CROSS JOIN LATERAL (
        SELECT count(*) AS failures, (array_agg(x.message ORDER BY x.last_at DESC))[1] AS message,
               string_agg(concat_ws(' ', 'failing:', coalesce(CAST(CAST(c.oid AS regclass) AS text), quote_ident(t.schema) || '.' || quote_ident(t.name)), nullif(x.name, ''), 'next try', to_char(x.retry_at, 'YYYY-MM-DD HH24:MI')), '; ') AS detail
        FROM pv.duty_failure AS x LEFT JOIN pv.relation AS t ON t.id = x.relation_id
             LEFT JOIN pg_class AS c ON c.oid = t.relation
        WHERE x.duty = d.duty) AS f
    UNION ALL
    SELECT 6, 'request ' || e.id, 'late', NULL, NULL, NULL, NULL, NULL, e.requested_at,
           concat_ws('; ', e.state || ' since it was requested', nullif('blocked by ' || array_to_string(e.blocked_by, ', '), 'blocked by '),
                     'retained until ' || e.retained_until,
                     (SELECT 'waits for ' || string_agg(w.what, ', ' ORDER BY w.began) FROM pv.erasure_wait AS w WHERE w.erasure = e.id))
    FROM pv.erasure_ledger AS e
    WHERE e.state NOT IN ('completed', 'cancelled') AND e.requested_at < now()
          - CAST(coalesce(current_setting('pvext.request_deadline', true), '30d') AS interval)
    UNION ALL
    SELECT 6, 'erasure ' || u.erasure, 'undone', NULL, NULL, NULL, NULL, NULL, u.since,
           format('the subject of %s has something personal again', coalesce(CAST(CAST(c.oid AS regclass) AS text), 'a dropped table'))
    FROM pv.erasure_undone AS u LEFT JOIN pg_class AS c ON c.oid = u.subject
    UNION ALL
    SELECT 6, 'map', 'does not fit', NULL, NULL, NULL, min(m.relation || ': ' || m.problem), count(*), NULL,
           'pv.check_map() says what can be done'
    FROM misfit AS m HAVING count(*) > 0
    UNION ALL
    SELECT 7, 'worker',
           CASE WHEN w.differs THEN 'needs ALTER EXTENSION pvext UPDATE'
                WHEN w.launcher IS NULL THEN 'not preloaded'
                WHEN pg_is_in_recovery() THEN 'standby'
                WHEN w.launcher = 0 THEN 'not running'
                WHEN NOT w.enabled THEN 'off'
                WHEN NOT w.awake THEN 'hanging'
                WHEN w.no_room_since IS NOT NULL THEN 'no room'
                ELSE 'on' END,
           (SELECT max(r.last_run) FROM run AS r), NULL, NULL, NULL, NULL, NULL,
           CASE WHEN w.launcher IS NULL THEN 'the duties are done when CALL pv.run_duties() is called'
                WHEN pg_is_in_recovery() THEN NULL
                WHEN w.launcher = 0 THEN 'there is no pvext launcher: the server''s log says why; max_worker_processes may be too small'
                WHEN NOT w.awake THEN format('process %s, the pvext launcher, was last awake at %s', w.launcher, to_char(w.awake_at, 'YYYY-MM-DD HH24:MI:SS'))
                WHEN w.no_room_since IS NOT NULL THEN format('no worker could be started since %s: increase max_worker_processes', to_char(w.no_room_since, 'YYYY-MM-DD HH24:MI:SS')) END
    FROM worker AS w
    UNION ALL
    SELECT 8, 'secret', CASE WHEN count(*) = 0 THEN 'not used yet' WHEN count(s.value) > 0 THEN 'in the database' ELSE 'in a file' END,
           NULL, NULL, NULL, NULL, NULL, NULL,
           CASE WHEN count(s.value) > 0 THEN 'whoever has a dump can guess keys from their digests: set pvext.secret_file' END
    FROM pv.secret AS s
    UNION ALL
    SELECT 9, 'audit log', 'unreadable', NULL, NULL, NULL, min(u.problem), count(*), min(u.found_at),
           'chunks that cannot be read, see pv.unread: what they hold of who was erased stays until their partition expires'
    FROM pv.unread AS u HAVING count(*) > 0
    UNION ALL
    SELECT 0, 'restore', i.state, NULL, NULL, NULL, NULL, NULL, NULL,
           CASE i.state WHEN 'restored' THEN 'this database came from a dump: nothing is purged, completed or expired until pv.resume() is called'
                ELSE 'this database is a copy by CREATE DATABASE: its duties go on; pv.resume() makes it one of its own' END
    FROM identity AS i WHERE i.state IN ('restored', 'copied')) AS s
    ORDER BY s.n, s.oldest;
COMMENT ON VIEW pv.status IS 'how pvext does: a row for each duty, for each request that is late, for each erasure that is undone, for the worker and for the secret; before them one for a database that was restored from a dump or copied; one where declarations are of tables or columns that are gone; and one where the audit log has what cannot be read';
COMMENT ON COLUMN pv.status.item IS 'what the row is about';
COMMENT ON COLUMN pv.status.state IS 'how it is: ok, late or failing, say';
COMMENT ON COLUMN pv.status.last_run IS 'when the duty was last begun';
COMMENT ON COLUMN pv.status.last_success IS 'when it was last done without a failure';
COMMENT ON COLUMN pv.status.last_error IS 'when it last failed, or was cut off';
COMMENT ON COLUMN pv.status.error IS 'what was said then';
COMMENT ON COLUMN pv.status.backlog IS 'how much there is to do';
COMMENT ON COLUMN pv.status.oldest IS 'since when the oldest of it waits; for seal, when the last seal was made';
COMMENT ON COLUMN pv.status.detail IS 'what else there is to say: since when the duty is running; of a late request, what holds it back';
COMMENT ON COLUMN pv.status.alarm IS 'whether somebody should look';
CREATE FUNCTION pv.candidate_links(subject regclass, OUT relation regclass, OUT name name, OUT columns name[],
                                   OUT parent regclass, OUT parent_columns name[], OUT depth integer,
                                   OUT indexed boolean, OUT declared boolean)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_candidate_links';
COMMENT ON FUNCTION pv.candidate_links(regclass) IS
    'links that the foreign keys suggest downstream from a subject, to any depth, but not below another subject; self-references are left out. indexed: an index begins with one of the columns; declared: it is a link already';

CREATE FUNCTION pv.link_foreign_keys(subject regclass, max_depth integer DEFAULT 1, excluding regclass[] DEFAULT '{}')
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_link_foreign_keys';
COMMENT ON FUNCTION pv.link_foreign_keys(regclass, integer, regclass[]) IS
    'declares the candidate links down to max_depth, without those of the tables in excluding and what is reached through these alone; returns how many. Errors: 22023 max_depth, 42704 neither a subject nor linked, 42501 not the owner of one of the tables';

CREATE FUNCTION pv.generate_map(subject regclass)
    RETURNS text LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_generate_map';
COMMENT ON FUNCTION pv.generate_map(regclass) IS
    'SQL to edit and run: what is missing of a subject''s data map, with a suggestion for every unclassified column by its name and type; of a table that is none yet, the declaration of the subject, too. Errors: 42809 not an ordinary table';

CREATE FUNCTION pv.check_map(OUT relation text, OUT column_name name, OUT severity text, OUT problem text, OUT hint text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_check_map';
COMMENT ON FUNCTION pv.check_map() IS
    'what of the data map no longer fits the database: an error is what makes an erasure fail or miss data, a warning what to look at, such as unclassified columns, rows that belong to nobody, and triggers that write where nothing is declared. Counts rows of linked tables';

CREATE FUNCTION pv.take_up_orphan(schema name, name name, relation regclass)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_take_up_orphan';
COMMENT ON FUNCTION pv.take_up_orphan(name, name, regclass) IS
    'says that a table has taken the place of one that was dropped under that name, and takes up its declarations, consents and requests. Errors: 42704 there is no such, 42501 it is another role''s, 42710 it has declarations of its own';

CREATE FUNCTION pv.undeclare_orphan(schema name, name name)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_orphan';
COMMENT ON FUNCTION pv.undeclare_orphan(name, name) IS
    'takes away what was declared of a table that has been dropped, and what refers to it: links, blockers and retention rules over it. What the ledgers know of its subjects stays. Errors: 42704 there is no such';
CREATE FUNCTION pv.ddl_command_start() RETURNS event_trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_ddl_command_start';
COMMENT ON FUNCTION pv.ddl_command_start() IS
    'event trigger: makes way for partitions that come back, and with pvext.strict_ddl refuses what cannot be stopped later';
CREATE EVENT TRIGGER pvext_ddl_command_start ON ddl_command_start WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION pv.ddl_command_start();
COMMENT ON EVENT TRIGGER pvext_ddl_command_start IS 'pvext: before ALTER TABLE';

CREATE FUNCTION pv.ddl_command_end() RETURNS event_trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_ddl_command_end';
COMMENT ON FUNCTION pv.ddl_command_end() IS
    'event trigger: the data map follows new names, takes up tables that return, and warns of what a command breaks';
CREATE EVENT TRIGGER pvext_ddl_command_end ON ddl_command_end EXECUTE FUNCTION pv.ddl_command_end();
COMMENT ON EVENT TRIGGER pvext_ddl_command_end IS 'pvext: the data map follows DDL';

CREATE FUNCTION pv.sql_drop() RETURNS event_trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_sql_drop';
COMMENT ON FUNCTION pv.sql_drop() IS
    'event trigger: declarations of a dropped table stay as orphans; with pvext.strict_ddl the command is refused';
CREATE EVENT TRIGGER pvext_sql_drop ON sql_drop EXECUTE FUNCTION pv.sql_drop();
COMMENT ON EVENT TRIGGER pvext_sql_drop IS 'pvext: the data map outlives dropped tables';
CREATE TABLE pv.role_profile (
    role    regrole NOT NULL,
    profile text NOT NULL CHECK (profile IN ('owner', 'application', 'officer', 'auditor')),
    PRIMARY KEY (role, profile)
);
COMMENT ON TABLE pv.role_profile IS 'the profiles that grant_role gave to each role';
COMMENT ON COLUMN pv.role_profile.role IS 'the role';
COMMENT ON COLUMN pv.role_profile.profile IS 'what it was given: owner, application, officer or auditor';
SELECT pg_extension_config_dump('pv.role_profile', '');

CREATE FUNCTION pv.grant_role(role regrole, profile text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_grant_role';
COMMENT ON FUNCTION pv.grant_role(regrole, text) IS
    'gives a role what a profile needs: owner (declares on its own tables), application (erases), officer (purposes, holds, requests) or auditor (reads). Errors: 22023 no such profile, 42704 no such role';
CREATE FUNCTION pv.revoke_role(role regrole, profile text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_revoke_role';
COMMENT ON FUNCTION pv.revoke_role(regrole, text) IS
    'takes from a role what a profile gave it, but for what another of its profiles needs. Errors: 22023 no such profile, 42704 no such role, or it does not have the profile';
-- Nothing in pv is anybody's until it is granted, by pv.grant_role() or by
-- hand, but for the functions that only compute, and that of the audit's
-- triggers, which whoever adds a partition to an audited table needs. Default
-- privileges of the role that installs are undone, too.
REVOKE ALL ON ALL TABLES IN SCHEMA pv FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA pv FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA pv FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    pv.accounting_year_end(date, integer),
    pv.accounting_year_end(timestamp, integer),
    pv.accounting_year_end(timestamptz, integer),
    pv.remove_path(jsonb, text[]),
    pv.redact_text(text, text[], text, boolean, integer),
    pv.holds_text(text, text[], text, boolean, integer),
    pv.redact_json(json, text[], text, boolean),
    pv.holds_json(json, text[], text, boolean),
    pv.audit_change()
    TO PUBLIC;
