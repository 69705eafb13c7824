-- What pv.status says of duties: when they are well, and that it does not say so when
-- they are not.
SET client_min_messages = warning;
SET pvext.naptime = '1min';
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY default
CREATE SCHEMA status;
SET search_path = status;
CREATE TABLE person (id int PRIMARY KEY, name text, ended_on date);
INSERT INTO person SELECT i, 'name ' || i FROM generate_series(1, 9) AS i;
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{name}', 'name');
SELECT pv.declare_retention('person', 'people', '1 year', 'ended_on', 'policy');
CREATE VIEW how AS SELECT item, state, error, backlog, detail IS NOT NULL AS detail, alarm FROM pv.status WHERE item <> 'secret';
TABLE how;
CALL pv.run_duties();
TABLE how;

-- A last run that is older than it should be, by the naptime
UPDATE pv.run_log SET started_at = started_at - interval '20 minutes', finished_at = finished_at - interval '20 minutes' WHERE duty IN ('purge', 'seal');
TABLE how;
SET pvext.naptime = '10min';
TABLE how;
SET pvext.naptime = '1min';
SET pvext.step_timeout = '20min';
TABLE how;
RESET pvext.step_timeout;
CALL pv.run_duties();
TABLE how;

-- Rows that are due for longer than a round, though it has been done since; not those of
-- a rule that has been activated just now, nor what is held.
UPDATE person SET ended_on = '2001-01-01' WHERE id IN (1, 2);
SELECT pv.activate_retention('person', 'people', 2);
TABLE how;
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.name IS NULL AND OLD.id = 2 THEN RAISE 'not this'; END IF; RETURN NEW; END $$;
CREATE TRIGGER stop BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION stop();
CALL pv.run_duties();
TABLE how;
DROP TRIGGER stop ON person;
CALL pv.purge();
TABLE how;
UPDATE person SET ended_on = now() - interval '1 year 1 day', name = 'late' WHERE id = 1;
TABLE how;
SELECT pv.place_hold('person', 1, 'court case');
TABLE how;
CALL pv.purge();
TABLE how;
SELECT pv.release_hold(id, 'settled') FROM pv.hold;
CALL pv.purge();
TABLE how;

-- A request that nobody has looked at, unless it waits for an approval
SET pvext.erasure_delay = '1s';
SELECT (pv.erase_subject('person', 3)).state;
UPDATE pv.erasure_ledger SET requested_at = requested_at - interval '1 hour', due_at = due_at - interval '1 hour';
TABLE how;
SET pvext.erasure_approvals = 1;
TABLE how;
RESET pvext.erasure_approvals;
CALL pv.run_duties();
TABLE how;

-- A scrub that is on, and has not been done since that erasure
SET pvext.scrub = on;
TABLE how;
UPDATE pv.erasure_ledger SET completed_at = completed_at - interval '2 days';
TABLE how;
SET pvext.scrub_interval = '7d';
TABLE how;
RESET pvext.scrub;

-- A run that has no end, and nobody who is at it
DELETE FROM pv.run_log WHERE duty = 'erase';
INSERT INTO pv.run_log (duty, started_at, login, pid) VALUES ('erase', now() - interval '1 hour', 'nobody', 1);
TABLE how;
CALL pv.run_duties();
TABLE how;

-- A library that is not the extension's
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'pvext';
SELECT item, state, error, alarm FROM pv.status WHERE item <> 'secret';
SELECT count(*) AS runs FROM pv.run_log \gset
CALL pv.run_duties();
CALL pv.purge();
SELECT count(*) - :runs AS runs_since FROM pv.run_log;
UPDATE pg_extension SET extversion = (pv.worker_status()).library WHERE extname = 'pvext';
CALL pv.run_duties();
TABLE how;
SELECT library IS NOT NULL AS library, launcher > 0 AS launcher, awake, awake_at IS NOT NULL AS awake_at, no_room_since, now() - seen_since < interval '6 minutes' AS seen_since
FROM pv.worker_status();

RESET search_path;
DROP SCHEMA status CASCADE;
DROP EXTENSION pvext;
