# Bytes at random where pvext reads: in claims, in keys on their way through the
# queue, in records, in shapes, and on the disk. No crash, no foreign memory in what is
# shown, and nobody else's erasure is refused.
#
# PVEXT_FUZZ_SEED reproduces a run; PVEXT_FUZZ_ROUNDS makes it longer (8 in CI).
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{PVEXT_FUZZ_SEED} // 4711;
my $rounds = $ENV{PVEXT_FUZZ_ROUNDS} // 8;
my $forged_per_round = 60;
# Never written anywhere but into the memory of sessions
my $canary = 'cAnArY' x 2000;

srand($seed);
note("PVEXT_FUZZ_SEED=$seed PVEXT_FUZZ_ROUNDS=$rounds");

my $node = start_node('primary', "pvext.enabled = off\nautovacuum = off\nrestart_after_crash = off\npvext.erasure_limit = 0\n");

query(q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE TYPE mood AS ENUM ('good', 'bad');
	CREATE TABLE person (id int PRIMARY KEY, name text, born date, at timestamptz, doc jsonb, tags text[], nums numeric[],
		paid numeric(12,2), ip inet, bits varbit, span int8range, spans numrange, days daterange, words tsvector, shape polygon,
		way path, raw bytea, uid uuid, feels mood, t timetz, n name, x xml, dates date[]);
	CREATE TABLE item (mail text PRIMARY KEY, person int REFERENCES person, note text);
	CREATE INDEX ON item (person);
	SELECT pv.declare_subject('person'), pv.declare_personal('person', ARRAY(SELECT attname FROM pg_attribute
		WHERE attrelid = 'person'::regclass AND attnum > 1), 'contact'), pv.declare_link('item', '{person}', 'person', on_erase => 'delete'),
		pv.enable_audit('person'), pv.enable_audit('item');
});
query(join("\n", map { qq{
	INSERT INTO person VALUES ($_, 'Name $_', date '1990-01-01' + $_, now(), jsonb_build_object('a', $_, 'b', jsonb_build_array(1.5, 'x', NULL, jsonb_build_object('c', true))),
		ARRAY['t', NULL, 'u$_'], ARRAY[1.25, NULL, -$_], $_ * 1.1, '10.0.0.$_', B'10110', int8range($_, 1000), numrange(1.5, $_ + 2), daterange(current_date, NULL),
		to_tsvector('simple', 'some words of $_'), '((0,0),(1,1),(2,0))', '((0,0),(1,1))', '\\xdeadbeef', gen_random_uuid(), 'good', '12:00+02', 'n$_', '<a>$_</a>', ARRAY[current_date]);
	INSERT INTO item VALUES ('p$_\@x.no', $_, 'note $_');
	UPDATE person SET name = name || '!', doc = NULL WHERE id = $_;} } 1 .. 60));
query('SELECT name FROM person WHERE id < 4; SELECT pv.drain_reads(); SELECT pv.seal_audit()');
my $started = query('SELECT pg_postmaster_start_time()');
my @payloads = split /\n/, query("SELECT encode(payload, 'hex') FROM pv.audit_log WHERE length(payload) < 2500 ORDER BY id LIMIT 40");
$_ = pack('H*', $_) for @payloads;
cmp_ok(scalar @payloads, '>', 20, 'there are records to begin with');

sub any
{
	return $_[ int(rand(@_)) ];
}

sub random_bytes
{
	my ($n) = @_;

	return join('', map { chr(int(rand(256))) } 1 .. $n);
}

# Something else than what was there
sub mutate
{
	my ($bytes) = @_;
	my $how = int(rand(8));
	my $at = int(rand(length $bytes));

	if ($how == 0) { return random_bytes(int(rand(200))); }
	if ($how == 1) { return substr($bytes, 0, $at); }
	if ($how == 2) { substr($bytes, $at, 0) = random_bytes(1 + int(rand(8))); return $bytes; }
	if ($how == 3) { substr($bytes, $at, 1 + int(rand(8))) = ''; return $bytes; }
	if ($how == 4) { my $other = any(@payloads); return substr($bytes, 0, $at) . substr($other, int(rand(length $other))); }
	# a length, a count, a flag
	for (1 .. 1 + int(rand(4)))
	{
		substr($bytes, int(rand(length $bytes)), 1) = any("\x00", "\x01", "\x7f", "\x80", "\xff", chr(int(rand(256))));
	}
	return $bytes;
}

sub forge
{
	my $values = join(",\n", map { "('\\x" . unpack('H*', mutate(any(@payloads))) . "'::bytea)" } 1 .. $forged_per_round);

	return qq{
		INSERT INTO pv.audit_log SELECT m.id + row_number() OVER (), m.xid, m.incarnation, v.payload
		FROM (VALUES $values) AS v(payload), (SELECT greatest(max(id), 100000) AS id, max(xid::text::bigint)::text::xid8 AS xid, max(incarnation) AS incarnation
			FROM pv.audit_log WHERE id < 4294967296) AS m;};
}

# All that reads, in a session that has the canary in its memory; what it says but for warnings
sub look
{
	my ($what, $sql) = @_;
	my ($out, $err);
	my $code = $node->psql('postgres',
		"SET client_min_messages = error; SET my.canary = '$canary'; SELECT repeat(current_setting('my.canary'), 20) IS NOT NULL; $sql",
		stdout => \$out, stderr => \$err);

	is($code, 0, "$what: no error") or diag($err);
	unlike($out, qr/cAnArY/, "$what: no foreign memory");
	return $out;
}

sub look_at_all
{
	my ($what, $key) = @_;

	look("$what, trail", 'SELECT * FROM pv.audit_trail; SELECT * FROM pv.access_log');
	look("$what, subject_trail", "SELECT * FROM pv.subject_trail('person', $key)");
	like(look("$what, erasure", "SELECT state FROM pv.erase_subject('person', $key)"), qr/^completed$/m, "$what: the erasure is completed");
	is(query(qq{
		SET client_min_messages = error;
		SELECT count(*) FROM pv.audit_trail WHERE incarnation <> 0 AND id < 100000 AND concat(old, new) ~ '"Name $key!?"|"p$key\@x'}),
		'0', "$what: what can be read is gone");
	look("$what, verify", 'SELECT * FROM pv.verify_audit()');
	look("$what, seal", 'SELECT pv.seal_audit(); SELECT * FROM pv.unread; SELECT problem FROM pv.check_map()');
	return;
}

#
# Records
#

my $key = 0;
for my $round (1 .. $rounds)
{
	look("round $round, forging", forge());
	look_at_all("round $round", ++$key);
}

#
# Shapes
#

for my $round (1 .. $rounds)
{
	my @sql;
	for my $column ('attnums', 'stored', 'keys', 'links')
	{
		my $type = $column eq 'stored' ? 'oid' : 'smallint';
		my $value = any(-32768, -1, 0, 1, 2, 20, 25, 32767);
		$value = any(0, 16, 17, 19, 25, 600, 604, 1082, 1231, 1700, 3220, 3614, 3802, 3906, 3908, 4072, 2277, 4294967295) if $type eq 'oid';
		push @sql, "UPDATE pv.audit_shape SET $column\[1 + (random() * 20)::int % greatest(cardinality($column), 1)] = '$value'::$type WHERE cardinality($column) > 0"
		  if rand() < 0.5;
	}
	push @sql, "DELETE FROM pv.audit_shape WHERE id = (SELECT max(id) FROM pv.audit_shape)" if rand() < 0.2;
	my $random = rand();
	look("shapes, round $round", join(";\n", 'BEGIN', "SELECT setseed($random)", 'ALTER TABLE pv.audit_shape DISABLE TRIGGER ALL', @sql,
		'SELECT * FROM pv.audit_trail', "SELECT * FROM pv.subject_trail('person', 59)", "SELECT state FROM pv.erase_subject('person', 59)",
		'SELECT * FROM pv.verify_audit()', 'ROLLBACK'));
}

#
# The disk: bytes of rows of the log, behind the page's line pointers
#

for my $round (1 .. 1 + $rounds / 4)
{
	query('CHECKPOINT');
	my $path = query("SELECT pg_relation_filepath('pv.audit_log_0')");
	my $lines = query('SELECT max((ctid::text::point)[1])::int FROM pv.audit_log');
	$node->stop;
	open my $file, '+<:raw', $node->data_dir . "/$path" or die $!;
	my $size = -s $file;
	for (1 .. 30)
	{
		my $page = int(rand($size / 8192));

		# behind a row's header, which says how long the row is, mostly: the pages are full
		seek $file, $page * 8192 + 8192 - 1 - int(rand(1500)), 0;
		read $file, my $byte, 1;
		seek $file, -1, 1;
		print $file any("\x00", "\xff", chr(ord($byte) ^ (1 << int(rand(8)))));
	}
	close $file;
	$node->start;
	$started = query('SELECT pg_postmaster_start_time()');
	$key++;
	my ($out, $err);
	is($node->psql('postgres', "SET client_min_messages = error; SELECT state FROM pv.erase_subject('person', $key)", stdout => \$out, stderr => \$err),
		0, "disk, round $round: the erasure goes on") or diag($err);
	is($out, 'completed', "disk, round $round: it is completed");
}

#
# Claims and keys, through the queue
#

query(q{
	CREATE TABLE customer (code text PRIMARY KEY, name text);
	SELECT pv.declare_subject('customer'), pv.declare_personal('customer', '{name}', 'contact'), pv.enable_audit('customer');
	GRANT SELECT ON customer TO PUBLIC;
	CREATE ROLE reader LOGIN;
});
my @keys = map { join('', map { any('a' .. 'z', 'æ', '€', '"', '\\', '{', '}', ',', "\t", '😀') } 1 .. any(1, 2, 30, 150, 300)) } 1 .. 20;
query(join(";\n", map { "INSERT INTO customer VALUES (\$k\$$_\$k\$, 'x') ON CONFLICT DO NOTHING" } @keys));
my $before = query('SELECT count(*) FROM pv.access_log');
for my $round (1 .. 2 * $rounds)
{
	my $claim = random_bytes(int(rand(any(2, 20, 1000)))) =~ tr/\0/x/r;

	$claim =~ s{([ \t\n\x0b\f\r\\])}{\\$1}g;
	local $ENV{PGOPTIONS} = "-c pvext.actor=$claim -c pvext.purpose=$claim";
	local $ENV{PGCLIENTENCODING} = 'SQL_ASCII';
	my $limit = any(1, 3, 20);
	is($node->psql('postgres', "SELECT name FROM customer LIMIT $limit", extra_params => [ '-U', 'reader' ]), 0, "claims, round $round");
}
query('SELECT pv.drain_reads()');
is(query(q{
	SELECT count(DISTINCT statement) FROM pv.access_log WHERE login = 'reader' AND relation = 'public.customer' AND columns = '{name}'}) + 0,
	2 * $rounds, 'each read names who and what');
is(query('SELECT queued - drained, waiting FROM pv.access_status'), '0|0', 'none is left in the queue');
is(query('SELECT pg_postmaster_start_time()'), $started, 'the server has not crashed');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP:|broken":true/, 'nothing has');

$node->stop;
done_testing();
