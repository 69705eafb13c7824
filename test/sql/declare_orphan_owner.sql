-- Declarations, consents and requests of a dropped table go to one of its name that has its
-- owner; to any other only when pv.resume() says that it is the same.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE ROLE regress_orphan_ann;
CREATE ROLE regress_orphan_bob;
CREATE ROLE regress_orphan_off;
CREATE SCHEMA shop;
GRANT ALL ON SCHEMA shop TO regress_orphan_ann, regress_orphan_bob;
SET client_min_messages = warning;
SELECT pv.grant_role('regress_orphan_ann', 'owner'), pv.grant_role('regress_orphan_bob', 'owner'), pv.grant_role('regress_orphan_off', 'officer');
SELECT pv.declare_purpose('news', 'consent', 'the newsletter'), pv.declare_consent_text('news', '1', 'en', 'I want it.');
SET ROLE regress_orphan_ann;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, note text);
INSERT INTO shop.person VALUES (1, 'Ann'), (2, 'Bob');
CREATE TABLE shop.bill (id int PRIMARY KEY, person_id int REFERENCES shop.person, name text);
CREATE INDEX ON shop.bill (person_id);
SELECT pv.declare_subject('shop.person'), pv.link_foreign_keys('shop.person');
SELECT pv.declare_personal('shop.person', '{name}', 'identifying'), pv.declare_not_personal('shop.person', '{note}'),
    pv.declare_personal('shop.bill', '{name}', 'identifying');
RESET ROLE;
SELECT pv.give_consent('shop.person', 1, 'news', '1', 'web'), pv.place_hold('shop.person', 2, 'court');
SELECT name, owner FROM pv.relation ORDER BY name;

-- bob is quicker: nothing of it is his
SET ROLE regress_orphan_ann;
DROP TABLE shop.bill;
DROP TABLE shop.person;
SET ROLE regress_orphan_bob;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, note text);
INSERT INTO shop.person VALUES (1, 'victim'), (2, 'x');
CREATE TABLE shop.old_bill (id int PRIMARY KEY, person_id int, name text);
ALTER TABLE shop.old_bill RENAME TO bill;
SELECT pv.undeclare_subject('shop.person');
SELECT pv.undeclare_personal('shop.person');
RESET ROLE;
SELECT relation, key FROM pv.subject;
SELECT pv.has_consent('shop.person', 1, 'news');
SELECT pv.erase_subject('shop.person', 2);
SELECT relation, problem, hint FROM pv.check_map() WHERE severity = 'error' ORDER BY 1;

-- what he declares is of a table of its own
SET ROLE regress_orphan_bob;
SELECT pv.declare_subject('shop.person', condition => 'id <> 2'), pv.declare_personal('shop.person', '{name}', 'x');
RESET ROLE;
SELECT r.id, s.relation, s.schema, s.name, s.condition FROM pv.subject AS s JOIN pv.relation AS r ON r.schema = s.schema AND r.name = s.name ORDER BY 1, 2, 5;
SELECT pv.has_consent('shop.person', 1, 'news');
SELECT state FROM pv.erase_subject('shop.person', 1);
SELECT state FROM pv.erase_subject('shop.person', 2);
SELECT subject, key, reason FROM pv.hold AS h LEFT JOIN LATERAL (SELECT r.relation AS subject FROM pv.relation AS r WHERE r.id = h.relation_id) AS r ON true;

-- the owner's own is what it was, after his has gone
SET ROLE regress_orphan_bob;
DROP TABLE shop.person;
DROP TABLE shop.bill;
SET ROLE regress_orphan_ann;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, note text);
INSERT INTO shop.person VALUES (1, 'Ann'), (2, 'Bob');
RESET ROLE;
SELECT relation, key, condition FROM pv.subject WHERE relation IS NOT NULL;
SELECT pv.has_consent('shop.person', 1, 'news');
SELECT state, blocked_by FROM pv.erase_subject('shop.person', 2);

-- a new owner is followed: it takes up what was his when it was dropped
ALTER TABLE shop.person OWNER TO regress_orphan_bob;
SELECT name, owner FROM pv.relation WHERE relation IS NOT NULL;
SET ROLE regress_orphan_bob;
DROP TABLE shop.person;
SET ROLE regress_orphan_ann;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, note text);
RESET ROLE;
SELECT relation FROM pv.subject WHERE relation IS NOT NULL;
-- given to him, it is
ALTER TABLE shop.person OWNER TO regress_orphan_bob;
SELECT relation FROM pv.subject WHERE relation IS NOT NULL;
INSERT INTO shop.person VALUES (1, 'Ann');
SELECT pv.has_consent('shop.person', 1, 'news');

-- an officer confirms
DROP TABLE shop.person;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, note text);
INSERT INTO shop.person VALUES (1, 'Ann');
SELECT pv.has_consent('shop.person', 1, 'news');
SET ROLE regress_orphan_bob;
SELECT pv.resume();
SET ROLE regress_orphan_off;
SET client_min_messages = notice;
SELECT pv.resume();
SELECT pv.resume();
RESET ROLE;
RESET client_min_messages;
SELECT pv.has_consent('shop.person', 1, 'news');
SELECT name, owner = current_user AS mine FROM pv.relation WHERE relation IS NOT NULL;
SELECT login = session_user AS me, role, call FROM pv.event WHERE call = 'resume()';

-- refused where DDL is strict; orphans of one name go together
ALTER TABLE shop.person OWNER TO regress_orphan_bob;
SET client_min_messages = error;
DROP TABLE shop.person;
RESET client_min_messages;
SET pvext.strict_ddl = on;
SET ROLE regress_orphan_ann;
CREATE TABLE shop.person (id int PRIMARY KEY);
RESET ROLE;
RESET pvext.strict_ddl;
SELECT count(*) FROM pv.subject WHERE relation IS NULL;
SELECT pv.undeclare_orphan('shop', 'person');
SELECT count(*) FROM pv.subject;

DROP SCHEMA shop CASCADE;
DROP OWNED BY regress_orphan_ann, regress_orphan_bob, regress_orphan_off;
DROP ROLE regress_orphan_ann, regress_orphan_bob, regress_orphan_off;
