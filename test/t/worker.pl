# The background worker, with a real server: it does the duties by itself, in every
# database that has pvext, and is in nobody's way; what is terminated, killed or
# stopped at once in the middle leaves nothing half done, and the rest is done later.
# What fails is worker_fault.pl's.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('primary', qq{
autovacuum = off
restart_after_crash = on
wal_receiver_status_interval = 1s
pvext.enabled = on
pvext.naptime = 1s
pvext.max_workers = 3
pvext.purge_delay = 0
pvext.purge_batch_size = 1000
pvext.max_replication_lag = 0
pvext.step_timeout = 0
reload.number = 0
}, allows_streaming => 1);
my $stage = staged();
my $busy = "backend_type = 'pvext duties'";
my $by_hand = "backend_type = 'client backend' AND query LIKE 'CALL pv.purge%' AND wait_event = 'PgSleep'";

# Customers whose names and addresses are due, but for those of the last ten; and a
# trigger that sleeps at the row that "dawdle" names.
my $setup = q{
	SET client_min_messages = warning;
	CREATE EXTENSION IF NOT EXISTS pvext CASCADE;
	CREATE TABLE customer (id int PRIMARY KEY, name text, mail text, ended_on date);
	INSERT INTO customer SELECT i, 'name ' || i, i || '@here', CASE WHEN i <= 200 THEN date '2001-01-01' END
	    FROM generate_series(1, 210) AS i;
	CREATE TABLE dawdle (id int);
	CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	    WHILE EXISTS (SELECT FROM public.dawdle AS d WHERE d.id = NEW.id) LOOP PERFORM pg_sleep(0.1); END LOOP;
	    RETURN NEW;
	END $$;
	CREATE TRIGGER dawdle BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION dawdle();
	SELECT pv.declare_subject('customer');
	SELECT pv.declare_personal('customer', '{name,mail}', 'contact');
	SELECT pv.declare_retention('customer', 'crm', '1 year', 'ended_on', 'policy');
	SELECT pv.activate_retention('customer', 'crm', 200);
};
# Half the rows have lost only one of two values, or more are gone than are due.
my $half_done = 'SELECT count(*) FROM customer WHERE (name IS NULL) <> (mail IS NULL) OR (ended_on IS NULL AND name IS NULL)';
my $due = 'SELECT count(*) FROM customer WHERE ended_on IS NOT NULL AND name IS NOT NULL';

# Where extensions' scripts are, if that is a directory of the test's own.
sub staged
{
	my $conf = $ENV{PVEXT_TEST_CONF} ? slurp_file($ENV{PVEXT_TEST_CONF}) : '';
	my $share = `pg_config --sharedir`;

	chomp $share;
	my ($stage) = $conf =~ /^(?:extension_destdir|extension_control_path) = '([^:']+)/m
	  or return;
	return $stage =~ /\Q$share\E$/ ? "$stage/extension" : "$stage$share/extension";
}

# Make everybody's data due again; whoever purges it then sleeps at a row, if one is named.
sub make_due
{
	my ($database, $row) = @_;

	query(q{BEGIN; ALTER TABLE customer DISABLE TRIGGER dawdle;
		UPDATE customer SET name = 'name ' || id, mail = id || '@here' WHERE ended_on IS NOT NULL;
		ALTER TABLE customer ENABLE TRIGGER dawdle; DELETE FROM dawdle;}
		. (defined $row ? "INSERT INTO dawdle VALUES ($row);" : '') . 'COMMIT', $database);
	return;
}

sub is_purged
{
	my ($name, $database) = @_;

	wait_for("SELECT ($due) = 0", $database);
	is(query($half_done, $database), '0', "$name: nothing is half done");
	is(query('SELECT count(*), count(name) FROM customer', $database), '210|10', "$name: all that is due is purged, and nothing else");
	return;
}

# The worker that sleeps in the trigger.
sub sleeper
{
	return pid_of("$busy AND wait_event = 'PgSleep'");
}

# The last run of the purge that was not done.
sub cut_off
{
	return query("SELECT state, finished_at IS NULL FROM pv.run_log WHERE duty = 'purge' AND pid = $_[0]");
}

# Wait until all duties have been done once more in a database, from now on or after a run.
sub wait_for_round
{
	my ($database, $last) = @_;

	$last //= query('SELECT max(id) FROM pv.run_log', $database);

	wait_for("SELECT count(*) > 0 FROM pv.run_log AS s JOIN pv.run_log AS e USING (pid)
		WHERE s.duty = 'seal' AND s.state = 'done' AND e.duty = 'expire' AND e.id > $last", $database);
	return;
}

# Wait until nothing is done in a database while others have their rounds: what had begun
# before it was told otherwise may take one more.
sub is_left_alone
{
	my ($database, $name) = @_;

	foreach (1 .. 60)
	{
		my $last = query('SELECT max(id) FROM pv.run_log', $database);

		wait_for_round() foreach 1 .. 2;
		next if query('SELECT max(id) FROM pv.run_log', $database) ne $last;
		pass($name);
		return;
	}
	fail($name);
	return;
}

# The log since a size that it had, less one worker that was being started while its
# database was dropped: the server says so by itself.
sub amiss_since
{
	return logged_since(@_) =~ s{FATAL:  database \d+ does not exist}{}r;
}

# Change settings; whatever starts from now on goes by them.
my $reloads = 0;

sub reconfigure
{
	my (%settings) = @_;

	$reloads++;
	$node->adjust_conf('postgresql.conf', $_, $settings{$_}) foreach sort keys %settings;
	$node->adjust_conf('postgresql.conf', 'reload.number', $reloads);
	$node->reload;
	wait_for("SELECT current_setting('reload.number', true) = '$reloads'");
	return;
}

query('CREATE DATABASE bare');

#
# It starts with the server, and finds databases
#

is(query("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pvext launcher'"), '1', 'the launcher starts with the server');
query($setup);
is_purged('at first');
wait_for("SELECT count(DISTINCT duty) = 4 FROM pv.run_log WHERE state = 'done'");
is(query("SELECT duty, done, failures, error, login = current_user FROM pv.run_log WHERE done > 0"), 'purge|200|0||t', 'the run log says so');
is(query("SELECT item, state, last_success IS NOT NULL, error, backlog FROM pv.status WHERE item IN ('expire', 'erase', 'purge', 'worker') ORDER BY item"),
	"erase|ok|t||0\nexpire|ok|t||0\npurge|ok|t||0\nworker|on|f||", 'and the status');
query('CREATE DATABASE other');
query($setup, 'other');
is_purged('a database that is created later', 'other');

# Each database has settings of its own.
query('ALTER DATABASE other SET pvext.enabled = off');
wait_for_round();
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE $busy AND datname = 'other'");
make_due('other');
my $log;
my $runs = query('SELECT count(*) FROM pv.run_log', 'other');
wait_for_round() foreach 1 .. 2;
is(query("$due; SELECT count(*) FROM pv.run_log", 'other'), "200\n$runs", 'ALTER DATABASE SET pvext.enabled = off: nothing is done there');
is(query("SELECT state FROM pv.status WHERE item = 'worker'", 'other'), 'off', 'as the status says');
query('ALTER DATABASE other RESET pvext.enabled; ALTER DATABASE other SET pvext.purge_batch_size = 7');
is_purged('switched on again', 'other');
is(query("SELECT count(DISTINCT xmin::text) FROM customer WHERE ended_on IS NOT NULL", 'other'), '29',
	'ALTER DATABASE SET pvext.purge_batch_size: as many transactions');
query("ALTER DATABASE other SET pvext.naptime = '1h'");
is_left_alone('other', 'ALTER DATABASE SET pvext.naptime: it is not done again soon');
$runs = query('SELECT max(id) FROM pv.run_log', 'other');

# What changes later is heard of with a reload.
query('ALTER DATABASE other RESET pvext.naptime');
$node->reload;
wait_for("SELECT max(id) > $runs FROM pv.run_log", 'other');
pass('a database whose naptime is changed, and a reload');
reconfigure('pvext.naptime' => '1h');
# Rounds that had begun before it was heard of may still do something.
foreach (1 .. 60)
{
	make_due();
	sleep 2;
	last if query($due) eq '200';
}
is(query($due), '200', 'SIGHUP: a long naptime');
reconfigure('pvext.naptime' => '1s');
is_purged('SIGHUP: a short one again');
reconfigure('pvext.purge_delay' => '1h', 'pvext.purge_batch_size' => 50);
make_due();
wait_for("SELECT ($due) = 150");
wait_for_round() foreach 1 .. 2;
is(query("$due; SELECT state, stopped_at IS NOT NULL FROM pv.run_log WHERE duty = 'purge' AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1"),
	"150\nunfinished|t", 'a pause between two batches that is longer than a run is kept by those that follow');
reconfigure('pvext.purge_delay' => 0);
is_purged('SIGHUP while it pauses');
reconfigure('pvext.purge_delay' => '1s');
$runs = query('SELECT max(id) FROM pv.run_log');
make_due();
wait_for("SELECT ($due) = 0");
cmp_ok(query("SELECT count(*) FROM pv.run_log WHERE duty = 'purge' AND state = 'unfinished' AND done > 0 AND id > $runs"), '>', 1,
	'what is not finished is gone on with by the next run');
reconfigure('pvext.purge_delay' => 0);
reconfigure('pvext.purge_batch_size' => 1000);


#
# It is in nobody's way
#

# A backlog in a database that is dropped, copied or loses pvext: the worker pauses, or
# waits for a standby.
reconfigure('pvext.purge_batch_size' => 1, 'pvext.purge_delay' => '2s');
query('CREATE DATABASE gone TEMPLATE other');
make_due('gone');
query("ALTER DATABASE gone SET pvext.naptime = '1h'");    # and the turns are longer
wait_for("SELECT ($due) < 200", 'gone');
$log = log_size();
query('CREATE DATABASE copied TEMPLATE gone');
query('DROP DATABASE copied');
pass('a database is copied while the worker works there');
$node->reload;    # a round in every database
wait_for("SELECT count(*) > 0 FROM pg_stat_activity WHERE $busy AND datname = 'gone'");
query('DROP DATABASE gone');
pass('a database is dropped while the worker works there');
wait_for_round();
# A worker that was being started just then finds no database, and can't know better, as one of autovacuum's.
unlike(amiss_since($log) =~ s/FATAL:  database (?:"gone"|\d+) does not exist//gr, qr/FATAL|ERROR/, 'and that is no error');
$log = log_size();

make_due('other');
wait_for("SELECT ($due) < 200 AND ($due) > 0", 'other');
query('DROP EXTENSION pvext', 'other');
reconfigure('pvext.purge_delay' => 0);
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE $busy AND datname = 'other'");
cmp_ok(query($due, 'other'), '>', 0, 'DROP EXTENSION while it works: it stops');
is(query("SELECT count(*) FROM pg_namespace WHERE nspname = 'pv'", 'other'), '0', 'and nothing comes back');
query('DROP DATABASE other');
wait_for_round();
unlike(amiss_since($log), qr/FATAL|ERROR|has failed/, 'and that is no error either');

SKIP:
{
	skip 'the extension is installed, not staged', 5 if !defined $stage;
	my $version = query("SELECT extversion FROM pg_extension WHERE extname = 'pvext'");
	my $script = "$stage/pvext--$version--${version}test.sql";

	append_to_file($script, "COMMENT ON SCHEMA pv IS 'updated';\n");
	append_to_file("$stage/pvext--${version}test--$version.sql", "COMMENT ON SCHEMA pv IS 'back';\n");
	reconfigure('pvext.purge_delay' => '1h');
	make_due();
	wait_for("SELECT ($due) < 200 AND ($due) > 0");
	$log = log_size();
	query("ALTER EXTENSION pvext UPDATE TO '${version}test'");
	reconfigure('pvext.purge_delay' => 0);
	wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE $busy AND query LIKE '%purge'");
	my $rest = query($due);
	my $last = query('SELECT max(id) FROM pv.run_log');
	cmp_ok($rest, '>', 0, 'ALTER EXTENSION UPDATE while it works: it stops');
	like(error_of('CALL pv.run_duties()'), qr/are not done\n.*of version \Q$version\Etest\.\n.*ALTER EXTENSION pvext UPDATE/, 'called by hand it says so');
	$node->wait_for_log(qr/WARNING:  pvext's duties in database "postgres" are not done/, $log);
	is(query("$due; SELECT max(id) FROM pv.run_log"), "$rest\n$last", 'a library that is not of that version does nothing');
	query("ALTER EXTENSION pvext UPDATE TO '$version'");
	is_purged('one that is');
	unlink $script, "$stage/pvext--${version}test--$version.sql";
}

#
# Terminated, killed, stopped, cancelled
#

reconfigure('pvext.purge_batch_size' => 20);
make_due('postgres', 90);
my $pid = sleeper();
my $left = query("$due; $half_done");
like($left, qr/^[1-9]\d*0\n0$/, 'in the middle of a batch');
query("SELECT pg_terminate_backend($pid)");
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid");
is(query("$due; $half_done"), $left, 'terminated: that batch is undone');
sleeper();
query('DELETE FROM dawdle');
is_purged('terminated');
is(cut_off($pid), 'cut off|t', 'the run is marked as cut off');

make_due('postgres', 90);
$pid = sleeper();
$log = log_size();
query('CHECKPOINT');    # the run's beginning was not waited for
kill 'KILL', $pid;
wait_for_restart($log);
is(query($half_done), '0', 'kill -9: nothing is half done');
sleeper();
query('DELETE FROM dawdle');
is_purged('kill -9');
is(cut_off($pid), 'cut off|t', 'kill -9: the run is marked as cut off');

make_due('postgres', 90);
$pid = sleeper();
query('CHECKPOINT');
$node->stop('immediate');
$node->start;
is(query($half_done), '0', 'stopped at once: nothing is half done');
sleeper();
query('DELETE FROM dawdle');
is_purged('stopped at once');
is(cut_off($pid), 'cut off|t', 'stopped at once: the run is marked as cut off');
is(query("SELECT state, last_error IS NOT NULL, error FROM pv.status WHERE item = 'purge'"), 'ok|t|cut off', 'as the status shows');

# Called by hand, and cancelled; in the server's ordinary shutdown the worker ends, too
make_due('postgres', 90);
$pid = sleeper();
$node->stop('fast');
$node->start;
sleeper();
query('DELETE FROM dawdle');
is_purged('stopped');
is(cut_off($pid), 'cut off|t', 'stopped: the run is marked as cut off');

reconfigure('pvext.enabled' => 'off');
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE $busy");
make_due('postgres', 90);
like(error_of("SET statement_timeout = '1s'; CALL pv.purge()"), qr/canceling statement due to statement timeout/, 'CALL pv.purge() ends with the timeout');
like($left = query("$due; $half_done"), qr/^[1-9]\d*0\n0$/, 'what was committed stays, the batch is undone');
my $session = start_psql('by_hand', 'CALL pv.purge()');
query('SELECT pg_cancel_backend(' . pid_of($by_hand) . ')');
like(finish($session), qr/canceling statement due to user request/, 'CALL pv.purge() is cancelled');
is(query("$due; $half_done; SELECT state FROM pv.run_log ORDER BY id DESC OFFSET 1 LIMIT 1"), "$left\ncut off", 'with the same end');

#
# Never two at once
#

reconfigure('pvext.enabled' => 'on');
sleeper();
my $last = query('SELECT max(id) FROM pv.run_log');
my ($ret, $out, $err) = $node->psql('postgres', "CALL pv.run_duties('{purge}'); CALL pv.purge('customer')");
is($ret, 0, 'called by hand while the worker is at it');
is(scalar(() = $err =~ /NOTICE:  duty "purge" is being done by another session/g), 2, 'it says so');
query("CALL pv.run_duties('{expire}')");
is(query("SELECT duty, state FROM pv.run_log WHERE id > $last"), 'expire|done', 'and does what is not being done');
reconfigure('pvext.enabled' => 'off');
query('SELECT pg_terminate_backend(' . sleeper() . ', 60000)');
$session = start_psql('by_hand', "CALL pv.purge()");
$pid = pid_of($by_hand);
reconfigure('pvext.enabled' => 'on');
wait_for_round();
is(query("SELECT count(*) FROM pv.run_log WHERE duty = 'purge' AND state = 'running'; $due; $half_done"), "1\n$left", 'the worker leaves it to a session that is at it');
query("SELECT pg_cancel_backend($pid)");
finish($session);
sleeper();
query('DELETE FROM dawdle');
is_purged('after it');

#
# The role that it works as
#

query("CREATE ROLE robot; ALTER DATABASE postgres SET pvext.worker_role = 'robot'");
make_due();
wait_for("SELECT count(*) > 0 FROM pv.run_log WHERE duty = 'purge' AND state = 'done' AND done > 0 AND login = 'robot'");
is_purged('pvext.worker_role');

# A request that is completed once the bill is paid
query(q{
	CREATE TABLE invoice (id int PRIMARY KEY, customer int REFERENCES customer, paid boolean);
	CREATE INDEX ON invoice (customer);
	INSERT INTO invoice VALUES (1, 205, false);
	SELECT pv.link_foreign_keys('customer');
	SELECT pv.declare_blocker('customer', 'unpaid bill', 'NOT paid', 'owes us money', relation => 'invoice');
});
my $request = query("SELECT id FROM pv.erase_subject('customer', 205)");
wait_for_round();
is(query('SELECT state FROM pv.erasure'), 'blocked', 'a request that is blocked stays so');
is(query("SET pvext.request_deadline = '1h'; SELECT count(*) FROM pv.status WHERE state = 'late'"), '0', 'it is not late');
is(query("SET pvext.request_deadline = 0; SELECT item, detail FROM pv.status WHERE state = 'late'"),
	"request $request|blocked since it was requested; blocked by unpaid bill: owes us money", 'until its deadline has passed');
# Whether or not a round is just at it
like(query("SELECT backlog, detail FROM pv.status WHERE item = 'erase'"), qr/^1\|(running since [^;]*; )?1 blocked$/, 'the status counts it');
like(query(q{
	LISTEN pvext_erasure;
	UPDATE invoice SET paid = true;
	DO $$ BEGIN LOOP EXIT WHEN EXISTS (SELECT FROM pv.erasure WHERE state = 'completed'); PERFORM pg_sleep(0.1); END LOOP; END $$;
	SELECT 'completed'}), qr/^Asynchronous notification "pvext_erasure" with payload "$request" received/m, 'paid: it is completed, and those who listen are told');
is(query('SELECT executed_by, completed_at IS NOT NULL FROM pv.erasure; SELECT name FROM customer WHERE id = 205'), "robot|t\n", 'in the name of that role');
is(query("SET pvext.request_deadline = 0; SELECT count(*) FROM pv.status WHERE state = 'late'; SELECT backlog FROM pv.status WHERE item = 'erase'"), "0\n0", 'and late no more');

query("UPDATE customer SET name = 'name 205', mail = '205\@here' WHERE id = 205");

$log = log_size();
query("ALTER DATABASE postgres SET pvext.worker_role = 'nobody here'");
$node->wait_for_log(qr/nobody here" does not exist/, $log);
like(logged_since($log), qr/role "nobody here" does not exist/, 'a role that does not exist: the log says so');
unlike(logged_since($log), qr/PANIC|signal|terminating any other/, 'and nothing worse');
query('ALTER DATABASE postgres RESET pvext.worker_role');
wait_for_round();
pass('and it goes on with one that does');

#
# Standby
#

my $standby = new_standby('standby');
is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pvext%'"), '0', 'a standby has neither launcher nor worker');
like(error_of('CALL pv.run_duties()', 'postgres', $standby), qr/cannot execute pv.run_duties\(\) (during recovery|in a read-only transaction)/, 'nor does it do the duties when called');

# A purge that waits for it
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
reconfigure('pvext.max_replication_lag' => 8);
make_due();
wait_for("SELECT count(*) = 1 FROM pg_stat_activity WHERE $busy AND query = 'pvext: waiting for a standby'");
cmp_ok(query($due), '>', 0, 'while it lags, the purge waits');
query('CREATE DATABASE copied TEMPLATE postgres');
query('DROP DATABASE copied');
pass('and lets go of the database that somebody wants');
wait_for("SELECT count(*) = 1 FROM pg_stat_activity WHERE $busy AND query = 'pvext: waiting for a standby'");
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
is_purged('it no longer lags');
reconfigure('pvext.max_replication_lag' => 0, 'pvext.enabled' => 'off');
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE $busy");
make_due();
$node->wait_for_catchup($standby);
$node->stop;
is($standby->safe_psql('postgres', $due), '200', 'the primary has gone, with rows that are due');
$standby->promote;
wait_for("SELECT ($due) = 0", 'postgres', $standby);
is($standby->safe_psql('postgres', $half_done), '0', 'promoted, it purges');
is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pvext launcher'"), '1', 'by a launcher of its own');
$standby->stop;

#
# Binary upgrade
#

system_or_bail('pg_ctl', '-D', $node->data_dir, '-l', $node->logfile, '-o', '-b', '-w', 'start');
is(query("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pvext%'"), '0', 'in binary-upgrade mode nothing is started');
system_or_bail('pg_ctl', '-D', $node->data_dir, '-w', 'stop');

done_testing();
