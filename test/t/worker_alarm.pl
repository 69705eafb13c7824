# What pv.status says when nothing is done, with a real server: no launcher, no room for a
# worker, one that hangs or is stopped, a library that is not the extension's.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;

my $node = start_node('alarm', qq{
autovacuum = off
max_parallel_workers = 0
pvext.enabled = on
pvext.naptime = 1s
pvext.step_timeout = 1s
max_worker_processes = 1
});

# The state of an item, and whether it is an alarm.
sub state_of
{
	my ($item) = @_;

	return query("SELECT state, alarm FROM pv.status WHERE item = '$item'");
}

sub wait_for_state
{
	my ($item, $state) = @_;

	wait_for("SELECT state = '$state' FROM pv.status WHERE item = '$item'");
	return;
}

#
# No launcher, and no room for a worker
#

query(q{
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE customer (id int PRIMARY KEY, name text, ended_on date);
	INSERT INTO customer VALUES (1, 'name 1', '2001-01-01');
	SELECT pv.declare_subject('customer');
	SELECT pv.declare_personal('customer', '{name}', 'name');
	SELECT pv.declare_retention('customer', 'crm', '1 year', 'ended_on', 'policy');
	SELECT pv.activate_retention('customer', 'crm', 1);
});
is(state_of('worker'), 'not running|t', 'max_worker_processes = 1: there is no launcher');
is(state_of('purge'), 'never done|t', 'and nothing has been done');
query('CALL pv.run_duties()');
is(state_of('purge'), 'ok|f', 'but by hand');
query(q{UPDATE pv.run_log SET started_at = started_at - interval '1 hour', finished_at = finished_at - interval '1 hour'});
is(state_of('purge'), 'late|t', 'which was too long ago');
# The server's own launcher, of logical replication, has the other.
$node->adjust_conf('postgresql.conf', 'max_worker_processes', 2);
$node->restart;
wait_for_state('worker', 'no room');
is(state_of('purge'), 'late|t', 'max_worker_processes = 2: there is no room for a worker');
$node->adjust_conf('postgresql.conf', 'max_worker_processes', 8);
$node->restart;
wait_for_state($_, 'ok') foreach qw(expire erase purge seal);
is(state_of('worker'), 'on|f', 'with room, all is well');

#
# What hangs
#

my $launcher = query('SELECT launcher FROM pv.worker_status()');
is(query("SELECT backend_type FROM pg_stat_activity WHERE pid = $launcher"), 'pvext launcher', 'it is known which process the launcher is');
kill 'STOP', $launcher;
wait_for_state('worker', 'hanging');
wait_for_state('purge', 'late');
is(state_of('purge') . ' ' . state_of('seal'), 'late|t late|t', 'the launcher is stopped: all duties are late');
kill 'CONT', $launcher;
wait_for_state($_, 'ok') foreach qw(expire erase purge seal);
is(state_of('worker'), 'on|f', 'it goes on');

query(q{
	CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;
	ALTER DATABASE postgres SET pvext.step_timeout = 0;
	CREATE TRIGGER dawdle BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION dawdle();
	ALTER TABLE customer DISABLE TRIGGER dawdle;
	UPDATE customer SET name = 'name 1';
	ALTER TABLE customer ENABLE TRIGGER dawdle;
});
wait_for(q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'pvext duties' AND wait_event = 'PgSleep'});
like(query("SELECT detail FROM pv.status WHERE item = 'purge'"), qr/^running since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d in process \d+/,
	'what is being done, and since when');
wait_for_state('purge', 'failing');
like(query("SELECT alarm, error FROM pv.status WHERE item = 'purge'"), qr/^t\|nobody else can begin: process \d+ is at it$/,
	'nothing can be begun for longer than some rounds');
is(state_of('seal'), 'late|t', 'what comes after it is late');
is(state_of('worker'), 'on|f', 'the launcher is well');
query('ALTER DATABASE postgres RESET pvext.step_timeout; ALTER DATABASE postgres SET pvext.enabled = off');
query("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE backend_type = 'pvext duties'");
query('DROP TRIGGER dawdle ON customer; ALTER DATABASE postgres RESET pvext.enabled');
wait_for_state($_, 'ok') foreach qw(expire erase purge seal);

#
# Another version
#

my $log = log_size();
query("UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'pvext'");
is(state_of($_), 'needs ALTER EXTENSION pvext UPDATE|t', "the extension is of another version than the library: $_")
  foreach qw(expire erase purge seal worker);
$node->wait_for_log(qr/are not done/, $log);
like(logged_since($log), qr/WARNING: .*duties in database "postgres" are not done\n.*DETAIL: .*of version 0\.9\.\n.*HINT: .*ALTER EXTENSION pvext UPDATE/,
	'the log warns of it');

$node->stop;
done_testing();
