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

-- What persons have asked for. Erasures of before are in the register, too: due a month after they were
-- requested, by the clocks of the database (as pvext_database_time_zone() has them).
ALTER TABLE pv.evidence_key DROP CONSTRAINT evidence_key_ledger_check,
    ADD CONSTRAINT evidence_key_ledger_check CHECK (ledger IN ('consent', 'agreement', 'erasure', 'request'));
COMMENT ON COLUMN pv.evidence_key.ledger IS 'what it encrypts: evidence of consents or of agreements, keys that an erasure has replaced, or what was claimed in a request';
COMMENT ON COLUMN pv.evidence_key.subject_digest IS 'HMAC of the subject''s key; of a request, of its id';
CREATE TYPE pv.request_kind AS ENUM
    ('access', 'portability', 'erasure', 'rectification', 'restriction', 'objection', 'withdrawal');
COMMENT ON TYPE pv.request_kind IS 'what a person asks for';
CREATE TYPE pv.request_state AS ENUM
    ('received', 'identity', 'open', 'review', 'answered', 'refused', 'cancelled');
COMMENT ON TYPE pv.request_state IS 'how far a request is: received; identity: it has been asked for, and the time for the answer stands still; open: it is known who asks; review: an answer is being made; answered, refused, or cancelled';

-- Its rows go on, and are changed by pvext's own statements alone (src/base/own_change.c).
CREATE FUNCTION pv.refuse_others_change() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_refuse_others_change';
COMMENT ON FUNCTION pv.refuse_others_change() IS 'trigger of ledgers whose rows go on: refuses UPDATE to everyone but the functions of pvext that record what was done';

CREATE TABLE pv.request_ledger (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind                  pv.request_kind NOT NULL,
    relation_id           integer NOT NULL,
    key                   text,
    subject_digest        bytea,
    state                 pv.request_state NOT NULL,
    received_at           timestamptz NOT NULL CHECK (isfinite(received_at)),
    identity_asked_at     timestamptz,
    identity_confirmed_at timestamptz,
    identity_method       text,
    due_at                timestamptz NOT NULL,
    extended_to           timestamptz,
    extension_reason      text,
    answered_at           timestamptz,
    answer                text CHECK (answer IN ('delivered', 'partly', 'refused')),
    channel               text,
    handled_by            name,
    erasure               uuid,
    digest                bytea,
    reference             text,
    claimed               bytea,
    identity_reason       text,
    identity_evidence     bytea,
    extended_by           interval,
    told_at               timestamptz,
    recorded_at           timestamptz NOT NULL DEFAULT now(),
    recorded_by           name NOT NULL,
    received_as           bytea,
    CHECK (key IS NULL OR subject_digest IS NOT NULL),
    CHECK ((state IN ('answered', 'refused')) = (answered_at IS NOT NULL)),
    CHECK ((answered_at IS NULL) = (answer IS NULL)),
    CHECK ((state = 'refused') = (answer IS NOT DISTINCT FROM 'refused')),
    CHECK (answer IS DISTINCT FROM 'refused' OR reference IS NOT NULL),
    CHECK ((identity_asked_at IS NULL) = (identity_reason IS NULL)),
    CHECK (state <> 'identity' OR identity_asked_at IS NOT NULL),
    CHECK (num_nulls(extended_to, extension_reason, extended_by, told_at) IN (0, 4)),
    CHECK (received_as IS NULL OR state IN ('received', 'identity', 'open', 'review')),
    CHECK (erasure IS NULL OR kind = 'erasure')
);
COMMENT ON TABLE pv.request_ledger IS 'the register of what persons have asked for, and what became of it; read it as pv.request';
COMMENT ON COLUMN pv.request_ledger.id IS 'by which it is handled; that of the erasure, where a call of erase_subject() entered it';
COMMENT ON COLUMN pv.request_ledger.kind IS 'what is asked for';
COMMENT ON COLUMN pv.request_ledger.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.request_ledger.key IS 'the subject''s key; NULL where it is not known, and from the subject''s erasure on';
COMMENT ON COLUMN pv.request_ledger.subject_digest IS 'HMAC of the key that the subject''s row has, or had last; NULL where it is not known';
COMMENT ON COLUMN pv.request_ledger.state IS 'how far it is; of an erasure that has begun as the ledger of erasures has it, unless it was answered before';
COMMENT ON COLUMN pv.request_ledger.received_at IS 'when it came in';
COMMENT ON COLUMN pv.request_ledger.identity_asked_at IS 'since when it was asked who asks; NULL for not';
COMMENT ON COLUMN pv.request_ledger.identity_confirmed_at IS 'when that was known; NULL where it is not, or where a call entered the request by itself';
COMMENT ON COLUMN pv.request_ledger.identity_method IS 'how that was known; NULL likewise';
COMMENT ON COLUMN pv.request_ledger.due_at IS 'one month after it came in, and the time more that identity was asked for, once that is known';
COMMENT ON COLUMN pv.request_ledger.extended_to IS 'until when the time for the answer was extended; NULL for not';
COMMENT ON COLUMN pv.request_ledger.extension_reason IS 'why, as the person was told';
COMMENT ON COLUMN pv.request_ledger.answered_at IS 'when it was answered, or refused; NULL until then';
COMMENT ON COLUMN pv.request_ledger.answer IS 'delivered, partly or refused; NULL until then';
COMMENT ON COLUMN pv.request_ledger.channel IS 'how it came in; NULL where a call entered it that names no channel';
COMMENT ON COLUMN pv.request_ledger.handled_by IS 'which login last handled it; NULL for none yet';
COMMENT ON COLUMN pv.request_ledger.erasure IS 'the erasure that fulfils it, by its id in pv.erasure; else NULL';
COMMENT ON COLUMN pv.request_ledger.digest IS 'SHA-256 of what was handed out; NULL for nothing, or where that is not known';
COMMENT ON COLUMN pv.request_ledger.reference IS 'where the answer is filed; of a refusal, or of one that was cancelled, why';
COMMENT ON COLUMN pv.request_ledger.claimed IS 'who the person says to be, encrypted under a key of the request''s own; NULL for nothing, and once it was destroyed';
COMMENT ON COLUMN pv.request_ledger.identity_reason IS 'why it was asked who asks; NULL where it was not';
COMMENT ON COLUMN pv.request_ledger.identity_evidence IS 'what proved it, encrypted likewise; NULL likewise';
COMMENT ON COLUMN pv.request_ledger.extended_by IS 'by how much the month was extended, all extensions together; NULL for not';
COMMENT ON COLUMN pv.request_ledger.told_at IS 'when the person was told of the last extension; NULL for none';
COMMENT ON COLUMN pv.request_ledger.recorded_at IS 'when it was entered';
COMMENT ON COLUMN pv.request_ledger.recorded_by IS 'which login entered it, or the role whose code did';
COMMENT ON COLUMN pv.request_ledger.received_as IS 'HMAC of what is asked for and of who asks, as it was said when it came in, by which the same request is known when it comes again; NULL where nothing was said of that or it was wrong, once it is closed, and where a call entered it by itself';
CREATE INDEX ON pv.request_ledger (subject_digest);
CREATE UNIQUE INDEX ON pv.request_ledger (erasure) WHERE erasure IS NOT NULL;
CREATE UNIQUE INDEX ON pv.request_ledger (received_as) WHERE received_as IS NOT NULL;
CREATE INDEX ON pv.request_ledger (due_at) WHERE state IN ('received', 'identity', 'open', 'review');
CREATE INDEX ON pv.request_ledger (answered_at) WHERE claimed IS NOT NULL OR identity_evidence IS NOT NULL;
-- One that anybody may have written never stands in the way of one by who is known.
CREATE UNIQUE INDEX request_ledger_open ON pv.request_ledger (relation_id, subject_digest, kind)
    WHERE state IN ('open', 'review') AND key IS NOT NULL;
SELECT pg_extension_config_dump('pv.request_ledger', '');
CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON pv.request_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.request_ledger ENABLE ALWAYS TRIGGER refuse_change;
CREATE TRIGGER refuse_others_change BEFORE UPDATE ON pv.request_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_others_change();
ALTER TABLE pv.request_ledger ENABLE ALWAYS TRIGGER refuse_others_change;

CREATE TABLE pv.request_withheld (
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    request     uuid NOT NULL,
    relation_id integer NOT NULL,
    columns     name[] NOT NULL CHECK (cardinality(columns) > 0),
    rows        text[],
    ground      text NOT NULL CHECK (ground <> ''),
    by          name NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pv.request_withheld IS 'what is not handed out with the answer to a request, and why';
COMMENT ON COLUMN pv.request_withheld.id IS 'its number';
COMMENT ON SEQUENCE pv.request_withheld_id_seq IS 'numbers of what is withheld';
COMMENT ON COLUMN pv.request_withheld.request IS 'the request, by its id in pv.request';
COMMENT ON COLUMN pv.request_withheld.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.request_withheld.columns IS 'the columns';
COMMENT ON COLUMN pv.request_withheld.rows IS 'the rows, by their primary key; NULL for all, empty from the subject''s erasure on where some were named';
COMMENT ON COLUMN pv.request_withheld.ground IS 'on what ground, as the person is told';
COMMENT ON COLUMN pv.request_withheld.by IS 'which login withheld it';
COMMENT ON COLUMN pv.request_withheld.at IS 'when';
CREATE INDEX ON pv.request_withheld (request);
SELECT pg_extension_config_dump('pv.request_withheld', '');
SELECT pg_extension_config_dump('pv.request_withheld_id_seq', '');
CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON pv.request_withheld
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.request_withheld ENABLE ALWAYS TRIGGER refuse_change;
CREATE TRIGGER refuse_others_change BEFORE UPDATE ON pv.request_withheld
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_others_change();
ALTER TABLE pv.request_withheld ENABLE ALWAYS TRIGGER refuse_others_change;

CREATE VIEW pv.request AS
    SELECT l.id, l.kind, r.relation AS subject, coalesce(l.key, e.key) AS key, l.state, l.received_at,
           l.due_at + s.stood AS due_at, l.extended_to + s.stood AS extended_to, l.identity_method,
           l.answered_at, l.answer, l.channel, l.handled_by, l.erasure, l.digest, l.subject_digest
    FROM pv.request_ledger AS l
    LEFT JOIN pv.relation AS r ON r.id = l.relation_id
    LEFT JOIN pv.erasure_ledger AS e ON e.id = l.erasure
    -- the time since identity was asked for, to the second: no day of it is longer than another
    CROSS JOIN LATERAL (SELECT make_interval(secs => CASE WHEN l.state = 'identity'
                               THEN extract(epoch FROM now() - l.identity_asked_at) ELSE 0 END) AS stood) AS s;
COMMENT ON VIEW pv.request IS 'what persons have asked for, and what became of it';
COMMENT ON COLUMN pv.request.subject IS 'the subject table; NULL where it has been dropped';
COMMENT ON COLUMN pv.request.due_at IS 'until when it is to be answered, unless extended: one month after it came in, and as long as identity was asked for';
COMMENT ON COLUMN pv.request.extended_to IS 'until when the time for the answer was extended; NULL for not';

CREATE FUNCTION pv.receive_request(kind pv.request_kind, subject regclass, key text, channel text,
                                   received_at timestamptz DEFAULT now(), claimed jsonb DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_receive_request';
COMMENT ON FUNCTION pv.receive_request(pv.request_kind, regclass, text, text, timestamptz, jsonb) IS
    'enters what a person asks for; key NULL where it is not known yet whose it is, and claimed for who the person says to be. Returns the request or, with a notice, the open one of the kind: that came with the same key and claims or, where nothing is claimed, is known to be the subject''s. Errors: P0002 no such subject, 42704 not a subject table, 22023 received in the future, 25006 read only, or a standby';
CREATE FUNCTION pv.receive_request(kind pv.request_kind, subject regclass, key anyelement, channel text,
                                   received_at timestamptz DEFAULT now(), claimed jsonb DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_receive_request';
COMMENT ON FUNCTION pv.receive_request(pv.request_kind, regclass, anyelement, text, timestamptz, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.ask_identity(request uuid, reason text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_ask_identity';
COMMENT ON FUNCTION pv.ask_identity(uuid, text) IS
    'records that the person was asked to prove who it is, since there is a reason to doubt it: the time for the answer stands still until that is confirmed. Errors: P0002 no such request, 55000 it has been asked for or confirmed, or the request is closed';
CREATE FUNCTION pv.confirm_identity(request uuid, method text, key text DEFAULT NULL, evidence jsonb DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_confirm_identity';
COMMENT ON FUNCTION pv.confirm_identity(uuid, text, text, jsonb) IS
    'records that it is known who asks, how, and under which key, by default the one that the request came with. Where the subject has an open request of the kind, that one is returned, with a notice: it is due when the earlier of the two is, and this one is cancelled. Errors: P0002 no such request or subject, 22004 no key is known, 55000 confirmed already, or the request is closed';
CREATE FUNCTION pv.confirm_identity(request uuid, method text, key anyelement, evidence jsonb DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_confirm_identity';
COMMENT ON FUNCTION pv.confirm_identity(uuid, text, anyelement, jsonb) IS 'the same for a typed key';
CREATE FUNCTION pv.request_claimed(request uuid)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_request_claimed';
COMMENT ON FUNCTION pv.request_claimed(uuid) IS
    'who the person of a request says to be; NULL for nothing, and once it was destroyed: pvext.request_keep after the answer, at once where the request is cancelled or the subject erased. Errors: P0002 no such request, XX001 it has been changed';
CREATE FUNCTION pv.identity_evidence(request uuid)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_identity_evidence';
COMMENT ON FUNCTION pv.identity_evidence(uuid) IS
    'what proved who asks, kept as long. Errors: P0002 no such request, XX001 it has been changed';

CREATE FUNCTION pv.extend_request(request uuid, extension interval, reason text, told_at timestamptz)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_extend_request';
COMMENT ON FUNCTION pv.extend_request(uuid, interval, text, timestamptz) IS
    'extends the month for the answer, of which the person was told within it, with the reason. Errors: P0002 no such request, 22004 told_at is null, 22023 more than two months in all, nothing, or told before it came in or in the future, 55000 the first month is over, or the request is closed';
CREATE FUNCTION pv.withhold(request uuid, relation regclass, columns name[], ground text, rows text[] DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withhold';
COMMENT ON FUNCTION pv.withhold(uuid, regclass, name[], text, text[]) IS
    'records that columns of a table, in all rows or those of these primary keys, are not handed out with the answer, and on what ground. Errors: P0002 no such request, 42704 nothing is declared of the table, 42703 no such column, 55000 the request is closed';
CREATE FUNCTION pv.answer_request(request uuid, how text, reference text DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_answer_request';
COMMENT ON FUNCTION pv.answer_request(uuid, text, text) IS
    'records that a request was answered, and how: delivered, partly or refused; reference says where the answer is filed, of a refusal its reasons. An erasure of which nothing has been carried out is cancelled by a refusal. Errors: P0002 no such request, 22023 no such answer, 22004 a refusal without reasons, 55000 it is closed, it is not known who asks, or the erasure is not what the answer says';
CREATE FUNCTION pv.cancel_request(request uuid, reason text)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_cancel_request';
COMMENT ON FUNCTION pv.cancel_request(uuid, text) IS
    'records that nothing is asked for any more, or never was; who the person said to be is destroyed. Errors: P0002 no such request, 55000 it is closed, or an erasure has begun, which is cancelled by cancel_erasure()';
CREATE FUNCTION pv.request_receipt(request uuid)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_request_receipt';
COMMENT ON FUNCTION pv.request_receipt(uuid) IS
    'what a person can be given of a request: what was asked for, when it came in and is due, what became of it, what is withheld and why, with whom to complain, and the way to the courts; without the person''s key. Errors: P0002 no such request';
REVOKE ALL ON pv.request_ledger, pv.request_withheld, pv.request FROM PUBLIC;
REVOKE ALL ON SEQUENCE pv.request_withheld_id_seq FROM PUBLIC;
REVOKE ALL ON FUNCTION pv.refuse_others_change(),
    pv.receive_request(pv.request_kind, regclass, text, text, timestamptz, jsonb),
    pv.receive_request(pv.request_kind, regclass, anyelement, text, timestamptz, jsonb),
    pv.ask_identity(uuid, text), pv.confirm_identity(uuid, text, text, jsonb), pv.confirm_identity(uuid, text, anyelement, jsonb),
    pv.request_claimed(uuid), pv.identity_evidence(uuid), pv.extend_request(uuid, interval, text, timestamptz),
    pv.withhold(uuid, regclass, name[], text, text[]), pv.answer_request(uuid, text, text), pv.cancel_request(uuid, text),
    pv.request_receipt(uuid) FROM PUBLIC;
INSERT INTO pv.request_ledger (id, kind, relation_id, key, subject_digest, state, received_at, due_at, answered_at, answer,
                               handled_by, erasure, recorded_at, recorded_by)
    SELECT e.id, 'erasure', e.relation_id, e.key, e.subject_digest,
           CASE e.state WHEN 'completed' THEN CAST('answered' AS pv.request_state) WHEN 'cancelled' THEN 'cancelled' ELSE 'open' END,
           e.requested_at, (e.requested_at AT TIME ZONE z.zone + interval '1 month') AT TIME ZONE z.zone, e.completed_at,
           CASE WHEN e.state = 'completed' THEN 'delivered' END, coalesce(e.executed_by, e.requested_by), e.id, e.requested_at, e.requested_by
    FROM pv.erasure_ledger AS e, (SELECT coalesce(
        (SELECT substr(c, strpos(c, '=') + 1) FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c
         WHERE s.setrole = 0 AND lower(split_part(c, '=', 1)) = 'timezone'
               AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
         ORDER BY s.setdatabase DESC LIMIT 1),
        (SELECT f.setting FROM pg_file_settings AS f WHERE lower(f.name) = 'timezone' AND f.applied ORDER BY f.seqno DESC LIMIT 1),
        'GMT') AS zone) AS z;
CREATE OR REPLACE VIEW pv.status AS
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
    SELECT 6, 'request ' || q.id, CASE WHEN q.late THEN 'late' ELSE 'due soon' END, NULL, NULL, NULL, NULL, NULL, q.received_at,
           CASE WHEN e.id IS NULL
                THEN format('%s, due %s, %s', q.kind, to_char(q.due, 'YYYY-MM-DD HH24:MI'),
                            CASE q.state WHEN 'received' THEN 'and nobody has looked into it' WHEN 'identity' THEN 'waits for who asks'
                                 WHEN 'review' THEN 'and its answer is being made' ELSE 'and not answered' END)
                ELSE concat_ws('; ', e.state || ' since it was requested', nullif('blocked by ' || array_to_string(e.blocked_by, ', '), 'blocked by '),
                     'retained until ' || e.retained_until,
                     (SELECT 'waits for ' || string_agg(w.what, ', ' ORDER BY w.began) FROM pv.erasure_wait AS w WHERE w.erasure = e.id)) END
    FROM (SELECT r.*, coalesce(r.extended_to, r.due_at) AS due,
                 coalesce(r.extended_to, r.due_at) < now()
                 OR r.erasure IS NOT NULL AND s.deadline <> '-1' AND r.received_at < now() - CAST(s.deadline AS interval) AS late
          FROM pv.request AS r, (SELECT coalesce(current_setting('pvext.request_deadline', true), '-1') AS deadline) AS s
          WHERE r.state IN ('received', 'identity', 'open', 'review')) AS q
    LEFT JOIN pv.erasure_ledger AS e ON e.id = q.erasure
    WHERE q.late OR (q.state <> 'identity' AND q.due < now() + interval '7 days')
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
COMMENT ON VIEW pv.status IS 'how pvext does: a row for each duty, for each request that is late or due within a week, for each erasure that is undone, for the worker and for the secret; before them one for a database that was restored from a dump or copied; one where declarations are of tables or columns that are gone; and one where the audit log has what cannot be read';

-- Last: whoever has a profile may call what has been added to it, and what was made anew.
SELECT pv.grant_role(role, profile) FROM pv.role_profile;
