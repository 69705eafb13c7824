CREATE TABLE pv.declared_link (
    relation_id    integer NOT NULL,
    name           name NOT NULL CHECK (name <> '' AND name <> '*'),
    columns        name[] NOT NULL,
    parent_id      integer NOT NULL,
    parent_columns name[] NOT NULL CHECK (expression IS NOT NULL OR cardinality(parent_columns) = cardinality(columns)),
    condition      text,
    bound          text,
    owner          name,
    on_erase       text NOT NULL CHECK (on_erase IN ('anonymise', 'delete')),
    inherited      boolean NOT NULL DEFAULT true,
    shared         text CHECK (shared IN ('last', 'any')),
    expression     text,
    purposes       text[],
    expression_bound text,
    elements       boolean NOT NULL DEFAULT false,
    ignore_case    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (relation_id, name),
    CHECK ((condition IS NULL) = (bound IS NULL) AND (condition IS NULL OR owner IS NOT NULL)),
    CHECK (inherited OR on_erase <> 'delete'),
    CONSTRAINT declared_link_expression_check
        CHECK ((expression IS NULL) = (expression_bound IS NULL) AND (expression IS NULL OR owner IS NOT NULL))
);
COMMENT ON TABLE pv.declared_link IS 'which rows belong to which; read it as pv.link';
COMMENT ON COLUMN pv.declared_link.bound IS 'the condition with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_link.owner IS 'the table''s owner when condition and expression were declared, on whose behalf they run';
COMMENT ON COLUMN pv.declared_link.relation_id IS 'the table whose rows belong, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_link.name IS 'its name, unique within the table';
COMMENT ON COLUMN pv.declared_link.columns IS 'the columns that hold the values of parent_columns, in the same order; with expression, those that it reads';
COMMENT ON COLUMN pv.declared_link.parent_id IS 'the table whose rows they belong to, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_link.parent_columns IS 'the columns of the parent that name its row';
COMMENT ON COLUMN pv.declared_link.condition IS 'which rows belong, as given; NULL for all rows';
COMMENT ON COLUMN pv.declared_link.on_erase IS 'what becomes of the rows when the person is erased: anonymise their personal columns, or delete them';
COMMENT ON COLUMN pv.declared_link.inherited IS 'what belongs to the rows belongs to this parent''s person, too';
COMMENT ON COLUMN pv.declared_link.shared IS 'where several rows of the parent may refer to the same row: it goes with the last person (last) or the first (any)';
COMMENT ON COLUMN pv.declared_link.expression IS 'what of the row is compared with the parent''s column instead of columns, as given';
COMMENT ON COLUMN pv.declared_link.expression_bound IS 'the expression with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_link.elements IS 'the column or expression is an array, each of whose elements is compared';
COMMENT ON COLUMN pv.declared_link.ignore_case IS 'it is compared with the parent''s columns whatever the case of their letters';
COMMENT ON COLUMN pv.declared_link.purposes IS 'what rows that are deleted are processed for; NULL for every purpose';
SELECT pg_extension_config_dump('pv.declared_link', '');
CREATE INDEX ON pv.declared_link (parent_id);
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_link
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_link ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.link AS
    SELECT r.relation, l.name, l.columns, p.relation AS parent, l.parent_columns, l.condition, l.on_erase,
           l.inherited, l.shared, l.expression, l.purposes, l.ignore_case
    FROM pv.declared_link l
    JOIN pv.relation r ON r.id = l.relation_id
    JOIN pv.relation p ON p.id = l.parent_id;
COMMENT ON VIEW pv.link IS 'which table''s rows belong to which other table''s rows';
COMMENT ON COLUMN pv.link.relation IS 'the table whose rows belong to others';
COMMENT ON COLUMN pv.link.parent IS 'the table of the rows that they belong to';

CREATE FUNCTION pv.declare_link(relation regclass, columns name[], parent regclass,
                                parent_columns name[] DEFAULT NULL, name name DEFAULT NULL,
                                condition text DEFAULT NULL, on_erase text DEFAULT 'anonymise',
                                inherit boolean DEFAULT true, shared text DEFAULT NULL,
                                expression text DEFAULT NULL, purposes text[] DEFAULT NULL,
                                ignore_case boolean DEFAULT false)
    RETURNS name LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_link';
COMMENT ON FUNCTION pv.declare_link(regclass, name[], regclass, name[], name, text, text, boolean, text, text, text[], boolean) IS
    'declares that a table''s rows (those meeting condition) belong to the parent''s row whose parent_columns, by default its subject key or primary key, they hold; with expression instead of columns, what it makes of the row is compared with the one parent column; of an array each element is; with ignore_case strings are compared whatever their case; without inherit, what belongs to these rows is not its person''s; purposes are what rows that are deleted are processed for, by default every one. Where several of the parent''s rows may refer to a row, as the columns are not unique, it goes with the last person who lives and refers to it (shared: last, the default) or with the first (any). Returns the link''s name. Errors: 42710 name taken, 42830 other columns than the parent''s, or rows to be shared that refer to one each or have no primary key, 42804 types do not compare, 42P17 the expression is not immutable, 55000 a cascade from rows to delete reaches what is not declared delete, or others would refer to them still, 42702 rows would be deleted with any of several subjects, 22023 purposes of rows that stay, 42704 no such purpose';

CREATE FUNCTION pv.undeclare_link(relation regclass, name name)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_link';
COMMENT ON FUNCTION pv.undeclare_link(regclass, name) IS
    'takes a link out of the map. Errors: 42704 not declared, 55006 a personal column names it';

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
