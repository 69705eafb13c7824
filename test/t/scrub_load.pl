# Scrubbing beside others' work: they go on meanwhile, the scrub gets its receipt,
# and afterwards every index is whole. A standby that follows is scrubbed as well.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use IPC::Run;
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

my $seconds = $ENV{PVEXT_TEST_SECONDS} || 12;
my $node = start_node('scrub_load', q{
autovacuum = on
autovacuum_naptime = 1s
pvext.erasure_limit = 0
max_wal_size = 256MB
min_wal_size = 80MB
wal_keep_size = 0
shared_buffers = 16MB
}, extra => [ '--data-checksums' ], allows_streaming => 1);

query(q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE EXTENSION amcheck;
	CREATE EXTENSION btree_gist;
	CREATE TABLE person (id int PRIMARY KEY, name text, phone text, tags text[], place text, number int, long text);
	ALTER TABLE person ALTER long SET STORAGE EXTERNAL;
	CREATE INDEX ON person (name);
	CREATE INDEX ON person USING hash (phone);
	CREATE INDEX ON person USING gin (tags);
	CREATE INDEX ON person USING gist (place);
	CREATE INDEX ON person USING spgist (phone);
	CREATE INDEX ON person USING brin (number) WITH (pages_per_range = 8);
	INSERT INTO person SELECT i, 'nmq' || i || 'x', 'phq' || i || 'x', ARRAY['tgq' || i || 'x', 'tag' || i % 50], 'plq' || i || 'x', i,
		CASE WHEN i % 20 = 0 THEN repeat('loq' || i || 'x', 500) END FROM generate_series(1, 20000) i;
	CREATE UNLOGGED TABLE noted (id int PRIMARY KEY, body text);
	INSERT INTO noted SELECT i, 'noq' || i || 'x' FROM generate_series(1, 5000) i;
	VACUUM ANALYZE;
	SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name,phone,tags,place,number,long}', 'identifying'),
		pv.declare_link('noted', '{id}', 'person'), pv.declare_personal('noted', '{body}', 'text');
	SELECT pg_create_physical_replication_slot('standby', true);
});
my $standby = new_standby('scrub_standby', "primary_slot_name = 'standby'\nhot_standby_feedback = on\nwal_receiver_status_interval = 1s\n");

my $needles = "ARRAY(SELECT k || i || 'x' FROM generate_series(20, 20000, 400) i, unnest('{nmq,phq,tgq,plq,loq,noq}'::text[]) k)";
my $script = $node->basedir . '/work.sql';
append_to_file($script, <<'SQL');
\set a random(1, 20000)
\set b random(20001, 40000)
UPDATE person SET phone = CASE WHEN id % 400 <> 20 THEN 'phq' || id || 'x' || :b END, number = CASE WHEN id % 400 <> 20 THEN :b END,
	tags = CASE WHEN id % 400 <> 20 THEN ARRAY['tgq' || id || 'x' || :b, 'tag' || :b % 50] END,
	long = CASE WHEN id % 20 = 0 AND id % 400 <> 20 THEN repeat('loq' || :b, 500) END WHERE id = :a;
INSERT INTO person SELECT :b, 'nmz' || :b, 'phz' || :b, ARRAY['tgz' || :b], 'plz' || :b, :b ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name || 'n';
DELETE FROM person WHERE id = :b - 1 AND id > 20000;
UPDATE noted SET body = 'noz' || :b WHERE id = :a / 4 AND id % 400 <> 20;
SELECT count(*) FROM person WHERE phone = 'phz' || :b;
SQL

query("SELECT count(*) FROM pv.erase_subjects('person', ARRAY(SELECT i::text FROM generate_series(20, 20000, 400) i))");
my $out = '';
my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', '2', '-T', $seconds, '-f', $script, '-d', $node->connstr('postgres') ],
	'>', \$out, '2>&1');

# Several scrubs, all of them beside the work
my ($tries, $receipts, $end) = (0, 0, time() + $seconds - 2);
while (time() < $end)
{
	my ($stdout, $stderr);

	$tries++;
	$node->psql('postgres', 'SELECT command FROM pv.scrub_plan() \gexec',
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 1, timeout => 100);
	note "try $tries: " . ($stderr eq '' ? 'a receipt' : $stderr);
	$receipts++ if $stderr eq '';
	sleep 0.2;
}
$bench->finish;
like($out, qr/number of transactions actually processed: [1-9]/, 'others have worked');
unlike($out, qr/ERROR|abort/, 'and met no error');
note $out =~ /(number of transactions.*)/;
cmp_ok($receipts, '>', 0, "$receipts of $tries tries got a receipt beside them");
is(query('SELECT count(*) FROM pv.erasure WHERE scrubbed_at IS NULL'), '0', 'all erasures are scrubbed');
query('CHECKPOINT');
is(query("SELECT place, sum(count) FROM pv.search_bytes($needles) GROUP BY 1"), '', 'no value is left');
$node->command_ok([ 'pg_amcheck', '--heapallindexed', '-d', 'postgres' ], 'amcheck');
is(query("SELECT count(*) FROM person WHERE id % 400 = 20 AND id <= 20000 AND name IS NOT NULL"), '0', 'the erased are erased');
is(query(q{SET enable_seqscan = off; SET enable_indexscan = off; SELECT count(*) FROM person WHERE number BETWEEN 1000 AND 3000}),
	query(q{SET enable_bitmapscan = off; SET enable_indexscan = off; SELECT count(*) FROM person WHERE number BETWEEN 1000 AND 3000}), 'through BRIN');

# The standby's relations
$node->wait_for_catchup($standby);
$standby->safe_psql('postgres', 'CHECKPOINT');
like(error_of("SELECT pv.scrub_pages('person')", 'postgres', $standby), qr/ERROR:  a standby cannot be scrubbed\nHINT:  /, 'a standby is not scrubbed by itself');
is($standby->safe_psql('postgres', "SELECT place, sum(count) FROM pv.search_bytes($needles) WHERE file ~ '^(base|global)/' GROUP BY 1"), '', 'nor is any value left in its relations');
$standby->stop;
$node->stop;
command_ok([ 'pg_checksums', '--check', '-D', $_->data_dir ], 'checksums of ' . $_->name) foreach $node, $standby;
done_testing();
