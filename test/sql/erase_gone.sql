-- Persons whose own row is gone, while links still hold their key: they are counted, and
-- can be erased by the key, as if the row were there.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA gone;
SET search_path = gone;
-- an older transaction of somebody else's may keep it from being complete yet
CREATE FUNCTION ended(pv.erasure_state) RETURNS text LANGUAGE sql RETURN replace($1::text, 'verifying', 'completed');
CREATE TABLE customer (id int PRIMARY KEY, email text, status text);
CREATE TABLE mail_log (id int PRIMARY KEY, customer_id int, recipient text);
CREATE TABLE basket (id int PRIMARY KEY, customer_id text, words text);
CREATE TABLE line (id int PRIMARY KEY, basket_id int REFERENCES basket, present text, paid boolean DEFAULT true);
CREATE TABLE session (id int PRIMARY KEY, customer_id int);
CREATE INDEX ON mail_log (customer_id);
CREATE INDEX ON basket (customer_id);
CREATE INDEX ON line (basket_id);
CREATE INDEX ON session (customer_id);
INSERT INTO customer VALUES (1, 'a@x.no', 'old'), (7, 'no@person', 'robot');
INSERT INTO mail_log SELECT i, i, 'm' || i || '@x.no' FROM generate_series(1, 1) i UNION SELECT i, i, 'm' || i || '@x.no' FROM generate_series(41, 49) i
    UNION SELECT 90, NULL, 'nobody' UNION SELECT 7, 7, 'robot@x.no';
INSERT INTO basket VALUES (1, '1', 'Ada wrote'), (42, '42', 'gone wrote'), (43, '43', 'gone wrote');
INSERT INTO line VALUES (1, 1, 'for Ada', true), (42, 42, 'for gone', true), (43, 43, 'for gone', false);
INSERT INTO session VALUES (1, 1), (42, 42), (44, 44);
SELECT pv.declare_subject('customer', condition => 'status <> ''robot'''), pv.declare_personal('customer', '{email}', 'identifying');
SELECT pv.declare_link('mail_log', '{customer_id}', 'customer'), pv.declare_link('basket', '{customer_id}', 'customer'),
       pv.declare_link('line', '{basket_id}', 'basket'), pv.declare_link('session', '{customer_id}', 'customer', on_erase => 'delete');
SELECT pv.declare_personal('mail_log', '{recipient}', 'mail'), pv.declare_personal('basket', '{words}', 'text', erase_with => 'redact'),
       pv.declare_personal('line', '{present}', 'text');
SELECT pv.declare_not_personal('customer'), pv.declare_not_personal('line');

-- NULL, a key that has no row, and what belongs to such a row
SELECT relation, severity, problem FROM pv.check_map();

-- Nothing hangs on the key: it is as unknown as any; a row that is no person's is none that is gone.
SELECT pv.erase_subject('customer', 99);
SELECT pv.preview_erasure('customer', 99);
SELECT pv.verify_erasure('customer', 99);
SELECT pv.place_hold('customer', 99, 'court case');
SELECT pv.erase_subject('customer', 7);
SELECT pv.erase_subject('customer', 'x'::text);
-- and the looking leaves nothing behind in the session
SELECT count(*) AS plans FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource' \gset
DO $$ BEGIN FOR i IN 1 .. 10 LOOP BEGIN PERFORM pv.erase_subject('customer', 7); EXCEPTION WHEN no_data_found THEN END; END LOOP; END $$;
SELECT count(*) - :plans AS plans FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource';

-- Preview, erasure, verification
SELECT relation, column_name, rows, strategy, verdict FROM pv.preview_erasure('customer', 42) ORDER BY 1, 2;
SELECT * FROM pv.verify_erasure('customer', 42) ORDER BY 1, 2;
SELECT ended(state), rows_anonymised, rows_deleted FROM pv.erase_subject('customer', 42);
SELECT * FROM mail_log WHERE customer_id IN (1, 41, 42) ORDER BY id;
SELECT b.id, words, present FROM basket b JOIN line l ON l.basket_id = b.id ORDER BY 1;
TABLE session;
SELECT * FROM pv.verify_erasure('customer', 42);
SELECT v.* FROM pv.erasure e, pv.verify_erasure(e.id) v;
-- the ledger's row stands, and what comes later is erased
SELECT count(DISTINCT id), count(*) FROM (SELECT * FROM pv.erase_subject('customer', 42) UNION ALL SELECT * FROM pv.erase_subject('customer', '42'::text)
    UNION ALL SELECT * FROM pv.erasure) AS e;
UPDATE mail_log SET recipient = 'again' WHERE id = 42;
SELECT * FROM pv.verify_erasure('customer', 42);
SELECT v.* FROM pv.erasure e, pv.verify_erasure(e.id) v;
SELECT ended(state), rows_anonymised FROM pv.erase_subject('customer', 42);
SELECT * FROM pv.verify_erasure('customer', 42);

-- Many at once, each once; one of them unknown and nothing is changed
SELECT ended(state), rows_anonymised, rows_deleted FROM pv.erase_subjects('customer', '{1,44,44.0,45}');
SELECT pv.erase_subjects('customer', '{46,99}');
SELECT id, recipient FROM mail_log ORDER BY id;

-- What holds them: holds, also new ones, blockers over linked rows, retention
SELECT pv.place_hold('customer', 46, 'court case');
SELECT ended(state), blocked_by FROM pv.erase_subject('customer', 46);
SELECT pv.release_hold(1, 'settled');
SELECT ended(state), blocked_by FROM pv.erase_subject('customer', 46);
SELECT pv.declare_blocker('customer', 'unpaid', 'not paid', 'owes', relation => 'line');
SELECT ended(state), blocked_by FROM pv.erase_subject('customer', 43);
UPDATE line SET paid = true;
SELECT pv.declare_retention('mail_log', 'law', '1 year', 'now()', 'the law', mandatory => true);
SELECT relation, column_name, rows, verdict, basis FROM pv.preview_erasure('customer', 43) ORDER BY 1, 2;
SELECT ended(state), blocked_by FROM pv.erase_subject('customer', 43);
SELECT pv.undeclare_retention('mail_log', 'law');
SELECT ended(state) FROM pv.erase_subject('customer', 43);
SELECT b.id, words, present FROM basket b JOIN line l ON l.basket_id = b.id ORDER BY 1;

-- A purge asks what holds them, too.
ALTER TABLE mail_log ADD at date DEFAULT '2001-01-01';
SELECT pv.declare_not_personal('mail_log');
SELECT pv.declare_retention('mail_log', 'mails', '1 year', 'at', 'policy');
SELECT pv.place_hold('customer', 47, 'court case');
SELECT pv.activate_retention('mail_log', 'mails', 5);
CALL pv.purge('mail_log');
SELECT id, recipient FROM mail_log WHERE recipient IS NOT NULL;
SELECT rows, held_by FROM pv.overdue;
SELECT pv.undeclare_retention('mail_log', 'mails');

-- A request that waits is completed like any.
SET pvext.erasure_delay = 3600;
UPDATE mail_log SET recipient = 'new@x.no' WHERE id IN (41, 48);
SELECT ended(state) FROM pv.erase_subject('customer', 41);
SELECT ended(state) FROM pv.erase_subject('customer', 48);
RESET pvext.erasure_delay;
UPDATE pv.erasure_ledger SET due_at = now() - interval '1 hour' WHERE state = 'requested';
DELETE FROM mail_log WHERE id = 41;
CALL pv.run_duties();
SELECT ended(state), count(DISTINCT subject_digest) FROM pv.erasure GROUP BY 1 ORDER BY 1;
-- what has been erased is nobody's, too, and nothing to warn of
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE '%nobody%';
SELECT id, recipient FROM mail_log WHERE id = 48;

-- A key that is personal itself is replaced where links hold it; the audit log loses it, too.
CREATE TABLE login (mail text PRIMARY KEY, name text);
CREATE TABLE visit (id int PRIMARY KEY, mail text, page text);
CREATE TABLE seen (id int PRIMARY KEY, mail text);
CREATE INDEX ON visit (mail);
CREATE INDEX ON seen (mail);
INSERT INTO login VALUES ('ada@x.no', 'Ada');
INSERT INTO visit VALUES (1, 'ada@x.no', 'home'), (2, 'gone@x.no', 'away'), (3, 'gone@x.no', NULL);
INSERT INTO seen VALUES (1, 'ada@x.no'), (2, 'gone@x.no'), (3, 'bare@x.no');
SELECT pv.declare_subject('login'), pv.declare_link('visit', '{mail}', 'login'), pv.declare_link('seen', '{mail}', 'login');
SELECT pv.declare_personal('login', '{mail,name}', 'identifying'), pv.declare_personal('visit', '{page}', 'page');
SELECT pv.enable_audit('visit');
UPDATE visit SET page = page || '!';
SELECT ended(state) FROM pv.erase_subject('login', 'gone@x.no'::text);
SELECT v.id, v.mail LIKE 'gone%' AS gone, v.mail = s.mail AS same, page FROM visit v JOIN seen s ON s.id = least(v.id, 2) ORDER BY 1;
SELECT count(*) FROM pv.audit_trail WHERE to_jsonb(audit_trail)::text LIKE '%gone@%' OR to_jsonb(audit_trail)::text LIKE '%away%';
SELECT ended(state) FROM pv.erase_subject('login', 'gone@x.no'::text);
SELECT * FROM pv.verify_erasure('login', 'gone@x.no'::text);
SELECT ended(state) FROM pv.erase_subject('login', 'bare@x.no'::text);
SELECT count(*) FROM seen WHERE mail LIKE 'bare%';
SELECT * FROM pv.verify_audit();

-- Keys of several columns; a parent of another owner
CREATE ROLE gone_other;
GRANT USAGE, CREATE ON SCHEMA gone TO gone_other;
CREATE TABLE member (club int, no int, name text, PRIMARY KEY (club, no));
CREATE TABLE post (id int PRIMARY KEY, no int, club int, body text);
CREATE INDEX ON post (club, no);
ALTER TABLE member OWNER TO gone_other;
INSERT INTO member VALUES (1, 1, 'Ada');
INSERT INTO post VALUES (1, 1, 1, 'of Ada'), (2, 2, 1, 'of gone'), (3, 1, 2, 'of another'), (4, NULL, 1, 'of nobody');
SELECT pv.declare_subject('member'), pv.declare_link('post', '{club,no}', 'member');
SELECT pv.declare_personal('member', '{name}', 'identifying'), pv.declare_personal('post', '{body}', 'text');
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE '%nobody%' ORDER BY 1;
SELECT ended(state) FROM pv.erase_subject('member', ROW(1, 2));
SELECT id, body FROM post ORDER BY id;
SELECT * FROM pv.verify_erasure('member', '(1,2)'::text);
SELECT pv.erase_subject('member', ROW(9, 9));

RESET search_path;
DROP SCHEMA gone CASCADE;
DROP EXTENSION pvext;
DROP ROLE gone_other;
