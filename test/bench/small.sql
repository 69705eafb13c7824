-- Three tables, four rows a subject, which grow.
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE);
CREATE TABLE account (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, login text);
CREATE TABLE invoice (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, name text, address text);
CREATE INDEX ON account (person_id);
CREATE INDEX ON invoice (person_id);

CREATE EXTENSION pvext CASCADE;
SELECT pv.declare_subject('person');
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'identifying', erase_with => 'constant', parameter => '');
SELECT pv.declare_personal('person', '{email}', 'identifying', erase_with => 'token');
SELECT pv.declare_personal('account', '{login}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('invoice', '{name,address}', 'contact', erase_with => 'null');

CREATE FUNCTION by_hand(subject int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET login = NULL WHERE person_id = subject;
    UPDATE invoice SET name = NULL, address = NULL WHERE person_id = subject;
    UPDATE person SET name = '', email = 'erased-' || replace(gen_random_uuid()::text, '-', '') WHERE id = subject;
END $$;

CREATE FUNCTION by_hand(subjects int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET login = NULL WHERE person_id = ANY (subjects);
    UPDATE invoice SET name = NULL, address = NULL WHERE person_id = ANY (subjects);
    UPDATE person SET name = '', email = 'erased-' || replace(gen_random_uuid()::text, '-', '')
        WHERE id = ANY (subjects);
END $$;
