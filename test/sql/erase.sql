-- Erasure from the call to the ledger: verdicts, many subjects, what is kept.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE SCHEMA erase;
SET search_path = erase;
SET client_min_messages = error;    -- of missing indexes
CREATE ROLE regress_erase_app;
SELECT pv.grant_role('regress_erase_app', 'application') \g /dev/null
GRANT USAGE ON SCHEMA erase TO regress_erase_app;

CREATE TABLE customer (id int PRIMARY KEY, name text, mail text, size text, status text DEFAULT 'left');
CREATE TABLE invoice (id int PRIMARY KEY, customer int REFERENCES customer, address text, issued date, paid boolean DEFAULT true);
CREATE TABLE note (id int PRIMARY KEY, customer int REFERENCES customer, body text);
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
    TRUNCATE customer, invoice, note;
    INSERT INTO customer SELECT i, 'name ' || i, 'mail' || i || '@x', 'XL' FROM generate_series(1, 9) i;
    INSERT INTO invoice VALUES (10, 1, 'street', '2001-02-03'), (11, 2, 'street', current_date), (12, 2, 'street', '2001-02-03'),
                               (13, 3, 'street', NULL), (14, 4, 'street', current_date);
    UPDATE invoice SET paid = false WHERE id = 14;
    INSERT INTO note SELECT i, i, 'note' FROM generate_series(1, 9) i;
$$;
\o /dev/null
SELECT fill();
SELECT pv.declare_purpose('billing', 'contract', 'sending invoices'), pv.declare_purpose('news', 'consent', 'sending news'),
       pv.declare_purpose('fitting', 'consent', 'remembering sizes'), pv.declare_purpose('books', 'legal_obligation', 'bookkeeping');
SELECT pv.declare_subject('customer'), pv.link_foreign_keys('customer');
SELECT pv.declare_personal('customer', '{name}', 'identifying', '{billing,books}', 'constant', 'erased');
SELECT pv.declare_personal('customer', '{mail}', 'contact', '{billing,news}');
SELECT pv.declare_personal('customer', '{size}', 'habit', '{news,fitting}');
SELECT pv.declare_personal('invoice', '{address}', 'contact', '{books}');
SELECT pv.declare_personal('note', '{body}', 'contact');
\o

-- Nothing holds it: completed. The key is forgotten, the digest stays.
SELECT relation, column_name, rows, strategy, verdict, until, basis FROM pv.preview_erasure('customer', 1) ORDER BY relation::text, 2;
TABLE customer ORDER BY id LIMIT 1;
SELECT state, key, reason, rows_anonymised, rows_deleted, retained_until, blocked_by, subject, scrubbed_at,
       requested_at = now() AS requested, due_at <= now() AS due, completed_at = now() AS completed,
       requested_by = session_user AS by, executed_by = session_user AS executed, approved_by,
       former_digest = subject_digest AS same_key, length(subject_digest)
FROM pv.erase_subject('customer', 1, 'asked by letter');
SELECT (SELECT c::text FROM customer c WHERE id = 1), (SELECT i::text FROM invoice i WHERE customer = 1), (SELECT n::text FROM note n WHERE customer = 1);
-- What the erasure has written itself is verified without another lock.
SELECT count(*) FROM note WHERE customer = 1 AND xmax <> 0;
SELECT count(*) FROM pv.preview_erasure('customer', 1);
SELECT * FROM pv.verify_erasure('customer', 1);
SELECT v.* FROM pv.erasure e, pv.verify_erasure(e.id) v;
-- Asking twice is harmless; new data makes a new request.
SELECT state, rows_anonymised, reason FROM pv.erase_subject('customer', 1, 'asked again');
SELECT count(*) FROM pv.erasure;
UPDATE customer SET name = 'back again' WHERE id = 1;
SELECT relation, column_name, rows FROM pv.verify_erasure('customer', 1);
SELECT relation, column_name, rows FROM pv.erasure e, pv.verify_erasure(e.id);
SELECT state, rows_anonymised, reason FROM pv.erase_subject('customer', 1, 'asked again');
SELECT state, count(*) FROM pv.erasure GROUP BY 1;
SELECT pv.verify_erasure(gen_random_uuid());
\echo :SQLSTATE
-- A subject that is no longer there, but has been erased, is known by its digest.
DELETE FROM note WHERE customer = 1;
DELETE FROM invoice WHERE customer = 1;
DELETE FROM customer WHERE id = 1;
SELECT state, reason FROM pv.erase_subject('customer', 1);
SELECT pv.erase_subject('customer', 1000);
\echo :SQLSTATE

-- Bookkeeping law keeps the younger rows: erased in part.
SELECT pv.declare_retention('invoice', 'books', '7 years', 'pv.accounting_year_end(issued)', 'bookkeeping act', mandatory => true) \g /dev/null
SELECT relation, column_name, rows, verdict, until > now() + interval '6 years' AS later, basis
FROM pv.preview_erasure('customer', 2) ORDER BY relation::text, 2, 4;
SELECT state, key, rows_anonymised, completed_at, retained_until = (SELECT max(until) FROM pv.preview_erasure('customer', 2)) AS until
FROM pv.erase_subject('customer', 2);
SELECT id, address FROM invoice WHERE customer = 2 ORDER BY id;
SELECT name, mail FROM customer WHERE id = 2;
SELECT state, rows_anonymised FROM pv.erase_subject('customer', 2);
SELECT count(*) FROM pv.erasure WHERE state = 'partial';
SELECT relation, column_name, rows FROM pv.verify_erasure('customer', 2);
-- its time has come
UPDATE invoice SET issued = '2002-02-02' WHERE customer = 2;
SELECT state, key, rows_anonymised, retained_until FROM pv.erase_subject('customer', 2);
SELECT id, address FROM invoice WHERE customer = 2 ORDER BY id;
-- A clock that has not begun keeps, too.
SELECT relation, column_name, rows, verdict, until FROM pv.preview_erasure('customer', 3) WHERE verdict <> 'erase';
SELECT state, retained_until FROM pv.erase_subject('customer', 3);
SELECT address FROM invoice WHERE customer = 3;
-- A rule that is not mandatory does not hold back a request.
SELECT pv.declare_retention('note', 'notes', '100 years', 'now()', 'our own wish') \g /dev/null
SELECT relation, verdict FROM pv.preview_erasure('customer', 5) ORDER BY relation::text;

-- Blockers, of all and of a purpose; what rests on consent alone is not theirs.
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'owes us', 'invoice', '{billing}') \g /dev/null
SELECT relation, column_name, verdict, basis FROM pv.preview_erasure('customer', 4) ORDER BY relation::text, 2;
SELECT state, blocked_by, key FROM pv.erase_subject('customer', 4);
SELECT name, mail, size FROM customer WHERE id = 4;
SELECT pv.declare_blocker('customer', 'active', 'subject.status = ''active''', 'is a customer') \g /dev/null
UPDATE customer SET status = 'active' WHERE id IN (5, 6);
SELECT relation, column_name, verdict, basis FROM pv.preview_erasure('customer', 5) ORDER BY relation::text, 2;
SELECT state, blocked_by, rows_anonymised FROM pv.erase_subject('customer', 5);
SELECT name, mail, size FROM customer WHERE id = 5;
-- A hold blocks it all.
SELECT pv.place_hold('customer', 6, 'court case') AS hold \gset
SELECT relation, column_name, verdict, basis LIKE 'hold %: court case%' AS hold FROM pv.preview_erasure('customer', 6) ORDER BY relation::text, 2;
SELECT state, key, rows_anonymised, array_length(blocked_by, 1) AS reasons FROM pv.erase_subject('customer', 6);
SELECT name, mail, size FROM customer WHERE id = 6;
-- What is blocked completes by a later call, when nothing blocks any more.
SELECT pv.release_hold(:hold, 'over') \g /dev/null
UPDATE customer SET status = 'left' WHERE id = 6;
SELECT state, key, blocked_by FROM pv.erase_subject('customer', 6);
SELECT count(*) FROM pv.erasure e WHERE state = 'blocked';
-- with a delay after which blockers have to be clear
SELECT pv.place_hold('customer', 7, 'court case') AS hold \gset
SELECT state FROM pv.erase_subject('customer', 7);
SELECT pv.release_hold(:hold, 'over') \g /dev/null
SET pvext.unblock_delay = '1h';
SELECT state FROM pv.erase_subject('customer', 7);
SELECT state FROM pv.erase_subject('customer', 7);
RESET pvext.unblock_delay;
SELECT state FROM pv.erase_subject('customer', 7);
-- Blocked after a part has gone
SELECT pv.place_hold('customer', 3, 'court case') AS hold \gset
UPDATE invoice SET issued = '2001-01-01' WHERE customer = 3;
SELECT state, array_length(blocked_by, 1) AS reasons FROM pv.erase_subject('customer', 3);
SELECT address FROM invoice WHERE customer = 3;
SELECT pv.release_hold(:hold, 'over') \g /dev/null
SELECT state, blocked_by FROM pv.erase_subject('customer', 3);
-- A condition that fails blocks.
SELECT pv.declare_blocker('customer', 'odd', 'CASE WHEN subject.size = ''?'' THEN subject.name::int > 0 END', 'odd') \g /dev/null
UPDATE customer SET size = '?' WHERE id = 9;
SELECT state, blocked_by FROM pv.erase_subject('customer', 9);
SELECT pv.undeclare_blocker('customer', 'odd'), pv.undeclare_blocker('customer', 'active'), pv.undeclare_blocker('customer', 'unpaid'),
       pv.undeclare_retention('invoice', 'books') \g /dev/null
-- What is declared does not depend on the session's settings.
SET DateStyle = 'SQL, DMY';
SELECT pv.declare_blocker('customer', 'dated', 'subject.id = 8 AND date ''2020-02-03'' < date ''2020-03-01''', 'dated') \g /dev/null
RESET DateStyle;
SELECT count(*) FROM pv.preview_erasure('customer', 8) WHERE basis = 'dated: dated';
SELECT pv.undeclare_blocker('customer', 'dated') \g /dev/null
-- One open request for a subject; every call that changed something is on record.
SELECT count(*) > 0 AS recorded, bool_and(subject_digest IS NOT NULL) AS digests, bool_and(login = session_user) AS login
FROM pv.event WHERE call LIKE 'erase_subject(%';
SELECT call FROM pv.event WHERE call LIKE 'erase_subject(%' LIMIT 1;

-- Isolation above READ COMMITTED, and read-only transactions
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pv.erase_subject('customer', 8);
\echo :SQLSTATE
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pv.erase_subjects('customer', '{8}');
\echo :SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT pv.erase_subject('customer', 8);
\echo :SQLSTATE
ROLLBACK;

-- Many at once
CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL UNIQUE, name text);
CREATE TABLE visit (id bigint PRIMARY KEY, member bigint REFERENCES member, page text);
INSERT INTO member SELECT i, 'mail' || i || '@x', 'name ' || i FROM generate_series(1, 400) i;
INSERT INTO visit SELECT i, 1 + i % 400, 'page' FROM generate_series(1, 1200) i;
\o /dev/null
SELECT pv.declare_subject('member'), pv.link_foreign_keys('member');
SELECT pv.declare_personal('member', '{mail,name}', 'identifying'), pv.declare_personal('visit', '{page}', 'x');
\o
SELECT * FROM pv.erase_subjects('member', '{}');
SELECT pv.erase_subjects('member', NULL);
\echo :SQLSTATE
SELECT pv.erase_subjects('member', '{1,NULL,2}');
\echo :SQLSTATE
SELECT pv.erase_subjects('member', '{1,2,401}');
\echo :SQLSTATE
SELECT count(*) FILTER (WHERE name IS NULL) AS erased FROM member;
SET pvext.erasure_limit = 0;
SELECT state, count(*), count(DISTINCT id) AS rows, sum(rows_anonymised) AS anonymised, max(reason) AS reason
FROM pv.erase_subjects('member', ARRAY(SELECT id::text FROM member WHERE id <= 200 ORDER BY id DESC), 'clearing up') GROUP BY 1;
SELECT count(*) FILTER (WHERE name IS NULL) AS erased, count(*) FILTER (WHERE mail LIKE 'erased-%') AS tokens,
       count(DISTINCT mail) AS mails, max(id) FILTER (WHERE name IS NULL) AS last FROM member;
SELECT count(*) FILTER (WHERE page IS NULL) AS visits FROM visit;
SELECT count(*) FROM member m JOIN visit v ON v.member = m.id WHERE (m.name IS NULL) <> (v.page IS NULL);
-- Keys named twice, in other spellings, and some that were erased before
SELECT state, count(*), count(DISTINCT id) AS rows
FROM pv.erase_subjects('member', '{201,201,0202,202.0,1,2, 201}') GROUP BY 1;
SELECT count(*), count(DISTINCT subject_digest) AS subjects FROM pv.erasure WHERE subject = 'member'::regclass;
-- Some blocked, some not
SELECT pv.place_hold('member', id, 'case') FROM member WHERE id IN (301, 302) \g /dev/null
SELECT state, count(*), array_agg(key ORDER BY key) FROM pv.erase_subjects('member', '{300,301,302,303}') GROUP BY 1 ORDER BY 1;
SELECT count(name) AS left_over FROM member WHERE id BETWEEN 300 AND 303;
-- Rows come in the order of the keys that are locked, whatever the order asked for.
SET ROLE regress_erase_app;
SELECT count(*) FROM pv.erase_subjects('erase.member', '{305,304}');
SELECT requested_by = session_user AS login FROM pv.erase_subject('member', 306);
RESET ROLE;
RESET pvext.erasure_limit;

SELECT pv.revoke_role('regress_erase_app', 'application') \g /dev/null
DROP SCHEMA erase CASCADE;
DROP ROLE regress_erase_app;
