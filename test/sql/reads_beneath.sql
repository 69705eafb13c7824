-- Reads by an owner's code beneath pvext's own statements are on record, wherever it runs; pvext's own are not.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE ROLE regress_beneath_company;
CREATE ROLE regress_beneath_mallory;
SELECT pv.grant_role('regress_beneath_company', 'owner'), pv.grant_role('regress_beneath_mallory', 'owner');
CREATE SCHEMA access_beneath;
GRANT ALL ON SCHEMA access_beneath TO regress_beneath_company, regress_beneath_mallory;
SET search_path = access_beneath;
SET ROLE regress_beneath_company;
CREATE TABLE customer (id int PRIMARY KEY, name text, since date);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES customer, address text, at date);
CREATE INDEX ON invoice (customer_id);
INSERT INTO customer VALUES (1, 'Ann', '2000-01-01'), (2, 'Bob', '2000-01-01'), (3, 'Eve', '2000-01-01');
INSERT INTO invoice VALUES (1, 1, 'Street 1', '2000-01-01'), (2, 3, 'Street 2', '2000-01-01');
SELECT pv.declare_subject('customer'), pv.declare_link('invoice', '{customer_id}', 'customer'),
       pv.declare_personal('customer', '{name}', 'contact'), pv.declare_personal('invoice', '{address}', 'contact'),
       pv.declare_not_personal('customer'), pv.declare_not_personal('invoice');
SELECT pv.enable_audit('customer'), pv.enable_audit('invoice');
GRANT SELECT ON customer TO regress_beneath_mallory;
RESET ROLE;
-- What has been read since the last look, by whom, and from where
CREATE PROCEDURE look(what text) LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    PERFORM pv.drain_reads();
    FOR r IN SELECT role, relation, columns, ways, count(*) FROM pv.access_log
        WHERE statement > coalesce(nullif(current_setting('access_beneath.seen', true), ''), '0')::bigint GROUP BY 1, 2, 3, 4 ORDER BY 1, 2
    LOOP
        RAISE NOTICE '%: % reads % of %, %', what, r.role, r.columns, r.relation, r.ways;
    END LOOP;
    PERFORM set_config('access_beneath.seen', (SELECT coalesce(max(statement), 0)::text FROM pv.access_log), false);
END $$;

SET ROLE regress_beneath_mallory;
CREATE TABLE loot (what text);
CREATE FUNCTION keep(text) RETURNS void LANGUAGE sql AS 'INSERT INTO access_beneath.loot VALUES ($1)';
CREATE FUNCTION steal() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM access_beneath.keep((SELECT string_agg(name, ',') FROM access_beneath.customer));
    RETURN true;
END $$;
CREATE FUNCTION steal_number() RETURNS int LANGUAGE plpgsql STABLE AS $$ 
BEGIN
    PERFORM access_beneath.keep((SELECT min(name) FROM access_beneath.customer));
    RETURN 1;
END $$;
CREATE FUNCTION steal_cursor() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE c CURSOR FOR SELECT name FROM access_beneath.customer; n text;
BEGIN
    OPEN c; FETCH c INTO n; CLOSE c; PERFORM access_beneath.keep(n);
    RETURN true;
END $$;
CREATE FUNCTION check_word(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN access_beneath.steal(); END $$;
CREATE DOMAIN word AS text CHECK (access_beneath.check_word(VALUE));
CREATE TABLE t (id int PRIMARY KEY, words word[], name text, since date);
CREATE TABLE part (k int, v int) PARTITION BY LIST (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
INSERT INTO part VALUES (1, 1);
RESET ROLE;
SET client_min_messages = notice;

-- While it is parsed: the check of a domain
SET ROLE regress_beneath_mallory;
SELECT pv.declare_subject('t', condition => $$words IS DISTINCT FROM '{a}'$$);
RESET ROLE;
CALL look('parsed');
SET ROLE regress_beneath_mallory;
SELECT pv.declare_subject('t');
SELECT pv.declare_personal('t', '{name}', 'contact');
INSERT INTO t VALUES (1, NULL, 'Name', '2000-01-01'), (2, NULL, 'Name', '2000-01-01');
-- While it is planned
SELECT pv.declare_blocker('t', 'planned', 'NOT access_beneath.steal()', 'x');
RESET ROLE;
CALL look('declared');
SELECT state FROM pv.erase_subject('t', 1);
CALL look('planned');
-- While it is started: partitions are chosen
SET ROLE regress_beneath_mallory;
SELECT pv.declare_blocker('t', 'planned', 'EXISTS (SELECT FROM access_beneath.part p WHERE p.k = access_beneath.steal_number() AND p.v = 7)', 'x');
RESET ROLE;
CALL look('declared');
SELECT state FROM pv.erase_subject('t', 2);
CALL look('started');
-- While it is executed, by a cursor: the purge's
SET ROLE regress_beneath_mallory;
INSERT INTO t VALUES (3, NULL, 'Name', '2000-01-01');
SELECT pv.undeclare_blocker('t', 'planned');
CREATE FUNCTION clock(date) RETURNS date LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM access_beneath.steal_cursor(); RETURN $1; END $$;
SELECT pv.declare_retention('t', 'old', '1 year', 'access_beneath.clock(since)', 'x');
SELECT pv.activate_retention('t', 'old', (SELECT count(*) FROM t WHERE name IS NOT NULL));
RESET ROLE;
CALL look('declared');
CALL pv.purge('t');
CALL look('purged');
SELECT count(*) > 5 AS stolen FROM loot;

-- pvext's own statements and the checks of foreign keys are not.
SELECT count(*) > 0 AS any FROM pv.preview_erasure('customer', 1);
SELECT state FROM pv.erase_subject('customer', 1);
SELECT count(*) FROM pv.verify_erasure('customer', 1);
SELECT count(*) >= 0 AS checked FROM pv.check_map();
SET ROLE regress_beneath_company;
SELECT pv.declare_retention('invoice', 'books', '1 year', 'at', 'x');
SELECT pv.activate_retention('invoice', 'books', 1);
RESET ROLE;
CALL pv.purge('invoice');
SELECT address FROM invoice WHERE false;
CREATE TABLE member (email text PRIMARY KEY);
CREATE TABLE post (email text REFERENCES member ON UPDATE CASCADE ON DELETE CASCADE);
CREATE INDEX ON post (email);
SELECT pv.declare_subject('member'), pv.declare_link('post', '{email}', 'member'), pv.declare_personal('member', '{email}', 'contact', erase_with => 'token');
SELECT pv.enable_audit('member'), pv.enable_audit('post');
INSERT INTO member VALUES ('ann@here');
INSERT INTO post VALUES ('ann@here');
UPDATE member SET email = 'eve@here';
DELETE FROM member;
CALL look('own');
-- Beneath a check of a foreign key: the cascade's trigger
CREATE TABLE child (customer_id int REFERENCES customer ON DELETE CASCADE);
CREATE FUNCTION on_child() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM name FROM access_beneath.customer WHERE id = 1; RETURN old; END $$;
CREATE TRIGGER on_child BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION on_child();
INSERT INTO customer VALUES (4, 'Four', '2020-01-01');
INSERT INTO child VALUES (4);
DELETE FROM customer WHERE id = 4;
CALL look('cascade');

SET client_min_messages = warning;
DROP SCHEMA access_beneath CASCADE;
DROP EXTENSION pvext CASCADE;
DROP OWNED BY regress_beneath_company, regress_beneath_mallory;
DROP ROLE regress_beneath_company, regress_beneath_mallory;
