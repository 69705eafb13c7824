-- Of the ways up from a row, the nearest by each of its links is named; what is said of one
-- column fits what is said of it elsewhere; what a pair, or another system, names is rather not whose a row is.
SET client_min_messages = error;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA way;
SET search_path = way;
CREATE TABLE person (id int PRIMARY KEY, handle text, email text);
INSERT INTO person SELECT n, 'mk00' || n, 'mk00' || n || '@x.no' FROM generate_series(1, 4) AS n;
-- Tables that refer to each other, and one that hangs on three of them
CREATE TABLE category (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, topic_id int NOT NULL, notes text);
CREATE TABLE topic (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, category_id int NOT NULL REFERENCES category, notes text);
CREATE TABLE post (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, topic_id int NOT NULL REFERENCES topic,
    category_id int NOT NULL REFERENCES category, notes text);
ALTER TABLE category ADD FOREIGN KEY (topic_id) REFERENCES topic DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE permalink (id int PRIMARY KEY, category_id int NOT NULL REFERENCES category, post_id int NOT NULL REFERENCES post,
    topic_id int NOT NULL REFERENCES topic, url text);
BEGIN;
INSERT INTO category SELECT n, n, n % 4 + 1, 'mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO topic SELECT n, n, n % 4 + 1, 'mk00' || n FROM generate_series(1, 4) AS n;
COMMIT;
INSERT INTO post SELECT n, n, n % 4 + 1, n % 4 + 1, 'mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO permalink SELECT n, n % 4 + 1, n, n % 4 + 1, 'http://x.no/mk00' || n FROM generate_series(1, 4) AS n;
-- One column, two tables: a link, whatever is said of the other
CREATE TABLE file_base (id int PRIMARY KEY, uploaded_by int NOT NULL REFERENCES person);
CREATE TABLE file_order (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person);
CREATE TABLE attached (id int PRIMARY KEY, file_id int NOT NULL REFERENCES file_base REFERENCES file_order, attached_name text);
INSERT INTO file_base SELECT n, n FROM generate_series(1, 4) AS n;
INSERT INTO file_order SELECT n, n FROM generate_series(1, 4) AS n;
INSERT INTO attached SELECT n, n, 'mk00' || n FROM generate_series(1, 4) AS n;
-- A row's own number, and a table of ids
CREATE TABLE person_open_ids (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, url text);
CREATE TABLE gadget (id int PRIMARY KEY, person_open_id int NOT NULL, words text);
INSERT INTO person_open_ids SELECT n, n, 'http://x.no/mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO gadget SELECT n, n, 'mk00' || n FROM generate_series(1, 4) AS n;
-- A pair that names what a row is about, beside the row that it is part of
CREATE TABLE orders (id int PRIMARY KEY, person_id int NOT NULL, words text);
CREATE TABLE adjustment (id int PRIMARY KEY, adjustable_type text NOT NULL, adjustable_id int NOT NULL, order_id int NOT NULL, label text);
INSERT INTO orders SELECT n, n, 'mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO adjustment SELECT n, 'Order', n % 4 + 1, n, 'mk00' || n FROM generate_series(1, 4) AS n;
-- The pair alone: of whichever kind the thing is, the row is one person's
CREATE TABLE remark (id int PRIMARY KEY, remarkable_type text NOT NULL, remarkable_id int NOT NULL, label text);
INSERT INTO remark SELECT n, CASE WHEN n % 2 = 1 THEN 'Order' ELSE 'Person' END, n, 'mk00' || n FROM generate_series(1, 4) AS n;
-- Another system's number; who acted
CREATE TABLE facebook_person_info (id int PRIMARY KEY, facebook_person_id bigint NOT NULL, person_id int NOT NULL, link text);
CREATE TABLE history (id int PRIMARY KEY, acting_person_id int NOT NULL, target_person_id int NOT NULL, ip text);
INSERT INTO facebook_person_info SELECT n, n % 4 + 1, n, 'http://x.no/mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO history SELECT n, n % 4 + 1, n, '10.0.0.' || n FROM generate_series(1, 4) AS n;
-- No rows: a name alone is asked, and a pair's is rather none
CREATE TABLE visit (id int PRIMARY KEY, person_id int NOT NULL, ip text);
CREATE TABLE delivery (id int PRIMARY KEY, recipient_type text NOT NULL, recipient_id int NOT NULL, ip text);
-- Who wrote last stands before whose it is, and by what a row is changed before what it is part of
CREATE TABLE thread (id int PRIMARY KEY, last_post_person_id int NOT NULL REFERENCES person, person_id int NOT NULL REFERENCES person, slug text);
CREATE TABLE spare_return (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person);
CREATE TABLE spare_refund (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person);
CREATE TABLE spare_return_item (id int PRIMARY KEY, spare_refund_id int NOT NULL REFERENCES spare_refund,
    spare_return_id int NOT NULL REFERENCES spare_return, label text);
INSERT INTO thread SELECT n, n % 4 + 1, n, 'mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO spare_return SELECT n, n FROM generate_series(1, 4) AS n;
INSERT INTO spare_refund SELECT n, n FROM generate_series(1, 4) AS n;
INSERT INTO spare_return_item SELECT n, n % 4 + 1, n, 'mk00' || n FROM generate_series(1, 4) AS n;
-- A key of two columns, of which one is the row's own, and one that is the other's
CREATE TABLE node (node_id int, version int, person_id int NOT NULL REFERENCES person, place text, PRIMARY KEY (node_id, version));
CREATE TABLE way_node (id int PRIMARY KEY, node_id int NOT NULL, version int NOT NULL, words text);
CREATE TABLE node_tag (id int PRIMARY KEY, node_id int NOT NULL, version int NOT NULL, words text);
INSERT INTO node SELECT n, 1, n, 'mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO way_node SELECT n, n, 7, 'none' FROM generate_series(1, 4) AS n;
INSERT INTO node_tag SELECT n, n, 1, 'mk00' || n FROM generate_series(1, 4) AS n;
ANALYZE;
CREATE FUNCTION marks() RETURNS TABLE (relation name, mark text) LANGUAGE plpgsql AS $$
BEGIN
    FOR relation IN SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'way'::regnamespace AND c.relkind = 'r' ORDER BY 1 LOOP
        RETURN QUERY EXECUTE format('SELECT %L::name, substring(t::text FROM ''mk00.|10\.0\.0\..'') FROM way.%I AS t', relation, relation);
    END LOOP;
END $$;

SELECT pv.generate_map('person') AS map \gset
SELECT line FROM regexp_split_to_table(:'map', '\n') AS line WHERE line ~ 'declare_(not_)?link|Say whom|permalink|personal.*(thread|spare_return_item)' AND line !~ 'retention';
-- as it stands nothing of anybody else's goes
BEGIN;
:map
SELECT state FROM pv.erase_subject('person', 1);
SELECT mark, count(*) FROM marks() WHERE mark !~ '1$' GROUP BY mark ORDER BY 1;
ROLLBACK;
-- With what is said first of the questions all of his goes, but for what hangs on what is rather no link, and
-- of a row of three persons what is the first one's
BEGIN;
\o /dev/null
:map
SELECT regexp_replace(line, '^-- ', '') FROM regexp_split_to_table(:'map', '\n') AS line
    WHERE line ~ '^-- SELECT' AND line !~ 'retention|declare_purpose' \gexec
\o
SELECT state FROM pv.erase_subject('person', 1);
SELECT * FROM marks() WHERE mark ~ '1$' ORDER BY 1;
SELECT mark, count(*) FROM marks() WHERE mark !~ '1$' GROUP BY mark ORDER BY 1;
SELECT state FROM pv.erase_subject('person', 2);
SELECT * FROM remark ORDER BY id;
-- nor does a link stay by which nothing goes
SELECT problem FROM pv.check_map() WHERE relation = 'way.remark';
-- nothing is asked again
SELECT line FROM regexp_split_to_table(pv.generate_map('person'), '\n') AS line WHERE line ~ 'declare_' AND line !~ 'retention|declare_purpose';
ROLLBACK;

RESET search_path;
DROP SCHEMA way CASCADE;
DROP EXTENSION pvext;
