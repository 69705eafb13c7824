-- What has changed in the catalog since 1.0.
\echo Use "ALTER EXTENSION pvext UPDATE TO '1.1'" to load this file. \quit
COMMENT ON FUNCTION pv.declare_subject(regclass, name[], text, text) IS
    'declares that the rows of a table (those meeting condition) are persons, each named by key, by default the primary key; replaces an earlier declaration. Errors: 42809 a view, a partition or a foreign table, 42703 no such column, 42830 key not unique, 42501 not the owner, 55006 another key, while consents, agreements, holds or open requests name subjects by the former';
