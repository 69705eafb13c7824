-- An accounting system as they come: a person is a row that others refer to; addresses and
-- contacts hang on junctions and are shared; notes and files are children of tables that hold
-- no rows; a workflow names its customer within json; who acted is no owner; and how long it is
-- all kept says the row of the customer.  By a dump: of the erased person nothing is left, of
-- everybody else nothing is gone.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA ledger;
SET search_path = ledger;

CREATE TABLE entity (id int PRIMARY KEY, name text NOT NULL, entity_class int NOT NULL, control_code text UNIQUE NOT NULL);
CREATE TABLE person (id int PRIMARY KEY, entity_id int NOT NULL UNIQUE REFERENCES entity, first_name text NOT NULL,
    last_name text NOT NULL, birthdate date, personal_id text UNIQUE, CHECK (first_name ~ '[[:alnum:]]'));
CREATE TABLE company (id int PRIMARY KEY, entity_id int NOT NULL UNIQUE REFERENCES entity, legal_name text NOT NULL, tax_id text);
CREATE TABLE users (id int PRIMARY KEY, username text NOT NULL, entity_id int NOT NULL REFERENCES entity);
CREATE UNIQUE INDEX users_name ON users (lower(username));
CREATE TABLE credit_account (id int PRIMARY KEY, entity_id int NOT NULL REFERENCES entity, meta_number text NOT NULL UNIQUE,
    startdate date NOT NULL, enddate date, employee_id int REFERENCES person);
CREATE TABLE bank_account (id int PRIMARY KEY, iban text NOT NULL, remark text);
CREATE TABLE entity_bank_account (entity_id int REFERENCES entity, bank_id int REFERENCES bank_account, PRIMARY KEY (entity_id, bank_id));
CREATE TABLE location (id int PRIMARY KEY, line_one text NOT NULL, city text NOT NULL, mail_code text);
CREATE TABLE entity_to_location (location_id int REFERENCES location, entity_id int REFERENCES entity, class int, PRIMARY KEY (location_id, entity_id, class));
CREATE TABLE account_to_location (location_id int REFERENCES location, credit_id int REFERENCES credit_account, class int, PRIMARY KEY (location_id, credit_id, class));
CREATE TABLE entity_to_contact (entity_id int NOT NULL REFERENCES entity, class int NOT NULL, contact text NOT NULL, description text,
    PRIMARY KEY (entity_id, class, contact));
CREATE TABLE account_to_contact (credit_id int NOT NULL REFERENCES credit_account, class int NOT NULL, contact text NOT NULL,
    PRIMARY KEY (credit_id, class, contact));
CREATE TABLE transactions (id int PRIMARY KEY, kind text NOT NULL, approved_by int REFERENCES users);
CREATE TABLE ar (id int PRIMARY KEY REFERENCES transactions, invnumber text NOT NULL, transdate date NOT NULL, credit_id int NOT NULL REFERENCES credit_account,
    ship_to int REFERENCES location, notes text, paid boolean NOT NULL DEFAULT true);
CREATE TABLE invoice (id int PRIMARY KEY, trans_id int NOT NULL REFERENCES ar, description text, amount numeric);
CREATE TABLE note (id int PRIMARY KEY, note_class int NOT NULL, note text NOT NULL, vector tsvector, ref_key int NOT NULL, CHECK (false) NO INHERIT);
CREATE TABLE entity_note (CHECK (note_class = 1), FOREIGN KEY (ref_key) REFERENCES entity) INHERITS (note);
CREATE TABLE account_note (CHECK (note_class = 3), FOREIGN KEY (ref_key) REFERENCES credit_account) INHERITS (note);
CREATE TABLE file_base (id int NOT NULL, file_class int NOT NULL, file_name text NOT NULL, content bytea NOT NULL, ref_key int NOT NULL, uploaded_by int NOT NULL REFERENCES users, CHECK (false) NO INHERIT);
CREATE TABLE file_transaction (PRIMARY KEY (id), CHECK (file_class = 1), FOREIGN KEY (ref_key) REFERENCES transactions) INHERITS (file_base);
CREATE TABLE file_entity (caption text, PRIMARY KEY (id), CHECK (file_class = 4), FOREIGN KEY (ref_key) REFERENCES entity) INHERITS (file_base);
CREATE TABLE workflow (id int PRIMARY KEY, kind text, context jsonb NOT NULL);
CREATE TABLE audittrail (id int PRIMARY KEY, login text, action text, at timestamptz);
CREATE TABLE session (token text PRIMARY KEY, users_id int NOT NULL REFERENCES users);
CREATE FUNCTION index_note() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$BEGIN NEW.vector := to_tsvector('simple', NEW.note); RETURN NEW; END$$;
CREATE TRIGGER index_note BEFORE INSERT OR UPDATE ON entity_note FOR EACH ROW EXECUTE FUNCTION index_note();
CREATE TRIGGER index_note BEFORE INSERT OR UPDATE ON account_note FOR EACH ROW EXECUTE FUNCTION index_note();
CREATE INDEX ON credit_account (entity_id); CREATE INDEX ON credit_account (employee_id); CREATE INDEX ON users (entity_id);
CREATE INDEX ON entity_bank_account (bank_id); CREATE INDEX ON entity_to_location (entity_id); CREATE INDEX ON account_to_location (credit_id);
CREATE INDEX ON ar (credit_id); CREATE INDEX ON ar (ship_to); CREATE INDEX ON invoice (trans_id); CREATE INDEX ON session (users_id);
CREATE INDEX ON entity_note (ref_key); CREATE INDEX ON account_note (ref_key); CREATE INDEX ON file_transaction (ref_key); CREATE INDEX ON file_entity (ref_key); CREATE INDEX ON note (ref_key); CREATE INDEX ON file_base (ref_key);
CREATE INDEX ON workflow ((context ->> 'customer_id')); CREATE INDEX ON audittrail (lower(login));

-- Persons 1 to 4, a company 5. Every value of person N that tells of him has the mark MNM in it.
INSERT INTO entity SELECT i, 'M' || i || 'M Entity', CASE WHEN i = 5 THEN 1 ELSE 2 END, 'code-M' || i || 'M' FROM generate_series(1, 5) i;
INSERT INTO person SELECT i, i, 'M' || i || 'M First', 'M' || i || 'M Last', date '1980-01-01' + i, 'id-M' || i || 'M' FROM generate_series(1, 4) i;
INSERT INTO company VALUES (1, 5, 'M5M Limited', 'M5M tax');
INSERT INTO users SELECT i, 'M' || i || 'M.user', i FROM generate_series(1, 4) i;
INSERT INTO credit_account SELECT 10 + i, i, 'C-M' || i || 'M', '2010-01-01', '2015-01-01', CASE WHEN i < 4 THEN 4 END FROM generate_series(1, 5) i;
INSERT INTO bank_account SELECT i, 'NO-M' || i || 'M', 'of M' || i || 'M' FROM generate_series(1, 5) i;
INSERT INTO entity_bank_account SELECT i, i FROM generate_series(1, 5) i;
-- 1 and 2 live together; 1 alone has another address.
INSERT INTO location VALUES (1, 'M1M+M2M Street', 'Town M1M+M2M', '1'), (2, 'M1M Street', 'M1M Town', '2'), (3, 'M3M Street', 'M3M Town', '3'), (5, 'M5M Street', 'M5M Town', '5');
INSERT INTO entity_to_location VALUES (1, 1, 1), (1, 2, 1), (3, 3, 1), (5, 5, 1);
INSERT INTO account_to_location VALUES (2, 11, 1), (1, 12, 1);
INSERT INTO entity_to_contact SELECT i, 1, 'm' || i || 'm@x.no M' || i || 'M', 'M' || i || 'M at home' FROM generate_series(1, 5) i;
INSERT INTO account_to_contact SELECT 10 + i, 1, 'M' || i || 'M-phone' FROM generate_series(1, 5) i;
INSERT INTO transactions SELECT 100 + i, 'ar', 4 FROM generate_series(1, 5) i;
INSERT INTO ar SELECT 100 + i, 'inv-' || i, '2014-06-01', 10 + i, CASE i WHEN 1 THEN 2 WHEN 2 THEN 1 END, 'for M' || i || 'M Last', true FROM generate_series(1, 5) i;
INSERT INTO invoice SELECT 200 + i, 100 + i, 'work for M' || i || 'M Last', 100 FROM generate_series(1, 5) i;
INSERT INTO entity_note SELECT 300 + i, 1, 'M' || i || 'M likes coffee', NULL, i FROM generate_series(1, 5) i;
INSERT INTO account_note SELECT 310 + i, 3, 'M' || i || 'M pays late', NULL, 10 + i FROM generate_series(1, 5) i;
INSERT INTO file_transaction SELECT 400 + i, 1, 'M' || i || 'M.pdf', convert_to('M' || i || 'M', 'UTF8'), 100 + i, 4 FROM generate_series(1, 5) i;
INSERT INTO file_entity SELECT 410 + i, 4, 'M' || i || 'M.png', convert_to('M' || i || 'M', 'UTF8'), i, 4, 'M' || i || 'M smiling' FROM generate_series(1, 5) i;
INSERT INTO workflow SELECT 500 + i, 'order', jsonb_build_object('customer_id', 10 + i, 'batch', i, 'contact', 'M' || i || 'M Last') FROM generate_series(1, 5) i;
INSERT INTO audittrail SELECT 600 + i, 'm' || i || 'M.USER', 'M' || i || 'M changed it', now() FROM generate_series(1, 4) i;
INSERT INTO session SELECT 'M' || i || 'M-token', i FROM generate_series(1, 4) i;

-- What a dump would hold of each mark, table by table.
CREATE FUNCTION marks() RETURNS TABLE (mark text, tables text) LANGUAGE plpgsql AS $$
DECLARE t record;
BEGIN
    CREATE TEMP TABLE found (mark text, at text);
    FOR t IN SELECT c.oid::regclass AS r FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' LOOP
        EXECUTE format('INSERT INTO found SELECT upper(m[1]), %L FROM ONLY %s AS r, regexp_matches(r::text || %s, %L, ''gi'') AS m',
            t.r, t.r, CASE WHEN t.r::text LIKE 'file%' THEN 'convert_from(content, ''UTF8'')' ELSE '''''' END, '(m[1-5]m)');
    END LOOP;
    RETURN QUERY SELECT f.mark, string_agg(DISTINCT f.at, ' ' ORDER BY f.at) FROM found f GROUP BY 1 ORDER BY 1;
    DROP TABLE found;
END$$;

-- Who, and what hangs on whom.
SELECT pv.declare_purpose('service', 'contract', 'to deliver'), pv.declare_purpose('books', 'legal_obligation', 'to keep books');
SELECT pv.declare_subject('person');
SELECT pv.declare_link('entity', '{id}', 'person', '{entity_id}');
SELECT pv.declare_link('users', '{entity_id}', 'entity'), pv.declare_link('session', '{users_id}', 'users', on_erase => 'delete');
SELECT pv.declare_link('credit_account', '{entity_id}', 'entity'), pv.declare_not_link('credit_account', '{employee_id}', 'who looks after it');
SELECT pv.declare_link('entity_bank_account', '{entity_id}', 'entity'), pv.declare_link('bank_account', '{id}', 'entity_bank_account', '{bank_id}', shared => 'last');
SELECT pv.declare_link('entity_to_location', '{entity_id}', 'entity'), pv.declare_link('account_to_location', '{credit_id}', 'credit_account');
SELECT pv.declare_link('ar', '{credit_id}', 'credit_account'), pv.declare_link('invoice', '{trans_id}', 'ar');
SELECT pv.declare_link('location', '{id}', 'entity_to_location', '{location_id}', name => 'entity', shared => 'last'),
       pv.declare_link('location', '{id}', 'account_to_location', '{location_id}', name => 'account', shared => 'last'),
       pv.declare_link('location', '{id}', 'ar', '{ship_to}', name => 'ar', shared => 'last');
SELECT pv.declare_link('entity_to_contact', '{entity_id}', 'entity'), pv.declare_link('account_to_contact', '{credit_id}', 'credit_account');
SELECT pv.declare_link('transactions', '{id}', 'ar'), pv.declare_not_link('transactions', '{approved_by}', 'who approved it');
SELECT pv.declare_link('note', '{ref_key}', 'entity', name => 'entity', condition => 'note_class = 1'),
       pv.declare_link('note', '{ref_key}', 'credit_account', name => 'account', condition => 'note_class = 3');
SELECT pv.declare_link('file_base', '{ref_key}', 'transactions', name => 'transaction', condition => 'file_class = 1'),
       pv.declare_link('file_base', '{ref_key}', 'entity', name => 'entity', condition => 'file_class = 4'),
       pv.declare_not_link('file_base', '{uploaded_by}', 'who uploaded it');
SELECT pv.declare_link('workflow', NULL, 'credit_account', name => 'customer', expression => $$context ->> 'customer_id'$$);
SELECT pv.declare_link('audittrail', NULL, 'users', '{username}', name => 'login', expression => 'login', ignore_case => true);

-- What tells of a person.
SELECT pv.declare_personal('person', '{first_name,last_name,personal_id,birthdate}', 'identifying', '{service}');
SELECT pv.declare_personal('entity', '{name,control_code}', 'identifying', '{service}'), pv.declare_personal('users', '{username}', 'identifying', '{service}');
SELECT pv.declare_personal('credit_account', '{meta_number}', 'identifying', '{books}'), pv.declare_personal('bank_account', '{iban,remark}', 'financial', '{service}');
SELECT pv.declare_personal('location', '{line_one,city,mail_code}', 'address', '{service}');
SELECT pv.declare_personal('entity_to_contact', '{contact,description}', 'contact', '{service}'), pv.declare_personal('account_to_contact', '{contact}', 'contact', '{service}');
SELECT pv.declare_personal('ar', '{notes}', 'text', '{books}'), pv.declare_personal('invoice', '{description}', 'text', '{books}');
SELECT pv.declare_personal('note', '{note}', 'text', '{service}', link => '*'), pv.declare_personal('note', '{vector}', 'text', '{service}', erase_with => 'derived', link => '*');
SELECT pv.declare_personal('file_base', '{file_name,content}', 'document', '{service}', link => '*'), pv.declare_personal('file_entity', '{caption}', 'document', '{service}', link => '*');
SELECT pv.declare_personal('workflow', '{context}', 'text', '{service}', erase_with => 'remove_paths', parameter => '{contact}');
SELECT pv.declare_personal('audittrail', '{login,action}', 'log', '{service}');
SELECT pv.declare_not_personal(r, reason => 'looked at') FROM unnest('{person,entity,users,credit_account,bank_account,entity_bank_account,location,entity_to_location,account_to_location,entity_to_contact,account_to_contact,ar,invoice,transactions,note,file_base,file_entity,workflow,audittrail,session,company}'::regclass[]) AS r \g /dev/null
-- How long: while the customer is one, and then five years.
SELECT pv.declare_blocker('person', 'active', 'enddate IS NULL', 'has an account that is open', relation => 'credit_account');
SELECT pv.declare_retention(r, 'books', '5 years', 'max(enddate)', 'Bokføringsloven § 13', over => 'credit_account', mandatory => true) FROM unnest('{ar,invoice,bank_account}'::regclass[]) AS r;
SELECT relation, column_name, severity, problem FROM pv.check_map();
SELECT count(*) < 60 AS few FROM (SELECT FROM pv.link UNION ALL SELECT FROM pv.not_link UNION ALL SELECT FROM pv.personal) AS s;

-- 1 goes: his address alone and what he shares with 2 is still 2's.
SELECT * FROM marks();
SELECT state, blocked_by FROM pv.erase_subject('person', 1);
SELECT * FROM pv.verify_erasure('person', 1);
SELECT * FROM marks();
SELECT id, line_one FROM location ORDER BY id;
-- 2 goes, too: the address that they shared was hers at last.
SELECT state, blocked_by FROM pv.erase_subject('person', 2);
SELECT * FROM pv.verify_erasure('person', 2);
SELECT * FROM marks();
SELECT id, line_one FROM location ORDER BY id;
-- Who looks after others' accounts is erased for himself; 3's are as they were.
SELECT state, blocked_by FROM pv.erase_subject('person', 4);
SELECT * FROM marks();
SELECT id, vector FROM note ORDER BY id;
SELECT id, context FROM workflow ORDER BY id;
SELECT relation, column_name, severity, problem FROM pv.check_map();
DROP SCHEMA ledger CASCADE;
DROP EXTENSION pvext;
