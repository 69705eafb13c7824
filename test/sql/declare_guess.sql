-- Links that no foreign key says, guessed by names, by pairs of columns and by content.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

-- Rails: plurals, roles, pairs with classes; at any depth
CREATE SCHEMA rails; SET search_path = rails;
CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, username text UNIQUE, ship_address_id int, company_id int, parent_id int);
CREATE TABLE addresses (id int PRIMARY KEY, street text, city text);
CREATE TABLE companies (id int PRIMARY KEY, title text);
CREATE TABLE statuses (id int PRIMARY KEY, title text);
CREATE TABLE posts (id int PRIMARY KEY, user_id bigint, title text, status_id int, year int, sort_order int, created_by int, posts_count int);
CREATE TABLE post_revisions (id int PRIMARY KEY, post_id int, body text);
CREATE TABLE revision_notes (id int PRIMARY KEY, post_revision_id int, words text);
CREATE TABLE comments (id int PRIMARY KEY, author_id int, commentable_type text, commentable_id int, body text);
CREATE TABLE people (id int PRIMARY KEY, user_id int);
CREATE TABLE phones (id int PRIMARY KEY, person_id int, digits text);
CREATE TABLE newsletter (id int PRIMARY KEY, contact text);
CREATE TABLE logins (at date, who text, quantity int, colour text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, approved_by int);
CREATE TABLE lines (order_id int, no int, "order" int, sort_order int, PRIMARY KEY (order_id, no));
CREATE TABLE settings (id int PRIMARY KEY, "userId" text, val text);
CREATE TABLE users_addresses (user_id int, address_id int);
CREATE TABLE votes (id int PRIMARY KEY, votable_type text, votable_id int);
INSERT INTO addresses SELECT i, 'Storgata ' || i FROM generate_series(1, 300) i;
INSERT INTO users SELECT i, 'u' || i || '@example.no', 'name' || i, i FROM generate_series(1, 200) i;
INSERT INTO posts SELECT i, i % 200 + 1, 'title', i % 3 + 1, 2000 + i % 20, i, 1, 1 FROM generate_series(1, 500) i;
INSERT INTO post_revisions SELECT i, i FROM generate_series(1, 500) i;
INSERT INTO comments SELECT i, i % 200 + 1, CASE WHEN i % 2 = 0 THEN 'Post' ELSE 'Api::User' END, i FROM generate_series(1, 150) i;
INSERT INTO newsletter SELECT i, 'U' || i || '@example.no' FROM generate_series(100, 250) i;
INSERT INTO logins SELECT '2020-01-01', 'name' || i, i, CASE WHEN i % 2 = 0 THEN 'red' ELSE 'blue' END FROM generate_series(1, 100) i;
INSERT INTO settings SELECT i, i FROM generate_series(1, 100) i;
SELECT relation, columns, parent, parent_columns AS to, depth, found_by, confidence, condition, shared FROM pv.candidate_links('users');
SELECT reason FROM pv.candidate_links('users');
-- Nothing is declared by a guess.
SELECT pv.declare_subject('users');
SELECT pv.link_foreign_keys('users', 9);
-- What is said is guessed no more: a link, that there is none, that it is not personal.
SET client_min_messages = error;
SELECT pv.declare_link('posts', '{user_id}', 'users'), pv.declare_not_link('orders', '{approved_by}', 'who checked it'),
    pv.declare_not_link('users', '{ship_address_id}', 'shared'), pv.declare_link('comments', '{commentable_id}', 'posts', condition => $$commentable_type = 'Post'$$),
    pv.declare_not_personal('newsletter'), pv.declare_not_link('users_addresses', '{address_id}', 'shared'), pv.declare_not_link('logins', '{who}', 'names of others') \g /dev/null
SET client_min_messages = warning;
SELECT relation, columns, parent FROM pv.candidate_links('users')
    WHERE relation IN ('posts'::regclass, 'orders', 'addresses', 'comments', 'newsletter', 'logins');
-- Rows that say otherwise: another table's keys are not there.
TRUNCATE posts; INSERT INTO people SELECT i, i + 5000 FROM generate_series(1, 10) i;
SELECT relation, columns, confidence, reason FROM pv.candidate_links('users') WHERE relation = 'people'::regclass;

-- Django: tables with the application's name before them, generic relations
CREATE SCHEMA django; SET search_path = django;
CREATE TABLE auth_user (id int PRIMARY KEY, email text);
CREATE TABLE django_content_type (id int PRIMARY KEY, app_label text, model text);
CREATE TABLE shop_customer (id int PRIMARY KEY, user_id int, phone text);
CREATE TABLE shop_order (id int PRIMARY KEY, customer_id int);
CREATE TABLE shop_tag (id int PRIMARY KEY, content_type_id int, object_id int);
INSERT INTO django_content_type VALUES (3, 'auth', 'group'), (4, 'auth', 'user'), (9, 'shop', 'order');
INSERT INTO auth_user SELECT i FROM generate_series(1, 9) i; INSERT INTO shop_tag SELECT i, 4, i FROM generate_series(1, 9) i;
SELECT relation, columns, parent, found_by, confidence, condition, reason FROM pv.candidate_links('auth_user');

-- Sequelize and Laravel: camelCase, names of classes with their path, an enum
CREATE SCHEMA camel; SET search_path = camel;
CREATE TYPE kind AS ENUM ('User', 'Product');
CREATE TABLE "User" (id uuid PRIMARY KEY, "emailAddress" text);
CREATE TABLE "Product" (id uuid PRIMARY KEY);
CREATE TABLE "UserSession" (id uuid PRIMARY KEY, "userId" uuid, "productId" uuid);
CREATE TABLE "Wish" (id int PRIMARY KEY, "ownerId" uuid, "itemType" kind, "itemId" uuid);
CREATE TABLE media (id int PRIMARY KEY, model_type text, model_id uuid);
CREATE TABLE profiles (id uuid PRIMARY KEY, about text);
INSERT INTO "User" SELECT CAST(md5(CAST(i AS text)) AS uuid) FROM generate_series(1, 20) i;
INSERT INTO profiles SELECT id FROM "User" LIMIT 10;
INSERT INTO media SELECT 1, 'App\Models\User', id FROM "User" LIMIT 0;
INSERT INTO media SELECT row_number() OVER (), 'App\Models\User', id FROM "User";
SELECT relation, columns, parent, found_by, confidence, condition FROM pv.candidate_links('"User"');

-- Composite keys, keys that are no "id", other words for them, other languages
CREATE SCHEMA odd; SET search_path = odd;
CREATE TABLE member (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE badge (tenant_id int, member_id int, colour text);
CREATE TABLE tenant (tenant_id int, colour text);
SELECT relation, columns, parent, parent_columns, found_by, confidence FROM pv.candidate_links('member');
CREATE TABLE employees (emp_no int PRIMARY KEY, last_name text);
CREATE TABLE salaries (emp_no int, amount int);
CREATE TABLE id_cards (id_employee int, employee_ref int, fk_employee int, employeeid int, employee int, employees int, employee_name text);
SELECT relation, columns, parent_columns, confidence FROM pv.candidate_links('employees');
CREATE TABLE kunder (kundenr text PRIMARY KEY);
CREATE TABLE fakturaer (fakturanr int PRIMARY KEY, kundenr text, kunde_id int);
CREATE TABLE purringer (id int PRIMARY KEY, faktura_nr int);
CREATE TABLE benutzer (id int PRIMARY KEY);
CREATE TABLE rechnungen (id int PRIMARY KEY, benutzer_id int);
CREATE TABLE positionen (id int PRIMARY KEY, rechnung_id int);
SELECT relation, columns, parent, parent_columns, depth FROM pv.candidate_links('kunder');
SELECT relation, columns, parent, depth FROM pv.candidate_links('benutzer');
-- two tables that may be meant, until rows say which
CREATE SCHEMA odd2;
CREATE TABLE odd2.customer (id int PRIMARY KEY);
CREATE TABLE odd2.crm_customer (id int PRIMARY KEY);
CREATE SCHEMA odd3; SET search_path = odd3, odd2;
CREATE TABLE ticket (id int PRIMARY KEY, customer_id int);
CREATE TABLE person (id int PRIMARY KEY); CREATE SCHEMA odd4; CREATE TABLE odd4.person (id int PRIMARY KEY); CREATE SCHEMA odd5;
CREATE TABLE odd5.visit (id int PRIMARY KEY, person_id int);
SELECT relation, columns, parent, confidence, reason FROM pv.candidate_links('person');
INSERT INTO person SELECT i FROM generate_series(101, 130) i; INSERT INTO odd4.person SELECT i FROM generate_series(1, 30) i;
INSERT INTO odd5.visit SELECT i, i FROM generate_series(1, 30) i;
SELECT relation, columns, parent, confidence, reason FROM pv.candidate_links('person');
SELECT relation, columns, parent, confidence, reason FROM pv.candidate_links('odd4.person');

-- Numbers far apart are found by what they are; what is no table of the user's is not looked at; nor is what cannot be read.
CREATE SCHEMA content; SET search_path = content;
CREATE TABLE patron (card bigint PRIMARY KEY, mail text UNIQUE);
INSERT INTO patron SELECT 100000 + i * 7919, 'p' || i || '@example.no' FROM generate_series(1, 100) i;
CREATE TABLE loan (x bigint, n int, due date) PARTITION BY RANGE (due);
CREATE TABLE loan_1 PARTITION OF loan FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE VIEW loans AS SELECT * FROM loan;
INSERT INTO loan SELECT 100000 + i * 7919, 100000 + i, '2020-02-02' FROM generate_series(1, 50) i;
CREATE TEMP TABLE patron_copy AS SELECT card FROM patron;
CREATE TABLE letter (id int PRIMARY KEY, words text, sent_to text);
INSERT INTO letter SELECT i, repeat('p' || i || '@example.no ', 100), 'p' || i || '@example.no' FROM generate_series(1, 50) i;
CREATE TABLE parent_of (patron bigint); CREATE TABLE child_of (more text) INHERITS (parent_of);
INSERT INTO child_of SELECT 100000 + i * 7919 FROM generate_series(1, 50) i;
CREATE FUNCTION refuse() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
CREATE TABLE hostile (id int PRIMARY KEY, "patron
'; DROP TABLE patron; --" text, patron_id bigint, "x_type" text, "x_id" bigint);
INSERT INTO hostile SELECT i, 'p' || i || '@example.no', 100000 + i * 7919, 'content.patron''; --', 100000 + i * 7919 FROM generate_series(1, 20) i;
ALTER TABLE hostile ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT relation, columns, parent_columns, found_by, confidence, reason, condition FROM pv.candidate_links('patron');
SELECT count(*) FROM patron;

-- A word for keys at the end of a table's name is not what each key is named after; of several keys the one is meant that is
-- called so; what is per user is a limit; rows of a partitioned table are referred to without what that is partitioned by.
CREATE SCHEMA ids; SET search_path = ids;
CREATE TABLE users (record_id bigint PRIMARY KEY, id varchar(36) UNIQUE, email text);
CREATE TABLE internal_ids (record_id bigint PRIMARY KEY, usage int);
CREATE TABLE issues (record_id bigint PRIMARY KEY, id varchar(36) UNIQUE, author_id bigint, user_id varchar(36), target_record_id bigint);
CREATE TABLE tokens (id bigint PRIMARY KEY, owner_id bigint, user_record_id bigint, limit_per_user int, max_user int);
CREATE TABLE note (id bigint, kind text, user_id varchar(36), PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE note_issue PARTITION OF note FOR VALUES IN ('issue');
CREATE TABLE note_file (id bigint PRIMARY KEY, diff_note_id bigint);
CREATE TABLE note_word (note_id bigint, kind text);
INSERT INTO users SELECT i, 'key ' || i FROM generate_series(1, 30) i;
INSERT INTO internal_ids SELECT i FROM generate_series(1, 30) i;
INSERT INTO issues SELECT i, 'issue ' || i, i, 'key ' || i, i FROM generate_series(1, 30) i;
INSERT INTO tokens SELECT i, i, i, 5, 7 FROM generate_series(1, 30) i;
INSERT INTO note SELECT i, 'issue', 'key ' || i FROM generate_series(1, 30) i;
INSERT INTO note_file SELECT i, i FROM generate_series(1, 30) i;
INSERT INTO note_word SELECT i, 'issue' FROM generate_series(1, 30) i;
SELECT relation, columns, parent, parent_columns AS to, confidence FROM pv.candidate_links('users');

RESET search_path;
DROP SCHEMA rails, django, camel, odd, odd2, odd3, odd4, odd5, content, ids CASCADE;
DROP EXTENSION pvext;
