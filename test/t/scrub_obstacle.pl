# What keeps erased values from being scrubbed is named, and there is no receipt
# until it has gone: then the next try succeeds.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::BackgroundPsql;
use Test::More;

my $node = start_node('scrub_obstacle', q{
autovacuum = off
pvext.erasure_limit = 0
max_prepared_transactions = 2
max_wal_size = 128MB
min_wal_size = 80MB
wal_keep_size = 0
}, extra => [ '--data-checksums' ], allows_streaming => 'logical');

query(q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE person (id int PRIMARY KEY, name text, address text, gone text);
	CREATE INDEX ON person (name);
	INSERT INTO person SELECT i, 'nameq' || i || 'x', 'addressq' || i || 'x', 'goneq' || i || 'x' FROM generate_series(1, 2000) i;
	CREATE TABLE note (person_id int PRIMARY KEY REFERENCES person, body text);
	INSERT INTO note SELECT i, 'bodyq' || i || 'x' FROM generate_series(1, 30) i;
	VACUUM ANALYZE;
	SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name,address,gone}', 'identifying');
});

my $next = 0;

sub erase
{
	$next++;
	query("SELECT pv.erase_subject('person', $next)");
	return;
}

sub receipts
{
	return query('SELECT count(*) FROM pv.scrub_receipt');
}

# The commands in psql, until one fails; returns its error.
sub scrub
{
	my ($out, $err);

	$node->psql('postgres', 'SELECT command FROM pv.scrub_plan() \gexec',
		stdout => \$out, stderr => \$err, on_error_stop => 1, timeout => 30);
	return $err;
}

# Neither a receipt nor a mark while it is there, both when it has gone.
sub check_obstacle
{
	my ($name, $pattern, $remove) = @_;
	my $receipts = receipts();

	like(scrub(), $pattern, "$name: is named");
	is(receipts(), $receipts, "$name: no receipt");
	is(query("SELECT count(*) FROM pv.erasure WHERE scrubbed_at IS NULL"), '1', "$name: not marked");
	$remove->();
	is(scrub(), '', "$name: the next try succeeds");
	is(receipts(), $receipts + 1, "$name: a receipt");
	is(query("SELECT count(*) FROM pv.erasure WHERE scrubbed_at IS NULL"), '0', "$name: marked");
	query('CHECKPOINT');
	is(query("SELECT * FROM pv.search_bytes(ARRAY['nameq${next}x', 'addressq${next}x'])"), '', "$name: nothing is left");
	return;
}

my $session = $node->background_psql('postgres');
my $pid = $session->query('SELECT pg_backend_pid()');

# A snapshot of before the erasure
$session->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM person LIMIT 1;');
erase();
query('VACUUM (INDEX_CLEANUP ON) person');
like(error_of("SELECT pv.scrub_pages('person')"),
	qr/ERROR:  row versions that were erased are kept by session $pid \(idle in transaction\)/, 'scrub_pages() names it, too');
check_obstacle('a snapshot', qr/ERROR:  row versions that were erased are kept by session $pid \(idle in transaction\)\nHINT:  .*pg_terminate_backend\($pid\)/,
	sub { $session->query('COMMIT') });

# A snapshot from after it is in nobody's way, unless it keeps REINDEX CONCURRENTLY waiting.
erase();
$session->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1;');
query('VACUUM (INDEX_CLEANUP ON) person');
is(query("SELECT bytes > 0 FROM pv.scrub_pages('person')"), 't', 'a later snapshot is not in the way of scrub_pages()');
$session->query('COMMIT');
is(scrub(), '', 'nor of what comes after it');

# A prepared transaction
query("BEGIN; UPDATE person SET address = 'other' WHERE id = 1000; PREPARE TRANSACTION 'it''s mine'");
erase();
check_obstacle('a prepared transaction', qr/ERROR:  row versions that were erased are kept by prepared transaction "it's mine"\nHINT:  .*ROLLBACK PREPARED 'it''s mine'/,
	sub { query("ROLLBACK PREPARED 'it''s mine'") });

# Slots that nobody uses: a logical one keeps catalogs and WAL, a physical one WAL.
erase();
query("SELECT pg_create_logical_replication_slot('idle', 'test_decoding')");
check_obstacle('a logical slot', qr/ERROR:  row versions that were erased are kept by replication slot "idle", which is idle,\nHINT:  .*pg_drop_replication_slot\('idle'\)/,
	sub { query("SELECT pg_drop_replication_slot('idle')") });
erase();
query("SELECT pg_create_physical_replication_slot('standby', true)");
check_obstacle('a physical slot', qr/ERROR:  row versions that were erased are kept by replication slot "standby", which is idle,/,
	sub { query("SELECT pg_drop_replication_slot('standby')") });

# A cursor that has the page of an erased row pinned; it would also keep REINDEX
# CONCURRENTLY waiting
query("SELECT pv.declare_link('note', '{person_id}', 'person'), pv.declare_personal('note', '{body}', 'text')");
erase();
$session->query('BEGIN; DECLARE c CURSOR FOR SELECT * FROM note; FETCH 1 FROM c;');
query('VACUUM (INDEX_CLEANUP ON) note');
like(error_of("SELECT pv.scrub_pages('note')"),
	qr/ERROR:  page 0 of public\.note is pinned by session $pid \(idle in transaction\)\nDETAIL:  VACUUM could not remove 1 dead rows\.\nHINT:  .*pg_terminate_backend\($pid\)/,
	'a pinned page');
check_obstacle('a cursor', qr/ERROR:  the scrub would have to wait for session $pid \(idle in transaction\)\nHINT:  .*pg_terminate_backend\($pid\)/,
	sub { $session->query('COMMIT') });

# VACUUM was not run
erase();
like(error_of("SELECT pv.scrub_pages('person')"),
	qr/ERROR:  public\.person still holds 1 dead rows\nHINT:  Run VACUUM \(INDEX_CLEANUP ON\) public\.person first\./, 'without VACUUM');

# A column with values that has been dropped
query("SELECT pv.undeclare_personal('person', '{gone}')");
query('ALTER TABLE person DROP gone; VACUUM (INDEX_CLEANUP ON) person');
like(error_of("SELECT pv.scrub_pages('person')"),
	qr/ERROR:  public\.person still holds values of a dropped column in 19\d\d rows\nHINT:  .*VACUUM FULL public\.person/, 'a dropped column');
is(query(q{SELECT command, lock FROM pv.scrub_plan() WHERE command ~ 'VACUUM.*public.person'}), 'VACUUM FULL public.person|ACCESS EXCLUSIVE', 'the plan rewrites the table');
is(scrub(), '', 'which it does');
query('CHECKPOINT');
is(query("SELECT count(*) FROM pv.search_bytes(ARRAY['goneq1999x', 'goneq5x'])"), '0', 'nothing is left of the dropped column');
is(query(q{SELECT command FROM pv.scrub_plan() WHERE command ~ 'VACUUM.*public.person'}), 'VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) public.person', 'once is enough');

# of a table that only links to the map
query(q{CREATE TABLE consent (person int REFERENCES person, ok bool, signed_by text);
	CREATE INDEX ON consent (person);
	INSERT INTO consent SELECT max(id), true, 'signedq1x' FROM person;
	ALTER TABLE consent DROP signed_by;
	SELECT pv.declare_link('consent', '{person}', 'person'), pv.declare_not_personal('consent');});
is(scrub(), '', 'with a linked table whose column was dropped');
query('CHECKPOINT');
is(query("SELECT count(*) FROM pv.search_bytes(ARRAY['signedq1x'])"), '0', 'nothing is left of that one');

# Commands that were left out
erase();
my $finish = query("SELECT command FROM pv.scrub_plan() WHERE command ~ 'finish_scrub'");
like(error_of($finish), qr/ERROR:  \S+ has not been scrubbed yet\nHINT:  Run all commands of pv\.scrub_plan\(\)/, 'no receipt for what was not done');
query("SELECT command FROM pv.scrub_plan(false) WHERE command !~ 'finish_scrub' \\gexec");
like(error_of($finish), qr/ERROR:  WAL has not been scrubbed yet/, 'nor for WAL');
is(scrub(), '', 'all of them');
# Without WAL, the receipt says so.
erase();
is($node->psql('postgres', 'SELECT command FROM pv.scrub_plan(false) \gexec'), 0, 'without WAL');
is(query("SELECT 'WAL' = ANY (scope), 'WAL' = ANY (not_reached) FROM pv.scrub_receipt ORDER BY id DESC LIMIT 1"), 'f|t', 'the receipt says that it is not scrubbed');

# Settings that keep WAL
erase();
query('ALTER SYSTEM SET wal_keep_size = 512');
query('SELECT pg_reload_conf()');
check_obstacle('wal_keep_size', qr/ERROR:  WAL from before the scrub is kept by wal_keep_size\nDETAIL:  The oldest segment is \w{24}\.\nHINT:  Set it to 0/,
	sub { query('ALTER SYSTEM RESET wal_keep_size'); query('SELECT pg_reload_conf()') });

# Interrupted
query('INSERT INTO person SELECT i, repeat(md5(i::text), 20) FROM generate_series(3000, 23000) i; DELETE FROM person WHERE id >= 3000; VACUUM (TRUNCATE OFF) person');
like(error_of("SET statement_timeout = '1ms'; SELECT pv.scrub_pages('person')"), qr/canceling statement due to statement timeout/, 'it can be interrupted');
like(error_of("SET statement_timeout = '1ms'; SELECT pv.search_bytes('{goneq1999x}')"), qr/canceling statement due to statement timeout/, 'so can the search');

# Killed straight after it has returned
query('CHECKPOINT');
query("SELECT pv.scrub_pages('person')");
$node->stop('immediate');
$node->start;
is(query("SELECT pv.page_residue('person')"), '0', 'a crash brings nothing back');

$session->quit;
$node->stop;
done_testing();
