-- What has changed in the catalog since 1.0.
\echo Use "ALTER EXTENSION pvext UPDATE TO '1.1'" to load this file. \quit
COMMENT ON FUNCTION pv.declare_subject(regclass, name[], text, text) IS
    'declares that the rows of a table (those meeting condition) are persons, each named by key, by default the primary key; replaces an earlier declaration. Errors: 42809 a view, a partition or a foreign table, 42703 no such column, 42830 key not unique, 42501 not the owner, 55006 another key, while consents, agreements, holds or open requests name subjects by the former';

ALTER TABLE pv.declared_link
    ADD COLUMN shared text CHECK (shared IN ('last', 'any')),
    ADD COLUMN expression text,
    ADD COLUMN purposes text[],
    ADD COLUMN expression_bound text,
    ADD COLUMN elements boolean,
    ADD COLUMN ignore_case boolean,
    DROP CONSTRAINT declared_link_check,
    ADD CONSTRAINT declared_link_check
        CHECK (expression IS NOT NULL OR cardinality(parent_columns) = cardinality(columns)),
    ADD CONSTRAINT declared_link_expression_check
        CHECK ((expression IS NULL) = (expression_bound IS NULL) AND (expression IS NULL OR owner IS NOT NULL));
UPDATE pv.declared_link SET elements = false, ignore_case = false;
ALTER TABLE pv.declared_link
    ALTER COLUMN elements SET DEFAULT false, ALTER COLUMN elements SET NOT NULL,
    ALTER COLUMN ignore_case SET DEFAULT false, ALTER COLUMN ignore_case SET NOT NULL;
COMMENT ON COLUMN pv.declared_link.owner IS 'the table''s owner when condition and expression were declared, on whose behalf they run';
COMMENT ON COLUMN pv.declared_link.columns IS 'the columns that hold the values of parent_columns, in the same order; with expression, those that it reads';
COMMENT ON COLUMN pv.declared_link.expression_bound IS 'the expression with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_link.elements IS 'the column or expression is an array, each of whose elements is compared';
COMMENT ON COLUMN pv.declared_link.ignore_case IS 'it is compared with the parent''s columns whatever the case of their letters';
COMMENT ON COLUMN pv.declared_link.shared IS 'where several rows of the parent may refer to the same row: it goes with the last person (last) or the first (any)';
COMMENT ON COLUMN pv.declared_link.expression IS 'what of the row is compared with the parent''s column instead of columns, as given';
COMMENT ON COLUMN pv.declared_link.purposes IS 'what rows that are deleted are processed for; NULL for every purpose';

CREATE OR REPLACE VIEW pv.link AS
    SELECT r.relation, l.name, l.columns, p.relation AS parent, l.parent_columns, l.condition, l.on_erase,
           l.inherited, l.shared, l.expression, l.purposes, l.ignore_case
    FROM pv.declared_link l
    JOIN pv.relation r ON r.id = l.relation_id
    JOIN pv.relation p ON p.id = l.parent_id;

DROP FUNCTION pv.declare_link(regclass, name[], regclass, name[], name, text, text, boolean);
CREATE FUNCTION pv.declare_link(relation regclass, columns name[], parent regclass,
                                parent_columns name[] DEFAULT NULL, name name DEFAULT NULL,
                                condition text DEFAULT NULL, on_erase text DEFAULT 'anonymise',
                                inherit boolean DEFAULT true, shared text DEFAULT NULL,
                                expression text DEFAULT NULL, purposes text[] DEFAULT NULL,
                                ignore_case boolean DEFAULT false)
    RETURNS name LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_link';
COMMENT ON FUNCTION pv.declare_link(regclass, name[], regclass, name[], name, text, text, boolean, text, text, text[], boolean) IS
    'declares that a table''s rows (those meeting condition) belong to the parent''s row whose parent_columns, by default its subject key or primary key, they hold; with expression instead of columns, what it makes of the row is compared with the one parent column; of an array each element is; with ignore_case strings are compared whatever their case; without inherit, what belongs to these rows is not its person''s; purposes are what rows that are deleted are processed for, by default every one. Where several of the parent''s rows may refer to a row, as the columns are not unique, it goes with the last person who lives and refers to it (shared: last, the default) or with the first (any). Returns the link''s name. Errors: 42710 name taken, 42830 other columns than the parent''s, or rows to be shared that refer to one each or have no primary key, 42804 types do not compare, 42P17 the expression is not immutable, 55000 a cascade from rows to delete reaches what is not declared delete, or others would refer to them still, 42702 rows would be deleted with any of several subjects, 22023 purposes of rows that stay, 42704 no such purpose';
REVOKE EXECUTE ON FUNCTION pv.declare_link(regclass, name[], regclass, name[], name, text, text, boolean, text, text, text[], boolean) FROM PUBLIC;

ALTER TABLE pv.not_personal ADD COLUMN reason text;
COMMENT ON TABLE pv.not_personal IS 'columns that were looked at and identify nobody; read it as pv.impersonal';
COMMENT ON COLUMN pv.not_personal.reason IS 'why it identifies nobody, in words; NULL where not given';
CREATE VIEW pv.impersonal AS
    SELECT r.relation, n.column_name, n.reason
    FROM pv.not_personal n JOIN pv.relation r ON r.id = n.relation_id;
COMMENT ON VIEW pv.impersonal IS 'columns that were looked at and identify nobody, and why';
COMMENT ON COLUMN pv.impersonal.relation IS 'the table';
DROP FUNCTION pv.declare_not_personal(regclass, name[]);
CREATE FUNCTION pv.declare_not_personal(relation regclass, columns name[] DEFAULT NULL, reason text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_not_personal';
COMMENT ON FUNCTION pv.declare_not_personal(regclass, name[], text) IS
    'records that columns, by default all that are not yet classified, were looked at and identify nobody, and why; of those that are recorded already, the reason. Errors: 42710 declared personal, 22023 an empty reason';

CREATE TABLE pv.declared_not_link (
    relation_id integer NOT NULL,
    columns     name[] NOT NULL CHECK (cardinality(columns) > 0),
    reason      text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (relation_id, columns)
);
COMMENT ON TABLE pv.declared_not_link IS 'references by which no row belongs to anybody; read it as pv.not_link';
COMMENT ON COLUMN pv.declared_not_link.relation_id IS 'the table whose rows refer, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_not_link.columns IS 'the columns that refer';
COMMENT ON COLUMN pv.declared_not_link.reason IS 'why the rows do not belong to what they refer to, in words';
SELECT pg_extension_config_dump('pv.declared_not_link', '');

CREATE VIEW pv.not_link AS
    SELECT r.relation, n.columns, n.reason
    FROM pv.declared_not_link n JOIN pv.relation r ON r.id = n.relation_id;
COMMENT ON VIEW pv.not_link IS 'references by which no row belongs to anybody, and why';
COMMENT ON COLUMN pv.not_link.relation IS 'the table whose rows refer';

CREATE FUNCTION pv.declare_not_link(relation regclass, columns name[], reason text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_not_link';
COMMENT ON FUNCTION pv.declare_not_link(regclass, name[], text) IS
    'declares that a table''s rows do not belong to what these columns refer to, by a foreign key or by their name, such as who approved or an account of the chart: no link is proposed or asked for. Errors: 42703 no such column, 42710 they are a link, 22023 no reason given';

CREATE FUNCTION pv.undeclare_not_link(relation regclass, columns name[])
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_not_link';
COMMENT ON FUNCTION pv.undeclare_not_link(regclass, name[]) IS
    'takes that back. Errors: 42704 not declared';

REVOKE ALL ON pv.impersonal, pv.declared_not_link, pv.not_link FROM PUBLIC;
REVOKE ALL ON FUNCTION pv.declare_not_personal(regclass, name[], text), pv.declare_not_link(regclass, name[], text),
    pv.undeclare_not_link(regclass, name[]) FROM PUBLIC;

DROP FUNCTION pv.candidate_links(regclass);
CREATE FUNCTION pv.candidate_links(subject regclass, OUT relation regclass, OUT name name, OUT columns name[],
                                   OUT parent regclass, OUT parent_columns name[], OUT depth integer,
                                   OUT indexed boolean, OUT declared boolean, OUT found_by text, OUT confidence real,
                                   OUT reason text, OUT condition text, OUT shared text)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_candidate_links';
COMMENT ON FUNCTION pv.candidate_links(regclass) IS
    'links that the foreign keys suggest downstream from a subject, to any depth, but not below another subject, and links that are guessed: by names, by pairs of columns such as item_type and item_id, by content of which a sample is looked for among the subject''s keys, and of what the subject''s rows refer to; self-references are left out. indexed: an index begins with one of the columns; declared: it is a link already; found_by: foreign key, or for a guess name, polymorphic, content, reference or junction; confidence: from 0 to 1, which a foreign key has; condition, shared: as pv.declare_link() takes them. Reads some rows of every table';
REVOKE ALL ON FUNCTION pv.candidate_links(regclass) FROM PUBLIC;

DROP FUNCTION pv.check_map();
CREATE FUNCTION pv.check_map(OUT relation text, OUT column_name name, OUT severity text, OUT problem text, OUT hint text,
                             OUT statement text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_check_map';
COMMENT ON FUNCTION pv.check_map() IS
    'what of the data map no longer fits the database, by table, the worst first: an error is what makes an erasure fail or miss data, a warning what to look at, such as unclassified columns, rows that belong to nobody, tables of which nothing is declared though their rows seem to be somebody''s, and triggers that write where nothing is declared. statement: what settles it, to be read first. Counts rows of linked tables, and reads some of every other';
REVOKE ALL ON FUNCTION pv.check_map() FROM PUBLIC;
COMMENT ON FUNCTION pv.generate_map(regclass) IS
    'SQL to edit and run: what is missing of a subject''s data map: whose rows are, what is in the columns, by their names, types and some rows, how long they may be kept, and which tables nothing links; of a table that is no subject yet, the declaration of the subject, too. Statements have been tried, and undone; what a person has to decide is a comment. Errors: 42809 not an ordinary table';

CREATE FUNCTION pv.find_copies(subject regclass, key text,
        OUT relation regclass, OUT column_name name, OUT rows bigint, OUT found text, OUT whose text, OUT reason text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_find_copies';
COMMENT ON FUNCTION pv.find_copies(regclass, text) IS
    'where in the database a subject''s identifying values stand: in how many rows of which columns, as a whole value or within a text, and whose the map says these are (of the subject, of somebody else, not mapped, declared not personal); a table that cannot be searched is a row that gives the reason. Reads every table for an officer, for others those that they may read; each call is recorded. Errors: P0002 no such subject, 55000 nothing identifying is declared, or it has been erased, 42501 the identifying columns are none that you may read, 25006 read only, or a standby';
CREATE FUNCTION pv.find_copies(subject regclass, key anyelement,
        OUT relation regclass, OUT column_name name, OUT rows bigint, OUT found text, OUT whose text, OUT reason text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_find_copies';
COMMENT ON FUNCTION pv.find_copies(regclass, anyelement) IS 'the same for a typed key';
REVOKE ALL ON FUNCTION pv.find_copies(regclass, text), pv.find_copies(regclass, anyelement) FROM PUBLIC;
ALTER TABLE pv.declared_retention
    ADD COLUMN condition text,
    ADD COLUMN condition_bound text,
    ADD COLUMN through_id integer,
    ADD CHECK ((condition IS NULL) = (condition_bound IS NULL));
COMMENT ON COLUMN pv.declared_retention.after IS 'the clock as given: an expression over the row, or over the rows of over_id that it belongs to, or that are linked to it';
COMMENT ON COLUMN pv.declared_retention.over_id IS 'the table that the clock is over, by its id in pv.relation; NULL for the row itself';
COMMENT ON COLUMN pv.declared_retention.condition IS 'for which rows the rule holds, as given; NULL for all';
COMMENT ON COLUMN pv.declared_retention.condition_bound IS 'the condition with every name qualified, its row called r; NULL where there is none';
COMMENT ON COLUMN pv.declared_retention.through_id IS 'the table up to which the clock goes along the links, before it goes down to over_id, by its id in pv.relation; NULL where the rows of over_id are linked to the row itself';

CREATE OR REPLACE VIEW pv.retention AS
    SELECT r.relation, t.name, t.keep, t.after, t.basis, t.columns, t.mandatory, t.action,
           o.relation AS "over", t.otherwise, t.time_zone, t.state, t.condition, h.relation AS through
    FROM pv.declared_retention t
    JOIN pv.relation r ON r.id = t.relation_id
    LEFT JOIN pv.relation o ON o.id = t.over_id
    LEFT JOIN pv.relation h ON h.id = t.through_id;
COMMENT ON COLUMN pv.retention.over IS 'the table that the clock is over: one whose rows are linked to the row, or that it belongs to; NULL where it is over the row itself';
COMMENT ON COLUMN pv.retention.through IS 'the table up to which the clock goes first, where it goes up; else NULL';

DROP FUNCTION pv.declare_retention(regclass, text, interval, text, text, name[], boolean, text, regclass, text, text);
CREATE FUNCTION pv.declare_retention(relation regclass, name text, keep interval, after text, basis text,
                                     columns name[] DEFAULT NULL, mandatory boolean DEFAULT false,
                                     action text DEFAULT 'anonymise', over regclass DEFAULT NULL,
                                     otherwise text DEFAULT NULL, time_zone text DEFAULT NULL,
                                     condition text DEFAULT NULL, through regclass DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_retention';
COMMENT ON FUNCTION pv.declare_retention(regclass, text, interval, text, text, name[], boolean, text, regclass, text, text, text, regclass) IS
    'declares how long columns (by default all personal ones) are kept after a moment of each row; or of the rows of over, which are linked to it, which it belongs to, or with which it belongs to the same row of through; in rows for which the condition holds. A mandatory rule also holds back requests. Replaces an earlier one of the name, and is then proposed again. Errors: 42804 clock not a date or time, 22023 keep, action or time zone, 42704 over not linked, 42725 over linked in several ways, 42803 not an aggregate, 0A000 over has another owner, 55000 rows that are to be deleted are referred to by others';
REVOKE EXECUTE ON FUNCTION pv.declare_retention(regclass, text, interval, text, text, name[], boolean, text, regclass, text, text, text, regclass) FROM PUBLIC;

CREATE OR REPLACE VIEW pv.retention_conflicts AS
    WITH about AS (
        SELECT t.relation_id, t.name, t.keep, t.action, t.condition, p.column_name
        FROM pv.declared_retention AS t JOIN pv.declared_personal AS p ON p.relation_id = t.relation_id
        WHERE CASE WHEN t.columns IS NULL THEN t.mandatory OR t.action = 'anonymise'
                   ELSE p.column_name = ANY (t.columns) END
        UNION ALL
        SELECT t.relation_id, t.name, t.keep, t.action, t.condition, NULL FROM pv.declared_retention AS t
    )
    SELECT r.relation, a.column_name, a.name AS rule, a.keep, b.name AS overridden_by, b.keep AS kept_for,
           CASE WHEN a.condition IS NULL THEN b.condition WHEN b.condition IS NULL OR b.condition = a.condition THEN a.condition
                ELSE format('(%s) AND (%s)', a.condition, b.condition) END AS condition
    FROM about AS a
    JOIN about AS b ON b.relation_id = a.relation_id AND b.keep > a.keep
                   AND b.column_name IS NOT DISTINCT FROM a.column_name
    JOIN pv.relation AS r ON r.id = a.relation_id
    WHERE a.column_name IS NOT NULL OR a.action = 'delete';
COMMENT ON COLUMN pv.retention_conflicts.condition IS 'for which rows both hold, if there are any; NULL for all';

DROP FUNCTION pv.verify_erasure(regclass, text);
DROP FUNCTION pv.verify_erasure(regclass, anyelement);
CREATE FUNCTION pv.verify_erasure(subject regclass, key text, everywhere boolean DEFAULT false,
        OUT relation regclass, OUT column_name name, OUT rows bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_subject';
COMMENT ON FUNCTION pv.verify_erasure(regclass, text, boolean) IS
    'columns and numbers of rows that are still personal, whatever the reason; empty is the proof of erasure. With everywhere, in the transaction of the erasure or before it, also columns that the map does not know and that hold what identified the subject, of all tables of the database: as pv.find_copies() searches them; a table that cannot be searched is a row without a number. Errors: P0002 no such subject; with everywhere 55000 what identified the subject is not known any more, 42501 there is what you may not read, 25006 read only';
CREATE FUNCTION pv.verify_erasure(subject regclass, key anyelement, everywhere boolean DEFAULT false,
        OUT relation regclass, OUT column_name name, OUT rows bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_subject';
COMMENT ON FUNCTION pv.verify_erasure(regclass, anyelement, boolean) IS 'the same for a typed key';
REVOKE ALL ON FUNCTION pv.verify_erasure(regclass, text, boolean), pv.verify_erasure(regclass, anyelement, boolean) FROM PUBLIC;

COMMENT ON FUNCTION pv.link_foreign_keys(regclass, integer, regclass[]) IS
    'declares the candidate links by foreign keys, and no guesses, down to max_depth, without those of the tables in excluding and what is reached through these alone; returns how many. Errors: 22023 max_depth, 42704 neither a subject nor linked, 42501 not the owner of one of the tables';

COMMENT ON FUNCTION pv.undeclare_purpose(text) IS
    'takes a purpose away. Errors: 42704 not declared, 55006 a personal column, link or blocker names it, or consents or objections are on record';

ALTER TABLE pv.consent_state ADD COLUMN imported boolean NOT NULL DEFAULT false;
ALTER TABLE pv.consent_event
    ADD COLUMN claimed_at timestamptz,
    ADD COLUMN source text CONSTRAINT consent_event_source CHECK (source <> ''),
    ADD CONSTRAINT consent_event_claim CHECK ((claimed_at IS NULL) = (source IS NULL));
ALTER TABLE pv.suppression ADD COLUMN source text CONSTRAINT suppression_source CHECK (source <> '');
COMMENT ON COLUMN pv.consent_state.since IS 'when that was done or, of what was imported, is said to have been';
COMMENT ON COLUMN pv.consent_state.imported IS 'whether that was imported, and nobody has witnessed it here';
COMMENT ON COLUMN pv.consent_event.at IS 'when it was done, or was imported';
COMMENT ON COLUMN pv.consent_event.channel IS 'through which channel; NULL for an erasure, and where an import does not say';
COMMENT ON COLUMN pv.consent_event.claimed_at IS 'when it is said to have been done, of what was imported; NULL for what was witnessed here';
COMMENT ON COLUMN pv.consent_event.source IS 'where it was imported from; NULL for what was witnessed here';
COMMENT ON TABLE pv.suppression IS 'addresses and keys of subjects that were erased, and what is on lists that were imported, as keyed digests: who comes back with an import is not written to again';
COMMENT ON COLUMN pv.suppression.digest IS 'HMAC of an e-mail address, a telephone number, a subject''s key, or somebody else''s digest of an e-mail address';
COMMENT ON COLUMN pv.suppression.since IS 'the day of the erasure, or of the import';
COMMENT ON COLUMN pv.suppression.source IS 'which list it was imported from; NULL for an erasure';
COMMENT ON FUNCTION pv.may_process(regclass, text, text) IS
    'whether a subject''s data may be processed for a purpose: with a consent in force where the purpose rests on consent; else unless the subject has objected or, where it can object, was erased before under the same key, e-mail address or telephone number, or is on a list that was imported; these count before what is only claimed by an import. False where the key is null or nobody''s. Errors: 42704 not a subject table, no such purpose';

CREATE OR REPLACE VIEW pv.erasure_wait AS
    SELECT e.id AS erasure, w.pid, w.gid, w.began,
           format('%s, %s old', CASE WHEN w.gid IS NULL THEN format('the transaction of pid %s', w.pid)
                                ELSE format('prepared transaction %L', w.gid) END,
                  to_char(make_interval(secs => floor(extract(epoch FROM clock_timestamp() - w.began))), 'HH24:MI:SS')) AS what
    FROM pv.erasure_ledger AS e JOIN pv.older_transaction AS w ON w.set_id = e.verify_after
    WHERE e.state = 'verifying'
      AND (w.gid IS NOT NULL OR EXISTS (SELECT FROM pg_stat_activity AS a
           WHERE a.pid = w.pid AND (a.backend_start = w.backend_start) IS NOT FALSE
           AND coalesce(a.xact_start <= w.began, a.state IS DISTINCT FROM 'idle')));

CREATE OR REPLACE VIEW pv.consent AS
    SELECT r.relation AS subject, s.key, p.name AS purpose,
           s.state, s.since, s.expires,
           s.given AND (s.expires IS NULL OR s.expires > clock_timestamp()) AS in_force,
           s.former_key, s.kept_until, s.id, s.imported
    FROM pv.consent_state s
    JOIN pv.relation r ON r.id = s.relation_id
    JOIN pv.purpose p ON p.id = s.purpose_id;
CREATE OR REPLACE VIEW pv.consent_history AS
    SELECT r.relation AS subject, coalesce(s.key, s.former_key) AS key, p.name AS purpose,
           e.at, e.action, e.version, e.language, t.body AS text, e.text_digest, e.channel,
           e.expires, e.login, e.role, pv.consent_evidence(e.id) AS evidence, e.id, e.claimed_at, e.source
    FROM pv.consent_event e
    LEFT JOIN pv.consent_state s ON s.id = e.consent_id
    JOIN pv.relation r ON r.id = coalesce(s.relation_id, e.relation_id)
    JOIN pv.purpose p ON p.id = e.purpose_id
    LEFT JOIN pv.consent_text t
        ON t.purpose_id = e.purpose_id AND t.version = e.version AND t.language = e.language;
CREATE OR REPLACE VIEW pv.event AS
    SELECT id, at, login, role, call, subject_digest FROM pv.event_record
    UNION ALL
    SELECT e.id, e.at, CAST(e.login AS name), CAST(e.role AS name),
           format('%s(%I.%I, %s)',
                  CASE WHEN e.source IS NOT NULL THEN 'import_consents' ELSE CASE e.action WHEN 'requested' THEN 'request_consent' WHEN 'given' THEN 'give_consent'
                                WHEN 'withdrawn' THEN 'withdraw_consent' WHEN 'expired' THEN 'expire_consent' WHEN 'objected' THEN 'object_to'
                                WHEN 'allowed' THEN 'withdraw_objection' ELSE 'erase_subject' END END,
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

CREATE FUNCTION pv.import_consent(subject regclass, key text, purpose text, action text, claimed_at timestamptz,
                                  source text, version text DEFAULT NULL, language text DEFAULT NULL,
                                  channel text DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                  evidence jsonb DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_import_consent';
COMMENT ON FUNCTION pv.import_consent(regclass, text, text, text, timestamptz, text, text, text, text, timestamptz, jsonb) IS
    'records what an earlier system says that a subject has done (given or withdrawn a consent; objected to another purpose, or allowed it again), with when and where that is known from, beside who imports it and when; what was done later counts before it. Returns recorded, expired, superseded by something later, repeated (the same was imported before), or suppressed: that somebody allows something who was erased, or is on a list, is not recorded. Errors: P0002 no such subject, 42704 no such purpose or text, 42809 the purpose does not rest on consent, or does, 22023 no such action, or in the future';
CREATE FUNCTION pv.import_consent(subject regclass, key anyelement, purpose text, action text, claimed_at timestamptz,
                                  source text, version text DEFAULT NULL, language text DEFAULT NULL,
                                  channel text DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                  evidence jsonb DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_import_consent';
COMMENT ON FUNCTION pv.import_consent(regclass, anyelement, text, text, timestamptz, text, text, text, text, timestamptz, jsonb) IS 'the same for a typed key';
CREATE FUNCTION pv.import_consents(subject regclass, claims regclass, source text,
                                   OUT outcome text, OUT rows bigint, OUT keys text[])
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_import_consents';
COMMENT ON FUNCTION pv.import_consents(regclass, regclass, text) IS
    'as import_consent, for each row of a table or view with the columns key, purpose, action, claimed_at and, where known, version, language, channel, expires, evidence; it is read as the caller. Returns how many rows came to which outcome, with the first hundred keys: those of import_consent, and undated, future and unknown (there is no such subject), which are not recorded. Errors: 42703 a column is missing, 42704 no such purpose or text, 42809 the purpose does not rest on consent, or does, 22023 no such action';
CREATE FUNCTION pv.import_suppressions(entries text[], source text,
                                       OUT outcome text, OUT rows bigint, OUT unusable text[])
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_import_suppressions';
COMMENT ON FUNCTION pv.import_suppressions(text[], text) IS
    'remembers who is not to be written to, by e-mail address, telephone number, or SHA-256 or MD5, in hexadecimal, of an e-mail address in small letters; only keyed digests are kept. Consents of theirs that were only imported end. Returns how many entries were added, known, or unusable (with the first hundred of these), and how many consents ended';
REVOKE EXECUTE ON FUNCTION
    pv.import_consent(regclass, text, text, text, timestamptz, text, text, text, text, timestamptz, jsonb),
    pv.import_consent(regclass, anyelement, text, text, timestamptz, text, text, text, text, timestamptz, jsonb),
    pv.import_consents(regclass, regclass, text),
    pv.import_suppressions(text[], text)
    FROM PUBLIC;

-- Of whom a text is, of many who are erased together, the statements that do it say by their keys.
CREATE FUNCTION pv.redact_of(document text, texts bigint, keys text[])
    RETURNS text LANGUAGE C STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_redact_of';
COMMENT ON FUNCTION pv.redact_of(text, bigint, text[]) IS
    'for pvext''s own statements: pv.redact_text() and pv.redact_json() without the values of each subject whose key is given, of those who are erased together';
CREATE FUNCTION pv.holds_of(document text, texts bigint, keys text[])
    RETURNS boolean LANGUAGE C STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_holds_of';
COMMENT ON FUNCTION pv.holds_of(text, bigint, text[]) IS
    'for pvext''s own statements: whether pv.redact_of() would change the text';
REVOKE ALL ON FUNCTION pv.redact_of(text, bigint, text[]), pv.holds_of(text, bigint, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pv.redact_of(text, bigint, text[]), pv.holds_of(text, bigint, text[]) TO PUBLIC;

-- Last: whoever has a profile may call what has been added to it, and what was made anew.
SELECT pv.grant_role(role, profile) FROM pv.role_profile;
