-- Five free texts of some 600 bytes each, the subject's names in one of them: by
-- regexp_replace() over a pattern that is written by hand, and by strategy redact.
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE);
CREATE TABLE note (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person, body text);
CREATE INDEX ON note (person_id);
INSERT INTO person SELECT i, 'Kari Nordmann ' || i, 'kari' || i || '@example.no' FROM generate_series(1, :subjects) AS i;
INSERT INTO note SELECT i, (i + 4) / 5, repeat('The router was replaced, and the line measured again. ', 11) ||
    CASE i % 5 WHEN 0 THEN format('Kari Nordmann %s called from kari%1$s@example.no.', (i + 4) / 5) ELSE 'Nobody was there.' END
    FROM generate_series(1, 5 * :subjects) AS i;
VACUUM ANALYZE;

CREATE EXTENSION pvext CASCADE;
SELECT pv.declare_subject('person');
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'identifying', erase_with => 'constant', parameter => '');
SELECT pv.declare_personal('person', '{email}', 'identifying', erase_with => 'token');
SELECT pv.declare_personal('note', '{body}', 'free text', erase_with => 'redact');

CREATE FUNCTION by_hand(subject int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    pattern text := (SELECT format('\m(%s|%s)\M', p.name, p.email) FROM person AS p WHERE p.id = subject);
BEGIN
    UPDATE note SET body = regexp_replace(body, pattern, '[redacted]', 'gi') WHERE person_id = subject AND body ~* pattern;
    UPDATE person SET name = '', email = 'erased-' || replace(gen_random_uuid()::text, '-', '') WHERE id = subject;
END $$;
