SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
SET pvext.audit_reads = off; -- what is read here is not to come to the log meanwhile
-- An erasure takes its subject out of the audit log, too
\set trail 'SELECT relation, operation, key, old, new, redacted FROM pv.audit_trail'
CREATE FUNCTION in_log(word text) RETURNS bigint LANGUAGE sql AS
    $$ SELECT count(*) FROM pv.audit_log WHERE position(convert_to(word, 'UTF8') in payload) > 0 $$;
CREATE TABLE customer (id int PRIMARY KEY, name text, since date);
CREATE TABLE purchase (id int PRIMARY KEY, customer int REFERENCES customer, street text, total numeric);
CREATE TABLE item (id int PRIMARY KEY, purchase int REFERENCES purchase, remark text);
CREATE TABLE message (id int PRIMARY KEY, sender int REFERENCES customer, receiver int REFERENCES customer,
                      signature text, greeting text, body text);
CREATE INDEX ON purchase (customer);
CREATE INDEX ON item (purchase);
CREATE INDEX ON message (sender);
CREATE INDEX ON message (receiver);
SELECT pv.declare_subject('customer'), pv.link_foreign_keys('customer', 2);
SELECT pv.declare_personal('customer', '{name}', 'identifying'),
       pv.declare_personal('purchase', '{street}', 'address'),
       pv.declare_personal('item', '{remark}', 'text'),
       pv.declare_personal('message', '{signature}', 'text', link => 'sender'),
       pv.declare_personal('message', '{greeting}', 'text', link => 'receiver'),
       pv.declare_personal('message', '{body}', 'text', link => '*');
SELECT pv.enable_audit('customer'), pv.enable_audit('purchase'), pv.enable_audit('item'), pv.enable_audit('message');
INSERT INTO customer VALUES (1, 'Ann', '2020-01-01'), (2, 'Bob', '2021-01-01'), (3, 'Cid', '2022-01-01');
INSERT INTO purchase VALUES (10, 1, 'Ann Street', 1.50), (11, 1, 'Ann Lane', 3), (20, 2, 'Bob Street', 2);
INSERT INTO item VALUES (100, 10, 'for Ann'), (110, 11, 'Ann, again'), (200, 20, 'for Bob');
INSERT INTO message VALUES (1, 1, 2, 'yours, Ann', 'dear Bob', 'secret'), (2, 2, 1, 'yours, Bob', 'dear Ann', 'silly'),
                           (3, 2, 3, 'love, Bob', 'dear Cid', 'sweet');

-- rows that were deleted before, and what hung on them: the middle of the chain first
UPDATE purchase SET street = 'Ann Road' WHERE id = 10;
DELETE FROM item WHERE id = 110;
DELETE FROM purchase WHERE id = 11;
SELECT in_log('Ann') > 0 AS "Ann is there";
SELECT pv.seal_audit() > 0 AS sealed;
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('customer', 1);
SELECT in_log('Ann') AS "Ann";
:trail WHERE relation <> 'public.message' ORDER BY id, n;
-- two persons in a row: of each only what is about her or him
:trail WHERE relation = 'public.message' ORDER BY id, n;
-- once more, and the other one
SELECT sha256(string_agg(sha256(payload), '' ORDER BY id)) AS before FROM pv.audit_log \gset
SELECT state FROM pv.erase_subject('customer', 1);
SELECT sha256(string_agg(sha256(payload), '' ORDER BY id)) = :'before' AS same FROM pv.audit_log;
SELECT state FROM pv.erase_subject('customer', 2);
SELECT in_log('Bob') AS "Bob", in_log('Cid') > 0 AS "Cid is there", in_log('sweet') AS body;
:trail WHERE relation = 'public.message' AND operation = 'INSERT' ORDER BY id, n;

-- an erasure that is rolled back leaves the log as it was
SELECT sha256(string_agg(sha256(payload), '' ORDER BY id)) AS before FROM pv.audit_log \gset
BEGIN;
SELECT state FROM pv.erase_subject('customer', 3);
SELECT in_log('Cid') AS "Cid";
ROLLBACK;
SELECT sha256(string_agg(sha256(payload), '' ORDER BY id)) = :'before' AS same FROM pv.audit_log;
-- changes of the same transaction, of an outer savepoint's and of one that is undone
BEGIN;
INSERT INTO customer VALUES (4, 'Dag');
SAVEPOINT a;
UPDATE customer SET name = 'Dag D.' WHERE id = 4;
SAVEPOINT b;
UPDATE customer SET name = 'Dagmar' WHERE id = 4;
SELECT state FROM pv.erase_subject('customer', 4);
SELECT in_log('Dag') AS "Dag";
ROLLBACK TO b;
UPDATE customer SET name = 'Dagny' WHERE id = 4;
COMMIT;
SELECT operation, old, new, redacted FROM pv.audit_trail WHERE key = '{"id": 4}' ORDER BY id, n;
BEGIN;
UPDATE customer SET name = 'Dagobert' WHERE id = 4;
SAVEPOINT a;
UPDATE customer SET since = '2020-01-01' WHERE id = 4;
SAVEPOINT b;
SELECT state FROM pv.erase_subject('customer', 4);
RELEASE b;
RELEASE a;
UPDATE customer SET since = NULL WHERE id = 4;
COMMIT;
SELECT in_log('Dag') AS "Dag";
SELECT operation, old, new, redacted FROM pv.audit_trail
    WHERE key = '{"id": 4}' ORDER BY id, n;

-- what has been sealed is as it was sealed; a partition that is closed and indexed
SELECT * FROM pv.verify_audit();
SELECT pv.rotate_audit();

-- several at once, and large values, compressed and not
INSERT INTO customer SELECT i, 'Eve' || i FROM generate_series(31, 45) i;
INSERT INTO purchase SELECT i, i, 'Eve' || i || repeat(' Long Street', 1000), i FROM generate_series(31, 45) i;
INSERT INTO purchase SELECT i + 100, i, (SELECT string_agg(md5(i::text || j), 'Eve') FROM generate_series(1, 1000) j), i
    FROM generate_series(31, 45) i;
SELECT state, count(*) FROM pv.erase_subjects('customer', (SELECT array_agg(i::text) FROM generate_series(31, 44) i))
    GROUP BY 1;
SELECT count(*) FILTER (WHERE redacted = '{name}') AS names, count(*) FILTER (WHERE redacted = '{street}') AS streets,
       count(*) FILTER (WHERE redacted IS NULL) AS readable
    FROM pv.audit_trail WHERE operation = 'INSERT' AND (key ->> 'id')::int BETWEEN 31 AND 145;
SELECT key ->> 'id' AS id, new ->> 'name' AS name, length(new ->> 'street') AS street FROM pv.audit_trail
    WHERE operation = 'INSERT' AND redacted IS NULL AND (key ->> 'id')::int BETWEEN 31 AND 145 ORDER BY 1;

-- A key that the subject had before, a link that moved, columns that have been renamed, dropped and retyped
INSERT INTO customer VALUES (50, 'Fay'), (60, 'Gus');
INSERT INTO purchase VALUES (50, 50, 'Fay Street'), (60, 60, 'Gus Street');
UPDATE purchase SET customer = NULL WHERE id = 50;
UPDATE customer SET id = 51, name = 'Fay F.' WHERE id = 50;
UPDATE purchase SET customer = 51, street = 'Fay Alley' WHERE id = 50;
UPDATE purchase SET customer = 60, street = 'Gus Alley' WHERE id = 50;
ALTER TABLE purchase RENAME customer TO buyer;
ALTER TABLE purchase ALTER buyer TYPE bigint;
ALTER TABLE purchase RENAME street TO address;
ALTER TABLE purchase DROP total;
ALTER TABLE customer ADD phone text;
UPDATE customer SET phone = 'phone of ' || name WHERE id IN (51, 60);
ALTER TABLE customer DROP phone;
INSERT INTO purchase VALUES (52, 51, 'Fay Close');
SELECT state FROM pv.erase_subject('customer', 51);
SELECT in_log('Fay') AS "Fay", in_log('Gus') > 0 AS "Gus is there";
:trail WHERE key ->> 'id' IN ('50', '51', '52', '60') AND relation <> 'public.item' ORDER BY id, n;

-- Whom the application has deleted
INSERT INTO customer VALUES (70, 'Hal');
INSERT INTO purchase VALUES (70, 70, 'Hal Street');
DELETE FROM purchase WHERE id = 70;
DELETE FROM customer WHERE id = 70;
SELECT state, key, rows_anonymised FROM pv.erase_subject('customer', 70);
SELECT in_log('Hal') AS "Hal";
SELECT state FROM pv.erase_subject('customer', 70);
SELECT pv.erase_subject('customer', 71);
\echo :SQLSTATE
-- a key that has become another's is nobody's
INSERT INTO customer VALUES (72, 'Ida');
UPDATE customer SET id = 73 WHERE id = 72;
SELECT pv.erase_subject('customer', 72);
\echo :SQLSTATE
-- a hold keeps the log as well
INSERT INTO customer VALUES (74, 'Jan');
SELECT pv.place_hold('customer', 74, 'court') > 0 AS held;
DELETE FROM customer WHERE id = 74;
SELECT pv.erase_subject('customer', 74);
SELECT in_log('Jan') > 0 AS "Jan is there";
DROP TABLE message, item, purchase, customer;

-- Retention: what is kept of a row is kept of its records, until the erasure is completed
CREATE TABLE client (email text PRIMARY KEY, name text);
CREATE TABLE invoice (id int PRIMARY KEY, client text REFERENCES client ON UPDATE CASCADE, address text, issued date);
CREATE TABLE visit (client text REFERENCES client ON UPDATE CASCADE, page text);
CREATE INDEX ON invoice (client);
CREATE INDEX ON visit (client);
SELECT pv.declare_subject('client'), pv.link_foreign_keys('client');
SELECT pv.declare_personal('client', '{email,name}', 'identifying'), pv.declare_personal('invoice', '{address}', 'address'),
       pv.declare_personal('visit', '{page}', 'behaviour');
SELECT pv.declare_retention('invoice', 'books', '5 years', 'issued', 'law', mandatory => true);
SELECT pv.declare_retention('client', 'books', '5 years', 'max(issued)', 'law', mandatory => true, over => 'invoice',
                            columns => '{email}', otherwise => 'date ''2000-01-01''');
SELECT pv.enable_audit('client'), pv.enable_audit('invoice'), pv.enable_audit('visit');
INSERT INTO client VALUES ('kim@home', 'Kim K.'), ('leo@home', 'Leo');
INSERT INTO invoice VALUES (1, 'kim@home', 'Kimway 1', '2999-01-01'), (2, 'kim@home', 'Kimway 2', '2001-01-01'),
                           (3, 'kim@home', 'Kimway 3', '2999-01-01'), (4, 'leo@home', 'Leoway', '2999-01-01');
INSERT INTO visit VALUES ('kim@home', 'Kimpage'), ('leo@home', 'Leopage');
DELETE FROM invoice WHERE id = 3;
SELECT state FROM pv.erase_subject('client', 'kim@home'::text);
SELECT relation, operation, key, new, redacted FROM pv.audit_trail
    WHERE key::text ~ 'kim' OR relation = 'public.client' ORDER BY id, n;
SELECT in_log('Kimway 1') > 0 AS held, in_log('Kimway 2') AS due, in_log('Kimway 3') AS deleted, in_log('kim@home') > 0 AS key;
UPDATE invoice SET issued = '2001-01-01' WHERE id = 1;
SELECT state FROM pv.erase_subject('client', 'kim@home'::text);
SELECT in_log('Kim') AS "Kim", in_log('kim@home') AS key, in_log('Leo') > 0 AND in_log('leo@home') > 0 AS "Leo is there";
SELECT count(*) FROM pv.audit_trail WHERE concat(key, old, new) ~* 'kim';
-- the key of now finds nothing any more, and does no harm
SELECT email AS token FROM client WHERE email <> 'leo@home' \gset
SELECT state FROM pv.erase_subject('client', :'token'::text);
SELECT in_log('Leo') > 0 AS "Leo is there";

-- several at once, of whom one is completed
INSERT INTO client VALUES ('max@home', 'Max'), ('nat@home', 'Nat'), ('ora@home', 'Ora');
INSERT INTO invoice VALUES (11, 'max@home', 'Maxway', '2001-01-01'), (12, 'nat@home', 'Natway', '2999-01-01'),
                           (13, 'ora@home', 'Oraway', '2999-01-01'), (14, 'ora@home', 'Orastreet', '2001-01-01');
INSERT INTO visit VALUES ('max@home', 'Maxpage'), ('nat@home', 'Natpage'), ('ora@home', 'Orapage');
SELECT state FROM pv.erase_subjects('client', '{max@home,nat@home,ora@home}');
SELECT relation, operation, new, redacted FROM pv.audit_trail
    WHERE operation = 'INSERT'
    AND (key ->> 'id' IN ('11', '12', '13', '14') OR relation IN ('public.client', 'public.visit')) ORDER BY id, n;
SELECT in_log('Max') + in_log('max@home') AS "Max", in_log('nat@home') > 0 AS nat, in_log('Natway') > 0 AS natway,
       in_log('Natpage') AS natpage, in_log('Oraway') > 0 AS oraway, in_log('Orastreet') AS orastreet;

-- who is re-keyed while something is retained is asked for by the former key, and found by both
CREATE TABLE patron (email text PRIMARY KEY, name text);
CREATE TABLE loan (id int PRIMARY KEY, patron text REFERENCES patron ON UPDATE CASCADE, note text, until date);
CREATE INDEX ON loan (patron);
SELECT pv.declare_subject('patron'), pv.link_foreign_keys('patron');
SELECT pv.declare_personal('patron', '{email,name}', 'identifying'), pv.declare_personal('loan', '{note}', 'text');
SELECT pv.declare_retention('loan', 'open', '1 year', 'until', 'law', mandatory => true);
SELECT pv.enable_audit('loan');
INSERT INTO patron VALUES ('pam@home', 'Pam');
INSERT INTO loan VALUES (1, 'pam@home', 'Pamela 1', '2999-01-01');
SELECT pv.enable_audit('patron');
UPDATE patron SET name = 'Pam P.';
SELECT state FROM pv.erase_subject('patron', 'pam@home'::text);
SELECT relation, operation, regexp_replace(concat(key, old, new), 'erased-[0-9a-f]*', 'token', 'g') AS values, redacted
    FROM pv.audit_trail WHERE relation IN ('public.patron', 'public.loan') ORDER BY id, n;
DELETE FROM loan;
SELECT state FROM pv.erase_subject('patron', 'pam@home'::text);
SELECT in_log('Pam') AS "Pam", in_log('pam@home') AS key;
-- the key of now is nobody's, and stays
SELECT email AS token FROM patron \gset
SELECT relation, operation, replace(concat(key, old, new), :'token', 'token') AS values, redacted
    FROM pv.audit_trail WHERE relation IN ('public.patron', 'public.loan') ORDER BY id, n;
SELECT sha256(string_agg(sha256(payload), '' ORDER BY id)) AS before FROM pv.audit_log \gset
SELECT state FROM pv.erase_subject('patron', :'token'::text);
SELECT sha256(string_agg(sha256(payload), '' ORDER BY id)) = :'before' AS same FROM pv.audit_log;
-- where the subjects' own table is not audited, the former key is known by its digest
CREATE TABLE guest (email text PRIMARY KEY, name text);
CREATE TABLE stay (id int PRIMARY KEY, guest text REFERENCES guest ON UPDATE CASCADE, room text, until date);
CREATE INDEX ON stay (guest);
SELECT pv.declare_subject('guest'), pv.link_foreign_keys('guest');
SELECT pv.declare_personal('guest', '{email,name}', 'identifying'), pv.declare_personal('stay', '{room}', 'text');
SELECT pv.declare_retention('stay', 'law', '1 year', 'until', 'law', mandatory => true);
SELECT pv.enable_audit('stay');
INSERT INTO guest VALUES ('zoe@home', 'Zoe'), ('zed@home', 'Zed');
INSERT INTO stay VALUES (1, 'zoe@home', 'Zoe''s room', '2999-01-01'), (2, 'zed@home', 'Zed''s room', '2999-01-01');
UPDATE stay SET guest = 'zoe@home' WHERE id = 2;
SELECT state FROM pv.erase_subject('guest', 'zoe@home'::text);
UPDATE stay SET until = '2001-01-01';
SELECT email AS token FROM guest WHERE email <> 'zed@home' \gset
SELECT state FROM pv.erase_subject('guest', :'token'::text);
SELECT in_log('zoe@home') AS key, in_log('Zoe') AS "Zoe", in_log('zed@home') > 0 AS "zed@home is there";
SELECT operation, replace(concat(key, old, new), :'token', 'token') AS values, redacted
    FROM pv.audit_trail WHERE relation = 'public.stay' ORDER BY id, n;

-- Blocked: nothing goes; a column that is blocked stays
SELECT pv.declare_purpose('trade', 'contract', 'orders'), pv.declare_purpose('fun', 'legitimate_interests', 'other');
CREATE TABLE member (id int PRIMARY KEY, name text, hobby text, active boolean);
SELECT pv.declare_subject('member');
SELECT pv.declare_personal('member', '{name}', 'identifying', '{trade}'), pv.declare_personal('member', '{hobby}', 'other', '{fun}');
SELECT pv.declare_blocker('member', 'active', 'subject.active', 'still one', purposes => '{trade}');
SELECT pv.enable_audit('member');
INSERT INTO member VALUES (1, 'Mia', 'Miaumiau', true);
SELECT state FROM pv.erase_subject('member', 1);
SELECT operation, old, new, redacted FROM pv.audit_trail WHERE relation = 'public.member' ORDER BY id, n;
UPDATE member SET active = false;
SELECT state FROM pv.erase_subject('member', 1);
SELECT in_log('Mia') AS "Mia";

-- Rows that go: all but their keys and links
CREATE TABLE account (id int PRIMARY KEY, name text);
CREATE TABLE login (token uuid PRIMARY KEY, account int REFERENCES account, agent text, at date);
CREATE TABLE friendship (one int REFERENCES account, other int REFERENCES account, said text, PRIMARY KEY (one, other));
CREATE TABLE tag (account int REFERENCES account, word text);
CREATE INDEX ON login (account);
CREATE INDEX ON friendship (other);
CREATE INDEX ON tag (account);
SELECT pv.declare_subject('account'), pv.declare_link('login', '{account}', 'account', on_erase => 'delete'),
       pv.declare_link('friendship', '{one}', 'account', on_erase => 'delete'),
       pv.declare_link('friendship', '{other}', 'account', on_erase => 'delete'),
       pv.declare_link('tag', '{account}', 'account', on_erase => 'delete');
SELECT pv.declare_personal('account', '{name}', 'identifying');
SELECT pv.enable_audit('account'), pv.enable_audit('login'), pv.enable_audit('friendship'), pv.enable_audit('tag');
INSERT INTO account VALUES (1, 'Ned'), (2, 'Oda'), (3, 'Pia');
INSERT INTO login VALUES ('00000000-0000-0000-0000-000000000001', 1, 'Nedscape', '2020-01-01');
INSERT INTO friendship VALUES (1, 2, 'hi Ned'), (3, 1, 'bye Ned'), (2, 3, 'ho');
INSERT INTO tag VALUES (1, 'Neddy'), (2, 'Oddy');
SELECT state, rows_deleted FROM pv.erase_subject('account', 1);
SELECT in_log('Ned') AS "Ned", in_log('Nedscape') AS agent;
SELECT relation, operation, key, old, new, redacted FROM pv.audit_trail
    WHERE relation IN ('public.login', 'public.friendship', 'public.tag') ORDER BY id, n;

-- Conditions: whose a row was is asked of its values as they were
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE firm (id int PRIMARY KEY, title text);
CREATE TABLE note (id int PRIMARY KEY, kind text, about int, body text);
CREATE INDEX ON note (about);
SELECT pv.declare_subject('person');
SELECT pv.declare_link('note', '{about}', 'person', condition => 'kind = ''person''');
SELECT pv.declare_personal('person', '{name}', 'identifying'), pv.declare_personal('note', '{body}', 'text');
SELECT pv.enable_audit('person'), pv.enable_audit('note');
INSERT INTO person VALUES (1, 'Quin');
INSERT INTO note VALUES (1, 'person', 1, 'of Quin'), (2, 'firm', 1, 'of a firm');
UPDATE note SET body = 'of Quin, too' WHERE id = 1;
UPDATE note SET body = 'of a firm, too' WHERE id = 2;
UPDATE note SET kind = 'firm', body = 'of another firm' WHERE id = 1;
SELECT state FROM pv.erase_subject('person', 1);
SELECT in_log('Quin') AS "Quin";
SELECT operation, key, old, new, redacted FROM pv.audit_trail WHERE relation = 'public.note' ORDER BY id, n;

-- Links and keys that were declared after the fact; keys that are written in several ways
CREATE TABLE tenant (no numeric, code char(6), name text, PRIMARY KEY (no, code));
CREATE TABLE flat (id int PRIMARY KEY, tenant numeric(10,2), code text, view text);
SELECT pv.enable_audit('flat');
INSERT INTO tenant VALUES (1.0, 'ab', 'Rob'), (1.0, 'abc', 'Sue');
INSERT INTO flat VALUES (1, 1.00, 'ab', 'Rob Hill'), (2, 1.00, 'abc', 'Sue Hill');
UPDATE flat SET view = 'Rob Bay' WHERE id = 1;
UPDATE flat SET view = 'Sue Bay' WHERE id = 2;
CREATE INDEX ON flat (tenant, code);
SELECT pv.declare_subject('tenant'), pv.declare_link('flat', '{tenant,code}', 'tenant', '{no,code}');
SELECT pv.declare_personal('tenant', '{name}', 'identifying'), pv.declare_personal('flat', '{view}', 'address');
SELECT pv.enable_audit('tenant');
UPDATE flat SET view = 'Rob Sea' WHERE id = 1;
SELECT state FROM pv.erase_subject('tenant', ROW(1, 'ab'));
SELECT in_log('Rob') AS "Rob";
SELECT operation, key, old, new, redacted FROM pv.audit_trail WHERE relation = 'public.flat' ORDER BY id, n;

-- Partitions, and children of a mapped table
CREATE TABLE reader (id int, area int, name text, PRIMARY KEY (area, id)) PARTITION BY LIST (area);
CREATE TABLE reader_1 PARTITION OF reader FOR VALUES IN (1);
CREATE TABLE reader_2 (name text, more int, area int NOT NULL, id int NOT NULL);
ALTER TABLE reader_2 DROP more;
ALTER TABLE reader ATTACH PARTITION reader_2 FOR VALUES IN (2);
SELECT pv.declare_subject('reader'), pv.declare_personal('reader', '{name}', 'identifying');
SELECT pv.enable_audit('reader');
INSERT INTO reader VALUES (1, 1, 'Tom'), (2, 1, 'Una'), (1, 2, 'Vic');
UPDATE reader SET area = 2, id = 9 WHERE name = 'Tom';
SELECT state FROM pv.erase_subject('reader', ROW(2, 9));
SELECT state FROM pv.erase_subject('reader', ROW(2, 1));
SELECT operation, key, old, new, redacted FROM pv.audit_trail WHERE relation = 'public.reader' ORDER BY id, n;
CREATE TABLE human (id int PRIMARY KEY, name text);
CREATE TABLE worker (wage int) INHERITS (human);
SELECT pv.declare_subject('human'), pv.declare_personal('human', '{name}', 'identifying');
SELECT pv.enable_audit('worker');
INSERT INTO worker VALUES (1, 'Wim', 5);
INSERT INTO human VALUES (2, 'Xia');
SELECT state FROM pv.erase_subject('human', 1);
SELECT relation, operation, key, old, new, redacted FROM pv.audit_trail WHERE relation = 'public.worker' ORDER BY id, n;

-- Keys that are equal whatever the case of their letters
SET client_min_messages = warning; CREATE EXTENSION citext; RESET client_min_messages;
CREATE TABLE author (pen citext PRIMARY KEY, name text);
CREATE TABLE book (id int PRIMARY KEY, pen citext REFERENCES author, preface text);
CREATE INDEX ON book (pen);
SELECT pv.declare_subject('author'), pv.link_foreign_keys('author');
SELECT pv.declare_personal('author', '{name}', 'identifying'), pv.declare_personal('book', '{preface}', 'text');
SELECT pv.enable_audit('book');
INSERT INTO author VALUES ('Twain', 'Clemens'), ('Twaine', 'Other');
INSERT INTO book VALUES (1, 'twain', 'by Twain'), (2, 'TWAINE', 'by Twaine');
DELETE FROM book;
SELECT state FROM pv.erase_subject('author', 'TWAIN'::text);
SELECT operation, key, old, new, redacted FROM pv.audit_trail WHERE relation = 'public.book' ORDER BY id, n;

-- A table that is no longer audited; one that holds nobody
SELECT pv.disable_audit('member');
CREATE TABLE product (id int PRIMARY KEY, name text);
SELECT pv.enable_audit('product');
INSERT INTO product VALUES (1, 'Bread');
INSERT INTO member VALUES (2, 'Yan', 'Yachts', false);
SELECT state FROM pv.erase_subject('member', 2);
SELECT state FROM pv.erase_subject('human', 2);
SELECT new FROM pv.audit_trail WHERE relation = 'public.product';
-- the seals hold, and the log itself stays closed
SELECT in_log('Gus') > 0 AS "Gus is there", pv.seal_audit() > 0 AS sealed;
DELETE FROM human WHERE id = 2;
SELECT * FROM pv.verify_audit();
UPDATE pv.audit_log SET payload = '';
