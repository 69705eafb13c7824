-- Columns that the application's triggers derive from personal ones: pvext does not write
-- them, but sees to it that the triggers do.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE SCHEMA deriving;
SET search_path = deriving;
SET lc_messages = 'C';

-- The server's own trigger says what it makes of what.
CREATE TABLE person (
    id int PRIMARY KEY,
    name text,
    about text,
    phone text,
    job text,
    words tsvector
);
CREATE TRIGGER person_words BEFORE INSERT OR UPDATE ON person
    FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.simple', name, about, job);
INSERT INTO person VALUES (1, 'Ada Berg', 'paints', '123', 'baker'), (2, 'Bo Berg', 'sings', '124', 'baker'),
    (3, NULL, NULL, '125', 'baker');
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived');
SELECT pv.declare_personal('person', '{name,about}', 'identifying');
SELECT pv.declare_personal('person', '{phone}', 'contact');
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived', parameter => 'name, job');
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived', parameter => 'name about');
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived');
SELECT strategy, argument FROM pv.declared_personal WHERE column_name = 'words';
SELECT pv.declare_not_personal('person', '{id,job}');
SELECT * FROM pv.check_map();
SELECT pv.enable_audit('person');
UPDATE person SET about = 'paints houses' WHERE id = 1;
SELECT * FROM pv.preview_erasure('person', 1);
SELECT state FROM pv.erase_subject('person', 1);
SELECT * FROM person ORDER BY id;
SELECT * FROM pv.verify_erasure('person', 1);
SELECT count(*) FROM pv.audit_trail AS t WHERE t::text ~* 'ada|paints|houses';
SELECT state FROM pv.erase_subject('person', 1);
-- Of him nothing goes that it is made of: it may stay as it is.
SELECT state FROM pv.erase_subject('person', 3);
SELECT words FROM person WHERE id = 3;
-- A trigger that does not do its work undoes the erasure.
ALTER TABLE person DISABLE TRIGGER person_words;
SELECT * FROM pv.check_map();
SELECT state FROM pv.erase_subject('person', 2);
SELECT * FROM person WHERE id = 2;
ALTER TABLE person ENABLE TRIGGER person_words;
DROP TRIGGER person_words ON person;
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived');

-- One that computes it only when it is asked to, keeps what there was, or does it right.
CREATE FUNCTION lazily() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.job IS DISTINCT FROM OLD.job THEN
        NEW.words := to_tsvector('pg_catalog.simple', concat_ws(' ', NEW.name, NEW.about, NEW.job));
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION keeping() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := OLD.words;
    RETURN NEW;
END $$;
CREATE FUNCTION rightly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := to_tsvector('pg_catalog.simple', concat_ws(' ', NEW.name, NEW.about, NEW.job));
    RETURN NEW;
END $$;
CREATE TRIGGER job_words BEFORE UPDATE OF job ON person FOR EACH ROW EXECUTE FUNCTION rightly();
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived');
DROP TRIGGER job_words ON person;
CREATE TRIGGER after_words AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION rightly();
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived');
DROP TRIGGER after_words ON person;
CREATE TRIGGER person_words BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION lazily();
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived');
SELECT state FROM pv.erase_subject('person', 2);
SELECT * FROM person WHERE id = 2;
DROP TRIGGER person_words ON person;
CREATE TRIGGER person_words BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keeping();
SELECT state FROM pv.erase_subject('person', 2);
DROP TRIGGER person_words ON person;
CREATE TRIGGER person_words BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION rightly();
SELECT pv.declare_personal('person', '{words}', 'search', erase_with => 'derived', parameter => 'about, name');
SELECT state FROM pv.erase_subject('person', 2);
SELECT * FROM person WHERE id = 2;

-- In rows of several, of a partitioned table, and where a key goes that it is made of.
CREATE TABLE account (mail text PRIMARY KEY);
CREATE TABLE letter (
    id int,
    sender text REFERENCES account,
    receiver text REFERENCES account,
    sender_name text,
    receiver_name text,
    subject text,
    label text,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TABLE letter_1 PARTITION OF letter FOR VALUES FROM (1) TO (10);
CREATE FUNCTION labelling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.label := lower(concat_ws(' ', NEW.sender, NEW.sender_name, NEW.receiver, NEW.receiver_name, NEW.subject));
    RETURN NEW;
END $$;
CREATE TRIGGER label BEFORE INSERT OR UPDATE ON letter FOR EACH ROW EXECUTE FUNCTION labelling();
INSERT INTO account VALUES ('ada@x'), ('bo@x');
INSERT INTO letter VALUES (1, 'ada@x', 'bo@x', 'Ada', 'Bo', 'hello'), (2, 'bo@x', 'ada@x', 'Bo', 'Ada', 'hello');
SELECT pv.declare_subject('account');
SELECT pv.declare_link('letter', '{sender}', 'account', name => 'sender');
SELECT pv.declare_link('letter', '{receiver}', 'account', name => 'receiver');
SELECT pv.declare_personal('account', '{mail}', 'identifying');
SELECT pv.declare_personal('letter', '{sender_name}', 'name', link => 'sender');
SELECT pv.declare_personal('letter', '{receiver_name}', 'name', link => 'receiver');
SELECT pv.declare_personal('letter', '{label}', 'search', erase_with => 'derived');
SELECT pv.declare_not_personal('letter', '{id,subject}');
SELECT state FROM pv.erase_subject('account', 'ada@x');
SELECT id, label ~ 'ada' AS ada, label ~ 'bo@x' AND label ~ 'bo hello|^bo@x bo' AS bo FROM letter ORDER BY id;

-- A purge sees to it, too.
CREATE TABLE note (id int PRIMARY KEY, body text, extra text, made timestamptz NOT NULL, short text);
CREATE FUNCTION shorten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.extra IS NULL THEN
        NEW.short := left(NEW.body, 5);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER short BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION shorten();
INSERT INTO note VALUES (1, 'hello Ada', NULL, '2000-01-01'), (2, 'hello Bo', NULL, '2000-01-01');
UPDATE note SET extra = 'x' WHERE id = 2;
SELECT pv.declare_subject('note');
SELECT pv.declare_personal('note', '{body}', 'text');
SELECT pv.declare_personal('note', '{short}', 'text', erase_with => 'derived');
SELECT pv.declare_retention('note', 'old', keep => '1 year', after => 'made', columns => '{body}', basis => 'none');
SELECT pv.activate_retention('note', 'old', 2);
SET client_min_messages = error;
CALL pv.purge();
RESET client_min_messages;
SELECT name, sqlstate, message FROM pv.duty_failure;
SELECT * FROM note ORDER BY id;

-- A trigger of the server's is told the columns, whatever they are called.
CREATE TABLE odd (id int PRIMARY KEY, street0 text, "half\size" text, words tsvector, more tsvector);
CREATE TRIGGER odd_words BEFORE INSERT OR UPDATE ON odd
    FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.simple', street0);
CREATE TRIGGER odd_more BEFORE INSERT OR UPDATE ON odd
    FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(more, 'pg_catalog.simple', "half\size");
SELECT pv.declare_subject('odd');
SELECT pv.declare_personal('odd', '{street0,"half\\size"}', 'identifying');
SELECT pv.declare_personal('odd', '{words,more}', 'search', erase_with => 'derived');
SELECT argument FROM pv.declared_personal WHERE column_name IN ('words', 'more') ORDER BY 1;

-- What it is made of is retained in part, or blocked: so is that part of it, and no more.
CREATE TABLE member (id int PRIMARY KEY, first text, last text, alias text, since date, badge text, tag text);
CREATE FUNCTION badges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.badge := concat_ws('|', NEW.first, NEW.last, NEW.alias);
    NEW.tag := concat_ws('|', NEW.first, NEW.alias);
    RETURN NEW;
END $$;
CREATE TRIGGER badges BEFORE INSERT OR UPDATE ON member FOR EACH ROW EXECUTE FUNCTION badges();
INSERT INTO member SELECT i, 'Ada', 'Berg', 'Adele', current_date FROM generate_series(1, 3) AS i;
SELECT pv.declare_purpose('club', 'contract', 'Club'), pv.declare_purpose('work', 'contract', 'Work'), pv.declare_subject('member');
SELECT pv.declare_personal('member', '{first,last}', 'identifying', '{work}'), pv.declare_personal('member', '{alias}', 'identifying', '{club}');
SELECT pv.declare_personal('member', '{badge}', 'identifying', erase_with => 'derived'),
       pv.declare_personal('member', '{tag}', 'identifying', erase_with => 'derived', parameter => 'first, alias'), pv.declare_not_personal('member');
SELECT pv.declare_retention('member', 'last', '5 years', 'since', 'law', columns => '{last}', mandatory => true);
SELECT pv.declare_blocker('member', 'second', 'id = 2', 'the second', purposes => '{club}');
SELECT state FROM pv.erase_subjects('member', '{1,2}') ORDER BY key;
SELECT id, first, last, alias, badge, tag FROM member WHERE id < 3 ORDER BY id;
-- One that brings the value back elsewhere is found as before.
CREATE OR REPLACE FUNCTION badges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.badge := concat_ws('|', NEW.first, NEW.last, NEW.alias);
    NEW.tag := concat_ws('|', NEW.last, NEW.alias);
    RETURN NEW;
END $$;
SELECT state FROM pv.erase_subject('member', 3);
UPDATE member SET since = '2001-01-01' WHERE id = 1;
SELECT state FROM pv.erase_subject('member', 1);
SELECT id, first, last, alias, badge, tag FROM member WHERE id = 1;

SET client_min_messages = warning;
DROP SCHEMA deriving CASCADE;
DROP EXTENSION pvext;
