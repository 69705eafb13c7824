-- Eight tables, 27 rows a subject, every foreign key indexed; :subjects of them.
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE,
                     address text, mobile text, born date, joined date NOT NULL);
CREATE TABLE account (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, login text, hint text);
CREATE TABLE service (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, address text, ends date);
CREATE TABLE invoice (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, name text, address text, amount numeric, issued date);
CREATE TABLE payment (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, payer text, iban text);
CREATE TABLE message (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, body text);
CREATE TABLE visit (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, address inet, agent text);
CREATE TABLE device (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, serial text, owner text);

INSERT INTO person SELECT i, 'Kari Nordmann ' || i, 'kari' || i || '@example.no', 'Storgata ' || i,
    '+47' || 90000000 + i, date '1960-01-01' + i % 15000, date '2015-01-01' + i % 3000
    FROM generate_series(1, :subjects) i;
INSERT INTO account SELECT i, i, 'kari' || i, 'name of cat ' || i FROM generate_series(1, :subjects) i;
INSERT INTO service SELECT i, (i + 1) / 2, 'Storgata ' || i, date '2020-01-01' FROM generate_series(1, 2 * :subjects) i;
INSERT INTO invoice SELECT i, (i + 5) / 6, 'Kari ' || i, 'Storgata ' || i, i % 1000, date '2010-01-01' + i % 1000
    FROM generate_series(1, 6 * :subjects) i;
INSERT INTO payment SELECT i, (i + 5) / 6, 'Kari ' || i, 'NO93' || i FROM generate_series(1, 6 * :subjects) i;
INSERT INTO message SELECT i, (i + 4) / 5, 'message ' || i || ' of Kari Nordmann ' || (i + 4) / 5 FROM generate_series(1, 5 * :subjects) i;
INSERT INTO visit SELECT i, (i + 4) / 5, '10.0.0.0'::inet + i, 'agent ' || i FROM generate_series(1, 5 * :subjects) i;
INSERT INTO device SELECT i, i, 'serial ' || i, 'Kari ' || i FROM generate_series(1, :subjects) i;

CREATE INDEX ON account (person_id);
CREATE INDEX ON service (person_id);
CREATE INDEX ON invoice (person_id);
CREATE INDEX ON payment (person_id);
CREATE INDEX ON message (person_id);
CREATE INDEX ON visit (person_id);
CREATE INDEX ON device (person_id);
VACUUM ANALYZE;

CREATE EXTENSION pvext CASCADE;
SELECT pv.declare_subject('person');
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'identifying', erase_with => 'constant', parameter => '');
SELECT pv.declare_personal('person', '{email}', 'identifying', erase_with => 'token');
SELECT pv.declare_personal('person', '{address,mobile,born}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('account', '{login,hint}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('service', '{address}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('invoice', '{name,address}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('payment', '{payer,iban}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('message', '{body}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('visit', '{address,agent}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('device', '{serial,owner}', 'contact', erase_with => 'null');

-- The same UPDATEs by hand: for one subject, static PL/pgSQL ...
CREATE FUNCTION by_hand(subject int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET login = NULL, hint = NULL WHERE person_id = subject;
    UPDATE service SET address = NULL WHERE person_id = subject;
    UPDATE invoice SET name = NULL, address = NULL WHERE person_id = subject;
    UPDATE payment SET payer = NULL, iban = NULL WHERE person_id = subject;
    UPDATE message SET body = NULL WHERE person_id = subject;
    UPDATE visit SET address = NULL, agent = NULL WHERE person_id = subject;
    UPDATE device SET serial = NULL, owner = NULL WHERE person_id = subject;
    UPDATE person SET name = '', email = 'erased-' || replace(gen_random_uuid()::text, '-', ''),
        address = NULL, mobile = NULL, born = NULL WHERE id = subject;
END $$;

-- ... and for many, set-based.
CREATE FUNCTION by_hand(subjects int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET login = NULL, hint = NULL WHERE person_id = ANY (subjects);
    UPDATE service SET address = NULL WHERE person_id = ANY (subjects);
    UPDATE invoice SET name = NULL, address = NULL WHERE person_id = ANY (subjects);
    UPDATE payment SET payer = NULL, iban = NULL WHERE person_id = ANY (subjects);
    UPDATE message SET body = NULL WHERE person_id = ANY (subjects);
    UPDATE visit SET address = NULL, agent = NULL WHERE person_id = ANY (subjects);
    UPDATE device SET serial = NULL, owner = NULL WHERE person_id = ANY (subjects);
    UPDATE person SET name = '', email = 'erased-' || replace(gen_random_uuid()::text, '-', ''),
        address = NULL, mobile = NULL, born = NULL WHERE id = ANY (subjects);
END $$;

-- The same where texts lose the names alone.
CREATE FUNCTION by_hand_of_texts(subjects int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE message AS m SET body = regexp_replace(m.body, format('\m(%s|%s)\M', p.name, p.email), '[redacted]', 'gi')
        FROM person AS p WHERE p.id = m.person_id AND p.id = ANY (subjects);
    UPDATE account SET login = NULL, hint = NULL WHERE person_id = ANY (subjects);
    UPDATE service SET address = NULL WHERE person_id = ANY (subjects);
    UPDATE invoice SET name = NULL, address = NULL WHERE person_id = ANY (subjects);
    UPDATE payment SET payer = NULL, iban = NULL WHERE person_id = ANY (subjects);
    UPDATE visit SET address = NULL, agent = NULL WHERE person_id = ANY (subjects);
    UPDATE device SET serial = NULL, owner = NULL WHERE person_id = ANY (subjects);
    UPDATE person SET name = '', email = 'erased-' || replace(gen_random_uuid()::text, '-', ''),
        address = NULL, mobile = NULL, born = NULL WHERE id = ANY (subjects);
END $$;
