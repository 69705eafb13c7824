--
-- Triggers that were written for the application's search_path
--
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE ROLE regress_trigger_shop LOGIN;
CREATE ROLE regress_trigger_club LOGIN;
CREATE ROLE regress_trigger_stranger LOGIN;
SELECT pv.grant_role('regress_trigger_shop', 'owner'), pv.grant_role('regress_trigger_club', 'owner') \gset
CREATE SCHEMA regress_trigger_shop AUTHORIZATION regress_trigger_shop;
CREATE SCHEMA club AUTHORIZATION regress_trigger_club;

-- What a trigger sees: for each kind of trigger, who it runs as and under which path.
SET ROLE regress_trigger_shop;
CREATE TABLE seen (id serial, by text DEFAULT current_user, tg text, path text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen (tg, path) VALUES (TG_NAME, current_setting('search_path'));
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TABLE customer (id int PRIMARY KEY, name text, email text, born date) PARTITION BY RANGE (id);
CREATE TABLE customer_1 PARTITION OF customer FOR VALUES FROM (0) TO (1000);
CREATE TABLE visit (customer int REFERENCES customer ON DELETE CASCADE, at date, host text);
CREATE INDEX ON visit (customer);
INSERT INTO customer SELECT i, 'Ada' || i, 'ada' || i || '@x.example', '2010-01-01' FROM generate_series(1, 20) AS i;
INSERT INTO visit SELECT i, '2010-01-01', 'Bo' FROM generate_series(1, 20) AS i;
CREATE TRIGGER row_before BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER of_partition AFTER UPDATE OF email ON customer_1 FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER statement_after AFTER UPDATE ON customer EXECUTE FUNCTION see();
CREATE CONSTRAINT TRIGGER deferred AFTER UPDATE ON customer INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER deleted AFTER DELETE ON visit FOR EACH ROW EXECUTE FUNCTION see();
SELECT pv.declare_subject('customer'), pv.declare_personal('customer', '{name,email}', 'identifying'),
       pv.declare_link('visit', '{customer}', 'customer', on_erase => 'delete'),
       pv.declare_not_personal('customer'), pv.declare_not_personal('visit'), pv.declare_not_personal('seen') \gset
RESET ROLE;
SELECT * FROM pv.check_map();
-- not the caller's path
CREATE SCHEMA callers;
CREATE TABLE callers.seen (LIKE regress_trigger_shop.seen);
SET search_path = callers;
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('regress_trigger_shop.customer', 1);
SHOW search_path;
SELECT * FROM callers.seen;
RESET search_path;
SELECT by, tg, path FROM regress_trigger_shop.seen ORDER BY tg;
TRUNCATE regress_trigger_shop.seen;

-- The server's order: of the role in the database, the role, the database, everybody; pg_temp last.
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET search_path = pg_temp, regress_trigger_shop, the_database;
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 2);
ALTER ROLE regress_trigger_shop SET search_path = "the Role", "$user";
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 3);
ALTER ROLE regress_trigger_shop IN DATABASE :"db" SET search_path = "$user", role_in_database, pg_catalog;
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 4);
ALTER ROLE regress_trigger_shop IN DATABASE :"db" RESET search_path;
ALTER ROLE regress_trigger_shop RESET search_path;
ALTER DATABASE :"db" RESET search_path;
SELECT path FROM regress_trigger_shop.seen WHERE tg = 'row_before' ORDER BY id;
TRUNCATE regress_trigger_shop.seen;
-- What the session's role has set is not the server's.
ALTER ROLE CURRENT_USER IN DATABASE :"db" SET search_path = callers;
\c -
SHOW search_path;
SET client_min_messages = warning;
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 5);
SELECT path FROM regress_trigger_shop.seen WHERE tg = 'row_before' ORDER BY id;
TRUNCATE regress_trigger_shop.seen;
ALTER ROLE CURRENT_USER IN DATABASE :"db" RESET search_path;
\c -
SET client_min_messages = warning;
-- A temporary table hides nothing.
CREATE TEMP TABLE seen (LIKE regress_trigger_shop.seen INCLUDING DEFAULTS);
GRANT INSERT ON pg_temp.seen TO PUBLIC;
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 6);
SELECT count(*) FROM pg_temp.seen;
DROP TABLE pg_temp.seen;

-- The purge and its statements, each trigger under its path.
SET ROLE regress_trigger_shop;
SELECT pv.declare_retention('customer', 'old', '1 year', after => 'born', basis => 'x', columns => '{name,email}') \gset
SELECT pv.activate_retention('customer', 'old', 14) \gset
RESET ROLE;
TRUNCATE regress_trigger_shop.seen;
CALL pv.purge('regress_trigger_shop.customer');
SELECT duty, sqlstate, message FROM pv.duty_failure;
SELECT by, tg, path, count(*) FROM regress_trigger_shop.seen GROUP BY 1, 2, 3 ORDER BY 2;
SELECT count(*) FROM regress_trigger_shop.customer WHERE name IS NOT NULL;

-- A path that a function sets, and an error in it, end with it.
SET ROLE regress_trigger_shop;
CREATE FUNCTION wander() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('search_path', 'elsewhere', false), set_config('regress.said', TG_NAME, true);
    BEGIN
        PERFORM set_config('search_path', 'deeper', false);
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
    RETURN NEW;
END $$;
CREATE FUNCTION fall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id = 100 THEN
        PERFORM set_config('search_path', 'elsewhere', false);
        PERFORM 1 / (OLD.id - 100);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_wander BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION wander();
CREATE TRIGGER b_fall BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION fall();
INSERT INTO customer VALUES (100, 'Cy', 'cy@x.example', '2011-01-01'), (101, 'Di', 'di@x.example', '2011-01-01');
RESET ROLE;
TRUNCATE regress_trigger_shop.seen;
SET search_path = callers;
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 100);
SHOW search_path;
DO $$
BEGIN
    PERFORM pv.erase_subject('regress_trigger_shop.customer', 100);
EXCEPTION WHEN division_by_zero THEN
    RAISE WARNING 'caught with search_path %', current_setting('search_path');
END $$;
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 101);
SHOW search_path;
RESET search_path;
SELECT tg, path FROM regress_trigger_shop.seen ORDER BY tg;
DROP TRIGGER a_wander ON regress_trigger_shop.customer;
DROP TRIGGER b_fall ON regress_trigger_shop.customer;

-- What a trigger's own statement fires sees what that trigger has made of the path;
-- one that has a path of its own, or is SECURITY DEFINER, is left alone.
SET ROLE regress_trigger_shop;
CREATE TABLE step (name text);
SELECT pv.declare_not_personal('step') \gset
CREATE FUNCTION step_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('search_path', 'regress_trigger_shop, further', true);
    INSERT INTO step VALUES (TG_NAME);
    RETURN NEW;
END $$;
CREATE FUNCTION own_path() RETURNS trigger LANGUAGE plpgsql SET search_path = regress_trigger_shop, mine AS $$
BEGIN
    INSERT INTO seen (tg, path) VALUES (TG_NAME, current_setting('search_path'));
    RETURN NEW;
END $$;
CREATE FUNCTION definer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO regress_trigger_shop.seen (tg, path) VALUES (TG_NAME, current_setting('search_path'));
    RETURN NEW;
END $$;
CREATE TRIGGER on_step BEFORE INSERT ON step FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER a_step BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION step_on();
CREATE TRIGGER b_own BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION own_path();
CREATE TRIGGER c_definer BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION definer();
TRUNCATE seen;
INSERT INTO customer VALUES (200, 'Ed', 'ed@x.example', '2011-01-01');
RESET ROLE;
SELECT * FROM pv.check_map();
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 200);
SELECT tg, path FROM regress_trigger_shop.seen ORDER BY tg;

-- Names that the path does not lead to: check_map() warns, and the error says what to do.
SET ROLE regress_trigger_shop;
CREATE FUNCTION definer_bare() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO seen (tg) VALUES (TG_NAME);
    RETURN NEW;
END $$;
CREATE TRIGGER d_definer BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION definer_bare();
INSERT INTO customer VALUES (300, 'Flo', 'flo@x.example', '2011-01-01');
RESET ROLE;
SELECT * FROM pv.check_map();
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 300);
DROP TRIGGER d_definer ON regress_trigger_shop.customer;
DROP TRIGGER a_step ON regress_trigger_shop.customer;
ALTER ROLE regress_trigger_shop SET search_path = public;
SELECT relation, severity, problem, hint FROM pv.check_map();
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 300);
ALTER ROLE regress_trigger_shop RESET search_path;
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 300);

SET ROLE regress_trigger_shop;
DROP TRIGGER row_before ON customer;
DROP TRIGGER statement_after ON customer;
DROP TRIGGER deferred ON customer;
DROP TRIGGER of_partition ON customer_1;
DROP TRIGGER deleted ON visit;
RESET ROLE;

-- A stranger's better-matching function is never called as the owner.
CREATE SCHEMA common;
GRANT USAGE ON SCHEMA common TO PUBLIC;
CREATE FUNCTION common.judge(numeric) RETURNS text LANGUAGE sql AS $$ SELECT 'ours' $$;
CREATE TABLE common.judged (by text DEFAULT current_user, what text);
SELECT pv.declare_not_personal('common.judged') \gset
GRANT INSERT ON common.judged TO PUBLIC;
SET ROLE regress_trigger_shop;
CREATE FUNCTION ask() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO judged (what) VALUES (judge(OLD.id));
    RETURN NEW;
END $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN -- it names no judge
    NEW.born := date_trunc('year', NEW.born);
    RETURN NEW;
END $$;
CREATE TRIGGER e_ask BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION ask();
CREATE TRIGGER f_touch BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION touch();
INSERT INTO customer VALUES (400, 'Gus', 'gus@x.example', '2011-01-01'), (401, 'Hal', 'hal@x.example', '2011-03-01');
RESET ROLE;
ALTER ROLE regress_trigger_shop SET search_path = "$user", common;
SELECT * FROM pv.check_map();
GRANT CREATE ON SCHEMA common TO regress_trigger_stranger;
SET ROLE regress_trigger_stranger;
CREATE FUNCTION common.judge(int) RETURNS text LANGUAGE sql AS $$ SELECT 'the stranger''s' $$;
RESET ROLE;
SELECT * FROM pv.check_map();
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 400);
-- nor is what he has left there
REVOKE CREATE ON SCHEMA common FROM regress_trigger_stranger;
SELECT problem FROM pv.check_map();
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 400);
SELECT * FROM common.judged;
DROP FUNCTION common.judge(int);
-- PUBLIC, a group, the owner of the schema
GRANT CREATE ON SCHEMA common TO PUBLIC;
SELECT problem FROM pv.check_map();
REVOKE CREATE ON SCHEMA common FROM PUBLIC;
CREATE ROLE regress_trigger_group;
GRANT CREATE ON SCHEMA common TO regress_trigger_group;
SELECT problem FROM pv.check_map();
GRANT regress_trigger_group TO regress_trigger_club;
SELECT problem FROM pv.check_map();
REVOKE regress_trigger_group FROM regress_trigger_club;
GRANT regress_trigger_shop TO regress_trigger_club;
GRANT regress_trigger_group TO regress_trigger_club;
SELECT problem FROM pv.check_map();
REVOKE regress_trigger_shop FROM regress_trigger_club;
DROP OWNED BY regress_trigger_group;
ALTER SCHEMA common OWNER TO regress_trigger_club;
SELECT problem FROM pv.check_map();
-- what names nothing of it works on, under the pinned path; the other one when it is given a path
ALTER FUNCTION regress_trigger_shop.ask() SET search_path = common, pg_temp;
GRANT USAGE ON SCHEMA common TO regress_trigger_shop;
SELECT relation, problem FROM pv.check_map();
SELECT state FROM pv.erase_subject('regress_trigger_shop.customer', 401);
SELECT born FROM regress_trigger_shop.customer WHERE id = 401;
SELECT * FROM common.judged;
ALTER ROLE regress_trigger_shop RESET search_path;

-- A cascade into another owner's table runs its triggers under that owner's path: there
-- the erasure gives a member another key.
GRANT USAGE ON SCHEMA regress_trigger_shop TO regress_trigger_club;
ALTER ROLE regress_trigger_club SET search_path = club;
SET ROLE regress_trigger_shop;
CREATE TABLE member (mail text PRIMARY KEY);
CREATE TABLE note (by text DEFAULT current_user, what text, path text);
GRANT REFERENCES ON member TO regress_trigger_club;
CREATE FUNCTION name() RETURNS text LANGUAGE sql AS $$ SELECT 'shop' $$;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO note (what, path) VALUES (name(), current_setting('search_path'));
    RETURN NEW;
END $$;
CREATE TRIGGER tell BEFORE UPDATE ON member FOR EACH ROW EXECUTE FUNCTION tell();
INSERT INTO member VALUES ('ida@x.example'), ('joe@x.example');
SET ROLE regress_trigger_club;
CREATE TABLE club.note (by text DEFAULT current_user, what text, path text);
CREATE FUNCTION club.name() RETURNS text LANGUAGE sql AS $$ SELECT 'club' $$;
CREATE TABLE club.guest (member text REFERENCES regress_trigger_shop.member ON UPDATE CASCADE);
CREATE FUNCTION club.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO note (what, path) VALUES (name(), current_setting('search_path'));
    RETURN NEW;
END $$;
CREATE TRIGGER tell BEFORE UPDATE ON club.guest FOR EACH ROW EXECUTE FUNCTION club.tell();
INSERT INTO club.guest VALUES ('ida@x.example'), ('joe@x.example');
RESET ROLE;
SELECT pv.declare_subject('regress_trigger_shop.member'),
       pv.declare_link('club.guest', '{member}', 'regress_trigger_shop.member'),
       pv.declare_personal('regress_trigger_shop.member', '{mail}', 'identifying') \gset
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE '%search_path%';
SELECT state FROM pv.erase_subject('regress_trigger_shop.member', 'ida@x.example');
SELECT * FROM regress_trigger_shop.note UNION ALL SELECT * FROM club.note;
GRANT CREATE ON SCHEMA club TO regress_trigger_shop;
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE problem LIKE '%search_path%';
SELECT state FROM pv.erase_subject('regress_trigger_shop.member', 'joe@x.example');

-- A database of before 15, where everybody may create objects in public
REVOKE CREATE ON SCHEMA club FROM regress_trigger_shop;
ALTER ROLE regress_trigger_club SET search_path = "$user", club, public;
SELECT problem FROM pv.check_map() WHERE problem LIKE '%search_path%';
GRANT CREATE ON SCHEMA public TO PUBLIC;
SELECT problem FROM pv.check_map() WHERE problem LIKE '%search_path%';
SELECT state FROM pv.erase_subject('regress_trigger_shop.member', 'joe@x.example');
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SELECT state FROM pv.erase_subject('regress_trigger_shop.member', 'joe@x.example');

DROP EXTENSION pvext CASCADE;
DROP SCHEMA regress_trigger_shop, club, common, callers CASCADE;
DROP OWNED BY regress_trigger_shop, regress_trigger_club, regress_trigger_stranger, regress_trigger_group;
DROP ROLE regress_trigger_shop, regress_trigger_club, regress_trigger_stranger, regress_trigger_group;
