# A database that is being restored, or was, while a background worker looks into it in
# round after round: nothing is purged, completed or expired, and the dump goes in, wherever
# it stands. pv.resume() ends that. What copies files instead goes on as if nothing had happened.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use IPC::Run;
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $tempdir = PostgreSQL::Test::Utils::tempdir;
# DEBUG1: the postmaster tells of each worker that it starts.
my $node = start_node('main', "pvext.enabled = on\npvext.naptime = '1s'\nlog_min_messages = debug1\nwal_level = replica\n", allows_streaming => 1);

# Ten customers, of whom half have an open service; the table that tells so comes last in
# the dump, after one whose COPY waits for a lock. All are due for the purge, all have asked
# to be erased; a hold, a consent and a link have expired.
sub make_shop
{
	my ($database) = @_;

	query("CREATE DATABASE $database");
	$node->safe_psql($database, q{
		SET client_min_messages = error;
		CREATE EXTENSION pvext CASCADE;
		ALTER DATABASE } . $database . q{ SET pvext.enabled = off;
		SET pvext.erasure_limit = 0;
		CREATE FUNCTION wait_here(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM pg_advisory_lock_shared(4711), pg_advisory_unlock_shared(4711);
			RETURN i;
		END $$;
		CREATE SCHEMA zz;
		CREATE TABLE customer (id int PRIMARY KEY, name text, mail text, ended_on date);
		CREATE TABLE zz.filler (id int PRIMARY KEY, waited int GENERATED ALWAYS AS (public.wait_here(id)) STORED);
		CREATE TABLE zz.service (id int PRIMARY KEY, customer_id int REFERENCES customer, open boolean, note text);
		CREATE INDEX ON zz.service (customer_id);
		INSERT INTO customer SELECT i, 'name ' || i, i || '@here', date '2001-01-01' FROM generate_series(1, 12) i;
		INSERT INTO zz.filler SELECT i FROM generate_series(1, 3) i;
		INSERT INTO zz.service SELECT i, i, true, 'note ' || i FROM generate_series(1, 12) i;
		SELECT pv.declare_purpose('news', 'consent', 'the newsletter'),
			pv.declare_purpose('post', 'legitimate_interests', 'advertising'),
			pv.declare_consent_text('news', '1', 'en', 'I want it.'),
			pv.declare_subject('customer'), pv.link_foreign_keys('customer'),
			pv.declare_personal('customer', '{name,mail}', 'contact'),
			pv.declare_personal('zz.service', '{note}', 'note'),
			pv.declare_blocker('customer', 'open', 'open', 'has an open service', relation => 'zz.service'),
			pv.declare_retention('customer', 'crm', '1 year', 'ended_on', 'policy'),
			pv.activate_retention('customer', 'crm', 0);
		SELECT pv.enable_audit('customer');
		SELECT count(pv.give_consent('customer', i, 'news', '1', 'web')) FROM generate_series(1, 12) i;
		SELECT pv.request_consent('customer', 9, 'news', '1', 'web');
		SELECT count(pv.erase_subject('customer', i)) FROM generate_series(1, 10) i;
		SELECT pv.place_hold('customer', 11, 'court', expires => now() + interval '1 hour');
		UPDATE pv.hold SET expires = now() - interval '1 minute';
		UPDATE pv.consent_state SET expires = now() - interval '1 minute' WHERE key = '12';
		UPDATE pv.consent_token SET expires = now() - interval '1 minute';
		UPDATE customer SET name = name || '!' WHERE id = 11;
		INSERT INTO pv.run_log (duty, state, login, pid, finished_at, done)
			SELECT 'purge', 'done', 'me', 1, now(), 1 FROM generate_series(1, 5);
	});
	return;
}

# All that a duty would change
my @kept = (
	'SELECT * FROM customer ORDER BY id',
	'SELECT * FROM zz.service ORDER BY id',
	'SELECT * FROM pv.erasure ORDER BY id',
	'SELECT * FROM pv.hold ORDER BY id',
	'SELECT * FROM pv.consent_state ORDER BY id',
	'SELECT * FROM pv.consent_event ORDER BY id',
	'SELECT * FROM pv.consent_token ORDER BY selector',
	'SELECT * FROM pv.run_log ORDER BY id',
	'SELECT * FROM pv.duty_failure',
	'SELECT * FROM pv.secret',
	'SELECT * FROM pv.audit_seal',
	'SELECT id, n, relation, operation, key, old, new FROM pv.audit_trail ORDER BY xid, id, n');

# The states of the duties that could lose something
sub states
{
	my ($database, $server) = @_;

	return query("SELECT item, state FROM pv.status WHERE item IN ('restore', 'expire', 'erase', 'purge')", $database, $server);
}

my $stopped = "restore|restored\nexpire|restored\nerase|restored\npurge|restored";

# Run a restore while somebody has the lock that its filler waits for, call a function
# then, and let it go on. Returns what it said.
sub restore_with_pause
{
	my ($database, $pause, @command) = @_;
	my $locker = $node->background_psql($database);
	my ($said, $err) = ('', '');

	$locker->query_safe('SELECT pg_advisory_lock(4711)');
	my $restore = IPC::Run::start(\@command, '>', \$said, '2>', \$err);
	wait_for("SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted", $database);
	$pause->();
	$locker->query_safe('SELECT pg_advisory_unlock(4711)');
	$locker->quit;
	$restore->finish;
	return $err;
}

make_shop('shop');
my $before = contents(\@kept, 'shop');
my $archive = "$tempdir/archive";
my $plain = "$tempdir/plain.sql";
$node->command_ok([ 'pg_dump', '-d', $node->connstr('shop'), '-Fc', '-f', $archive ], 'pg_dump');
$node->command_ok([ 'pg_dump', '-d', $node->connstr('shop'), '-f', $plain ], 'pg_dump as text');
is(query('SELECT pv.identity_state()', 'shop'), 'own', 'the database is known');

#
# Wherever a dump stands, duties that are called do nothing, and the rest of it goes in
#

query('CREATE DATABASE steps TEMPLATE template0');
query('ALTER DATABASE steps SET pvext.enabled = off');
my $script = slurp_file($plain);
my @parts = split /(?<=^\\\.\n)/m, $script;
cmp_ok(scalar @parts, '>', 20, 'the dump has many tables');
my ($settings) = $script =~ /^((?:SET|SELECT pg_catalog\.set_config).*?)\n\n/ms;
my ($failed, $acted) = ('', '');
foreach my $part (@parts)
{
	my ($ret, $out, $err) = $node->psql('steps',
		"$settings\n" . ($part =~ s/^\\(un)?restrict .*$//mgr) . "\nSET client_min_messages = notice; CALL pv.run_duties(); CALL pv.purge();");
	$failed .= $err if $ret != 0;
	$acted .= "$err\n" if $err !~ /\A(psql\S* )?(NOTICE|WARNING):  no duty is done: .*\n(HINT: .*\n)?(psql\S* )?(NOTICE|WARNING):  no duty is done: .*(\nHINT: .*)?\z/;
}
is($failed, '', 'each part goes in');
is($acted, '', 'after each the duties do nothing, and say so');
same_ok(contents(\@kept, 'steps'), $before, 'after all of them it is what it was');
is(states('steps'), $stopped, 'and pv.status says what it is');

#
# A worker, while pg_restore fills the database
#

query('CREATE DATABASE archive TEMPLATE template0');
is(restore_with_pause('archive', sub { wait_for_workers('archive') }, 'pg_restore', '-d', $node->connstr('archive'), $archive),
	'', 'a worker looks into a restore that waits: no error, no warning');
wait_for_workers('archive');
same_ok(contents(\@kept, 'archive'), $before, 'nothing has been done in it');
is(states('archive'), $stopped, 'it is restored');

# What the officer and the application do meanwhile
query(q{
	CREATE ROLE officer LOGIN; CREATE ROLE clerk LOGIN;
	SELECT pv.grant_role('officer', 'officer'), pv.grant_role('clerk', 'application');}, 'archive');
my ($ret, $out, $err) = $node->psql('archive', q{
	SET SESSION AUTHORIZATION clerk;
	SELECT state FROM pv.erase_subject('customer', 12);
	SELECT state FROM pv.erase_subject('customer', 12);
	SELECT state FROM pv.erase_subjects('customer', '{1,2}');
	SELECT pv.withdraw_consent('customer', 11, 'news', 'phone');
	SELECT pv.object_to('customer', 11, 'post', 'phone');
	SELECT pv.has_consent('customer', 11, 'news'), pv.may_process('customer', 11, 'post');
	SET SESSION AUTHORIZATION officer;
	SELECT pv.place_hold('customer', 10, 'another case') > 1;
	SELECT pv.release_hold(2, 'settled');
	CALL pv.purge();
	CALL pv.purge('customer', 'crm');
	CALL pv.run_duties('{erase}');});
is("$ret\n$out", "0\nrequested\nrequested\nblocked\nblocked\n\n\nf|f\nt\n", 'requests are recorded, withdrawals, objections and holds work');
is(scalar(() = $err =~ /WARNING:  nothing is erased/g), 3, 'erasing says that it only records');
is(scalar(() = $err =~ /WARNING:  no duty is done/g), 3, 'and so do duties that are called');
is(query('SELECT count(*) FROM customer WHERE name IS NULL', 'archive'), '0', 'nothing is gone');
is(query("SELECT count(*) FROM pv.erasure WHERE state = 'completed'", 'archive'), '0', 'nothing is completed');
($ret, $out, $err) = $node->psql('archive', q{SET SESSION AUTHORIZATION clerk; SELECT pv.resume()});
like($err, qr/permission denied for function resume/, 'not everybody can resume');

# Once resumed, duties do what they did: all services are open, but for one
query(q{UPDATE zz.service SET open = false WHERE customer_id IN (3, 12); SET SESSION AUTHORIZATION officer; SELECT pv.resume()}, 'archive');
is(query('SELECT pv.identity_state()', 'archive'), 'own', 'it is resumed');
wait_for("SELECT count(*) = 2 FROM pv.erasure WHERE state = 'completed'", 'archive');
wait_for_workers('archive');
is(query('SELECT string_agg(id::text, \',\' ORDER BY id) FROM customer WHERE name IS NULL', 'archive'), '3,12', 'the worker goes on, and the blockers hold');
is(query("SELECT count(*) FROM pv.hold WHERE release_reason = 'expired'", 'archive'), '1', 'what has expired is recorded');
is(query("SELECT call FROM pv.event WHERE call = 'resume()'", 'archive'), 'resume()', 'who resumed is on record');
($ret, $out, $err) = $node->psql('archive', 'SELECT pv.resume()');
like($err, qr/NOTICE:  nothing waits for pv.resume/, 'and there is nothing more to resume');

#
# --clean into the same database: neither the system identifier nor the OID differs
#

query('ALTER DATABASE shop RESET pvext.enabled');
is(restore_with_pause('shop', sub { wait_for_workers('shop') }, 'pg_restore', '--clean', '--if-exists', '-d', $node->connstr('shop'), $archive),
	'', '--clean into the database itself');
wait_for_workers('shop');
same_ok(contents(\@kept, 'shop'), $before, 'nothing has been done in it');
is(states('shop'), $stopped, 'it is restored');

# A dump of it is restored, too, and so is a copy.
$node->command_ok([ 'pg_dump', '-d', $node->connstr('shop'), '-Fc', '-f', "$tempdir/second" ], 'pg_dump of the restored');
query('CREATE DATABASE second TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--single-transaction', '-d', $node->connstr('second'), "$tempdir/second" ], 'restored in one transaction');
wait_for_workers('second');
same_ok(contents(\@kept, 'second'), $before, 'nothing has been done in it');
is(states('second'), $stopped, 'it is restored, too');
query('CREATE DATABASE third TEMPLATE second');
wait_for_workers('third');
same_ok(contents(\@kept, 'third'), $before, 'nothing has been done in its copy');
is(states('third'), $stopped, 'which is as restored');

# Without events and identity, as after pg_restore -L: nothing is done, either.
query('DELETE FROM pv.identity', 'second');
is(states('second'), $stopped, 'a map without identity is one that came with a dump');
query('TRUNCATE pv.event_record', 'second');
wait_for_workers('second');
same_ok(contents(\@kept, 'second'), $before, 'nothing is done before all has come');
query('SELECT pv.resume()', 'second');
is(query('SELECT pv.identity_state()', 'second'), 'own', 'also that is resumed');

#
# What copies files goes on
#

query('UPDATE zz.service SET open = false WHERE customer_id <= 2; VACUUM (FREEZE) pv.identity; ALTER DATABASE shop SET pvext.enabled = off; SELECT pv.resume(); VACUUM FULL pv.identity', 'shop');
is(query('SELECT pv.identity_state()', 'shop'), 'own', 'VACUUM FULL keeps it');
query('VACUUM (FREEZE) pv.identity; CLUSTER pv.identity USING identity_pkey', 'shop');
is(query('SELECT pv.identity_state()', 'shop'), 'own', 'freezing and CLUSTER do');
my $standby = new_standby('standby');

query('CREATE DATABASE copy TEMPLATE shop');
is(query('SELECT pv.identity_state()', 'copy'), 'copied', 'a copy by CREATE DATABASE is known as one');
wait_for("SELECT count(*) = 2 FROM pv.erasure WHERE state = 'completed'", 'copy');
is(query('SELECT string_agg(id::text, \',\' ORDER BY id) FROM customer WHERE name IS NULL', 'copy'), '1,2', 'its duties go on');
is(states('copy'), "restore|copied\nexpire|ok\nerase|ok\npurge|ok", 'pv.status says that it is a copy');
query('SELECT pv.resume()', 'copy');
is(states('copy'), "expire|ok\nerase|ok\npurge|ok", 'until it is made one of its own');

$node->wait_for_catchup($standby);
$standby->promote;
$standby->safe_psql('postgres', 'ALTER DATABASE shop RESET pvext.enabled');
wait_for("SELECT count(*) = 2 FROM pv.erasure WHERE state = 'completed'", 'shop', $standby);
is($standby->safe_psql('shop', 'SELECT string_agg(id::text, \',\' ORDER BY id) FROM customer WHERE name IS NULL'), '1,2',
	'a standby that is promoted goes on');
is(states('shop', $standby), "expire|ok\nerase|ok\npurge|ok", 'as if nothing had happened');
$standby->stop;

# Another system identifier alone, as the row says it after pg_upgrade
query('UPDATE pv.identity SET system = 1, xid = pg_current_xact_id()', 'shop');
is(query('SELECT pv.identity_state()', 'shop'), 'upgraded', 'another cluster is noticed');
my $log = log_size();
query('ALTER DATABASE shop RESET pvext.enabled', 'shop');
wait_for("SELECT count(*) = 2 FROM pv.erasure WHERE state = 'completed'", 'shop');
is(query('SELECT pv.identity_state()', 'shop'), 'own', 'it is stamped anew');
like(logged_since($log), qr/LOG:  pvext goes on in database \d+: the cluster has got another system identifier/, 'and that is in the log');
query('UPDATE pv.identity SET system = 1, database = 1, xid = pg_current_xact_id()', 'shop');
is(states('shop'), $stopped, 'neither cluster nor database: it was restored');
query('SELECT pv.resume()', 'shop');
$node->stop;

#
# pg_upgrade
#

my $upgraded = new_node('upgraded');
my $bin = $node->config_data('--bindir');
SKIP:
{
	skip 'no pg_upgrade', 3 unless -x "$bin/pg_upgrade";
	$upgraded->append_conf('postgresql.conf', "pvext.enabled = on\npvext.naptime = '1s'\n");
	chdir $tempdir;
	$node->command_ok(
		[ "$bin/pg_upgrade", '--no-sync', '-d', $node->data_dir, '-D', $upgraded->data_dir, '-b', $bin, '-B', $bin,
			'-s', $node->host, '-p', $node->port, '-P', $upgraded->port ],
		'pg_upgrade');
	$upgraded->start;
	my $last = $upgraded->safe_psql('shop', 'SELECT max(id) FROM pv.run_log');
	wait_for("SELECT count(*) > 0 FROM pv.run_log WHERE duty = 'seal' AND state = 'done' AND id > $last", 'shop', $upgraded);
	is($upgraded->safe_psql('shop', 'SELECT pv.identity_state()'), 'own', 'after pg_upgrade duties go on');
	like(slurp_file($upgraded->logfile), qr/the cluster has got another system identifier/, 'and the log says so');
	$upgraded->stop;
}

done_testing();
