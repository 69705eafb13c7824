-- What has changed in the catalog since 1.0.
\echo Use "ALTER EXTENSION pvext UPDATE TO '1.1'" to load this file. \quit
COMMENT ON FUNCTION pv.declare_subject(regclass, name[], text, text) IS
    'declares that the rows of a table (those meeting condition) are persons, each named by key, by default the primary key; replaces an earlier declaration. Errors: 42809 a view, a partition or a foreign table, 42703 no such column, 42830 key not unique, 42501 not the owner, 55006 another key, while consents, agreements, holds or open requests name subjects by the former';

ALTER TABLE pv.declared_link
    ADD COLUMN shared text CHECK (shared IN ('last', 'any')),
    ADD COLUMN expression text,
    ADD COLUMN purposes text[];
COMMENT ON COLUMN pv.declared_link.shared IS 'where several rows of the parent may refer to the same row: it goes with the last person (last) or the first (any)';
COMMENT ON COLUMN pv.declared_link.expression IS 'what of the row is compared with the parent''s column instead of columns, as given';
COMMENT ON COLUMN pv.declared_link.purposes IS 'what rows that are deleted are processed for; NULL for every purpose';

CREATE OR REPLACE VIEW pv.link AS
    SELECT r.relation, l.name, l.columns, p.relation AS parent, l.parent_columns, l.condition, l.on_erase,
           l.inherited, l.shared, l.expression, l.purposes
    FROM pv.declared_link l
    JOIN pv.relation r ON r.id = l.relation_id
    JOIN pv.relation p ON p.id = l.parent_id;

DROP FUNCTION pv.declare_link(regclass, name[], regclass, name[], name, text, text, boolean);
CREATE FUNCTION pv.declare_link(relation regclass, columns name[], parent regclass,
                                parent_columns name[] DEFAULT NULL, name name DEFAULT NULL,
                                condition text DEFAULT NULL, on_erase text DEFAULT 'anonymise',
                                inherit boolean DEFAULT true, shared text DEFAULT NULL,
                                expression text DEFAULT NULL, purposes text[] DEFAULT NULL)
    RETURNS name LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_link';
COMMENT ON FUNCTION pv.declare_link(regclass, name[], regclass, name[], name, text, text, boolean, text, text, text[]) IS
    'declares that a table''s rows (those meeting condition) belong to the parent''s row whose parent_columns, by default its subject key or primary key, they hold; without inherit, what belongs to these rows is not its person''s. Returns the link''s name. Errors: 42710 name taken, 42830 parent columns not unique, 42804 types do not compare, 55000 a cascade from rows to delete reaches what is not declared delete, 42702 rows would be deleted with any of several subjects';
REVOKE EXECUTE ON FUNCTION pv.declare_link(regclass, name[], regclass, name[], name, text, text, boolean, text, text, text[]) FROM PUBLIC;

-- Last: whoever has a profile may call what has been added to it, and what was made anew.
SELECT pv.grant_role(role, profile) FROM pv.role_profile;
