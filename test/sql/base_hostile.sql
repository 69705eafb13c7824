-- A table owner who wants to be a superuser: whatever of hers runs while a
-- superuser calls pvext, it runs as her.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE EXTENSION pvext CASCADE;
CREATE ROLE regress_mallory;
CREATE ROLE regress_other;
CREATE TABLE public.crown (holder text);
CREATE SCHEMA mal AUTHORIZATION regress_mallory;
GRANT USAGE ON SCHEMA mal TO regress_other;
DO $$ BEGIN PERFORM pv.grant_role('regress_mallory', 'owner'); PERFORM pv.grant_role('regress_mallory', 'officer'); END $$;
SET ROLE regress_mallory;
CREATE TABLE mal.log (how text, who name);
-- Takes what it can get. A WARNING survives a rollback, a row of the log tells
-- that the way was tried at all.
CREATE FUNCTION mal.evil(how text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_mallory' THEN
        RAISE WARNING '% runs with the rights of another', how;
    END IF;
    BEGIN
        ALTER ROLE regress_mallory SUPERUSER;
        RAISE WARNING 'superuser by %', how;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
    BEGIN
        INSERT INTO public.crown VALUES (how);
        RAISE WARNING 'the crown is stolen by %', how;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
    INSERT INTO mal.log VALUES (how, current_user);
    RETURN true;
END $$;
CREATE FUNCTION mal.pure(how text, value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN mal.evil(how); END $$;
CREATE FUNCTION mal.same(how text, value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM mal.evil(how); RETURN value; END $$;
CREATE FUNCTION mal.act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mal.evil(TG_ARGV[0]);
    IF TG_LEVEL = 'STATEMENT' THEN RETURN NULL; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
-- What she tried since the last call.
CREATE PROCEDURE mal.forget() LANGUAGE sql AS 'DELETE FROM mal.log';
CREATE VIEW mal.tried AS SELECT DISTINCT how, who FROM mal.log ORDER BY how, who;

-- Code in every corner of a table.
CREATE DOMAIN mal.code AS integer CHECK (mal.pure('domain of the key', VALUE::text));
CREATE DOMAIN mal.word AS text CHECK (mal.pure('domain of a column', VALUE));
CREATE DOMAIN mal.word2 AS mal.word CHECK (mal.pure('domain over a domain', VALUE));
CREATE TYPE mal.pair AS (a mal.word, b int);
CREATE TYPE mal.mood AS ENUM ('sad', 'gone');
CREATE FUNCTION mal.mood_text(mal.mood) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM mal.evil('cast'); RETURN pg_catalog.format('%s', $1); END $$;
CREATE CAST (mal.mood AS text) WITH FUNCTION mal.mood_text(mal.mood) AS IMPLICIT;
CREATE FUNCTION mal.alike(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM mal.evil('operator'); RETURN $1 = $2; END $$;
CREATE OPERATOR mal.= (LEFTARG = text, RIGHTARG = text, FUNCTION = mal.alike);
CREATE FUNCTION mal.nothing() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM mal.evil('column default'); RETURN 'nothing'; END $$;

CREATE TABLE mal.customer (
    id      mal.code PRIMARY KEY,
    name    text DEFAULT mal.nothing() CHECK (mal.pure('check', name)),
    email   mal.word2,
    mood    mal.mood NOT NULL,
    pair    mal.pair,
    words   mal.word[],
    note    text,
    upper   text GENERATED ALWAYS AS (mal.same('generated column', name)) STORED,
    EXCLUDE USING btree ((mal.same('exclusion', note)) WITH pg_catalog.=)
);
CREATE UNIQUE INDEX ON mal.customer ((mal.same('index expression', email))) WHERE mal.pure('index predicate', note);
CREATE UNIQUE INDEX ON mal.customer (note) WHERE mal.pure('constant index predicate', 'x');
CREATE TABLE mal.invoice (
    id          int PRIMARY KEY,
    customer_id mal.code REFERENCES mal.customer,
    address     text,
    issued_on   date
);
CREATE INDEX ON mal.invoice (customer_id);
CREATE TABLE mal.session (id int PRIMARY KEY, customer_id int NOT NULL, agent text);
CREATE INDEX ON mal.session (customer_id);
INSERT INTO mal.customer (id, name, email, mood, pair, words, note)
    SELECT i, 'Name ' || i, i || '@mail', 'sad', '(a,1)', '{a}', 'note ' || i FROM generate_series(1, 9) AS i;
INSERT INTO mal.invoice SELECT i, i, 'Street ' || i, '2001-01-01' FROM generate_series(1, 9) AS i;
INSERT INTO mal.session SELECT i, i, 'agent ' || i FROM generate_series(1, 9) AS i;
CREATE TRIGGER t1 BEFORE UPDATE ON mal.customer FOR EACH ROW EXECUTE FUNCTION mal.act('row trigger before');
CREATE TRIGGER t2 AFTER UPDATE ON mal.customer FOR EACH ROW EXECUTE FUNCTION mal.act('row trigger after');
CREATE TRIGGER t3 BEFORE UPDATE ON mal.invoice FOR EACH STATEMENT EXECUTE FUNCTION mal.act('statement trigger before');
CREATE TRIGGER t4 AFTER UPDATE ON mal.invoice FOR EACH STATEMENT EXECUTE FUNCTION mal.act('statement trigger after');
CREATE TRIGGER t5 AFTER DELETE ON mal.session FOR EACH ROW EXECUTE FUNCTION mal.act('delete trigger');
CREATE CONSTRAINT TRIGGER t6 AFTER UPDATE ON mal.customer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION mal.act('deferred constraint trigger');
CREATE CONSTRAINT TRIGGER t7 AFTER DELETE ON mal.session DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION mal.act('deferred delete trigger');
CREATE RULE r1 AS ON UPDATE TO mal.invoice DO ALSO SELECT mal.evil('rule');
ALTER TABLE mal.customer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON mal.customer USING (mal.pure('policy', name));

-- Her declarations.
SET search_path = mal, pg_catalog;
DO $$
BEGIN
    PERFORM pv.declare_subject('customer', condition => $x$mal.pure('condition of the subject', name)$x$);
    PERFORM pv.declare_link('invoice', '{customer_id}', 'customer', condition => $x$mal.pure('condition of a link', address)$x$);
    PERFORM pv.declare_link('session', '{customer_id}', 'customer', on_erase => 'delete');
    PERFORM pv.declare_personal('customer', '{name}', 'contact', erase_with => 'default');
    PERFORM pv.declare_personal('customer', '{email}', 'identifying', erase_with => 'token');
    PERFORM pv.declare_personal('customer', '{mood}', 'health', erase_with => 'constant', parameter => 'gone');
    PERFORM pv.declare_personal('customer', '{pair,words}', 'contact', erase_with => 'null');
    PERFORM pv.declare_personal('customer', '{note}', 'contact', erase_with => 'expression',
                                parameter => $x$mal.same('expression', 'gone ' || id::text)$x$);
    PERFORM pv.declare_personal('invoice', '{address}', 'contact');
    PERFORM pv.declare_blocker('customer', 'own', $x$NOT mal.pure('blocker', name) OR name = 'a name' OR subject.words = '{vip}'$x$, 'r');
    PERFORM pv.declare_blocker('customer', 'other', $x$NOT mal.pure('blocker over another table', address)$x$, 'r', 'invoice');
    PERFORM pv.declare_blocker('customer', 'sub', $x$EXISTS (SELECT FROM mal.invoice i WHERE i.customer_id = subject.id AND NOT mal.pure('subquery of a blocker', i.address))$x$, 'r');
    PERFORM pv.declare_retention('invoice', 'clock', '1 day', $x$CASE WHEN mal.pure('clock', address) THEN issued_on END$x$, 'b', mandatory => true);
    PERFORM pv.declare_retention('customer', 'over', '1 day', $x$max(CASE WHEN mal.pure('clock over another table', address) THEN issued_on END)$x$, 'b',
                                 mandatory => true, over => 'invoice',
                                 otherwise => $x$CASE WHEN mal.pure('other clock', name) AND (pair = '(vip,1)'::mal.pair) IS NOT TRUE THEN timestamp '2001-01-01' END$x$);
END $$;
RESET search_path;
RESET ROLE;

-- A superuser calls all that runs hers, in one transaction and at its commit.
CALL mal.forget();
SELECT count(*) > 0 AS previewed FROM pv.preview_erasure('mal.customer', 1);
SELECT * FROM mal.tried;
CALL mal.forget();
BEGIN;
SELECT state, blocked_by FROM pv.erase_subject('mal.customer', 1);
COMMIT;
SELECT * FROM mal.tried;
CALL mal.forget();
SELECT state FROM pv.erase_subjects('mal.customer', '{2,3}');
SELECT DISTINCT who FROM mal.log;
CALL mal.forget();
SELECT count(*) AS dirty FROM pv.verify_erasure('mal.customer', 2);
SELECT DISTINCT who FROM mal.log;
CALL mal.forget();
SELECT severity, relation, column_name, problem FROM pv.check_map() WHERE severity = 'error';
SELECT DISTINCT who FROM mal.log;
CALL mal.forget();
SET client_min_messages = error;
SELECT name, blocked, subjects FROM pv.check_blockers('mal.customer') ORDER BY name;
SET client_min_messages = warning;
SELECT DISTINCT who FROM mal.log;
CALL mal.forget();
SELECT length(pv.generate_map('mal.customer')) > 0 AS generated;
SELECT count(*) FROM pv.candidate_links('mal.customer');
SELECT pv.place_hold('mal.customer', 5, 'court') > 0 AS held;
SELECT state FROM pv.erase_subject('mal.customer', 5);
SELECT count(*) FILTER (WHERE who <> 'regress_mallory') AS others FROM mal.log;
CALL mal.forget();

-- The superuser declares on her tables: literals of her types, and trials.
SELECT pv.declare_subject('mal.customer', condition => $x$words IS DISTINCT FROM '{vip}' AND (pair = '(vip,2)'::mal.pair) IS NOT TRUE$x$);
SELECT pv.declare_blocker('mal.customer', 'own', $x$subject.words = '{vip}'$x$, 'r');
SELECT pv.declare_retention('mal.customer', 'over', '1 day', $x$CASE WHEN words = '{vip}' THEN now() ELSE '2001-01-01' END$x$, 'b');
SELECT pv.declare_personal('mal.customer', '{mood}', 'health', erase_with => 'constant', parameter => 'gone');
SELECT pv.declare_personal('mal.customer', '{name}', 'contact', erase_with => 'expression', parameter => $x$CASE WHEN words = '{a}'::mal.word[] THEN 'x' ELSE '' END$x$);
SELECT pv.declare_personal('mal.customer', '{name}', 'contact', erase_with => 'redact');
SELECT DISTINCT who FROM mal.log;
CALL mal.forget();
-- What came of it: her code has had its chance.
CREATE TEMP TABLE outcome (what text, how text);
SET client_min_messages = error;
DO $$
DECLARE
    strategy text;
BEGIN
    FOREACH strategy IN ARRAY ARRAY['auto', 'null', 'default', 'constant', 'token', 'pseudonym', 'generalise', 'redact'] LOOP
        BEGIN
            PERFORM pv.declare_personal('mal.customer', '{email}', 'contact', erase_with => strategy,
                                        parameter => CASE strategy WHEN 'constant' THEN 'x' WHEN 'generalise' THEN '2' END);
            INSERT INTO outcome VALUES (strategy, 'done');
        EXCEPTION WHEN others THEN
            INSERT INTO outcome VALUES (strategy, SQLSTATE);
        END;
    END LOOP;
END $$;
SET client_min_messages = warning;
TABLE outcome;
SELECT DISTINCT who FROM mal.log;
CALL mal.forget();

-- The superuser alters her tables.
SET client_min_messages = error;
ALTER TABLE mal.invoice RENAME COLUMN address TO place;
ALTER TABLE mal.customer RENAME TO client;
ALTER TABLE mal.client ADD COLUMN extra int;
ALTER TABLE mal.client DROP COLUMN extra;
CREATE UNIQUE INDEX ON mal.client (id, name);
CREATE TABLE public.unrelated (i int);
ALTER TABLE public.unrelated RENAME COLUMN i TO j;
SET client_min_messages = warning;
SELECT count(*) FILTER (WHERE who <> 'regress_mallory') AS others FROM mal.log
    WHERE how NOT IN ('constant index predicate');
CALL mal.forget();

-- A trigger that defers again is refused; one that sets what it can changes
-- nothing for what follows.
SET ROLE regress_mallory;
CREATE TABLE mal.person (id int PRIMARY KEY, name text);
INSERT INTO mal.person VALUES (1, 'One'), (2, 'Two'), (3, 'Three');
DO $$ BEGIN
    PERFORM pv.declare_subject('mal.person');
    PERFORM pv.declare_personal('mal.person', '{name}', 'contact');
END $$;
CREATE FUNCTION mal.defer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN NEW; END $$;
CREATE TRIGGER t1 BEFORE UPDATE ON mal.person FOR EACH ROW EXECUTE FUNCTION mal.defer();
CREATE CONSTRAINT TRIGGER t2 AFTER UPDATE ON mal.person DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION mal.act('deferred again');
RESET ROLE;
BEGIN;
SELECT state FROM pv.erase_subject('mal.person', 1);
COMMIT;
SELECT * FROM mal.person WHERE id = 1;
SET ROLE regress_mallory;
DROP TRIGGER t1 ON mal.person;
CREATE FUNCTION mal.set() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY ARRAY['SET search_path = mal', 'SET row_security = on', 'SET DateStyle = ''German''', 'RESET ALL',
            'SET ROLE regress_mallory', 'RESET ROLE', 'SET SESSION AUTHORIZATION DEFAULT', 'RESET SESSION AUTHORIZATION',
            'CREATE TEMP TABLE pg_class (i int)', 'DISCARD ALL', 'LISTEN x', 'PREPARE p AS SELECT 1',
            'DECLARE c CURSOR WITH HOLD FOR SELECT mal.evil(''held cursor'')'] LOOP
        BEGIN
            EXECUTE command;
            RAISE WARNING 'done: %', command;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'refused: %', command;
        END;
        PERFORM mal.evil('after ' || command);
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER t1 BEFORE UPDATE ON mal.person FOR EACH ROW EXECUTE FUNCTION mal.set();
RESET ROLE;
SET search_path = public, pg_catalog;
SET DateStyle = 'ISO, DMY';
BEGIN;
SELECT state FROM pv.erase_subject('mal.person', 1);
SELECT current_user = session_user AS myself, current_setting('search_path') AS path, current_setting('DateStyle') AS style,
       current_setting('row_security') AS row_security;
COMMIT;
RESET search_path;
RESET DateStyle;
SELECT DISTINCT who FROM mal.log;
CALL mal.forget();

-- A trigger that calls pvext in the midst of an erasure: it is refused, or at
-- least nobody else is erased and the one asked for is.
SET ROLE regress_mallory;
DROP TRIGGER t1 ON mal.person;
CREATE TABLE mal.purchase (id int PRIMARY KEY, person_id int REFERENCES mal.person, address text);
CREATE INDEX ON mal.purchase (person_id);
INSERT INTO mal.person VALUES (4, 'Four');
INSERT INTO mal.purchase SELECT i, i, 'Street ' || i FROM generate_series(1, 4) AS i;
DO $$ BEGIN
    PERFORM pv.declare_link('mal.purchase', '{person_id}', 'mal.person');
    PERFORM pv.declare_personal('mal.purchase', '{address}', 'contact');
END $$;
CREATE TABLE mal.command (n serial, sql text);
CREATE FUNCTION mal.nest() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOR command IN SELECT sql FROM mal.command ORDER BY n LOOP
        BEGIN
            EXECUTE command;
            INSERT INTO mal.log VALUES ('done: ' || command, current_user);
        EXCEPTION WHEN others THEN
            INSERT INTO mal.log VALUES (SQLSTATE || ': ' || command, current_user);
        END;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER t1 AFTER UPDATE ON mal.purchase FOR EACH STATEMENT EXECUTE FUNCTION mal.nest();
INSERT INTO mal.command (sql) VALUES
    ('SELECT * FROM pv.preview_erasure(''mal.person'', 4)'),
    ('SELECT * FROM pv.verify_erasure(''mal.person'', 4)'),
    ('SELECT pv.erase_subject(''mal.person'', 4)'),
    ('SELECT pv.place_hold(''mal.person'', 4, ''x'')'),
    ('SELECT * FROM pv.check_blockers(''mal.person'')'),
    ('SELECT * FROM pv.check_map()');
RESET ROLE;
SELECT state, rows_anonymised FROM pv.erase_subject('mal.person', 2);
SELECT * FROM mal.person ORDER BY id;
SELECT * FROM mal.purchase ORDER BY id;
SELECT count(*) AS dirty FROM pv.verify_erasure('mal.person', 2);
SELECT DISTINCT how, who FROM mal.log WHERE how ~ 'pv[.]' ORDER BY how;
CALL mal.forget();
SELECT pv.release_hold(id, 'test') FROM pv.hold WHERE reason = 'x';
-- The same with declarations, after which the map is another.
DELETE FROM mal.command;
INSERT INTO mal.command (sql) VALUES
    ('SELECT pv.undeclare_personal(''mal.person'')'),
    ('SELECT pv.declare_blocker(''mal.person'', ''b'', ''name IS NOT NULL'', ''r'')'),
    ('SELECT * FROM pv.preview_erasure(''mal.person'', 4)'),
    ('SELECT pv.undeclare_link(''mal.purchase'', ''person_id'')'),
    ('SELECT * FROM pv.preview_erasure(''mal.person'', 4)'),
    ('SELECT pv.undeclare_subject(''mal.person'')');
BEGIN;
SELECT state FROM pv.erase_subject('mal.person', 3);
SELECT * FROM mal.person WHERE id > 2 ORDER BY id;
SELECT DISTINCT how, who FROM mal.log WHERE how ~ 'pv[.]' ORDER BY how;
ROLLBACK;
DELETE FROM mal.command;

-- Another's parts of a superuser's table, and another's rows that a foreign key
-- takes along.
CREATE TABLE public.part (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE public.part1 PARTITION OF public.part FOR VALUES FROM (0) TO (10);
INSERT INTO public.part VALUES (1, 'One');
SELECT pv.declare_subject('part');
SELECT pv.declare_personal('part', '{name}', 'contact');
SET client_min_messages = error;
ALTER TABLE public.part1 OWNER TO regress_mallory;
SET client_min_messages = warning;
GRANT CREATE ON SCHEMA public TO regress_mallory;
SET ROLE regress_mallory;
CREATE TRIGGER t1 BEFORE UPDATE ON public.part1 FOR EACH ROW EXECUTE FUNCTION mal.act('trigger of a partition');
ALTER TABLE public.part1 ADD CHECK (mal.pure('check of a partition', name));
CREATE UNIQUE INDEX ON public.part1 (id) WHERE mal.pure('predicate of a partition', 'x');
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM regress_mallory;
TRUNCATE outcome;
DO $$
DECLARE
    call text;
BEGIN
    FOREACH call IN ARRAY ARRAY['pv.preview_erasure(''part'', 1)', 'pv.erase_subject(''part'', 1)', 'pv.check_map()', 'pv.check_blockers(''part'')',
            'pv.place_hold(''part'', 1, ''x'')', 'pv.verify_erasure(''part'', 1)', 'pv.generate_map(''part'')',
            'pv.declare_personal(''part'', ''{name}'', ''contact'', erase_with => ''constant'', parameter => ''x'')',
            'pv.declare_personal(''part'', ''{name}'', ''contact'', erase_with => ''expression'', parameter => ''NULL::text'')',
            'pv.declare_blocker(''part'', ''b'', ''name = ''''x'''''', ''r'')', 'pv.declare_subject(''part'', condition => ''id > 0'')',
            'pv.declare_retention(''part'', ''r'', ''1 day'', ''now()'', ''b'')'] LOOP
        BEGIN
            EXECUTE 'SELECT ' || call;
            INSERT INTO outcome VALUES (call, 'done');
        EXCEPTION WHEN others THEN
            INSERT INTO outcome VALUES (call, SQLSTATE);
        END;
    END LOOP;
END $$;
TABLE outcome;
SELECT DISTINCT how, who FROM mal.log WHERE who <> 'regress_mallory';
CALL mal.forget();
SET client_min_messages = error;
DROP TABLE public.part;
SET client_min_messages = warning;

CREATE TABLE public.member (id varchar(5) PRIMARY KEY, name text);
CREATE TABLE public.visit (id int PRIMARY KEY, member varchar(5) REFERENCES public.member ON UPDATE CASCADE);
CREATE INDEX ON public.visit (member);
INSERT INTO public.member VALUES ('ALFKI', 'Al'), ('BONAP', 'Bo');
INSERT INTO public.visit VALUES (1, 'ALFKI'), (2, 'BONAP');
SELECT pv.declare_subject('member');
SELECT pv.declare_personal('member', '{name}', 'contact');
SELECT pv.declare_personal('member', '{id}', 'identifying', erase_with => 'token');
SELECT pv.declare_link('visit', '{member}', 'member', on_erase => 'delete');
GRANT REFERENCES, SELECT ON public.member, public.visit TO regress_mallory;
SET ROLE regress_mallory;
CREATE TABLE mal.follows (member varchar(5) REFERENCES public.member ON UPDATE CASCADE);
CREATE TABLE mal.goes (visit int REFERENCES public.visit ON DELETE CASCADE);
INSERT INTO mal.follows VALUES ('ALFKI'), ('BONAP');
INSERT INTO mal.goes VALUES (1), (2);
CREATE TRIGGER t1 AFTER UPDATE ON mal.follows FOR EACH ROW EXECUTE FUNCTION mal.act('trigger of an updated row');
CREATE TRIGGER t2 AFTER DELETE ON mal.goes FOR EACH ROW EXECUTE FUNCTION mal.act('trigger of a deleted row');
RESET ROLE;
SELECT state FROM pv.erase_subject('member', 'ALFKI'::text);
DROP TABLE mal.follows;
SELECT state FROM pv.erase_subject('member', 'ALFKI'::text);
SELECT DISTINCT how, who FROM mal.log WHERE who <> 'regress_mallory';
DROP TABLE mal.goes;
SELECT state FROM pv.erase_subject('member', 'ALFKI'::text);
CALL mal.forget();

-- Two owners in one map, hers above and below: keys cross, code doesn't.
CREATE TABLE public.above (id int PRIMARY KEY, name text);
INSERT INTO public.above VALUES (1, 'A'), (2, 'B');
SET ROLE regress_mallory;
CREATE TABLE mal.middle (mood mal.mood PRIMARY KEY, above int, name text CHECK (mal.pure('check between', name)));
INSERT INTO mal.middle VALUES ('sad', 1, 'M');
CREATE INDEX ON mal.middle (above);
CREATE TRIGGER t1 BEFORE UPDATE ON mal.middle FOR EACH ROW EXECUTE FUNCTION mal.act('trigger between');
RESET ROLE;
CREATE TABLE public.below (id int PRIMARY KEY, mood text, name text);
CREATE INDEX ON public.below (mood);
INSERT INTO public.below VALUES (1, 'sad', 'X'), (2, 'gone', 'Y');
SELECT pv.declare_subject('above');
SELECT pv.declare_link('mal.middle', '{above}', 'above');
SELECT pv.declare_link('below', '{mood}', 'mal.middle');
SELECT pv.declare_personal('above', '{name}', 'contact');
SELECT pv.declare_personal('mal.middle', '{name}', 'contact');
SELECT pv.declare_personal('below', '{name}', 'contact');
SELECT count(*) FROM pv.preview_erasure('above', 1);
SELECT state, rows_anonymised FROM pv.erase_subject('above', 1);
SELECT * FROM public.below ORDER BY id;
SELECT * FROM mal.tried;
CALL mal.forget();

-- Given to a superuser, her expressions are refused until declared again.
SET ROLE regress_mallory;
ALTER TABLE mal.person DISABLE TRIGGER USER;
DO $$ BEGIN
    PERFORM pv.declare_subject('mal.person', condition => $x$mal.pure('condition of a former owner', name)$x$);
    PERFORM pv.declare_personal('mal.person', '{name}', 'contact', erase_with => 'expression', parameter => $x$mal.same('expression of a former owner', 'x')$x$);
    PERFORM pv.declare_blocker('mal.person', 'former', $x$mal.pure('blocker of a former owner', name) AND '{a}'::mal.word[] IS NULL$x$, 'r');
    PERFORM pv.declare_retention('mal.person', 'former', '1 day', $x$CASE WHEN mal.pure('clock of a former owner', name) AND '(a,1)'::mal.pair IS NULL THEN now() END$x$, 'b', mandatory => true);
END $$;
RESET ROLE;
CALL mal.forget();
SET client_min_messages = error;
DO $$ BEGIN EXECUTE format('ALTER TABLE mal.person OWNER TO %I', current_user); END $$;
ALTER TABLE mal.person ADD COLUMN extra int;
ALTER TABLE mal.person RENAME COLUMN extra TO more;
SELECT count(*) > 3 AS found FROM pv.check_map() WHERE relation = 'mal.person' AND severity = 'error';
DO $$ BEGIN PERFORM * FROM pv.check_blockers('mal.person'); EXCEPTION WHEN object_not_in_prerequisite_state OR insufficient_privilege THEN NULL; END $$;
SET client_min_messages = warning;
SELECT state FROM pv.erase_subject('mal.person', 4);
SELECT * FROM pv.preview_erasure('mal.person', 4);
SELECT * FROM mal.tried;
-- A new owner who is no superuser is no better.
SET client_min_messages = error;
ALTER TABLE mal.person OWNER TO regress_other;
SET client_min_messages = warning;
SELECT state FROM pv.erase_subject('mal.person', 4);
SELECT * FROM mal.tried;

-- Declaring on another's table, and an expression on a superuser's.
SET ROLE regress_mallory;
SELECT pv.declare_subject('mal.person');
SELECT pv.undeclare_subject('mal.person');
SELECT pv.declare_personal('public.above', '{name}', 'contact');
SELECT pv.undeclare_personal('public.above');
SELECT pv.declare_not_personal('public.above', '{id}');
SELECT pv.undeclare_not_personal('public.above');
SELECT pv.declare_blocker('public.above', 'b', 'true', 'r');
SELECT pv.declare_link('public.below', '{id}', 'mal.client');
SELECT pv.undeclare_link('public.below', 'mood');
SELECT pv.undeclare_blocker('mal.person', 'former');
SELECT pv.declare_retention('public.above', 'r', '1 day', 'now()', 'b');
SELECT pv.undeclare_retention('mal.person', 'former');
SELECT pv.link_foreign_keys('public.above');
RESET ROLE;
-- Membership in the owner is enough; in a superuser it isn't for an expression.
GRANT regress_other TO regress_mallory;
CREATE ROLE regress_boss SUPERUSER;
CREATE TABLE public.boss (id int PRIMARY KEY, name text);
ALTER TABLE public.boss OWNER TO regress_boss;
GRANT regress_boss TO regress_mallory;
SET ROLE regress_mallory;
SELECT pv.declare_not_personal('mal.person', '{more}');
SELECT pv.declare_subject('boss');
SELECT pv.declare_subject('boss', condition => 'mal.pure(''condition on a superuser''''s table'', name)');
SELECT pv.declare_personal('boss', '{name}', 'contact', erase_with => 'expression', parameter => '''x''');
SELECT pv.declare_blocker('boss', 'b', 'true', 'r');
SELECT pv.declare_retention('boss', 'r', '1 day', 'now()', 'b');
RESET ROLE;
SELECT count(*) AS crowns FROM public.crown;
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_mallory';

-- A failed erasure in a block leaves the session fit for a good one.
CREATE TABLE public.fails (id int PRIMARY KEY, name text);
INSERT INTO public.fails VALUES (1, 'One'), (2, 'Two');
SELECT pv.declare_subject('fails');
SELECT pv.declare_personal('fails', '{name}', 'contact');
CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id = 1 THEN RAISE EXCEPTION 'no' USING ERRCODE = 'ZZ001'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail BEFORE UPDATE ON public.fails FOR EACH ROW EXECUTE FUNCTION public.fail();
DO $$
DECLARE
    state text;
BEGIN
    FOR i IN 1 .. 3 LOOP
        BEGIN
            PERFORM pv.erase_subject('fails', 1);
        EXCEPTION WHEN sqlstate 'ZZ001' THEN NULL;
        END;
        IF current_user <> session_user OR current_setting('row_security') <> 'on' THEN
            RAISE WARNING 'user or settings changed';
        END IF;
    END LOOP;
    SELECT e.state INTO state FROM pv.erase_subject('fails', 2) AS e;
    RAISE WARNING '%', state;
END $$;
SELECT * FROM public.fails ORDER BY id;
SELECT state FROM pv.erasure WHERE subject = 'fails'::regclass;

DROP EXTENSION pvext CASCADE;
SET client_min_messages = error;
DROP SCHEMA mal CASCADE;
DROP TABLE public.boss;
DROP OWNED BY regress_mallory, regress_other, regress_boss;
DROP ROLE regress_mallory, regress_other, regress_boss;
-- A schema pv that somebody has prepared is not taken for pvext's.
CREATE SCHEMA pv;
CREATE EXTENSION pvext;
