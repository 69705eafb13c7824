# The worker's duty "scrub": what was erased or purged goes from the files without
# anybody calling anything; what stands in its way is on record, and it is tried again;
# one that is killed in the middle is followed by one that is done.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::BackgroundPsql;
use Test::More;

my $node = start_node('scrub_worker', q{
autovacuum = off
restart_after_crash = on
max_prepared_transactions = 2
min_wal_size = 2MB
max_wal_size = 32MB
pvext.enabled = on
pvext.naptime = 1
pvext.purge_delay = 0
pvext.scrub_wal = on
pvext.scrub_interval = 0
}, extra => [ '--data-checksums', '--wal-segsize=1' ]);
my $worker = "backend_type = 'pvext duties'";

# Wait until all duties have been done once more, from now on: a worker's last is begun
# after the one that was at it may have ended.
sub wait_for_round
{
	my $last = query('SELECT coalesce(max(id), 0) FROM pv.run_log');

	wait_for("SELECT count(*) > 1 FROM pv.run_log WHERE duty = 'expire' AND state = 'done' AND id > $last");
	return;
}

sub scrub_is
{
	query("ALTER SYSTEM SET pvext.scrub = $_[0]");
	$node->reload;
	return;
}

# The scrubs that were begun, and how they ended.
sub runs
{
	return query("SELECT state FROM pv.run_log WHERE duty = 'scrub' ORDER BY id");
}

sub receipts
{
	return query('SELECT count(*) FROM pv.scrub_receipt');
}

# Customers by their numbers
sub erase
{
	query("SELECT pv.erase_subject('customer', $_)") foreach @_;
	return;
}

# Which files hold a value of a customer's: pvext's answer, and grep's.
sub is_gone
{
	my ($name, @ids) = @_;
	my $values = join ',', map { ("'nameq${_}x'", "'mailq${_}x'", "'textq${_}x'") } @ids;

	is(query("SELECT * FROM pv.search_bytes(ARRAY[$values])"), '', "$name: no value is left");
	is(files_with('(name|mail|text)q(' . join('|', @ids) . ')x'), '', "$name: nor does grep find any");
	return;
}

# Wait for one more receipt, and see that it is for these customers.
sub is_scrubbed
{
	my ($name, $receipts, @ids) = @_;

	wait_for("SELECT count(*) = $receipts + 1 FROM pv.scrub_receipt");
	wait_for("SELECT state <> 'running' FROM pv.run_log WHERE duty = 'scrub' ORDER BY id DESC LIMIT 1");
	is(query('SELECT state, failures, error, finished_at IS NOT NULL AND done > 20 FROM pv.run_log WHERE duty = \'scrub\' ORDER BY id DESC LIMIT 1'),
		'done|0||t', "$name: the run log says so");
	is(query(q{SELECT cardinality(r.erasures), (SELECT count(*) FROM pv.erasure AS e WHERE e.id = ANY (r.erasures) AND e.scrubbed_at IS NOT NULL),
			'WAL' = ANY (r.scope), r.login = current_user FROM pv.scrub_receipt AS r ORDER BY r.id DESC LIMIT 1}),
		@ids . '|' . @ids . '|t|t', "$name: the receipt");
	is(query(q{SELECT state, backlog, oldest IS NULL, last_success IS NOT NULL, detail ~ 'last receipt \d+ of ....-..-.. ..:..$'
		FROM pv.status WHERE item = 'scrub'; SELECT count(*) FROM pv.duty_failure}), "ok|0|t|t|t\n0", "$name: and the status");
	return;
}

# What stands in its way is on record until it has gone and it is tried again.
sub check_obstacle
{
	my ($name, $id, $pattern, $remove) = @_;
	my $receipts = receipts();
	my $runs;

	erase($id);
	wait_for('SELECT count(*) = 1 FROM pv.duty_failure');
	like(query('SELECT duty, relation_id, name, sqlstate, message FROM pv.duty_failure'), qr/^scrub\|0\|\|55006\|row versions that were erased are kept by $pattern$/, "$name: it is named");
	wait_for("SELECT state <> 'running' FROM pv.run_log WHERE duty = 'scrub' ORDER BY id DESC LIMIT 1");
	$runs = runs();
	like($runs, qr/failed$/, "$name: the run has failed");
	like(query(q{SELECT state, backlog, error, detail FROM pv.status WHERE item = 'scrub'}),
		qr/^failing\|1\|row versions that were erased are kept by $pattern\|.*last receipt .*; failing: next try ....-..-.. ..:..$/, "$name: the status shows it");
	wait_for_round();
	is(runs(), $runs, "$name: it is not tried again at once");
	is(receipts(), $receipts, "$name: no receipt");
	is(query('SELECT count(*) FROM pv.erasure WHERE scrubbed_at IS NULL'), '1', "$name: not marked");
	$remove->();
	query('UPDATE pv.duty_failure SET retry_at = now()');
	is_scrubbed("$name has gone", $receipts, $id);
	is_gone("$name has gone", $id);
	return;
}

query(q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE customer (id int PRIMARY KEY, name text, mail text UNIQUE, ended_on date);
	CREATE INDEX customer_name ON customer (name);
	INSERT INTO customer SELECT i, 'nameq' || i || 'x', 'mailq' || i || 'x' FROM generate_series(1, 2000) AS i;
	CREATE TABLE letter (id int PRIMARY KEY, customer int REFERENCES customer, body text);
	ALTER TABLE letter ALTER body SET STORAGE EXTERNAL;
	CREATE INDEX ON letter (customer);
	INSERT INTO letter SELECT i, i, repeat('textq' || i || 'x', 400) FROM generate_series(1, 100) AS i;
	CREATE MATERIALIZED VIEW names AS SELECT id, name FROM customer;
	VACUUM ANALYZE;
	SELECT pv.declare_subject('customer'), pv.declare_link('letter', '{customer}', 'customer'),
		pv.declare_personal('customer', '{name,mail}', 'identifying'), pv.declare_personal('letter', '{body}', 'text');
});
my $indexes = 'SELECT count(*), bool_and(indisvalid) FROM pg_index';
my $before = query($indexes);
my $others = q{SELECT md5(string_agg(CAST(c AS text), '' ORDER BY c.id)) FROM customer AS c WHERE id > 200};
my $theirs = query($others);

#
# Off and on
#

erase(1 .. 5);
wait_for_round();
is(runs(), '', 'pvext.scrub is off by default: nothing is done');
is(receipts(), '0', 'nor is there a receipt');
is(query("SELECT state, backlog, oldest IS NOT NULL, detail FROM pv.status WHERE item = 'scrub'"), 'never done|5|t|pvext.scrub is off', 'as the status says');
query('CHECKPOINT');
cmp_ok(query("SELECT count(*) FROM pv.search_bytes(ARRAY['nameq3x', 'mailq3x', 'textq3x'])"), '>', 3, 'many files hold what was erased');
scrub_is('on');
is_scrubbed('five erasures', 0, 1 .. 5);
is_gone('five erasures', 1 .. 5);
wait_for_round();
is(runs(), 'done', 'one scrub for all of them, and none when there is nothing to do');

#
# What retention has purged
#

query(q{
	SELECT pv.declare_retention('customer', 'crm', '1 year', 'ended_on', 'policy');
	SELECT pv.activate_retention('customer', 'crm', 0);
	UPDATE customer SET ended_on = '2001-01-01' WHERE id IN (11, 12);
});
is_scrubbed('a purge', 1);
is(query('SELECT count(*) FROM customer WHERE id IN (11, 12) AND name IS NULL'), '2', 'a purge: it was one');
# Letters are not the rule's.
is(query("SELECT * FROM pv.search_bytes(ARRAY['nameq11x', 'mailq12x'])"), '', 'a purge: no value is left');
# As if one had ended while the scrub was at it, or had been cut off
query(q{UPDATE pv.run_log AS p SET finished_at = s.started_at + interval '1 microsecond' FROM pv.run_log AS s
	WHERE s.id = (SELECT max(id) FROM pv.run_log WHERE duty = 'scrub') AND p.duty = 'purge' AND p.done > 0});
is_scrubbed('a purge beside a scrub', 2);
query(q{INSERT INTO pv.run_log (duty, state, login, pid) VALUES ('purge', 'cut off', current_user, 0)});
is_scrubbed('a purge that was cut off', 3);
wait_for_round();
is(runs(), join("\n", ('done') x 4), 'once is enough');

#
# What stands in its way
#

my $session = $node->background_psql('postgres');
my $pid = $session->query('SELECT pg_backend_pid()');

$session->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM customer LIMIT 1;');
check_obstacle('a snapshot', 20, qr/session $pid \(idle in transaction\)/, sub { $session->query('COMMIT') });
query("BEGIN; UPDATE customer SET name = name WHERE id = 1000; PREPARE TRANSACTION 'mine'");
check_obstacle('a prepared transaction', 21, qr/prepared transaction "mine"/, sub { query("ROLLBACK PREPARED 'mine'") });

#
# Killed and terminated
#

# Wait until the worker waits for the session while it builds an index.
sub stuck
{
	wait_for("SELECT count(*) = 1 FROM pg_stat_activity WHERE $worker AND query ~ '^REINDEX INDEX CONCURRENTLY' AND wait_event = 'virtualxid'");
	like(query("SELECT detail FROM pv.status WHERE item = 'scrub'"), qr/command \d+ is running; last receipt/, 'the status shows how far it is');
	return query("SELECT pid FROM pg_stat_activity WHERE $worker AND query ~ '^REINDEX'");
}

sub check_cut_off
{
	my ($name, $receipts, $pid, @ids) = @_;

	is_scrubbed("$name: the next one", $receipts, @ids);
	is_gone("$name: the next one", @ids);
	is(query("SELECT state, finished_at IS NULL FROM pv.run_log WHERE duty = 'scrub' AND pid = $pid"), 'cut off|t', "$name: the run is cut off");
	is(query($indexes), $before, "$name: no index is left half built");
	return;
}

my $receipts = receipts();
$session->query('BEGIN; LOCK TABLE customer IN ROW EXCLUSIVE MODE;');
erase(30, 31);
$pid = stuck();
query("SELECT pg_terminate_backend($pid, 60000)");
$session->query('COMMIT');
check_cut_off('terminated', $receipts, $pid, 30, 31);

$receipts = receipts();
$session->query('BEGIN; LOCK TABLE customer IN ROW EXCLUSIVE MODE;');
erase(40, 41);
$pid = stuck();
my $log = log_size();
kill 'KILL', $pid;
wait_for_restart($log);
check_cut_off('kill -9', $receipts, $pid, 40, 41);

is(query($others), $theirs, 'nobody else has changed');
$node->command_ok([ 'pg_amcheck', '--heapallindexed', '--install-missing', '-d', 'postgres' ], 'amcheck');
is(query('SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database'), '0', 'checksums');

scrub_is('off');
wait_for_round();
my $runs = runs();
erase(50);
wait_for_round();
is(runs(), $runs, 'off again');

eval { $session->quit };
$node->stop;
done_testing();
