# The audit log where servers die, are copied, dumped and restored, and where
# changes come from another server.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use IPC::Run;
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('primary', "max_prepared_transactions = 10\nrestart_after_crash = on\n", allows_streaming => 'logical');

# Every change that was committed is on record, and no other: the application
# notes in the same transaction how many it makes.
sub all_on_record
{
	my ($on) = @_;

	return query(q{
		SELECT count(*), count(*) FILTER (WHERE made IS DISTINCT FROM recorded) FROM
		 (SELECT xid, sum(changes) AS made FROM made GROUP BY xid) AS m
		 FULL JOIN (SELECT xid, count(*) AS recorded FROM pv.audit_trail
		            WHERE relation = 'public.account' GROUP BY xid) AS r USING (xid)}, 'postgres', $on);
}

# What the seals say: nothing, where all is well.
sub problems
{
	my ($on) = @_;

	return query('SELECT count(*) FROM pv.verify_audit()', 'postgres', $on);
}

query(q{
	CREATE EXTENSION pvext CASCADE;
	CREATE TYPE mood AS ENUM ('sad', 'happy');
	CREATE TABLE account (id int PRIMARY KEY, v text, m mood);
	CREATE TABLE made (xid xid8, changes int);
	SELECT pv.enable_audit('account');
	WITH i AS (INSERT INTO account SELECT i, 'first', 'sad' FROM generate_series(1, 1000) AS i RETURNING 1)
	INSERT INTO made SELECT pg_current_xact_id(), count(*) FROM i});

# Killed in the middle of changes, of seals and of a rotation
my $script = PostgreSQL::Test::Utils::tempdir . '/change.sql';
append_to_file($script, q{
\set id :client_id * 300 + random(1, 240)
\set n random(1, 50)
BEGIN;
UPDATE account SET v = 'v' || random() WHERE id BETWEEN :id AND :id + :n;
SAVEPOINT s;
DELETE FROM account WHERE id = :id;
ROLLBACK TO s;
INSERT INTO made SELECT pg_current_xact_id(), count(*) FROM account WHERE id BETWEEN :id AND :id + :n HAVING count(*) > 0;
COMMIT;
});
my ($out, $err) = ('', '');
my $bench = IPC::Run::start(
	[ 'pgbench', '-n', '-c', 3, '-T', 60, '-f', $script, $node->connstr('postgres') ],
	'>', \$out, '2>', \$err);
wait_for('SELECT count(*) > 20 FROM made');
query('SELECT pv.rotate_audit()');
query("BEGIN; UPDATE account SET m = 'happy' WHERE id = 1000;
	INSERT INTO made VALUES (pg_current_xact_id(), 1); PREPARE TRANSACTION 'kept'");
wait_for('SELECT count(*) > 200 FROM made');
query('SELECT pv.seal_audit()');
wait_for('SELECT count(*) > 400 FROM made');
query('SELECT pv.seal_audit()');
my $log = log_size();
kill 'KILL', query(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1});
eval { $bench->finish };
wait_for_restart($log);
like(logged_since($log), qr/terminated by signal 9/, 'the server has crashed');
like(all_on_record(), qr/^\d{3,}\|0$/, 'after a crash every committed change is on record, and no other');
is(problems(), 0, 'and the seals verify');
query("COMMIT PREPARED 'kept'");
is(query(q{SELECT count(*) FROM pv.audit_trail WHERE new ->> 'm' = 'happy'}), 1,
	'what a prepared transaction changed is on record once it is committed');
query('SELECT pv.seal_audit()');
like(all_on_record(), qr/\|0$/, 'and nothing else has come');
is(problems(), 0, 'it is sealed behind those that were sealed while it was prepared');
my $head = query('SELECT pv.seal_head()');

# A standby reads it, and goes on with it
my $standby = new_standby('standby');
query(q{WITH i AS (UPDATE account SET v = 'streamed' WHERE id <= 10 RETURNING 1)
	INSERT INTO made SELECT pg_current_xact_id(), count(*) FROM i});
$node->wait_for_catchup($standby);
like(all_on_record($standby), qr/\|0$/, 'a standby has every record');
is(problems($standby), 0, 'and verifies the seals');
$standby->promote;
query(q{WITH i AS (UPDATE account SET v = 'promoted' WHERE id <= 10 RETURNING 1)
	INSERT INTO made SELECT pg_current_xact_id(), count(*) FROM i}, 'postgres', $standby);
query('SELECT pv.seal_audit()', 'postgres', $standby);
like(all_on_record($standby), qr/\|0$/, 'after its promotion it goes on recording');
is(query("SELECT count(*) FROM pv.verify_audit('$head')", 'postgres', $standby), 0,
	'and sealing, in the same chain');
$standby->stop;

# Dumped and restored into a server where the enum has another OID
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump';
my $restored = new_node('restored');
$restored->start;
query('CREATE TYPE other AS ENUM ()', 'postgres', $restored);
query('SELECT pv.rotate_audit(); SELECT pv.rotate_audit()');
query(q{WITH i AS (UPDATE account SET v = 'rotated' WHERE id <= 10 RETURNING 1)
	INSERT INTO made SELECT pg_current_xact_id(), count(*) FROM i});
query('SELECT pv.seal_audit()');
my $unsealed = q{WITH i AS (UPDATE account SET v = 'not sealed' WHERE id <= 10 RETURNING 1)
	INSERT INTO made SELECT pg_current_xact_id(), count(*) FROM i};
query($unsealed);
$head = query('SELECT pv.seal_head()');
my $trail = q{SELECT count(*), md5(string_agg(concat(incarnation, xid, id, n, at, login, operation, key, old, new), ''
	ORDER BY incarnation, xid, id, n)) FROM pv.audit_trail};
my $before = query($trail);
command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('postgres') ], 'the log is dumped');
command_ok([ 'pg_restore', '--exit-on-error', '-d', $restored->connstr('postgres'), $dump ], 'and restored');
is(query($trail, 'postgres', $restored), $before, 'and reads the same');
is(query("SELECT count(*) FROM pv.verify_audit('$head')", 'postgres', $restored), 0, 'its seals verify there');
query($unsealed =~ s/not sealed/recorded there/r, 'postgres', $restored);
query('SELECT pv.seal_audit()', 'postgres', $restored);
is(query("SELECT count(*) FROM pv.verify_audit('$head')", 'postgres', $restored), 0,
	'what was not sealed when it was dumped is sealed there, with what has come since');
is(query(q{SELECT count(*) FROM pv.audit_trail WHERE new ->> 'v' IN ('not sealed', 'recorded there')}, 'postgres', $restored), 20,
	'and changes go on being recorded');
$restored->stop;

# A subscriber records what it applies where that is asked for
my $subscriber = new_node('subscriber');
$subscriber->start;
query('CREATE TABLE fed (id int PRIMARY KEY, v text); CREATE TABLE quiet (id int PRIMARY KEY, v text);
	CREATE PUBLICATION feed FOR TABLE fed, quiet');
query(q{CREATE EXTENSION pvext CASCADE;
	CREATE TABLE fed (id int PRIMARY KEY, v text); CREATE TABLE quiet (id int PRIMARY KEY, v text);
	SELECT pv.enable_audit('fed', always => true); SELECT pv.enable_audit('quiet');}, 'postgres', $subscriber);
query(sprintf(q{CREATE SUBSCRIPTION feeding CONNECTION $$%s$$ PUBLICATION feed WITH (copy_data = false)},
		$node->connstr('postgres')), 'postgres', $subscriber);
query(q{INSERT INTO fed SELECT i, 'one' FROM generate_series(1, 20) AS i; UPDATE fed SET v = 'two' WHERE id = 1;
	DELETE FROM fed WHERE id = 2; TRUNCATE fed; INSERT INTO quiet VALUES (1, 'quiet')});
$node->wait_for_catchup('feeding');
is(query(q{SELECT string_agg(operation || count, ' ' ORDER BY first) FROM
	(SELECT operation, count(*), min(id * 100 + n) AS first FROM pv.audit_trail GROUP BY operation) AS o}, 'postgres', $subscriber),
	'INSERT20 UPDATE1 DELETE1 TRUNCATE1', 'a subscriber records what it applies to tables audited always, and to no others');
is(query(q{SELECT string_agg(DISTINCT application, ', ') = 'origin pg_' || (SELECT oid FROM pg_subscription)
	FROM pv.audit_trail}, 'postgres', $subscriber), 't', 'and says from which origin it came');
$subscriber->stop;

# Much in one statement, and much in one value, in bounded memory
query(q{CREATE TABLE many (id int PRIMARY KEY, v text); SELECT pv.enable_audit('many');
	CREATE TABLE big (id int PRIMARY KEY, v bytea); SELECT pv.enable_audit('big')});
my $used = query(q{
	INSERT INTO many SELECT i, 'value of ' || i FROM generate_series(1, 1000000) AS i;
	SELECT sum(total_bytes) < 8 * 1024 * 1024 FROM pg_backend_memory_contexts WHERE name <> 'AfterTriggerEvents'});
is($used, 't', 'a million rows of one statement are not kept in memory');
is(query(q{SELECT sum((SELECT count(*) FROM pv.audit_records(l.tableoid, l.ctid))) FROM pv.audit_log AS l WHERE xid =
	(SELECT max(xid) FROM pv.audit_log)}), 1000000, 'and are all on record');
query(q{INSERT INTO big SELECT 1, convert_to(string_agg(md5(i::text), ''), 'UTF8') FROM generate_series(1, 3276800) AS i});
is(query(q{SELECT octet_length(v) = 104857600 AND (SELECT sum(octet_length(payload)) FROM pv.audit_log WHERE xid =
	(SELECT max(xid) FROM pv.audit_log)) BETWEEN 104857600 AND 104867600 FROM big}), 't', 'a value of 100 MB is recorded');
$node->stop;

done_testing();
