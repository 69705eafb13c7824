-- What a scrub costs: :rows rows of customers, two tables that are the same, so that each
-- VACUUM finds what the other found.
CREATE EXTENSION pvext CASCADE;
CREATE TABLE scrubbed (id int PRIMARY KEY, name text, email text, mobile text, street text, zip text, city text,
                       born date, product text NOT NULL, note text NOT NULL);
CREATE TABLE rewritten (LIKE scrubbed INCLUDING ALL);
INSERT INTO scrubbed
SELECT i, 'Name ' || i, i || '@example.no', '9' || i, 'Street ' || i, lpad((i % 9999)::text, 4, '0'), 'City ' || i % 100,
       date '1950-01-01' + i % 20000, 'internet', repeat('x', 100)
FROM generate_series(1, :rows) AS i;
INSERT INTO rewritten TABLE scrubbed;
CREATE INDEX ON scrubbed (email);
CREATE INDEX ON rewritten (email);
VACUUM ANALYZE scrubbed;
VACUUM ANALYZE rewritten;

CREATE TABLE measured (what text, round int, part text, ms float8, wal numeric);

-- A twentieth of the rows, all over the table and other ones in each round, made anonymous.
CREATE PROCEDURE erase(relation regclass, round int) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE %s SET name = NULL, email = NULL, mobile = NULL, street = NULL, zip = NULL, city = NULL'
                   ' WHERE hashint4(id) & 2147483647 BETWEEN %s AND %s',
                   relation, 107374182::bigint * round, 107374182::bigint * (round + 1) - 1);
END $$;

SELECT pg_size_pretty(pg_relation_size('scrubbed')) AS "table", pg_size_pretty(pg_indexes_size('scrubbed')) AS indexes;
