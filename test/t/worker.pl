# The background worker, with a real server: it does the duties by itself, in every
# database that has pvext, and is in nobody's way; what is terminated, killed or
# stopped at once in the middle leaves nothing half done, and the rest is done later.
# What fails is fault.pl's.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use IPC::Run;
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('primary', allows_streaming => 1);
my $stage = staged();
my $busy = "backend_type = 'pvext duties'";
my $by_hand = "backend_type = 'client backend' AND query = 'pvext: purge' AND wait_event = 'PgSleep'";

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
	return $conf =~ /^(?:extension_destdir|extension_control_path) = '([^:']+)/m
	  ? ($1 =~ /\Q$share\E$/ ? "$1/extension" : "$1$share/extension")
	  : undef;
}

sub query
{
	my ($sql, $database) = @_;

	return $node->safe_psql($database // 'postgres', $sql);
}

sub wait_for
{
	my ($sql, $database) = @_;

	$node->poll_query_until($database // 'postgres', $sql) or die "in vain: $sql";
	return;
}

# Make everybody's data due again.
sub make_due
{
	my ($database) = @_;

	query(q{DELETE FROM dawdle; ALTER TABLE customer DISABLE TRIGGER dawdle;
		UPDATE customer SET name = 'name ' || id, mail = id || '@here' WHERE ended_on IS NOT NULL;
		ALTER TABLE customer ENABLE TRIGGER dawdle}, $database);
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
	wait_for("SELECT count(*) = 1 FROM pg_stat_activity WHERE $busy AND wait_event = 'PgSleep'");
	return query("SELECT pid FROM pg_stat_activity WHERE $busy AND wait_event = 'PgSleep'");
}

# The last run of the purge that was not done.
sub cut_off
{
	return query("SELECT state, finished_at IS NULL FROM pv.run_log WHERE duty = 'purge' AND pid = $_[0]");
}

# Wait until all duties have been done once more in a database, from now on.
sub wait_for_round
{
	my ($database) = @_;
	my $last = query('SELECT max(id) FROM pv.run_log', $database);

	wait_for("SELECT count(*) > 0 FROM pv.run_log AS s JOIN pv.run_log AS e USING (pid)
		WHERE s.duty = 'seal' AND s.state = 'done' AND e.duty = 'expire' AND e.id > $last", $database);
	return;
}

# The log since a size that it had.
sub logged_since
{
	my ($from) = @_;

	return substr(slurp_file($node->logfile), $from);
}

sub log_size
{
	return -s $node->logfile;
}

# Wait until the server, of which a process has been killed, is up again.
sub wait_for_restart
{
	my ($from) = @_;

	foreach (1 .. 1800)
	{
		return if logged_since($from) =~ /database system is ready to accept connections/;
		select undef, undef, undef, 0.1;
	}
	die 'the server is not up again';
}

# Start psql in the background.
sub start_psql
{
	my ($sql) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $psql = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr('postgres'), '-c', $sql ],
		'<', \$in, '>', \$out, '2>', \$err);

	return { handle => $psql, err => \$err };
}

sub finish
{
	my ($session) = @_;

	eval { $session->{handle}->finish };
	return ${ $session->{err} };
}

sub reconfigure
{
	my (%settings) = @_;

	$node->adjust_conf('postgresql.conf', $_, $settings{$_}) foreach sort keys %settings;
	$node->reload;
	return;
}

$node->append_conf('postgresql.conf', qq{
autovacuum = off
restart_after_crash = on
wal_receiver_status_interval = 1s
pvext.enabled = on
pvext.naptime = 1s
pvext.max_workers = 3
pvext.purge_delay = 0
pvext.purge_batch_size = 1000
pvext.max_replication_lag = 0
});
$node->start;
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
wait_for_round('other');
$runs = query('SELECT max(id) FROM pv.run_log', 'other');
wait_for_round() foreach 1 .. 2;
is(query('SELECT max(id) FROM pv.run_log', 'other'), $runs, 'ALTER DATABASE SET pvext.naptime: it is not done again soon');

# What changes later is heard of with a reload.
query('ALTER DATABASE other RESET pvext.naptime');
$node->reload;
wait_for("SELECT max(id) > $runs FROM pv.run_log", 'other');
pass('a database whose naptime is changed, and a reload');
reconfigure('pvext.naptime' => '1h');
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE $busy");
sleep 1;
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE $busy");
make_due();
sleep 2;
is(query($due), '200', 'SIGHUP: a long naptime');
reconfigure('pvext.naptime' => '1s');
is_purged('SIGHUP: a short one again');
reconfigure('pvext.purge_delay' => '1h', 'pvext.purge_batch_size' => 50);
make_due();
wait_for("SELECT ($due) = 150");
is(query("SELECT query, state FROM pg_stat_activity WHERE $busy AND query LIKE '%purge'"), 'pvext: purge|active', 'it pauses between two batches');
reconfigure('pvext.purge_delay' => 0);
is_purged('SIGHUP while it pauses');
is(query("SELECT done FROM pv.run_log WHERE duty = 'purge' ORDER BY done DESC, id DESC LIMIT 1"), '200', 'the same run goes on');
reconfigure('pvext.purge_batch_size' => 1000);


done_testing();
