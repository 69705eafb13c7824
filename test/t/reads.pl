# Read audit beyond one session: the worker records reads by itself, in each
# database; what it cannot record goes to the server's log; what a crash loses is
# owned up to; nothing stands in the way of DROP DATABASE or a shutdown.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('primary', qq{
autovacuum = off
restart_after_crash = on
pvext.read_queue_size = 64
wal_level = replica
max_wal_senders = 3
}, allows_streaming => 1);
my $asleep = "wait_event = 'PgSleep'";

# A database with an audited table of ten customers.
my $setup = q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE customer (id int PRIMARY KEY, name text);
	INSERT INTO customer SELECT i, 'Name ' || i FROM generate_series(1, 10) AS i;
	SELECT pv.declare_subject('customer');
	SELECT pv.declare_personal('customer', '{name}', 'contact');
	SELECT pv.enable_audit('customer');
};

# What has been recorded for a purpose, without waiting for the worker.
sub recorded
{
	my ($purpose, $database) = @_;

	return query("SELECT string_agg(coalesce(rows::text, 'open'), ' ' ORDER BY id, n) FROM pv.access_log WHERE purpose = '$purpose'", $database);
}

# Wait until the worker has recorded it.
sub is_recorded
{
	my ($purpose, $expected, $name, $database) = @_;

	wait_for("SELECT count(*) > 0 FROM pv.access_log WHERE purpose = '$purpose'", $database);
	is(recorded($purpose, $database), $expected, $name);
	return;
}

sub counter
{
	return query("SELECT $_[0] FROM pv.access_status");
}

# The lines of a server's log with reads of a purpose.
sub logged
{
	my ($server, $purpose) = @_;

	return grep { /LOG:  pvext read: .*"purpose":"$purpose"/ } split /\n/, slurp_file($server->logfile);
}

query($setup);

#
# The worker
#

is(query("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pvext launcher'"), '1', 'the launcher is there');
query("SET pvext.purpose = 'worker'; SELECT name FROM customer WHERE id <= 3");
is_recorded('worker', '3', 'the worker records a read by itself');
is(query("SELECT keys FROM pv.access_log WHERE purpose = 'worker'"), '{"public.customer": ["1", "2", "3"]}', 'with the keys');
query("SET pvext.purpose = 'rolled back'; BEGIN; SELECT name FROM customer; ROLLBACK");
is_recorded('rolled back', '10', 'a read that is rolled back');
query("SET pvext.purpose = 'read only'; SET default_transaction_read_only = on; SELECT name FROM customer");
is_recorded('read only', '10', 'a read in a read-only transaction');
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pvext worker'");
pass('the worker goes when there is nothing to do');
query('ALTER DATABASE postgres SET default_transaction_read_only = on');
query("SET pvext.purpose = 'settings'; SELECT name FROM customer");
is_recorded('settings', '10', "the database's settings do not stop the worker");
query('SET default_transaction_read_only = off; ALTER DATABASE postgres RESET default_transaction_read_only');

# A statement that takes longer than it takes to record it
my $session = start_psql('slow', "SET pvext.purpose = 'slow'",
	'SELECT name, pg_sleep(CASE id WHEN 10 THEN 4 ELSE 0 END) FROM customer');
is_recorded('slow', 'open', 'a statement that is running is on record');
finish($session);
wait_for("SELECT count(*) = 2 FROM pv.access_log WHERE purpose = 'slow'");
is(recorded('slow'), 'open 10', 'and its end, too');
is(query("SELECT count(DISTINCT statement) FROM pv.access_log WHERE purpose = 'slow'"), '1', 'as the same statement');

# A backend that is terminated in the middle
$session = start_psql('reader', "SET pvext.purpose = 'terminated'",
	'SELECT name, pg_sleep(CASE id WHEN 4 THEN 600 ELSE 0 END) FROM customer');
query('SELECT pg_terminate_backend(' . pid_of($asleep) . ')');
finish($session);
wait_for("SELECT count(*) > 0 FROM pv.access_log WHERE purpose = 'terminated' AND rows IS NOT NULL");
like(recorded('terminated'), qr/^(open )?3$/, 'a terminated backend: the rows until then');

# A worker that is terminated gives back nothing and loses nothing.
query("SET pvext.purpose = 'twice'; SELECT name FROM customer");
query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'pvext%'");
is_recorded('twice', '10', 'the worker and the launcher terminated');
wait_for("SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'pvext launcher'");
pass('the launcher is back');
query("SET pvext.purpose = 'launched again'; SELECT name FROM customer");
is_recorded('launched again', '10', 'and starts workers');

# A transaction that has drained is not prepared.
like(error_of("SET pvext.purpose = 'prepared'; SELECT name FROM customer; BEGIN; SELECT pv.drain_reads() > 0; PREPARE TRANSACTION 'x'"),
	qr/cannot PREPARE a transaction that has drained reads|prepared transactions are disabled/, 'PREPARE is refused');
is_recorded('prepared', '10', 'and the read is recorded all the same');

#
# Several databases
#

query('CREATE DATABASE other');
query('CREATE DATABASE bare');
query($setup, 'other');
query("SET pvext.purpose = 'both'; SELECT name FROM customer WHERE id = 1");
query("SET pvext.purpose = 'both'; SELECT name FROM customer WHERE id < 3", 'other');
is_recorded('both', '1', 'in one database');
is_recorded('both', '2', 'and in the other', 'other');
is(query("CREATE TABLE t AS SELECT 1 AS name; SELECT name FROM t", 'bare'), '1', 'a database without pvext');

# Dropping: the worker is out of the way before the server gives up waiting for it.
query("SET pvext.purpose = 'dropped'; SELECT name FROM customer", 'other');
query('CREATE DATABASE copied TEMPLATE other');
query('DROP DATABASE copied');
query("SET pvext.purpose = 'dropped'; SELECT name FROM customer", 'other');
query('DROP DATABASE other');
pass('databases are copied and dropped');
query("CREATE DATABASE gone");
query($setup, 'gone');
query("SET pvext.purpose = 'no extension'; BEGIN; SELECT name FROM customer; DROP EXTENSION pvext CASCADE; COMMIT", 'gone');
wait_for('SELECT waiting = 0 FROM pv.access_status');
is(scalar(logged($node, 'no extension')), 1, "a database that has pvext no more: its read is in the server's log");
query('DROP DATABASE gone WITH (FORCE)');

#
# The queue is full
#

my $before = counter('logged');
query("SET pvext.purpose = 'full'; BEGIN;" . join(';', map { "DECLARE c$_ CURSOR FOR SELECT name FROM customer; FETCH 1 FROM c$_" } 1 .. 100) . '; COMMIT');
cmp_ok(counter('logged'), '>', $before, 'a full queue: reads go to the log');
my @lines = logged($node, 'full');
is(scalar(@lines), counter('logged') - $before, 'as many lines as are counted');
like($lines[0], qr/"login":"\w+","role":"\w+","application":"[^"]+","purpose":"full","tables":\[\{"relation":"public.customer","columns":\["name"\]\}\]/,
	'which say who read what');
unlike("@lines", qr/Name|keys|FETCH/, 'and nothing personal');
wait_for('SELECT waiting = 0 FROM pv.access_status');
my %statements = map { /"statement":(\d+)/ ? ($1 => 1) : () } @lines;
$statements{$_} = 1 foreach split /\n/, query("SELECT DISTINCT statement FROM pv.access_log WHERE purpose = 'full'");
is(scalar(keys %statements), 100, 'none is missing');

#
# Shutting down
#

$session = start_psql('reader', "SET pvext.purpose = 'shutdown'",
	'SELECT name, pg_sleep(CASE id WHEN 4 THEN 600 ELSE 0 END) FROM customer');
pid_of($asleep);
$node->stop('fast');
finish($session);
$node->start;
my $lines = join '', logged($node, 'shutdown');
my $rows = recorded('shutdown') . $lines;
like($rows, qr/\b3\b/, 'a shutdown: the read is on record or in the log, with its rows');
is(query('SELECT count(*) FROM pv.access_gap'), '0', 'there is no gap');

#
# Standby
#

my $standby = new_standby('standby');
is($standby->safe_psql('postgres', "SET pvext.purpose = 'on standby'; SELECT count(name) FROM customer"), '10', 'a standby reads');
cmp_ok(scalar(logged($standby, 'on standby')), '>', 0, 'and has it in its log');
is($standby->safe_psql('postgres', 'SELECT logged > 0 AND waiting = 0 FROM pv.access_status'), 't', 'and counts it');
$standby->promote;
$standby->safe_psql('postgres', "SET pvext.purpose = 'promoted'; SELECT name FROM customer");
wait_for("SELECT count(*) = 1 FROM pv.access_log WHERE purpose = 'promoted'", 'postgres', $standby);
is($standby->safe_psql('postgres', "SELECT rows FROM pv.access_log WHERE purpose = 'promoted'"), '10', 'promoted, it records');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM pv.access_gap'), '1', 'and owns up to what the primary may have had');
$standby->stop;

#
# Crashes
#

query('CREATE DATABASE third');
query($setup, 'third');
query("SET pvext.purpose = 'before'; SELECT name FROM customer", $_) foreach ('postgres', 'third');
is_recorded('before', '10', 'before a crash', $_) foreach ('postgres', 'third');
$session = start_psql('reader', "SET pvext.purpose = 'lost'", 'SELECT name FROM customer', 'SELECT pg_sleep(600)');
my $log = log_size();
kill 'KILL', pid_of($asleep);
finish($session);
wait_for_restart($log);
foreach my $database ('postgres', 'third')
{
	wait_for('SELECT count(*) = 1 FROM pv.access_gap', $database);
	is(query('SELECT since < up_again AND since > (SELECT max(at) FROM pv.access_log WHERE purpose = \'before\') FROM pv.access_gap', $database),
		't', "a backend is killed: $database has a gap since the last reads that were recorded");
}
is(query('SELECT gaps FROM pv.access_status'), '1', 'the status shows it');
query("SET pvext.purpose = 'after'; SELECT name FROM customer");
is_recorded('after', '10', 'reads go on being recorded');
$node->stop('immediate');
$node->start;
wait_for('SELECT count(*) = 2 FROM pv.access_gap');
is(query('SELECT count(*) FROM pv.access_gap'), '2', 'stopped at once: another gap');
wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pvext worker'");
$node->restart;
query("SET pvext.purpose = 'restarted'; SELECT name FROM customer");
wait_for("SELECT count(*) > 0 FROM pv.access_log WHERE purpose = 'restarted'");
is(query('SELECT count(*) FROM pv.access_gap'), '2', 'a clean restart is none');

done_testing();
