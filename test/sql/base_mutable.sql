-- Expressions are judged as they are executed: with what arguments are by default, and functions inlined.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
SET search_path = public;
CREATE TABLE person (id int PRIMARY KEY, name text, born date, status text NOT NULL DEFAULT 'new', kind text);
CREATE TABLE item (id int PRIMARY KEY, person int REFERENCES person, body text NOT NULL, at timestamptz, kind text);
CREATE INDEX ON item (person);
INSERT INTO person VALUES (1, 'Ada', '1980-01-01', 'active', 'p'); INSERT INTO item VALUES (1, 1, 'x', '2010-01-01', 'p');
CREATE FUNCTION by_chance(text, float DEFAULT random()) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT md5($1 || $2) $$;
CREATE FUNCTION by_chance_c(text, float DEFAULT random()) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN md5($1 || $2); END $$;
CREATE FUNCTION is_old(timestamptz, timestamptz DEFAULT clock_timestamp()) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 < $2 $$;
CREATE FUNCTION is_past(timestamptz, timestamptz DEFAULT now()) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1 < $2; END $$;
CREATE FUNCTION ends(timestamptz, timestamptz DEFAULT now()) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION labels(VARIADIC text[] DEFAULT ARRAY[random()::text]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1[1]; END $$;
CREATE FUNCTION unlabelled(text) RETURNS text LANGUAGE sql AS $$ SELECT left($1, 1) $$;
CREATE FUNCTION fixed(text, int DEFAULT 2) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN left($1, $2); END $$;
RESET client_min_messages;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate || ' ' || sqlerrm;
END $$;
SELECT try($$SELECT pv.declare_subject('person', condition => 'by_chance_c(name) > ''a''')$$);
SELECT pv.declare_subject('person');
SELECT try($$SELECT pv.declare_link('item', '{person}', 'person', condition => 'by_chance_c(kind) > ''a''')$$);
SELECT try($$SELECT pv.declare_link('item', '{person}', 'person', name => 'now', condition => 'is_past(at) IS NOT NULL')$$);
SELECT pv.undeclare_link('item', 'now');
SELECT pv.link_foreign_keys('person');
-- expressions, of which only what is immutable may be
SELECT f, try(format($$SELECT pv.declare_personal('person', '{name}', 'x', erase_with => 'expression', parameter => %L)$$, f))
FROM unnest('{by_chance(name),by_chance_c(name),labels(),unlabelled(name),fixed(name),''x'' || id,''x'' || born,by_chance_c(name::text\, 1),coalesce(labels()\, name),CASE WHEN false THEN random()::text ELSE left(name\, 1) END}'::text[]) AS f;
-- defaults
ALTER TABLE person ALTER status SET DEFAULT by_chance_c('new');
SELECT try($$SELECT pv.declare_personal('person', '{status}', 'x', erase_with => 'default')$$);
SELECT pv.declare_personal('person', '{status}', 'x');
SELECT strategy FROM pv.personal WHERE column_name = 'status';
ALTER TABLE person ALTER status SET DEFAULT fixed('new');
SELECT try($$SELECT pv.declare_personal('person', '{status}', 'x', erase_with => 'default')$$);
-- blockers, also within a subquery; clocks
SELECT try($$SELECT pv.declare_blocker('person', 'a', 'is_old(subject.born)', 'x')$$);
SELECT try($$SELECT pv.declare_blocker('person', 'b', 'EXISTS (SELECT FROM item i WHERE i.person = subject.id AND by_chance_c(i.body) > ''a'')', 'x')$$);
SELECT try($$SELECT pv.declare_blocker('person', 'c', 'EXISTS (SELECT FROM generate_series(1, 2) g WHERE labels() = subject.name)', 'x')$$);
SELECT try($$SELECT pv.declare_blocker('person', 'd', 'is_past(subject.born)', 'x')$$);
SELECT try($$SELECT pv.declare_retention('item', 'a', '1 year', 'ends(at, clock_timestamp())', 'x')$$);
SELECT try($$SELECT pv.declare_retention('item', 'b', '1 year', 'CASE WHEN is_old(at) THEN at END', 'x')$$);
-- What has become so since is found.
SELECT pv.declare_personal('item', '{body}', 'x', erase_with => 'expression', parameter => 'fixed(body)');
SET client_min_messages = error;
CREATE OR REPLACE FUNCTION fixed(text, int DEFAULT 2 + (random() * 0)::int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN left($1, $2); END $$;
RESET client_min_messages;
SELECT * FROM pv.check_map() ORDER BY 1, 2;
