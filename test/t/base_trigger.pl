# The search_path of triggers that name tables without a schema, where it comes from the
# server's configuration file; in sessions that have another one, and in the worker.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;

my $node = start_node('primary', "search_path = 'app, public'\npvext.enabled = on\npvext.naptime = 1\npvext.purge_delay = 0\n");

query(q{
	CREATE EXTENSION pvext CASCADE;
	CREATE ROLE shop;
	CREATE SCHEMA app AUTHORIZATION shop;
	SET ROLE shop;
	CREATE TABLE app.person (id int PRIMARY KEY, name text, left_on date);
	CREATE TABLE app.seen (id int, path text, worker bool);
	CREATE FUNCTION app.see() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO seen VALUES (OLD.id, current_setting('search_path'), session_user <> current_user AND NOT EXISTS
	    (SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_type = 'client backend')); RETURN NEW; END $$;
	CREATE TRIGGER see BEFORE UPDATE ON app.person FOR EACH ROW EXECUTE FUNCTION app.see();
	INSERT INTO app.person SELECT i, 'name ' || i, CASE WHEN i > 5 THEN date '2001-01-01' END FROM generate_series(1, 9) AS i;
	RESET ROLE;
	SELECT pv.declare_subject('app.person'), pv.declare_personal('app.person', '{name}', 'identifying');
	ALTER ROLE CURRENT_USER SET search_path = elsewhere});
is(query('SHOW search_path'), 'elsewhere', 'the session has its role\'s');
query("SELECT pv.erase_subject('app.person', 1)");
is(query('SELECT path FROM app.seen WHERE id = 1'), 'app, public, pg_temp', 'the trigger that of the file');
query(q{ALTER SYSTEM SET search_path = public, app});
query('SELECT pg_reload_conf()');
query("SELECT pv.erase_subject('app.person', 2)");
is(query('SELECT path FROM app.seen WHERE id = 2'), 'public, app, pg_temp', 'as it is now');
query(q{DELETE FROM app.seen;
	SELECT pv.declare_retention('app.person', 'old', '1 year', 'left_on', 'x'); SELECT pv.activate_retention('app.person', 'old', 4)});
wait_for('SELECT count(name) = 3 FROM app.person');
is(query('SELECT string_agg(DISTINCT path, $$;$$), count(*), bool_and(worker) FROM app.seen'), 'public, app, pg_temp|4|t', 'in the worker, too');
$node->stop;

done_testing();
