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
    reason      text,
    PRIMARY KEY (relation_id, column_name)
);
COMMENT ON TABLE pv.not_personal IS 'columns that were looked at and identify nobody; read it as pv.impersonal';
COMMENT ON COLUMN pv.not_personal.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.not_personal.column_name IS 'the column';
COMMENT ON COLUMN pv.not_personal.reason IS 'why it identifies nobody, in words; NULL where not given';
SELECT pg_extension_config_dump('pv.not_personal', '');

CREATE VIEW pv.impersonal AS
    SELECT r.relation, n.column_name, n.reason
    FROM pv.not_personal n JOIN pv.relation r ON r.id = n.relation_id;
COMMENT ON VIEW pv.impersonal IS 'columns that were looked at and identify nobody, and why';
COMMENT ON COLUMN pv.impersonal.relation IS 'the table';

CREATE FUNCTION pv.declare_purpose(name text, legal_basis pv.legal_basis, description text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_purpose';
COMMENT ON FUNCTION pv.declare_purpose(text, pv.legal_basis, text) IS
    'declares what personal data is processed for; a purpose that exists gets the new description, and the new basis. Errors: 22023 the name is empty, 55006 from or to consent while consents are in force or objections stand';
CREATE FUNCTION pv.undeclare_purpose(name text)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_purpose';
COMMENT ON FUNCTION pv.undeclare_purpose(text) IS
    'takes a purpose away. Errors: 42704 not declared, 55006 a personal column, link or blocker names it, or consents or objections are on record';

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

CREATE FUNCTION pv.declare_not_personal(relation regclass, columns name[] DEFAULT NULL, reason text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_not_personal';
COMMENT ON FUNCTION pv.declare_not_personal(regclass, name[], text) IS
    'records that columns, by default all that are not yet classified, were looked at and identify nobody, and why; of those that are recorded already, the reason. Errors: 42710 declared personal, 22023 an empty reason';
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

-- Of whom a text is, of many who are erased together, the statements that do it say by their keys.
CREATE FUNCTION pv.redact_of(document text, texts bigint, keys text[])
    RETURNS text LANGUAGE C STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_redact_of';
COMMENT ON FUNCTION pv.redact_of(text, bigint, text[]) IS
    'for pvext''s own statements: pv.redact_text() and pv.redact_json() without the values of each subject whose key is given, of those who are erased together';
CREATE FUNCTION pv.holds_of(document text, texts bigint, keys text[])
    RETURNS boolean LANGUAGE C STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_holds_of';
COMMENT ON FUNCTION pv.holds_of(text, bigint, text[]) IS
    'for pvext''s own statements: whether pv.redact_of() would change the text';

-- The numbers that short tokens are made of.
CREATE SEQUENCE pv.token_seq;
COMMENT ON SEQUENCE pv.token_seq IS 'numbers of tokens that are too short to be random';
SELECT pg_extension_config_dump('pv.token_seq', '');
