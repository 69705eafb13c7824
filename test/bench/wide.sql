-- A map of :tables tables: a third hang on another third, the rest on the person. By hand an
-- erasure is a function of as many UPDATEs, which verify and record nothing.
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, name text, email text UNIQUE);
INSERT INTO person SELECT i, 'Name ' || i, i || '@example.no' FROM generate_series(1, 1000) AS i;
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name,email}', 'identifying');
CREATE PROCEDURE make_tables(n int) LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    hand text := 'UPDATE person SET name = NULL, email = NULL WHERE id = $1;';
BEGIN
    FOR i IN 1..n LOOP
        parent := CASE WHEN i % 3 = 2 THEN 't' || i - 1 ELSE 'person' END;
        EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, parent int NOT NULL REFERENCES %s, a text, b text, c text, ended date)', i, parent);
        EXECUTE format('INSERT INTO t%s SELECT r, r, ''a'', ''b'', ''c'', ''2010-01-01'' FROM generate_series(1, 1000) AS r', i);
        EXECUTE format('CREATE INDEX ON t%s (parent)', i);
        EXECUTE format('ANALYZE t%s', i);
        PERFORM pv.declare_link(format('t%s', i)::regclass, '{parent}', parent::regclass);
        PERFORM pv.declare_personal(format('t%s', i)::regclass, '{a,b,c}', 'text');
        hand := hand || format('UPDATE t%s SET a = NULL, b = NULL, c = NULL WHERE parent %s;', i,
            CASE WHEN i % 3 = 2 THEN format('IN (SELECT id FROM %s WHERE parent = $1)', parent) ELSE '= $1' END);
        COMMIT;
    END LOOP;
    EXECUTE format('CREATE FUNCTION by_hand(key int) RETURNS void LANGUAGE plpgsql AS $x$ BEGIN %s END $x$', hand);
END $$;
CALL make_tables(:tables);
VACUUM ANALYZE;
CREATE TABLE memory (hand boolean, bytes bigint);
