-- Rows that cannot be taken are named, and hold no others back: a trigger refuses them, a
-- constraint, an expression that fails for them.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA purge_refused;
SET search_path = purge_refused;
CREATE VIEW runs AS SELECT state, done, failures, error FROM pv.run_log WHERE duty = 'purge' ORDER BY id DESC LIMIT 1;
CREATE VIEW failing AS SELECT regexp_replace(name, 'of [0-9a-f]{64}$', 'of a digest') AS name, failures, sqlstate, message
	FROM pv.duty_failure WHERE duty = 'purge' ORDER BY name COLLATE "C";

-- One row of a thousand, by its number
CREATE TABLE person (id int PRIMARY KEY, name text, at date NOT NULL);
INSERT INTO person SELECT i, 'name ' || i, '2001-01-01' FROM generate_series(1, 1000) AS i;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF OLD.id % 500 = 0 THEN RAISE 'ledger row'; END IF;
	IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER t BEFORE UPDATE OR DELETE ON person FOR EACH ROW WHEN (OLD.id = 500) EXECUTE FUNCTION refuse();
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying'),
       pv.declare_retention('person', 'r', '1 year', 'at', 'b') \g /dev/null
SELECT pv.activate_retention('person', 'r', 1000) \g /dev/null
CALL pv.purge();
SELECT id FROM person WHERE name IS NOT NULL;
TABLE failing;
TABLE runs;
-- The worker leaves it alone until its time has come; whoever calls does not.
CALL pv.run_duties('{purge}');
TABLE failing;
TABLE runs;
CALL pv.purge();
TABLE failing;
SELECT item, state, detail ~ 'failing: person r, row 500 next try' AS named FROM pv.status WHERE item = 'purge';
UPDATE pv.duty_failure SET retry_at = now();
CALL pv.run_duties('{purge}');
TABLE failing;
-- Others of its table go on meanwhile.
INSERT INTO person VALUES (1001, 'name', '2001-01-01');
CALL pv.run_duties('{purge}');
SELECT id FROM person WHERE name IS NOT NULL;
TABLE failing;
-- Who changes the row has moved it; and then it goes.
DROP TRIGGER t ON person;
UPDATE person SET at = '2001-01-02' WHERE id = 500;
CALL pv.run_duties('{purge}');
SELECT id FROM person WHERE name IS NOT NULL;
UPDATE pv.duty_failure SET retry_at = now();
CALL pv.run_duties('{purge}');
TABLE failing;
TABLE runs;

-- More of them than a batch has subtransactions for, by a constraint, in an audited table
CREATE TABLE bill (id int PRIMARY KEY, person int REFERENCES person, address text, open bool NOT NULL, at date NOT NULL,
	CHECK (address IS NOT NULL OR NOT open));
CREATE INDEX ON bill (person);
SELECT pv.declare_link('bill', '{person}', 'person'), pv.declare_personal('bill', '{address}', 'x'), pv.enable_audit('bill'),
       pv.declare_retention('bill', 'bills', '1 year', 'at', 'b') \g /dev/null
INSERT INTO bill SELECT i, i, 'street ' || i, i % 100 = 7, '2001-01-01' FROM generate_series(1, 1000) AS i;
SELECT pv.activate_retention('bill', 'bills', 1000) \g /dev/null
CALL pv.purge();
SELECT array_agg(id ORDER BY id) FROM bill WHERE address IS NOT NULL;
SELECT name, sqlstate FROM failing;
TABLE runs;
SELECT count(*) FROM pv.audit_trail WHERE new::text LIKE '%street%';
UPDATE bill SET open = false;
CALL pv.purge();
SELECT count(*) FROM bill WHERE address IS NOT NULL;
SELECT count(*) FROM pv.audit_trail WHERE new::text LIKE '%street%';
TABLE failing;

-- A clock that cannot be computed for one row, in all of which they are looked for
CREATE TABLE visit (id bigint PRIMARY KEY, person int REFERENCES person, remark text, at date NOT NULL, divisor int NOT NULL);
CREATE INDEX ON visit (person);
SELECT pv.declare_link('visit', '{person}', 'person'), pv.declare_personal('visit', '{remark}', 'x'),
       pv.declare_retention('visit', 'visits', '1 year', 'at + 1 / divisor', 'b') \g /dev/null
SELECT pv.activate_retention('visit', 'visits', 0) \g /dev/null
INSERT INTO visit SELECT i, i, 'remark ' || i, CASE WHEN i > 350 THEN current_date ELSE '2001-01-01' END, (i <> 300)::int
	FROM generate_series(1, 400) AS i;
CALL pv.purge();
SELECT count(*), min(id) FROM visit WHERE remark IS NOT NULL;
TABLE failing;
TABLE runs;

-- Rows that are deleted, by natural keys: known by the digest of their subject, and without one by that of the key
CREATE TABLE account (email text PRIMARY KEY, person int REFERENCES person, token text, at date NOT NULL);
CREATE INDEX ON account (person);
CREATE TABLE nobody (code text PRIMARY KEY, person int REFERENCES person, token text, at date NOT NULL);
CREATE INDEX ON nobody (person);
CREATE FUNCTION refuse_b() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF OLD.token = 'b' THEN RAISE check_violation USING MESSAGE = 'not this one'; END IF; RETURN OLD; END $$;
CREATE TRIGGER t BEFORE DELETE ON account FOR EACH ROW EXECUTE FUNCTION refuse_b();
CREATE TRIGGER t BEFORE DELETE ON nobody FOR EACH ROW EXECUTE FUNCTION refuse_b();
SELECT pv.declare_link('account', '{person}', 'person', on_erase => 'delete'), pv.declare_link('nobody', '{person}', 'person', on_erase => 'delete'),
       pv.declare_personal('account', '{token}', 'x'), pv.declare_personal('nobody', '{token}', 'x'),
       pv.declare_retention('account', 'accounts', '1 year', 'at', 'b', action => 'delete'),
       pv.declare_retention('nobody', 'nobodies', '1 year', 'at', 'b', action => 'delete') \g /dev/null
INSERT INTO account VALUES ('a@here', 1, 'a', '2001-01-01'), ('b@here', 2, 'b', '2001-01-01'), ('c@here', 3, 'c', '2001-01-01');
INSERT INTO nobody VALUES ('A', NULL, 'a', '2001-01-01'), ('B', NULL, 'b', '2001-01-01'), ('C', NULL, 'c', '2001-01-01');
SELECT pv.activate_retention('account', 'accounts', 3), pv.activate_retention('nobody', 'nobodies', 3) \g /dev/null
CALL pv.purge();
TABLE account;
TABLE nobody;
TABLE failing;
SELECT pv.place_hold('person', 2, 'to see a digest') > 0 AS placed;
SELECT f.name = 'accounts, row of ' || encode(h.subject_digest, 'hex') AS subject FROM pv.duty_failure AS f, pv.hold AS h WHERE f.name LIKE 'accounts%';

-- What no row can help is the rule's: a right that is missing, and more rows than can be named.
DELETE FROM pv.duty_failure;
CREATE TABLE note (id int PRIMARY KEY, person int REFERENCES person, body text, at date NOT NULL);
CREATE INDEX ON note (person);
CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'not you'; END $$;
CREATE TRIGGER t BEFORE UPDATE ON note FOR EACH ROW EXECUTE FUNCTION forbid();
SELECT pv.declare_link('note', '{person}', 'person'), pv.declare_personal('note', '{body}', 'x'),
       pv.declare_retention('note', 'notes', '1 year', 'at', 'b') \g /dev/null
INSERT INTO note SELECT i, i + 2, 'body', '2001-01-01' FROM generate_series(1, 300) AS i;
SELECT pv.activate_retention('note', 'notes', 300) \g /dev/null
CALL pv.purge('note');
TABLE failing;
CREATE OR REPLACE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'none of them'; END $$;
CALL pv.purge('note');
SELECT count(*) BETWEEN 2 AND 101 AS some, count(*) FILTER (WHERE name = 'notes') AS rule FROM failing;
DROP TRIGGER t ON note;
CALL pv.purge('note');
SELECT count(*) FROM note WHERE body IS NOT NULL;
SELECT count(*) FROM failing;

DROP SCHEMA purge_refused CASCADE;
DROP EXTENSION pvext;
