-- Other ways to read: commands that have functions called with the values, triggers, and what pvext itself hands out.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE ROLE regress_other_company;
CREATE ROLE regress_other_mallory;
CREATE ROLE regress_other_app;
SELECT pv.grant_role('regress_other_company', 'owner'), pv.grant_role('regress_other_app', 'application');
CREATE SCHEMA access_other;
GRANT ALL ON SCHEMA access_other TO regress_other_company, regress_other_mallory;
GRANT USAGE ON SCHEMA access_other TO regress_other_app;
SET search_path = access_other;
CREATE DOMAIN address AS text;
ALTER DOMAIN address OWNER TO regress_other_mallory;
SET ROLE regress_other_company;
CREATE TABLE customer (id int PRIMARY KEY, name text, email text, home address, note text, city text);
INSERT INTO customer SELECT i, 'Name ' || i, 'p' || i || '@here', 'Street ' || i, 'note', 'Town' FROM generate_series(1, 5) AS i;
SELECT pv.declare_subject('customer'), pv.declare_personal('customer', '{name,email,home,note}', 'contact');
SELECT pv.enable_audit('customer');
CREATE TABLE plain (id int PRIMARY KEY, email text);
RESET ROLE;
CREATE PROCEDURE look() LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    PERFORM pv.drain_reads();
    FOR r IN SELECT purpose, login, role, relation, columns, rows, keys, ways, refused FROM pv.access_log
        WHERE statement > coalesce(nullif(current_setting('access_other.seen', true), ''), '0')::bigint ORDER BY statement
    LOOP
        RAISE NOTICE '%: % reads % of %: % rows, %, %, refused %', r.purpose, CASE WHEN r.role LIKE 'regress%' THEN r.role ELSE 'superuser' END,
            r.columns, r.relation, r.rows, r.keys, r.ways, r.refused;
    END LOOP;
    PERFORM set_config('access_other.seen', (SELECT coalesce(max(statement), 0)::text FROM pv.access_log), false);
END $$;
SET client_min_messages = notice;
SET ROLE regress_other_company;
CREATE FUNCTION f(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1; END $$;
CREATE FUNCTION g(customer) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1; END $$;

-- Indexes
SET pvext.purpose = 'index on an expression';
CREATE INDEX by_f ON customer (f(email));
SET pvext.purpose = 'index with a condition';
CREATE INDEX by_id ON customer (id) WHERE f(customer.name) = 1 AND id > 0;
SET pvext.purpose = 'index on the row';
CREATE INDEX by_row ON customer (g(customer));
SET pvext.purpose = 'index on a column';
CREATE INDEX by_name ON customer (name);
CREATE INDEX by_city ON customer (lower(city));
CREATE INDEX by_email ON plain (f(email));
SET pvext.purpose = 'computed anew';
REINDEX INDEX by_f;
REINDEX TABLE customer;
ANALYZE customer;
CLUSTER customer USING by_name;
VACUUM customer;
SET pvext.purpose = 'nothing to compute';
DROP INDEX by_f, by_id, by_row;
REINDEX TABLE customer;
ANALYZE customer;

-- Constraints, columns, statistics
SET pvext.purpose = 'check';
ALTER TABLE customer ADD CONSTRAINT c CHECK (f(email) = 1);
ALTER TABLE customer ADD CONSTRAINT d CHECK (f(note) = 1) NOT VALID;
ALTER TABLE customer VALIDATE CONSTRAINT d;
ALTER TABLE customer ADD CHECK (id > 0), ADD CHECK (f(city) = 1);
ALTER TABLE customer DROP CONSTRAINT c, DROP CONSTRAINT d;
SET pvext.purpose = 'exclusion';
ALTER TABLE customer ADD CONSTRAINT e EXCLUDE USING btree (email WITH =);
ALTER TABLE customer DROP CONSTRAINT e;
SET pvext.purpose = 'type';
ALTER TABLE customer ALTER COLUMN city TYPE text USING f(name)::text || f(home);
ALTER TABLE customer ALTER COLUMN note TYPE varchar;
SET pvext.purpose = 'generated';
ALTER TABLE customer ADD COLUMN n int GENERATED ALWAYS AS (f(email)) STORED;
SET pvext.purpose = 'statistics';
CREATE STATISTICS s ON (f(name)) FROM customer;
ANALYZE customer (city);
DROP STATISTICS s;
SET pvext.purpose = 'fails';
CREATE FUNCTION fail(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'seen'; END $$;
\set SHOW_CONTEXT never
CREATE INDEX ON customer (fail(email));
\set SHOW_CONTEXT errors
SET pvext.purpose = 'policy';
CREATE POLICY p ON customer USING (f(email) = 1);
ALTER POLICY p ON customer USING (f(name) = 1);
DROP POLICY p ON customer;
RESET ROLE;
CALL look();
SET ROLE regress_other_mallory;
SET pvext.purpose = 'not hers';
CREATE INDEX ON customer (lower(email));
SET pvext.purpose = 'her domain';
CREATE FUNCTION h(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
ALTER DOMAIN address ADD CONSTRAINT h CHECK (h(VALUE));
RESET ROLE;
CALL look();

-- Triggers
GRANT TRIGGER, UPDATE (city), SELECT (id, city) ON customer TO regress_other_mallory;
SET ROLE regress_other_mallory;
CREATE TABLE loot (what text);
GRANT INSERT ON loot TO PUBLIC;
SET pvext.purpose = 'trigger';
CREATE FUNCTION each_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO access_other.loot VALUES (old.email); RETURN new; END $$;
CREATE FUNCTION all_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_other.loot SELECT o.email FROM o JOIN n USING (id) WHERE n.city = 'x';
    RETURN NULL;
END $$;
CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM count(city) FROM o; RETURN NULL; END $$;
CREATE TRIGGER each_row BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION each_row();
CREATE TRIGGER all_rows AFTER UPDATE ON customer REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION all_rows();
CREATE TRIGGER count_rows AFTER UPDATE ON customer REFERENCING OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER nothing AFTER UPDATE ON customer FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
RESET ROLE;
DROP TRIGGER nothing ON customer;
CALL look();
SET ROLE regress_other_mallory;
SET pvext.purpose = 'update';
UPDATE customer SET city = 'x' WHERE id = 4;
RESET ROLE;
CALL look();
DROP TRIGGER each_row ON customer;
DROP TRIGGER all_rows ON customer;
DROP TRIGGER count_rows ON customer;

-- Keys that are personal
SET client_min_messages = warning;
CREATE TABLE reader (email text PRIMARY KEY, name text);
CREATE TABLE member (nr int PRIMARY KEY, name text);
INSERT INTO reader SELECT 'r' || i || '@here', 'N' FROM generate_series(1, 3) AS i;
INSERT INTO member SELECT i, 'N' FROM generate_series(1, 3) AS i;
SELECT pv.declare_purpose('news', 'consent', 'x'), pv.declare_consent_text('news', '1', 'en', 'Yes please');
SELECT pv.declare_subject('reader'), pv.declare_personal('reader', '{email}', 'contact', erase_with => 'token'),
       pv.declare_subject('member'), pv.declare_personal('member', '{name}', 'contact');
SELECT pv.enable_audit('reader'), pv.enable_audit('member');
SELECT count(*) FROM (SELECT pv.give_consent('reader', 'r' || i || '@here', 'news', '1', 'web'), pv.give_consent('member', i, 'news', '1', 'web')
                      FROM generate_series(1, 2) AS i OFFSET 0) AS g;
SET client_min_messages = notice;
CALL look();
SET ROLE regress_other_app;
SET pvext.purpose = 'consented';
SELECT * FROM pv.consented('reader', 'news') ORDER BY 1;
SELECT * FROM pv.consented('member', 'news') ORDER BY 1;
RESET ROLE;
CALL look();
SELECT count(*) FROM pv.subject_trail('reader', 'r2@here'::text) WHERE operation = 'READ';

SET client_min_messages = warning;
DROP SCHEMA access_other CASCADE;
DROP EXTENSION pvext CASCADE;
DROP OWNED BY regress_other_company, regress_other_mallory, regress_other_app;
DROP ROLE regress_other_company, regress_other_mallory, regress_other_app;
