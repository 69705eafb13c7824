SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
SET pvext.audit_reads = off; -- what is read here is not to come to the log meanwhile
-- A subject's trail: by any path of links, at any depth, under every key, before and after an erasure
CREATE TABLE person (email text PRIMARY KEY, name text);
CREATE TABLE purchase (id int PRIMARY KEY, person text REFERENCES person ON UPDATE CASCADE, street text);
CREATE TABLE item (purchase int REFERENCES purchase, line int, article text, PRIMARY KEY (purchase, line));
CREATE TABLE note (id int PRIMARY KEY, kind text, about text, body text);
CREATE INDEX ON purchase (person);
CREATE INDEX ON note (about);
SELECT pv.declare_subject('person'), pv.link_foreign_keys('person', 2);
SELECT pv.declare_link('note', '{about}', 'purchase', '{id}', condition => 'kind = ''purchase''');
SELECT pv.declare_personal('person', '{email,name}', 'identifying'), pv.declare_personal('purchase', '{street}', 'address'),
       pv.declare_personal('note', '{body}', 'text');
SELECT pv.enable_audit('person'), pv.enable_audit('purchase'), pv.enable_audit('item'), pv.enable_audit('note');
INSERT INTO person VALUES ('ann@home', 'Ann'), ('bob@home', 'Bob');
INSERT INTO purchase VALUES (1, 'ann@home', 'Ann Street'), (2, 'bob@home', 'Bob Street');
INSERT INTO item VALUES (1, 1, 'bread'), (2, 1, 'beer');
INSERT INTO note VALUES (1, 'purchase', '1', 'Ann was in'), (2, 'complaint', '1', 'too loud'), (3, 'purchase', '2', 'Bob was in');
DELETE FROM item WHERE purchase = 1;
UPDATE person SET email = 'ann@work' WHERE name = 'Ann';
UPDATE purchase SET person = 'ann@work' WHERE id = 2;
UPDATE purchase SET person = 'bob@home', street = 'Bob Lane' WHERE id = 2;
-- who looked at it: as the reader writes it
CREATE FUNCTION number(n int) RETURNS bytea LANGUAGE sql AS $$
    SELECT CASE WHEN n < 128 THEN set_byte('\x00', 0, n) ELSE set_byte('\x00', 0, n & 127 | 128) || number(n >> 7) END $$;
CREATE FUNCTION value(n int, v text) RETURNS bytea LANGUAGE sql AS $$
    SELECT number(n * 4 + 2) || number(octet_length(v) + 2) || convert_to(v, 'UTF8') $$;
CREATE FUNCTION item(kind text, body bytea) RETURNS bytea LANGUAGE sql AS $$
    SELECT set_byte(set_byte('\x0000', 0, (octet_length(body) + 1) & 255), 1, (octet_length(body) + 1) >> 8)
           || convert_to(kind, 'UTF8') || body $$;
CREATE FUNCTION looked(chunk bigint, reader text, keys text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO pv.audit_log SELECT chunk, pg_current_xact_id(), system_identifier,
        item('t', '\x0000000000000000') || item('w', substr(sha256('1'), 1, 16) || value(1, reader)) || item('r', substr(sha256('2'), 1, 16)
            || value(1, 's') || value(2, r.id::text) || value(3, '{email,name}') || value(4, 'support') || value(5, '1')
            || (SELECT string_agg(value(16 + r.id, k), '' ORDER BY o) FROM unnest(keys) WITH ORDINALITY AS u(k, o)))
    FROM pg_control_system(), pv.relation AS r WHERE r.relation = 'person'::regclass $$;
SELECT looked(4000000000, 'clerk', '{ann@home}'), looked(4000000001, 'clark', '{bob@home,ann@work}'), looked(4000000002, 'clark', '{bob@home}');
\set trail 'SELECT relation, operation, key, old, new, redacted, purpose, columns FROM pv.subject_trail'
:trail ('person', 'ann@work'::text);
-- by a former key, too
SELECT count(*) AS same FROM pv.subject_trail('person', 'ann@home'::text);
:trail ('person', 'bob@home'::text);
SELECT count(*) FROM pv.subject_trail('person', 'cid@home'::text);
-- a row that the application deleted
DELETE FROM note WHERE id = 3;
DELETE FROM item;
DELETE FROM purchase WHERE id = 2;
DELETE FROM person WHERE email = 'bob@home';
SELECT relation, operation, count(*) FROM pv.subject_trail('person', 'bob@home'::text) GROUP BY 1, 2 ORDER BY 1, 2;
-- after an erasure: who did what, without the values; and the reads, without the key
SELECT state FROM pv.erase_subject('person', 'ann@work'::text);
SELECT count(*) FROM pv.audit_log WHERE position('ann@' in encode(payload, 'escape')) > 0;
SELECT email AS token FROM person \gset
SELECT relation, operation, replace(concat(key, old, new), :'token', 'token') AS values, redacted
    FROM pv.subject_trail('person', :'token'::text);
SELECT id, position('bob@home' in encode(payload, 'escape')) > 0 AS bob FROM pv.audit_log WHERE id >= 4000000000 ORDER BY 1;
SELECT state FROM pv.erase_subject('person', 'bob@home'::text);
SELECT id, position('home' in encode(payload, 'escape')) > 0 AS any_key FROM pv.audit_log WHERE id >= 4000000000 ORDER BY 1;

-- keys of now that are not personal: the trail stays, from end to end
CREATE TABLE client (id int PRIMARY KEY, name text);
CREATE TABLE visit (client int REFERENCES client, page text);
CREATE INDEX ON visit (client);
SELECT pv.declare_subject('client'), pv.link_foreign_keys('client');
SELECT pv.declare_personal('client', '{name}', 'identifying'), pv.declare_personal('visit', '{page}', 'behaviour');
SELECT pv.enable_audit('client'), pv.enable_audit('visit');
SET pvext.actor = 'web';
INSERT INTO client VALUES (1, 'Dag');
INSERT INTO visit VALUES (1, '/dag');
DELETE FROM visit;
SELECT state FROM pv.erase_subject('client', 1);
SELECT actor, relation, operation, key, old, new, redacted FROM pv.subject_trail('client', 1);
-- in a transaction that only reads
BEGIN READ ONLY;
SELECT count(*) FROM pv.subject_trail('client', 1);
COMMIT;
SELECT pv.subject_trail('visit', 1);
SELECT pv.subject_trail('client', 'one'::text);
SELECT pv.subject_trail(NULL, 1);
