-- Whether a consent is in force: has_consent(), consented(), may_process().
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE EXTENSION citext;
RESET client_min_messages;
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';

CREATE ROLE regress_in_force_shop;
CREATE ROLE regress_in_force_app;
CREATE ROLE regress_in_force_guest;
GRANT CREATE ON SCHEMA public TO regress_in_force_shop;
SELECT pv.grant_role('regress_in_force_shop', 'owner');
SELECT pv.grant_role('regress_in_force_app', 'application');

SELECT pv.declare_purpose('news', 'consent', 'the newsletter');
SELECT pv.declare_purpose('sms', 'consent', 'messages');
SELECT pv.declare_purpose('contract', 'contract', 'delivering');
SELECT pv.declare_purpose('law', 'legal_obligation', 'keeping books');
SELECT pv.declare_purpose('vital', 'vital_interests', 'saving lives');
SELECT pv.declare_purpose('public', 'public_task', 'statistics');
SELECT pv.declare_purpose('interest', 'legitimate_interests', 'advertising by post');
SELECT pv.declare_consent_text('news', '1', 'en', 'I want the newsletter.');
SELECT pv.declare_consent_text('sms', '1', 'en', 'You may send me messages.');

-- The tests' shorthands; every name is one of the test's own.
CREATE FUNCTION give(subject regclass, key text, purpose text DEFAULT 'news', until interval DEFAULT NULL)
RETURNS void LANGUAGE sql AS
$$ SELECT pv.give_consent(subject, key, purpose, '1', 'web', expires => clock_timestamp() + until) $$;
CREATE FUNCTION withdraw(subject regclass, key text, purpose text DEFAULT 'news')
RETURNS void LANGUAGE sql AS
$$ SELECT pv.withdraw_consent(subject, key, purpose, 'web') $$;
-- Where the set and the function do not say the same of the table's rows:
-- nothing. key is an expression over row r, as has_consent() takes it.
CREATE FUNCTION differences(subject regclass, key text, purpose text)
RETURNS TABLE (key_text text, in_set boolean, has boolean) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'WITH rows AS (SELECT CAST(%1$s AS text) AS k, pv.has_consent(%2$L, %1$s, %3$L) AS h,
                              pv.has_consent(%2$L, CAST(%1$s AS text), %3$L) AS t FROM %4$s AS r),
              given AS (SELECT key AS k FROM pv.consented(%2$L, %3$L))
         SELECT k, g.k IS NOT NULL, rows.h FROM rows FULL JOIN given g USING (k)
         WHERE coalesce(h, false) <> (g.k IS NOT NULL) OR h <> t',
        key, subject, purpose, subject);
END $$;

SET ROLE regress_in_force_shop;
CREATE TABLE customer (id int PRIMARY KEY, name text, email text, phone text);
INSERT INTO customer SELECT i, 'name of ' || i, i || '@example.org', '+46 70 12345' || 10 + i
FROM generate_series(1, 20) i;
SELECT pv.declare_subject('customer');
RESET ROLE;

--
-- Keys that are integers
--

SELECT give('customer', '7');
SELECT pv.has_consent('customer', 7, 'news') AS int4, pv.has_consent('customer', 7::int2, 'news') AS int2,
       pv.has_consent('customer', 7::int8, 'news') AS int8, pv.has_consent('customer', 7.0, 'news') AS numeric,
       pv.has_consent('customer', '7', 'news') AS text, pv.has_consent('customer', '7'::varchar, 'news') AS varchar;
SELECT k, pv.has_consent('customer', k, 'news')
FROM unnest(ARRAY['7', ' 7 ', E'\t7\n', '+7', '007', '7.', '7.0', '7.000', '-7', '8', '-0', '0', '4103',
                  '2147483647', '2147483648', '9223372036854775807', '-9223372036854775808',
                  '4294967303']) AS k;
-- as give_consent() takes them
SELECT k, pv.has_consent('customer', k, 'news') FROM unnest(ARRAY['7e0', '.7e1', '70e-1']) AS k;
-- and refuses them
SELECT pv.has_consent('customer', '9223372036854775808', 'news');
SELECT pv.has_consent('customer', '-9223372036854775809', 'news');
SELECT pv.has_consent('customer', '70000000000000000000000000000000000000000', 'news');
SELECT pv.has_consent('customer', '1e15', 'news');
SELECT pv.has_consent('customer', '7.5', 'news');
\echo :SQLSTATE
SELECT pv.has_consent('customer', 7.5, 'news');
SELECT pv.has_consent('customer', 'seven', 'news');
SELECT pv.has_consent('customer', '', 'news');
SELECT pv.has_consent('customer', ' ', 'news');
SELECT pv.has_consent('customer', '7 7', 'news');
SELECT pv.has_consent('customer', '- 7', 'news');
SELECT pv.has_consent('customer', '7.0.0', 'news');
SELECT pv.has_consent('customer', '(7)', 'news');
SELECT pv.has_consent('customer', 'NaN'::numeric, 'news');
SELECT pv.has_consent('customer', true, 'news');
\echo :SQLSTATE
-- no value and nobody's
SELECT pv.has_consent('customer', NULL::int, 'news') AS null_int, pv.has_consent('customer', NULL::text, 'news') AS null_text,
       pv.has_consent('customer', 8, 'news') AS other, pv.has_consent('customer', 7777, 'news') AS nobody,
       pv.may_process('customer', NULL::int, 'news') AS may_null, pv.may_process('customer', 7777, 'contract') AS may_nobody;
-- what is asked must be declared, also for no key
SELECT pv.has_consent('pg_class', 7, 'news');
\echo :SQLSTATE
SELECT pv.has_consent('customer', 7, 'nothing');
\echo :SQLSTATE
SELECT pv.has_consent('customer', NULL::int, 'nothing');
SELECT pv.has_consent('customer', 7, 'News');
SELECT pv.has_consent('customer', 7, 'contract');
\echo :SQLSTATE
SELECT pv.has_consent(NULL, 7, 'news');
\echo :SQLSTATE
SELECT pv.has_consent('customer', 7, NULL);
SELECT pv.consented('pg_class', 'news');
SELECT pv.consented('customer', 'nothing');
\echo :SQLSTATE
SELECT pv.consented('customer', 'law');
\echo :SQLSTATE
SELECT pv.consented(NULL, 'news');
SELECT pv.consented('customer', NULL);
SELECT pv.may_process('pg_class', 7, 'news');
SELECT pv.may_process('customer', 7, 'nothing');
\echo :SQLSTATE
SELECT pv.may_process('customer', '7.5', 'news');
\echo :SQLSTATE
SELECT pv.may_process(NULL, 7, 'news');
SELECT pv.may_process('customer', 7, NULL);

-- The borders of buckets, and of the type
CREATE TABLE far (id bigint PRIMARY KEY);
INSERT INTO far VALUES (-9223372036854775808), (-4097), (-4096), (-4095), (-1), (0), (1), (3), (4), (4095), (4096), (4097),
    (8191), (8192), (2147483647), (4294967295), (4294967296), (9223372036854775806), (9223372036854775807);
SELECT pv.declare_subject('far');
SELECT count(give('far', id::text)) FROM far WHERE id IN
    (-9223372036854775808, -4096, -1, 0, 3, 4095, 4096, 8191, 4294967296, 9223372036854775807);
SELECT id, pv.has_consent('far', id, 'news') FROM far ORDER BY id;
SELECT count(withdraw('far', id::text)) FROM far WHERE id IN (-1, 4095, 9223372036854775807);
SELECT id FROM far WHERE pv.has_consent('far', id, 'news') ORDER BY id;
SELECT * FROM differences('far', 'r.id', 'news');
SELECT * FROM differences('far', 'r.id', 'sms');
CREATE TABLE small (id smallint PRIMARY KEY);
INSERT INTO small VALUES (-32768), (-1), (0), (32767);
SELECT pv.declare_subject('small');
SELECT give('small', '-32768'), give('small', '32767', until => interval '1 day');
SELECT pv.has_consent('small', id, 'news'), pv.has_consent('small', id::int, 'news') FROM small ORDER BY id;
SELECT pv.has_consent('small', 32768, 'news'), pv.has_consent('small', 98304, 'news');
SELECT * FROM differences('small', 'r.id', 'news');

--
-- Keys of other types
--

CREATE DOMAIN number AS int CHECK (VALUE > 0);
CREATE DOMAIN word AS text;
CREATE TABLE of_domain (id number PRIMARY KEY);
CREATE TABLE of_word (id word PRIMARY KEY);
CREATE TABLE of_uuid (id uuid PRIMARY KEY);
CREATE TABLE of_text (id text PRIMARY KEY);
CREATE TABLE of_varchar (id varchar(6) PRIMARY KEY);
CREATE TABLE of_char (id char(6) PRIMARY KEY);
CREATE TABLE of_citext (id citext PRIMARY KEY);
CREATE TABLE of_numeric (id numeric PRIMARY KEY);
CREATE TABLE of_date (id date PRIMARY KEY);
CREATE TABLE of_two (a int, b text, PRIMARY KEY (a, b));
CREATE TABLE "Of ""Mixed"" Case" ("The ""Key""" int PRIMARY KEY);
INSERT INTO of_domain VALUES (1), (2);
INSERT INTO of_word VALUES ('one'), ('two');
INSERT INTO of_uuid VALUES ('00000000-0000-0000-0000-00000000000a'), ('00000000-0000-0000-0000-00000000000b');
INSERT INTO of_text VALUES ('A'), ('a'), (' a'), (''), ('7'), ('ä'), ('(1,2)'), ('nul"l');
INSERT INTO of_varchar VALUES ('A'), ('a'), ('a ');
INSERT INTO of_char VALUES ('A'), ('a');
INSERT INTO of_citext VALUES ('Alfki'), ('Bolid');
INSERT INTO of_numeric VALUES (1.0), (2), (1.5);
INSERT INTO of_date VALUES ('2020-02-29'), ('2020-03-01');
INSERT INTO of_two VALUES (7, 'x, "y"'), (7, ''), (7, 'x'), (8, 'x');
INSERT INTO "Of ""Mixed"" Case" VALUES (1), (2);
SELECT pv.declare_subject(t) FROM unnest(ARRAY['of_domain', 'of_word', 'of_uuid', 'of_text', 'of_varchar', 'of_char', 'of_citext',
    'of_numeric', 'of_date', 'of_two', '"Of ""Mixed"" Case"']::regclass[]) AS t;
SELECT give('of_domain', '1'), give('of_word', 'one'), give('of_uuid', '00000000-0000-0000-0000-00000000000A'),
       give('of_text', k), give('of_varchar', 'a '), give('of_char', 'a'), give('of_citext', 'ALFKI'), give('of_numeric', '1.00'),
       give('of_date', '2020-02-29'), give('of_two', '( 7,"x, ""y""")'), give('"Of ""Mixed"" Case"', '2')
FROM unnest(ARRAY['A', '', ' a', '7', 'ä', '(1,2)']) AS k;
SELECT give('of_two', '(7,"")');
SELECT pv.give_consent('of_two', ROW(8, 'x'), 'news', '1', 'web');

SELECT * FROM differences('of_domain', 'r.id', 'news');
SELECT * FROM differences('of_word', 'r.id', 'news');
SELECT * FROM differences('of_uuid', 'r.id', 'news');
SELECT * FROM differences('of_text', 'r.id', 'news');
SELECT * FROM differences('of_varchar', 'r.id', 'news');
SELECT * FROM differences('of_char', 'r.id', 'news');
SELECT * FROM differences('of_citext', 'r.id', 'news');
SELECT * FROM differences('of_numeric', 'r.id', 'news');
SELECT * FROM differences('of_date', 'r.id', 'news');
SELECT * FROM differences('of_two', 'ROW(r.a, r.b)', 'news');
SELECT * FROM differences('"Of ""Mixed"" Case"', 'r."The ""Key"""', 'news');
SELECT subject, key FROM pv.consent WHERE in_force AND subject::text LIKE '%f_%' ORDER BY subject::text COLLATE "C", key COLLATE "C";

-- the same key, spelled in another way
SELECT pv.has_consent('of_domain', 1, 'news') AS domain, pv.has_consent('of_domain', 1::number, 'news') AS as_domain,
       pv.has_consent('of_domain', -1, 'news') AS outside_domain,
       pv.has_consent('of_uuid', '{00000000-0000-0000-0000-00000000000A}', 'news') AS uuid_text,
       pv.has_consent('of_uuid', '0000000000000000000000000000000a', 'news') AS uuid_without,
       pv.has_consent('of_uuid', '00000000-0000-0000-0000-00000000000c'::uuid, 'news') AS uuid_nobody;
SELECT pv.has_consent('of_text', 'a', 'news') AS text_a, pv.has_consent('of_text', 'A', 'news') AS "text_A",
       pv.has_consent('of_text', 7, 'news') AS text_int, pv.has_consent('of_text', 'A'::word, 'news') AS text_domain,
       pv.has_consent('of_text', 'A'::name, 'news') AS text_name, pv.has_consent('of_text', 'A'::citext, 'news') AS text_citext,
       pv.has_consent('of_text', 'A ', 'news') AS text_space, pv.has_consent('of_varchar', 'a', 'news') AS varchar_a,
       pv.has_consent('of_varchar', 'much too long', 'news') AS varchar_long;
SELECT pv.has_consent('of_char', 'a'::char(6), 'news') AS char6, pv.has_consent('of_char', 'a', 'news') AS char_text,
       pv.has_consent('of_char', 'A', 'news') AS "char_A",
       pv.has_consent('of_citext', 'aLFKI', 'news') AS citext_text, pv.has_consent('of_citext', 'aLFKI'::citext, 'news') AS citext,
       pv.has_consent('of_citext', 'nobody', 'news') AS citext_nobody;
SELECT pv.has_consent('of_numeric', '1', 'news') AS one, pv.has_consent('of_numeric', 1, 'news') AS int_one,
       pv.has_consent('of_numeric', 1.000, 'news') AS numeric_one, pv.has_consent('of_numeric', 1.5, 'news') AS other,
       pv.has_consent('of_numeric', '1e0', 'news') AS exponent;
SET DateStyle = 'German, DMY';
SELECT pv.has_consent('of_date', '2020-02-29'::date, 'news') AS date, pv.has_consent('of_date', '29.02.2020'::date, 'news') AS german,
       pv.has_consent('of_date', '2020-02-29', 'news') AS text;
SET DateStyle = 'ISO, YMD';
SELECT pv.has_consent('of_two', ROW(7, 'x, "y"'), 'news') AS row, pv.has_consent('of_two', '(7.0 ,"x, ""y""")', 'news') AS text,
       pv.has_consent('of_two', ROW(7::bigint, 'x'::varchar), 'news') AS other, pv.has_consent('of_two', ROW(7, ''), 'news') AS empty,
       pv.has_consent('of_two', '(9,x)', 'news') AS nobody;
SELECT pv.has_consent('of_two', '7', 'news');
\echo :SQLSTATE
SELECT pv.has_consent('of_two', ROW(7, NULL::text), 'news');
SELECT pv.has_consent('of_two', ROW(7, 'x', 1), 'news');
SELECT pv.has_consent('of_numeric', 'one', 'news');
\echo :SQLSTATE
SELECT pv.has_consent('of_date', '2020-02-30', 'news');
\echo :SQLSTATE
-- no message holds a key
SELECT pv.has_consent('of_uuid', 'not a uuid', 'news');
\echo :SQLSTATE
SELECT pv.has_consent('of_uuid', 7, 'news');
-- after a withdrawal
SELECT withdraw('of_two', '(7,"")'), withdraw('of_uuid', '00000000-0000-0000-0000-00000000000a'), withdraw('of_text', ''),
       withdraw('of_citext', 'alfki'), withdraw('"Of ""Mixed"" Case"', '2');
SELECT pv.has_consent('of_two', ROW(7, ''), 'news'), pv.has_consent('of_two', ROW(8, 'x'), 'news'),
       pv.has_consent('of_uuid', '00000000-0000-0000-0000-00000000000a', 'news'), pv.has_consent('of_text', '', 'news'),
       pv.has_consent('of_text', 'A', 'news'), pv.has_consent('of_citext', 'Alfki', 'news'), pv.has_consent('"Of ""Mixed"" Case"', 2, 'news');
SELECT * FROM pv.verify_consents();

--
-- What the active snapshot sees
--

-- within a statement what it began with, in the next what was done
SELECT withdraw('customer', '7');
SELECT pv.has_consent('customer', 7, 'news') AS before, give('customer', '7') IS NULL AS gives, pv.has_consent('customer', 7, 'news') AS beside;
SELECT pv.has_consent('customer', 7, 'news') AS after;
SELECT pv.has_consent('customer', 7, 'news') AS before, withdraw('customer', '7') IS NULL AS withdraws, pv.has_consent('customer', 7, 'news') AS beside;
SELECT pv.has_consent('customer', 7, 'news') AS after;
-- in one transaction, with each command
BEGIN;
SELECT give('customer', '1'), give('customer', '2');
SELECT id, pv.has_consent('customer', id, 'news') FROM customer WHERE id < 4 ORDER BY id;
SELECT withdraw('customer', '1');
SELECT id, pv.has_consent('customer', id, 'news') FROM customer WHERE id < 4 ORDER BY id;
SELECT * FROM differences('customer', 'r.id', 'news');
ROLLBACK;
SELECT key FROM pv.consented('customer', 'news');
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news');
-- withdrawn, and not
SELECT give('customer', '3');
BEGIN;
SELECT withdraw('customer', '3');
SELECT pv.has_consent('customer', 3, 'news'), pv.has_consent('customer', '3', 'news'), pv.may_process('customer', 3, 'news');
ROLLBACK;
SELECT pv.has_consent('customer', 3, 'news'), pv.has_consent('customer', '3', 'news'), pv.may_process('customer', 3, 'news');
-- savepoints
BEGIN;
SAVEPOINT a;
SELECT give('customer', '4');
SELECT pv.has_consent('customer', 4, 'news') AS given;
ROLLBACK TO a;
SELECT pv.has_consent('customer', 4, 'news') AS rolled_back;
SELECT give('customer', '4', until => interval '1 day');
SAVEPOINT b;
SELECT withdraw('customer', '4'), give('customer', '5');
SAVEPOINT c;
SELECT give('customer', '4'), withdraw('customer', '5'), give('customer', '6');
RELEASE c;
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
ROLLBACK TO b;
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
SAVEPOINT d;
SELECT give('customer', '8'), withdraw('customer', '3');
RELEASE d;
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
COMMIT;
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
SELECT * FROM differences('customer', 'r.id', 'news');
SELECT * FROM pv.verify_consents();
SELECT withdraw('customer', '4'), withdraw('customer', '8');
-- the same under one snapshot
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pv.has_consent('customer', 4, 'news') AS at_first;
SAVEPOINT a;
SELECT give('customer', '4');
SELECT pv.has_consent('customer', 4, 'news') AS given;
ROLLBACK TO a;
SELECT pv.has_consent('customer', 4, 'news') AS rolled_back;
SELECT give('customer', '5'), give('customer', '4');
SELECT withdraw('customer', '4');
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
COMMIT;
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
SELECT * FROM pv.verify_consents();
-- blocks that catch errors, one in another
DO $$
BEGIN
    PERFORM give('customer', '9');
    BEGIN
        PERFORM give('customer', '10');
        BEGIN
            PERFORM give('customer', '11'), withdraw('customer', '9');
            ASSERT pv.has_consent('customer', 11, 'news') AND NOT pv.has_consent('customer', 9, 'news');
            RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN
            ASSERT pv.has_consent('customer', 9, 'news') AND pv.has_consent('customer', 10, 'news');
            ASSERT NOT pv.has_consent('customer', 11, 'news');
        END;
        BEGIN
            PERFORM give('customer', '12'), withdraw('customer', '10'), give('customer', '13');
            PERFORM withdraw('customer', '13');
        EXCEPTION WHEN division_by_zero THEN
        END;
        ASSERT pv.has_consent('customer', 12, 'news') AND NOT pv.has_consent('customer', 10, 'news');
    END;
    BEGIN
        PERFORM withdraw('customer', '12');
        BEGIN
            PERFORM give('customer', '10');
        EXCEPTION WHEN division_by_zero THEN
        END;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
    END;
    FOR i IN 1 .. 3 LOOP
        BEGIN
            PERFORM give('customer', '14');
            IF i < 3 THEN RAISE division_by_zero; END IF;
        EXCEPTION WHEN division_by_zero THEN
            ASSERT NOT pv.has_consent('customer', 14, 'news'), i;
        END;
    END LOOP;
END $$;
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
SELECT * FROM differences('customer', 'r.id', 'news');
SELECT * FROM pv.verify_consents();
-- a deferred trigger that gives, after all else
CREATE TABLE signup (customer_id int);
CREATE FUNCTION sign_up() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM give('customer', NEW.customer_id::text); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER sign_up AFTER INSERT ON signup DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_up();
BEGIN;
INSERT INTO signup VALUES (15), (16);
SELECT withdraw('customer', '9');
SELECT pv.has_consent('customer', 15, 'news') AS not_yet;
COMMIT;
SELECT pv.has_consent('customer', 15, 'news') AND pv.has_consent('customer', 16, 'news') AS now, pv.has_consent('customer', 9, 'news') AS withdrawn;
-- a block that commits
DO $$
BEGIN
    PERFORM give('customer', '17');
    COMMIT;
    ASSERT pv.has_consent('customer', 17, 'news');
    PERFORM withdraw('customer', '17');
    ASSERT NOT pv.has_consent('customer', 17, 'news');
    ROLLBACK;
    ASSERT pv.has_consent('customer', 17, 'news');
    PERFORM withdraw('customer', '17');
    COMMIT;
    ASSERT NOT pv.has_consent('customer', 17, 'news');
END $$;
SELECT * FROM pv.verify_consents();

-- a cursor goes on seeing what it began with
SELECT give('customer', '18');
BEGIN;
DECLARE c CURSOR FOR SELECT id, pv.has_consent('customer', id, 'news') AS has,
    pv.may_process('customer', id, 'news') AS may FROM customer WHERE id BETWEEN 17 AND 19 ORDER BY id;
FETCH 1 FROM c;
SELECT withdraw('customer', '18'), give('customer', '19');
SELECT id, pv.has_consent('customer', id, 'news') AS has, pv.may_process('customer', id, 'news') AS may
FROM customer WHERE id BETWEEN 17 AND 19 ORDER BY id;
FETCH ALL FROM c;
SELECT id, pv.has_consent('customer', id, 'news') AS has FROM customer WHERE id BETWEEN 17 AND 19 ORDER BY id;
COMMIT;
-- also across a commit, and one that is opened after it
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
SELECT give('customer', '20');
COMMIT;
FETCH ALL FROM c;
CLOSE c;
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;

-- asking in many transactions, each with its own snapshot, takes no memory; in
-- a session that has not asked before
\c -
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
CREATE VIEW memory AS SELECT sum(total_bytes) AS bytes FROM pg_backend_memory_contexts WHERE name LIKE 'pvext%';
CREATE TABLE memory_before (bytes numeric);
DO $$
BEGIN
    FOR i IN 0 .. 300 LOOP
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        PERFORM pv.has_consent('customer', 20, 'news'), pv.has_consent('of_two', ROW(7, 'x'), 'news'), pv.has_consent('of_text', 'A', 'news');
        IF i = 20 THEN INSERT INTO memory_before SELECT bytes FROM memory; END IF;
    END LOOP;
END $$;
SELECT memory.bytes - memory_before.bytes < 50000 AS bounded FROM memory, memory_before;

-- prepared statements
PREPARE has(int) AS SELECT pv.has_consent('customer', $1, 'news');
PREPARE who AS SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
PREPARE any_purpose(text) AS SELECT pv.has_consent('customer', 20, $1);
SET plan_cache_mode = force_generic_plan;
EXECUTE has(20);
EXECUTE any_purpose('news');
EXECUTE any_purpose('sms');
SELECT withdraw('customer', '20');
EXECUTE has(20);
EXECUTE who;
EXECUTE any_purpose('news');
SELECT give('customer', '20', 'sms');
EXECUTE any_purpose('sms');
SET plan_cache_mode = force_custom_plan;
EXECUTE has(20);
SELECT give('customer', '20');
EXECUTE has(20);
EXECUTE who;
RESET plan_cache_mode;
DO $$
DECLARE answers boolean[] := '{}';
BEGIN
    FOR i IN 1 .. 12 LOOP
        IF i % 2 = 1 THEN PERFORM withdraw('customer', '20'); ELSE PERFORM give('customer', '20'); END IF;
        answers := answers || pv.has_consent('customer', 20, 'news');
    END LOOP;
    RAISE NOTICE '%', answers;
END $$;
DEALLOCATE ALL;

-- In a view, in a query's every place, by an index
CREATE VIEW reader AS SELECT id, email FROM customer WHERE pv.has_consent('customer', id, 'news');
SELECT count(*) FROM reader WHERE id > 10;
SELECT withdraw('customer', '20');
SELECT count(*) FROM reader WHERE id > 10;
SELECT pv.has_consent('customer', id, 'news') AS news, pv.has_consent('customer', id, 'sms') AS sms, count(*)
FROM customer GROUP BY 1, 2 HAVING bool_or(pv.has_consent('customer', id, 'news') OR true) ORDER BY 1, 2;
SELECT c.id, p.name, pv.has_consent('customer', c.id, p.name)
FROM customer c, pv.purpose p WHERE c.id IN (5, 20) AND p.legal_basis = 'consent' ORDER BY 1, 2;
SELECT s.t, pv.has_consent(s.t, 1, 'news') FROM unnest(ARRAY['customer', 'far', 'of_domain', 'customer', 'far']::regclass[]) AS s(t);
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
EXPLAIN (COSTS off) SELECT id, name FROM customer WHERE id BETWEEN 3 AND 6 AND pv.has_consent('customer', id, 'news');
SELECT id, name FROM customer WHERE id BETWEEN 3 AND 6 AND pv.has_consent('customer', id, 'news');
ROLLBACK;
UPDATE customer SET name = 'reader' WHERE pv.has_consent('customer', id, 'news');
SELECT array_agg(id ORDER BY id) FROM customer WHERE name = 'reader';

--
-- Row security: a role that can do nothing but read the table and ask
--

GRANT SELECT ON customer TO regress_in_force_guest, regress_in_force_app;
GRANT EXECUTE ON FUNCTION pv.has_consent(regclass, anyelement, text) TO regress_in_force_guest, regress_in_force_shop;
CREATE POLICY consented ON customer USING (pv.has_consent('customer', id, 'news'));
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
SET ROLE regress_in_force_guest;
SELECT array_agg(id ORDER BY id) FROM customer;
SELECT count(*) FROM pv.consent_state;
SELECT pv.has_consent('customer', '5', 'news');
SELECT give('customer', '6');
SET ROLE regress_in_force_app;
SELECT array_agg(id ORDER BY id) FROM customer;
SELECT give('customer', '6');
SELECT array_agg(id ORDER BY id) FROM customer;
SELECT withdraw('customer', '6');
SELECT array_agg(id ORDER BY id) FROM customer;
SELECT count(*) FROM pv.consent_bitmap;
SELECT count(*) FROM pv.consented('customer', 'news');
SET ROLE regress_in_force_shop;
SELECT count(*) FROM customer;
ALTER TABLE customer FORCE ROW LEVEL SECURITY;
SELECT array_agg(id ORDER BY id) FROM customer;
RESET ROLE;
-- where the row itself is asked, by a policy on that table
CREATE POLICY consented ON of_two USING (pv.has_consent('of_two', ROW(a, b), 'news'));
ALTER TABLE of_two ENABLE ROW LEVEL SECURITY;
ALTER TABLE of_two FORCE ROW LEVEL SECURITY;
ALTER TABLE of_two OWNER TO regress_in_force_shop;
GRANT SELECT ON of_two TO regress_in_force_guest;
SET ROLE regress_in_force_guest;
SELECT * FROM of_two ORDER BY a, b;
SET ROLE regress_in_force_shop;
SELECT * FROM of_two ORDER BY a, b;
RESET ROLE;
ALTER TABLE customer NO FORCE ROW LEVEL SECURITY;
ALTER TABLE customer DISABLE ROW LEVEL SECURITY;
-- who has nothing
CREATE ROLE regress_in_force_nobody;
SET ROLE regress_in_force_nobody;
SELECT pv.has_consent('customer', 5, 'news');
\echo :SQLSTATE
SELECT pv.consented('customer', 'news');
SELECT pv.may_process('customer', 5, 'news');
RESET ROLE;

--
-- Expiry: from the very moment, whatever began before
--

SELECT pv.give_consent('customer', 1, 'sms', '1', 'web', expires => now());
\echo :SQLSTATE
SELECT pv.give_consent('customer', 1, 'sms', '1', 'web', expires => '-infinity');
SELECT give('customer', '1', 'sms', interval '3 seconds'), give('of_text', 'A', 'sms', interval '3 seconds'),
       give('customer', '2', 'sms', interval '1 day'), give('customer', '3', 'sms'), give('of_two', '(7,x)', 'sms', interval '3 seconds');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pv.has_consent('customer', 1, 'sms'), pv.has_consent('of_text', 'A', 'sms'), pv.has_consent('of_two', '(7,x)', 'sms'), pv.may_process('customer', 1, 'sms');
SELECT pg_sleep(3.1);
SELECT pv.has_consent('customer', 1, 'sms'), pv.has_consent('of_text', 'A', 'sms'), pv.has_consent('of_two', '(7,x)', 'sms'), pv.may_process('customer', 1, 'sms');
SELECT id, pv.has_consent('customer', id, 'sms') FROM customer WHERE id < 5 ORDER BY id;
SELECT key FROM pv.consented('customer', 'sms') ORDER BY key;
SELECT key, in_force FROM pv.consent WHERE subject = 'customer'::regclass AND purpose = 'sms' ORDER BY key;
COMMIT;
SELECT pv.has_consent('customer', 1, 'sms');
SELECT * FROM pv.verify_consents();
-- within one statement, one block, one loop over a cursor
SELECT give('customer', '1', 'sms', interval '3 seconds');
SELECT pv.has_consent('customer', 1, 'sms') AS before, pg_sleep(3.1) IS NULL AS waited, pv.has_consent('customer', 1, 'sms') AS after;
DO $$
DECLARE r record; n int := 0;
BEGIN
    PERFORM give('customer', '1', 'sms', interval '3 seconds');
    FOR r IN SELECT pv.has_consent('customer', 1, 'sms') AS has FROM generate_series(1, 2) LOOP
        n := n + 1;
        RAISE NOTICE '%: % %', n, r.has, pv.has_consent('customer', 1, 'sms');
        PERFORM pg_sleep(3.1) WHERE n = 1;
    END LOOP;
    ASSERT NOT pv.has_consent('customer', 1, 'sms');
END $$;
-- renewed before it expires, and a shorter one
SELECT give('customer', '1', 'sms', interval '3 seconds');
SELECT give('customer', '1', 'sms', interval '1 day');
SELECT give('customer', '2', 'sms', interval '3 seconds');
SELECT give('customer', '4', 'sms'), give('customer', '5', 'sms', interval '3 seconds');
SELECT give('customer', '4', 'sms', interval '3 seconds');
SELECT give('customer', '5', 'sms');
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'sms') ORDER BY id;
SELECT pg_sleep(3.1);
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'sms') ORDER BY id;
SELECT * FROM differences('customer', 'r.id', 'sms');
SELECT give('customer', '2', 'sms', interval '1 day');
SELECT pv.has_consent('customer', 2, 'sms');
SELECT pv.give_consent('customer', 6, 'sms', '1', 'web', expires => 'infinity');
SELECT pv.has_consent('customer', 6, 'sms');
SELECT * FROM pv.verify_consents();

--
-- Several rows of a bucket
--

CREATE VIEW bitmap AS SELECT r.relation, p.name, b.bucket, count(*) AS rows
FROM pv.consent_bitmap b JOIN pv.relation r ON r.id = b.relation_id JOIN pv.purpose p ON p.id = b.purpose_id
GROUP BY 1, 2, 3;
-- a second row by hand, and a third that takes it back
INSERT INTO pv.consent_bitmap SELECT b.relation_id, b.purpose_id, b.bucket, b.next_expiry, '\x40034005'::bytea
FROM pv.consent_bitmap b JOIN pv.relation r ON r.id = b.relation_id JOIN pv.purpose p ON p.id = b.purpose_id
WHERE r.relation = 'customer'::regclass AND p.name = 'news';
SELECT key, problem FROM pv.verify_consents() ORDER BY key;
SELECT pv.has_consent('customer', 3, 'news') AS three, pv.has_consent('customer', 5, 'news') AS five, pv.has_consent('customer', 15, 'news') AS fifteen;
INSERT INTO pv.consent_bitmap SELECT b.relation_id, b.purpose_id, b.bucket, b.next_expiry, '\x40034005'::bytea
FROM pv.consent_bitmap b JOIN pv.relation r ON r.id = b.relation_id JOIN pv.purpose p ON p.id = b.purpose_id
WHERE r.relation = 'customer'::regclass AND p.name = 'news' LIMIT 1;
SELECT key, problem FROM pv.verify_consents() ORDER BY key;
SELECT rows FROM bitmap WHERE relation = 'customer'::regclass AND name = 'news';
SELECT give('customer', '1');
SELECT rows FROM bitmap WHERE relation = 'customer'::regclass AND name = 'news';
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY id;
SELECT * FROM pv.verify_consents();
-- full buckets, and such as have but few
CREATE TABLE many (id int PRIMARY KEY, padding text DEFAULT repeat('x', 50));
INSERT INTO many SELECT generate_series(1, 20000);
ANALYZE many;
SELECT pv.declare_subject('many');
SELECT count(give('many', i::text)) FROM generate_series(1, 3000) i WHERE i % 2 = 0;
SELECT count(give('many', i::text, until => interval '1 day')) FROM generate_series(4000, 20000, 50) i;
SELECT count(withdraw('many', i::text)) FROM generate_series(1, 3000) i WHERE i % 10 = 0;
SELECT count(*) AS buckets, max(rows) AS rows FROM bitmap WHERE relation = 'many'::regclass;
SELECT count(*) FILTER (WHERE pv.has_consent('many', id, 'news')) AS have,
       count(*) FILTER (WHERE pv.has_consent('many', id, 'news') <>
           (id <= 3000 AND id % 2 = 0 AND id % 10 > 0 OR id >= 4000 AND id % 50 = 0)) AS wrong FROM many;
SELECT * FROM differences('many', 'r.id', 'news');
SELECT * FROM pv.verify_consents();

--
-- In parallel plans
--

CREATE FUNCTION force_parallel() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM set_config('debug_parallel_query', 'on', true);
    EXCEPTION WHEN undefined_object THEN
        PERFORM set_config('force_parallel_mode', 'on', true);
    END;
    PERFORM set_config(n, v, true) FROM (VALUES ('parallel_setup_cost', '0'), ('parallel_tuple_cost', '0'),
        ('min_parallel_table_scan_size', '0'), ('max_parallel_workers_per_gather', '2'),
        ('parallel_leader_participation', 'off')) AS s(n, v);
END $$;
-- What plans with and without workers find, of keys of three kinds
CREATE TABLE many_text (id text PRIMARY KEY);
INSERT INTO many_text SELECT 'k' || i FROM generate_series(1, 300) i;
CREATE TABLE many_two (a int, b int, PRIMARY KEY (a, b));
INSERT INTO many_two SELECT i, i FROM generate_series(1, 300) i;
ANALYZE many_text, many_two;
SELECT pv.declare_subject('many_text');
SELECT pv.declare_subject('many_two');
SELECT count(give('many_text', 'k' || i)), count(give('many_two', format('(%s,%s)', i, i))) FROM generate_series(1, 300, 3) i;
CREATE VIEW found AS
    SELECT (SELECT sum(hashint4(id)::bigint) FROM many WHERE pv.has_consent('many', id, 'news')) AS ints,
           (SELECT count(*) FROM many WHERE pv.has_consent('many', id, 'news')) AS many,
           (SELECT count(*) FROM many_text WHERE pv.has_consent('many_text', id, 'news')) AS texts,
           (SELECT count(*) FROM many_two WHERE pv.has_consent('many_two', ROW(a, b), 'news')) AS rows,
           (SELECT count(*) FROM many m JOIN pv.consented('many', 'news') c ON c.key = m.id::text) AS joined;
CREATE TABLE serial AS SELECT * FROM found;
SELECT many, texts, rows, joined FROM serial;
BEGIN;
SELECT force_parallel();
EXPLAIN (COSTS off) SELECT count(*) FROM many WHERE pv.has_consent('many', id, 'news');
SELECT * FROM found EXCEPT SELECT * FROM serial;
COMMIT;
-- after this transaction has itself given and withdrawn
BEGIN;
SELECT count(give('many', i::text)), count(give('many_text', 'k' || i)), count(give('many_two', format('(%s,%s)', i, i))) FROM generate_series(2, 20, 3) i;
SELECT count(withdraw('many', i::text)) FROM generate_series(4000, 5000, 50) i;
SELECT many, texts, rows, joined FROM found;
CREATE TABLE serial_2 AS SELECT * FROM found;
SELECT force_parallel();
SELECT many, texts, rows, joined FROM found;
SELECT * FROM found EXCEPT SELECT * FROM serial_2;
SAVEPOINT a;
SELECT count(withdraw('many', i::text)) FROM generate_series(5050, 6000, 50) i;
SELECT many FROM found;
ROLLBACK TO a;
SELECT * FROM found EXCEPT SELECT * FROM serial_2;
ROLLBACK;
BEGIN;
SELECT count(withdraw('many', i::text)) FROM generate_series(4000, 5000, 50) i;
COMMIT;
BEGIN;
SELECT force_parallel();
SELECT many, texts, rows, joined FROM found;
SELECT pv.has_consent('customer', 5, 'news') AS one, pv.has_consent('customer', '7.5', 'news');
ROLLBACK;
SELECT * FROM pv.verify_consents();

--
-- Many purposes
--

SELECT count(pv.declare_purpose('p' || i, 'consent', 'number ' || i)),
       count(pv.declare_consent_text('p' || i, '1', 'en', 'I want ' || i)) FROM generate_series(1, 60) i;
SELECT count(give('customer', (i % 20 + 1)::text, 'p' || i)) FROM generate_series(1, 60) i WHERE i % 3 > 0;
SELECT count(*) AS pairs, count(*) FILTER (WHERE has) AS have, count(*) FILTER (WHERE has <> (i % 20 + 1 = id AND i % 3 > 0)) AS wrong
FROM (SELECT i, id, pv.has_consent('customer', id, 'p' || i) AS has FROM customer, generate_series(1, 60) i) x;
SELECT count(*) FROM generate_series(1, 60) i, pv.consented('customer', 'p' || i);

--
-- Declared anew
--

-- the purpose
SELECT pv.declare_purpose('news', 'consent', 'the newsletter, in other words');
SELECT pv.has_consent('customer', 5, 'news'), pv.has_consent('customer', 6, 'news');
SELECT pv.declare_purpose('news', 'contract', 'part of the contract');
\echo :SQLSTATE
SELECT pv.undeclare_purpose('news');
\echo :SQLSTATE
SELECT pv.declare_purpose('brief', 'consent', 'soon gone');
SELECT pv.has_consent('customer', 5, 'brief');
SELECT pv.undeclare_purpose('brief');
SELECT pv.has_consent('customer', 5, 'brief');
SELECT pv.declare_purpose('brief', 'contract', 'another');
SELECT pv.has_consent('customer', 5, 'brief');
SELECT pv.declare_purpose('brief', 'consent', 'again');
SELECT pv.declare_consent_text('brief', '1', 'en', 'Yes.');
SELECT pv.has_consent('customer', 5, 'brief'), give('customer', '5', 'brief');
SELECT pv.has_consent('customer', 5, 'brief');
-- and rolled back
BEGIN;
SAVEPOINT a;
SELECT pv.declare_purpose('tried', 'consent', 'never');
SELECT pv.declare_consent_text('tried', '1', 'en', 'Yes.');
SELECT give('customer', '5', 'tried');
SELECT pv.has_consent('customer', 5, 'tried');
ROLLBACK TO a;
SELECT pv.has_consent('customer', 5, 'tried');
ROLLBACK;
SELECT pv.has_consent('customer', 5, 'tried');
-- in a transaction made read only before it ends
SELECT pv.declare_purpose('tried', 'consent', 'after all');
SELECT pv.declare_consent_text('tried', '1', 'en', 'Yes.');
BEGIN;
SELECT give('customer', '5', 'tried');
SET TRANSACTION READ ONLY;
COMMIT;
SELECT pv.has_consent('customer', 5, 'tried');
-- a purpose that became another while a cursor was open
SELECT pv.declare_purpose('turned', 'consent', 'first');
BEGIN;
DECLARE c CURSOR FOR SELECT pv.has_consent('customer', 5, 'turned') FROM generate_series(1, 3);
FETCH 1 FROM c;
SELECT pv.undeclare_purpose('turned');
SELECT pv.declare_purpose('turned', 'consent', 'second');
SELECT pv.declare_consent_text('turned', '1', 'en', 'Yes.');
SELECT give('customer', '5', 'turned');
FETCH 1 FROM c;
SELECT pv.has_consent('customer', 5, 'turned') AS has;
COMMIT;
SELECT pv.has_consent('customer', 5, 'turned') AS has;
-- the subject
CREATE TABLE again (id int PRIMARY KEY, code text UNIQUE NOT NULL, mail text);
INSERT INTO again VALUES (1, 'x', 'x@x'), (2, 'y', 'y@y');
SELECT pv.declare_subject('again');
SELECT give('again', '1');
SELECT pv.has_consent('again', 1, 'news');
SELECT pv.undeclare_subject('again');
\echo :SQLSTATE
SELECT pv.has_consent('again', 1, 'news');
ALTER TABLE again RENAME TO renamed;
SELECT pv.has_consent('renamed', 1, 'news'), pv.has_consent('renamed', 2, 'news');
ALTER TABLE renamed RENAME COLUMN id TO number;
SELECT pv.has_consent('renamed', 1, 'news'), pv.has_consent('renamed', 2, 'news');
CREATE TABLE fresh (id int PRIMARY KEY);
INSERT INTO fresh VALUES (1);
SELECT pv.declare_subject('fresh');
SELECT pv.has_consent('fresh', 1, 'news');
SELECT pv.undeclare_subject('fresh');
SELECT pv.has_consent('fresh', 1, 'news');
\echo :SQLSTATE
SELECT pv.declare_subject('fresh');
SELECT pv.has_consent('fresh', 1, 'news'), give('fresh', '1');
SELECT pv.has_consent('fresh', 1, 'news');
DROP TABLE fresh;
SET client_min_messages = warning;
CREATE TABLE fresh (id int PRIMARY KEY);
RESET client_min_messages;
INSERT INTO fresh VALUES (1), (2);
SELECT pv.has_consent('fresh', 1, 'news'), pv.has_consent('fresh', 2, 'news');
SELECT * FROM pv.verify_consents();

--
-- May it be processed? Each basis, objections
--

SET ROLE regress_in_force_shop;
CREATE TABLE person (id int PRIMARY KEY, name text, mail varchar(60), phone text, newsletter_mail text, note text);
INSERT INTO person SELECT i, 'Person ' || i, 'Person.' || i || '@Example.org', '+46 (0)70-123 45 0' || i, 'list' || i || '@example.org', 'note ' || i
FROM generate_series(1, 9) i;
CREATE TABLE prospect (code text PRIMARY KEY, contact text, telephone text);
INSERT INTO prospect VALUES ('p', 'someone@example.org', '0701234599');
SELECT pv.declare_subject('person');
SELECT pv.declare_subject('prospect');
SELECT pv.declare_personal('person', '{name,mail,phone}', 'identifying', '{contract}');
SELECT pv.declare_personal('person', '{newsletter_mail}', 'contact', '{news,sms}');
SELECT pv.declare_personal('person', '{note}', 'note', '{news,interest}');
SELECT pv.declare_personal('prospect', '{contact,telephone}', 'contact', '{interest}');
RESET ROLE;
CREATE VIEW may AS SELECT p.name AS purpose, pv.may_process('person', 1, p.name) AS one, pv.may_process('person', 2, p.name) AS two
FROM pv.purpose p WHERE p.name IN ('news', 'sms', 'contract', 'law', 'vital', 'public', 'interest') ORDER BY p.id;
SELECT * FROM may;
SELECT give('person', '1', 'news'), give('person', '2', 'sms', interval '1 day');
SELECT pv.object_to('person', 1, p, 'letter') FROM unnest(ARRAY['contract', 'public', 'interest']) AS p;
SELECT pv.object_to('person', 2, 'interest', 'letter', '{"letter": 1}');
SELECT * FROM may;
-- what can't be objected to, and taking back
SELECT pv.object_to('person', 1, 'law', 'letter');
\echo :SQLSTATE
SELECT pv.object_to('person', 1, 'vital', 'letter');
SELECT pv.object_to('person', 1, 'news', 'letter');
\echo :SQLSTATE
SELECT pv.give_consent('person', 1, 'interest', '1', 'web');
\echo :SQLSTATE
SELECT pv.withdraw_consent('person', 1, 'interest', 'web');
SELECT pv.withdraw_objection('person', 1, 'interest', 'web');
SELECT pv.withdraw_objection('person', 1, 'interest', 'web');
\echo :SQLSTATE
SELECT pv.withdraw_objection('person', 3, 'interest', 'web');
BEGIN;
SELECT pv.object_to('person', 1, 'interest', 'letter');
SELECT pv.may_process('person', 1, 'interest');
ROLLBACK;
SELECT pv.may_process('person', 1, 'interest');
SELECT withdraw('person', '1', 'news');
SELECT * FROM may;
SELECT pv.declare_purpose('interest', 'consent', 'advertising by post');
\echo :SQLSTATE
SELECT key, purpose, state, in_force FROM pv.consent WHERE subject = 'person'::regclass ORDER BY key, purpose;
SELECT * FROM pv.verify_consents();

--
-- What an erasure ends
--

SELECT give('person', '3', 'news'), give('person', '3', 'sms', interval '1 day'), withdraw('person', '3', 'sms');
SELECT pv.give_consent('person', 3, 'news', '1', 'web', '{"ip": "10.20.30.40"}');
SELECT pv.object_to('person', 3, 'interest', 'letter', '{"letter": 2}');
SELECT pv.request_consent('person', 3, 'sms', '1', 'web') AS request, pv.unsubscribe_token('person', 3, 'news') AS unsubscribe \gset
SELECT count(*) AS tokens FROM pv.consent_token;
SELECT purpose, action, channel, evidence FROM pv.consent_history WHERE subject = 'person'::regclass AND key = '3' ORDER BY id;
SELECT relation, column_name, rows, strategy, verdict, until, basis FROM pv.preview_erasure('person', 3);
SELECT key, state, rows_anonymised, retained_until FROM pv.erase_subject('person', 3);
SELECT * FROM person WHERE id = 3;
SELECT * FROM pv.verify_erasure('person', 3);
SELECT pv.has_consent('person', 3, 'news'), pv.has_consent('person', 3, 'sms'), pv.may_process('person', 3, 'news'), pv.may_process('person', 3, 'interest');
SELECT count(*) FROM pv.consented('person', 'news') AS k WHERE k = '3';
SELECT count(*) AS named FROM pv.consent_state WHERE '3' IN (key, former_key) AND relation_id = (SELECT id FROM pv.relation WHERE relation = 'person'::regclass);
SELECT p.name, s.key, s.former_key, s.subject_digest, s.former_digest, s.state, s.given, s.expires, s.kept_until
FROM pv.consent_state s JOIN pv.purpose p ON p.id = s.purpose_id WHERE s.state = 'erased' ORDER BY p.id;
SELECT purpose, key, action, version, channel, evidence FROM pv.consent_history WHERE id IN
    (SELECT e.id FROM pv.consent_event e JOIN pv.consent_state s ON s.id = e.consent_id WHERE s.state = 'erased') ORDER BY id;
SELECT count(*) AS tokens FROM pv.consent_token;
SELECT pv.confirm_consent(:'request');
\echo :SQLSTATE
SELECT pv.withdraw_consent(:'unsubscribe');
\echo :SQLSTATE
SELECT count(*) AS keys FROM pv.evidence_key WHERE ledger = 'consent' AND subject_digest IN (SELECT subject_digest FROM pv.erasure);
SELECT * FROM pv.verify_consents();
-- asking again adds nothing
SELECT count(*) AS events FROM pv.consent_event \gset
SELECT state FROM pv.erase_subject('person', 3);
SELECT count(*) - :events AS added FROM pv.consent_event;

-- The same person, imported again: under the same key, another, in another table
SET ROLE regress_in_force_shop;
INSERT INTO person VALUES (10, 'Person 3', ' person.3@EXAMPLE.ORG ', NULL, NULL, NULL), (11, 'P. 3', NULL, '0701234503', NULL, NULL),
    (12, 'P. 3', 'none', '123 45 03', NULL, NULL), (13, 'P. 3', NULL, '0046 70 123 45 03', 'LIST3@example.org', NULL),
    (14, 'P. 4', 'person.44@example.org', '+46 70 123 45 99', NULL, 'person.3@example.org is a friend');
INSERT INTO prospect VALUES ('3', 'PERSON.3@example.ORG', NULL), ('x', NULL, '+46701234503'), ('y', 'person.3@example.com', '+46701234504');
RESET ROLE;
SELECT id, pv.may_process('person', id, 'interest') AS interest, pv.may_process('person', id, 'public') AS public,
       pv.may_process('person', id, 'contract') AS contract, pv.may_process('person', id, 'law') AS law, pv.may_process('person', id, 'news') AS news
FROM person WHERE id > 2 AND id <> 5 ORDER BY id;
SELECT code, pv.may_process('prospect', code, 'interest') FROM prospect ORDER BY code;
SELECT count(*) AS digests, count(*) FILTER (WHERE length(digest) = 32) AS hmacs, bool_and(since = current_date) AS today FROM pv.suppression;
-- whatever is spelled in another way: letters beyond ASCII, blanks, digits
SET ROLE regress_in_force_shop;
INSERT INTO person VALUES (15, 'P. 5', U&'\00D8.Sm\00EDth@example.org', NULL, NULL, NULL), (16, 'P. 6', NULL, U&'+47\00A0911\00A000\00A0001', NULL, NULL);
RESET ROLE;
SELECT state FROM pv.erase_subjects('person', '{15,16}');
SET ROLE regress_in_force_shop;
INSERT INTO person VALUES (17, 'P. 5', U&'\00F8.SMI\0301TH@example.org\00A0', NULL, NULL, NULL), (18, 'P. 6', NULL, U&'\FF19\FF11\FF11\FF10\FF10\FF10\FF10\FF11', NULL, NULL),
    (19, 'P. 7', 'o.smith@example.org', '911 00 002', NULL, NULL);
RESET ROLE;
SELECT id, pv.may_process('person', id, 'interest') AS interest FROM person WHERE id IN (17, 18, 19) ORDER BY id;
SET ROLE regress_in_force_shop;
DELETE FROM person WHERE id IN (17, 18, 19);
RESET ROLE;
-- who consents anew, or allows it, is written to again; to that alone
SELECT give('person', '10', 'news');
SELECT pv.may_process('person', 10, 'news'), pv.may_process('person', 10, 'interest'), pv.may_process('person', 10, 'sms');
SELECT pv.object_to('person', 10, 'interest', 'web');
SELECT pv.withdraw_objection('person', 10, 'interest', 'web');
SELECT pv.may_process('person', 10, 'interest'), pv.may_process('person', 10, 'public');
-- the row of the erased person itself consents anew: nothing of before comes back
SELECT give('person', '3', 'sms');
SELECT pv.has_consent('person', 3, 'sms'), pv.has_consent('person', 3, 'news');
SELECT key, purpose, state FROM pv.consent WHERE subject = 'person'::regclass AND key = '3';
SELECT action FROM pv.consent_history WHERE subject = 'person'::regclass AND key = '3' ORDER BY id;
SELECT state FROM pv.erase_subject('person', 3);
SELECT pv.has_consent('person', 3, 'sms');
SELECT * FROM pv.verify_erasure('person', 3);
SELECT * FROM pv.verify_consents();
-- rolled back, nothing has ended
SELECT give('person', '4', 'news');
BEGIN;
SELECT state FROM pv.erase_subject('person', 4);
SELECT pv.has_consent('person', 4, 'news');
ROLLBACK;
SELECT pv.has_consent('person', 4, 'news'), pv.may_process('person', 4, 'interest');
SELECT * FROM pv.verify_consents();
-- a key that goes as well, and several subjects at once
SET ROLE regress_in_force_shop;
CREATE TABLE member (nick text PRIMARY KEY, mail text);
INSERT INTO member SELECT 'nick ' || i, i || '@member.org' FROM generate_series(1, 15) i;
SELECT pv.declare_subject('member');
SELECT pv.declare_personal('member', '{nick}', 'identifying', '{contract}', 'token');
SELECT pv.declare_personal('member', '{mail}', 'identifying', '{contract}');
RESET ROLE;
SELECT count(give('member', nick)) FROM member;
SELECT count(pv.object_to('member', nick, 'interest', 'web')) FROM member;
SELECT state FROM pv.erase_subject('member', 'nick 1'::text);
SELECT count(*) FROM pv.erase_subjects('member', (SELECT array_agg('nick ' || i) FROM generate_series(2, 13) i)) WHERE state = 'completed';
SELECT key FROM pv.consented('member', 'news') ORDER BY key;
SELECT count(*) AS erased, count(key) + count(former_key) + count(subject_digest) + count(former_digest) AS named FROM pv.consent_state WHERE state = 'erased'
    AND relation_id = (SELECT id FROM pv.relation WHERE relation = 'member'::regclass);
SELECT count(*) FILTER (WHERE pv.has_consent('member', nick, 'news')) AS have, count(*) FILTER (WHERE pv.may_process('member', nick, 'interest')) AS may FROM member;
INSERT INTO member VALUES ('nick 1', NULL), ('nick 16', '7@Member.org'), ('nick 17', '17@member.org');
SELECT nick, pv.may_process('member', nick, 'interest') FROM member WHERE nick IN ('nick 1', 'nick 14', 'nick 16', 'nick 17') ORDER BY nick;
SELECT * FROM differences('member', 'r.nick', 'news');
SELECT * FROM pv.verify_consents();

--
-- Proof is kept
--

SET pvext.consent_keep = '30d';
SELECT withdraw('person', '5', 'news');
SELECT pv.give_consent('person', 5, 'sms', '1', 'web', '{"ip": "10.20.30.50"}');
SELECT pv.give_consent('person', 5, 'news', '1', 'web', expires => now() + interval '10 days');
SELECT pv.object_to('person', 5, 'interest', 'web');
SELECT relation, column_name, rows, strategy, verdict, until > now() + interval '29 days' AND until < now() + interval '31 days' AS until, basis
FROM pv.preview_erasure('person', 5);
SELECT state, key, retained_until BETWEEN now() + interval '29 days' AND now() + interval '31 days' AS until, blocked_by, rows_anonymised
FROM pv.erase_subject('person', 5);
SELECT * FROM person WHERE id = 5;
SELECT pv.has_consent('person', 5, 'news'), pv.has_consent('person', 5, 'sms'), pv.may_process('person', 5, 'interest');
SELECT p.name, s.key, s.former_key, s.subject_digest IS NULL AS no_digest, s.state, s.given, s.kept_until > now() + interval '29 days' AS kept
FROM pv.consent_state s JOIN pv.purpose p ON p.id = s.purpose_id WHERE s.former_key = '5' ORDER BY p.id;
SELECT key, purpose, action, evidence FROM pv.consent_history WHERE subject = 'person'::regclass AND key = '5' ORDER BY CASE action WHEN 'erased' THEN purpose ELSE '' END, id;
SELECT relation, column_name, rows FROM pv.verify_erasure('person', 5);
SELECT relation, column_name, rows, strategy, verdict, until IS NOT NULL AS until, basis FROM pv.preview_erasure('person', 5);
SELECT * FROM pv.verify_consents();
SELECT state, retained_until IS NOT NULL AS until FROM pv.erase_subject('person', 5);
-- also when it is no longer to be kept so long: what was kept is kept
RESET pvext.consent_keep;
SELECT state FROM pv.erase_subject('person', 5);
-- one of two is over
UPDATE pv.consent_state SET kept_until = now() - interval '1 second' WHERE former_key = '5' AND purpose_id = (SELECT id FROM pv.purpose WHERE name = 'news');
SELECT state FROM pv.erase_subject('person', 5);
SELECT purpose FROM pv.consent WHERE subject = 'person'::regclass AND former_key = '5';
SELECT evidence FROM pv.consent_history WHERE subject = 'person'::regclass AND key = '5' AND evidence IS NOT NULL;
SELECT id AS event FROM pv.consent_history WHERE subject = 'person'::regclass AND key = '5' AND evidence IS NOT NULL \gset
-- and the other
UPDATE pv.consent_state SET kept_until = now() - interval '1 second' WHERE former_key = '5';
SELECT state, key, retained_until FROM pv.erase_subject('person', 5);
SELECT count(*) FROM pv.consent WHERE subject = 'person'::regclass AND former_key = '5';
SELECT pv.consent_evidence(:event);
SELECT * FROM pv.verify_erasure('person', 5);
SELECT state FROM pv.erase_subject('person', 5);
SELECT * FROM pv.verify_consents();
-- of one whose consent ended long ago nothing is kept; of one erased under another key, all
SET pvext.consent_keep = '1h';
SELECT give('person', '6', 'news');
SELECT withdraw('person', '6', 'news');
UPDATE pv.consent_state SET since = now() - interval '2 hours' WHERE key = '6' AND state = 'withdrawn';
SELECT verdict, basis FROM pv.preview_erasure('person', 6) WHERE relation = 'pv.consent_state'::regclass;
SELECT state FROM pv.erase_subject('person', 6);
SELECT pv.give_consent('member', 'nick 14'::text, 'sms', '1', 'web', '{"ip": "10.20.30.60"}');
SELECT state FROM pv.erase_subject('member', 'nick 14'::text);
SELECT key, purpose, evidence FROM pv.consent_history WHERE subject = 'member'::regclass AND key = 'nick 14' ORDER BY id;
SELECT state, key LIKE 'erased-%' OR key <> 'nick 14' AS has_token FROM pv.erasure WHERE subject = 'member'::regclass AND state = 'partial';
SELECT nick AS token FROM member WHERE mail IS NULL AND nick = (SELECT key FROM pv.erasure WHERE subject = 'member'::regclass AND state = 'partial') \gset
SELECT pv.has_consent('member', :'token', 'news'), pv.has_consent('member', 'nick 14', 'news');
UPDATE pv.consent_state SET kept_until = now() - interval '1 second' WHERE former_key = 'nick 14';
SELECT state FROM pv.erase_subject('member', :'token'::text);
SELECT count(*) FROM pv.consent_state WHERE former_key IS NOT NULL;
SELECT count(*) AS keys FROM pv.evidence_key k WHERE ledger = 'consent' AND NOT EXISTS (SELECT FROM pv.consent_state s WHERE s.subject_digest = k.subject_digest);
-- a hold keeps all of it
SELECT give('person', '7', 'news');
SELECT pv.place_hold('person', 7, 'court case') AS hold \gset
SELECT relation, verdict, basis FROM pv.preview_erasure('person', 7);
SELECT state FROM pv.erase_subject('person', 7);
SELECT pv.has_consent('person', 7, 'news');
SELECT pv.release_hold(:hold, 'settled');
RESET pvext.consent_keep;
SELECT state FROM pv.erase_subject('person', 7);
SELECT pv.has_consent('person', 7, 'news');
SELECT * FROM pv.verify_consents();

--
-- What rests on consent alone is due when that ends
--

SELECT give('person', '8', 'news', interval '3 seconds'), give('person', '8', 'sms');
CREATE VIEW due AS SELECT p.id, d.column_name, d.verdict, d.basis FROM person p, pv.preview_erasure('person', p.id) d
WHERE p.id IN (8, 9) AND relation = 'person'::regclass AND column_name IN ('newsletter_mail', 'note', 'name');
SELECT * FROM due ORDER BY 1, 2;
SELECT withdraw('person', '8', 'sms');
SELECT pg_sleep(3.1);
SELECT * FROM due ORDER BY 1, 2;
SELECT give('person', '8', 'sms');
SELECT * FROM due WHERE basis IS NOT NULL;
SELECT withdraw('person', '8', 'sms');
SELECT * FROM due WHERE basis IS NOT NULL;
-- a refusal without any consent ends nothing
SELECT withdraw('person', '9', 'sms'), withdraw('person', '9', 'news');
SELECT * FROM due WHERE basis IS NOT NULL AND id = 9;

--
-- What somebody changes by force is found
--

SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
SELECT give('person', '9', 'news', interval '1 day');
SELECT id AS relation FROM pv.relation WHERE relation = 'customer'::regclass \gset
SELECT id AS news FROM pv.purpose WHERE name = 'news' \gset
SELECT id AS state FROM pv.consent_state WHERE key = '5' AND relation_id = :relation AND purpose_id = :news \gset
BEGIN;
UPDATE pv.consent_state SET state = 'withdrawn', given = false WHERE id = :state;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
UPDATE pv.consent_state SET state = 'given', given = true WHERE relation_id = :relation AND purpose_id = :news AND key = '7';
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
UPDATE pv.consent_state SET expires = now() + interval '1 year' WHERE id = :state;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
UPDATE pv.consent_state SET key = '5000' WHERE id = :state;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
UPDATE pv.consent_state SET state = 'requested', given = false WHERE id = :state;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
DELETE FROM pv.consent_state WHERE id = :state;
SELECT subject, key, purpose, regexp_replace(problem, '\d+', 'N') AS problem FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
INSERT INTO pv.consent_state (relation_id, purpose_id, key, subject_digest, state, since, given) VALUES (:relation, :news, '6000', 'x', 'given', now(), true);
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
-- one that becomes nobody's
\set VERBOSITY sqlstate
UPDATE pv.consent_state SET key = NULL WHERE id = :state;
\set VERBOSITY default
BEGIN;
ALTER TABLE pv.consent_state DROP CONSTRAINT consent_state_of_somebody;
UPDATE pv.consent_state SET key = NULL WHERE id = :state;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
-- a consent that becomes somebody else's
BEGIN;
UPDATE pv.consent_state SET key = 'a' WHERE key = 'A' AND relation_id = (SELECT id FROM pv.relation WHERE relation = 'of_text'::regclass);
SELECT DISTINCT subject, key FROM pv.verify_consents();
ROLLBACK;
BEGIN;
DELETE FROM pv.consent_bitmap WHERE relation_id = :relation AND purpose_id = :news;
SELECT * FROM pv.verify_consents() ORDER BY 1, key::int;
ROLLBACK;
BEGIN;
UPDATE pv.consent_bitmap SET codes = codes || '\x4063' WHERE relation_id = :relation AND purpose_id = :news;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
UPDATE pv.consent_bitmap SET bucket = 7 WHERE relation_id = :relation AND purpose_id = :news;
SELECT count(*), max(key::int) FROM pv.verify_consents();
ROLLBACK;
BEGIN;
UPDATE pv.consent_bitmap SET next_expiry = 'infinity' WHERE relation_id = (SELECT id FROM pv.relation WHERE relation = 'person'::regclass);
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
INSERT INTO pv.consent_event (consent_id, relation_id, purpose_id, action, login, role) VALUES (:state, :relation, :news, 'withdrawn', 'x', 'x');
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
INSERT INTO pv.consent_event (consent_id, relation_id, purpose_id, action, version, language, text_digest, login, role)
    VALUES (:state, :relation, :news, 'given', '1', 'en', 'y', 'x', 'x'), (0, :relation, :news, 'given', NULL, NULL, NULL, 'x', 'x');
SELECT subject, key, purpose, regexp_replace(problem, '\d+', 'N') AS problem FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
ALTER TABLE pv.consent_event DISABLE TRIGGER refuse_change;
DELETE FROM pv.consent_event WHERE consent_id = :state;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
ROLLBACK;
BEGIN;
ALTER TABLE pv.consent_text DISABLE TRIGGER refuse_text_change;
UPDATE pv.consent_text SET body = 'I want everything.' WHERE purpose_id = :news;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;
UPDATE pv.consent_text SET digest = sha256(convert_to(body, 'UTF8')) WHERE purpose_id = :news;
SELECT min(regexp_replace(problem, '\d+', 'N')), count(*) > 100 AS many FROM pv.verify_consents();
DELETE FROM pv.consent_text WHERE purpose_id = :news;
SELECT min(regexp_replace(problem, '\d+', 'N')), count(*) > 100 AS many FROM pv.verify_consents();
ROLLBACK;
SELECT * FROM pv.verify_consents() ORDER BY 1, 2, 3, 4;

-- Without the extension
SET client_min_messages = warning;
BEGIN;
SELECT give('customer', '2');
DROP EXTENSION pvext CASCADE;
COMMIT;
RESET client_min_messages;
SELECT pv.has_consent('customer', 5, 'news');
\echo :SQLSTATE
