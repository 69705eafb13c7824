# What takes too long, with a real server: an owner's expression or trigger that does not
# end holds up nobody else's duties, in no database, whether it can be cancelled or not.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;

my $node = start_node('slow', qq{
autovacuum = off
pvext.enabled = off
pvext.naptime = 1s
pvext.step_timeout = 500ms
pvext.erasure_limit = 0
});
# Their blockers sleep, catch that they are cancelled, and their triggers do the same.
my @slow = qw(sleeps catches trigger_sleeps trigger_catches);

my $tables = "unnest(ARRAY['sleeps', 'catches', 'trigger_sleeps', 'trigger_catches', 'fine']) AS t";
my $setup = qq{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE go (slow boolean);
	INSERT INTO go VALUES (false);
	CREATE FUNCTION sleeps() RETURNS boolean LANGUAGE plpgsql STABLE AS \$\$ BEGIN
	    IF (SELECT slow FROM public.go) THEN PERFORM pg_sleep(1000000); END IF;
	    RETURN false;
	END \$\$;
	CREATE FUNCTION catches() RETURNS boolean LANGUAGE plpgsql STABLE AS \$\$ BEGIN
	    WHILE (SELECT slow FROM public.go) LOOP
	        BEGIN PERFORM pg_sleep(1000000); EXCEPTION WHEN query_canceled THEN NULL; END;
	    END LOOP;
	    RETURN false;
	END \$\$;
	CREATE FUNCTION trigger_sleeps() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.sleeps(); RETURN NEW; END \$\$;
	CREATE FUNCTION trigger_catches() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.catches(); RETURN NEW; END \$\$;
	DO \$\$ DECLARE t text; BEGIN
	    FOR t IN SELECT * FROM $tables LOOP
	        EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY, name text, ended_on date)', t);
	        EXECUTE format('INSERT INTO %I SELECT i, ''name '' || i, CASE WHEN i < 4 THEN date ''2001-01-01'' END FROM generate_series(1, 9) AS i', t);
	        PERFORM pv.declare_subject(t::regclass);
	        PERFORM pv.declare_personal(t::regclass, '{name}', 'name');
	        PERFORM pv.declare_retention(t::regclass, 'rule', '1 year', 'ended_on', 'policy');
	        PERFORM pv.activate_retention(t::regclass, 'rule', 3);
	        IF t LIKE 'trigger%' THEN
	            EXECUTE format('CREATE TRIGGER slow BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION %I()', t, t);
	        END IF;
	    END LOOP;
	END \$\$;
	SELECT pv.declare_blocker('sleeps', 'slow', 'sleeps()', 'r'), pv.declare_blocker('catches', 'slow', 'catches()', 'r');
};
query($setup);
query('CREATE DATABASE other');
query($setup, 'other');

#
# Retention
#

query('UPDATE go SET slow = true');
query("ALTER DATABASE $_ SET pvext.enabled = on") foreach qw(postgres other);
wait_for("SELECT count(*) = 0 FROM pv.overdue", 'other');
pass('another database is purged, though only one worker goes round');
wait_for('SELECT count(name) = 6 FROM fine');
pass('and so is the table that is well');
wait_for('SELECT count(*) = 4 FROM pv.duty_failure');
is(query('SELECT r.name, f.name, f.sqlstate, f.message FROM pv.duty_failure AS f JOIN pv.relation AS r ON r.id = f.relation_id ORDER BY r.name'),
	join("\n", map { "$_|rule|57014|a statement took longer than \"pvext.step_timeout\"" } sort @slow), 'what is slow is on record, with or without the process');
is(query(join(' UNION ALL ', map { "SELECT count(name) FROM $_" } @slow)), "9\n9\n9\n9", 'and undone');
wait_for("SELECT count(*) = 4 FROM (SELECT DISTINCT duty FROM pv.run_log WHERE state = 'done') AS s");
is(query("SELECT state, alarm FROM pv.status WHERE item = 'purge'"), 'failing|t', 'the status says so');
like(query("SELECT hint FROM pv.overdue WHERE relation = 'catches'::regclass"), qr/^cannot be decided: .*step_timeout/, 'and does not try it again');
query('UPDATE pv.duty_failure SET retry_at = now()');
wait_for('SELECT count(*) = 4 FROM pv.duty_failure WHERE failures = 2');
pass('it is tried again');
like(query("SELECT hint FROM (SELECT set_config('pvext.step_timeout', '100ms', false)) AS s, LATERAL (SELECT * FROM pv.overdue OFFSET 0) AS o WHERE relation = 'sleeps'::regclass"),
	qr/^cannot be decided: .*step_timeout/, 'whoever looks waits for no longer, either');

#
# Requests
#

query(q{
	UPDATE go SET slow = false;
	SET pvext.erasure_delay = '1s';
	SELECT pv.erase_subjects(t::regclass, '{4,5,6}') FROM unnest(ARRAY['sleeps', 'catches', 'trigger_sleeps', 'trigger_catches', 'fine']) AS t;
	UPDATE go SET slow = true;
	UPDATE pv.erasure_ledger SET due_at = now() - interval '1 minute';
});
wait_for("SELECT count(*) = 3 FROM pv.erasure WHERE state = 'completed'");
is(query("SELECT DISTINCT subject FROM pv.erasure WHERE state = 'completed'"), 'fine', 'requests of a table that is well are completed');
wait_for("SELECT count(DISTINCT relation_id) = 4 FROM pv.duty_failure WHERE duty = 'erase' AND name = ''");
is(query("SELECT DISTINCT sqlstate FROM pv.duty_failure WHERE duty = 'erase'"), '57014', 'those of the others wait, table by table');

#
# Well again
#

query('UPDATE go SET slow = false');
query('UPDATE pv.duty_failure SET retry_at = now()');
wait_for("SELECT count(*) = 15 FROM pv.erasure WHERE state = 'completed'");
query('UPDATE pv.duty_failure SET retry_at = now()');
wait_for('SELECT count(*) = 0 FROM pv.duty_failure');
is(query('SELECT count(*) FROM pv.overdue; ' . join(' UNION ALL ', map { "SELECT count(name) FROM $_" } @slow)), "0\n3\n3\n3\n3", 'when it is no longer slow, everything is done');

#
# By hand
#

query("ALTER DATABASE postgres SET pvext.enabled = off");
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pvext duties' AND datname = 'postgres'");
query("UPDATE go SET slow = true; ALTER TABLE fine DISABLE TRIGGER USER; UPDATE fine SET name = 'again', ended_on = '2001-01-01' WHERE id = 9");
query('ALTER TABLE sleeps DISABLE TRIGGER USER; UPDATE sleeps SET name = $$again$$, ended_on = $$2001-01-01$$ WHERE id = 9');
is($node->psql('postgres', 'CALL pv.purge()'), 0, 'called by hand, it goes on after what is slow');
is(query("SELECT count(*) FROM fine WHERE name = 'again' UNION ALL SELECT count(*) FROM sleeps WHERE name = 'again'"), "0\n1", 'to what is well');
like(error_of("SET pvext.step_timeout = 0; SET statement_timeout = '300ms'; CALL pv.purge()"),
	qr/canceling statement due to statement timeout/, 'a cancellation that is not its own ends it');
is(query("SELECT count(*) FROM pv.duty_failure WHERE message NOT LIKE '%step_timeout%'"), '0', 'and is no failure');
query(q{UPDATE go SET slow = false; UPDATE catches SET name = 'again', ended_on = '2001-01-01' WHERE id = 9; UPDATE go SET slow = true});
like(error_of("CALL pv.purge('catches')"), qr/terminating connection/, 'what does not let itself be cancelled ends the session');
is(query("SELECT message FROM pv.duty_failure JOIN pv.relation AS r ON r.id = relation_id WHERE r.name = 'catches'"), 'a statement took longer than "pvext.step_timeout"', 'and is on record');
is(query("SELECT state FROM pv.run_log WHERE duty = 'purge' ORDER BY id DESC LIMIT 1"), 'failed', 'as that run is');

$node->stop;
done_testing();
