# Permanently deleted: after an erasure and the commands of pv.scrub_plan() no file
# of the data directory holds a value that was erased, whatever kind of column,
# index or copy it was in; nobody else's rows have changed, and a crash brings
# nothing back.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;
use Time::HiRes qw(time);

my $subjects = 20000;
my $node = start_node('scrub', q{
autovacuum = off
pvext.erasure_limit = 0
max_wal_size = 256MB
min_wal_size = 80MB
wal_keep_size = 0
}, extra => [ '--data-checksums' ], allows_streaming => 1);

# Erased are every 400th person. Each value has a marker that ends in the
# person's number, so that no marker is in another's.
my $erased = 'p.id % 400 = 7';
my @kinds = qw(nm em ph bi nt ad lg lo mv tg rn se mi dr);

sub needles
{
	return 'ARRAY(SELECT k || \'q\' || lpad(i::text, 6, \'0\') || \'x\' FROM generate_series(7, '
	  . "$subjects, 400) i, unnest('{" . join(',', @kinds) . "}'::text[]) k)";
}

# How often they are in the files, by what these belong to.
sub found
{
	query('CHECKPOINT');
	return query('SELECT place, sum(count) FROM pv.search_bytes(' . needles() . ') GROUP BY 1 ORDER BY 2 DESC, 1');
}

# What all others have.
sub others
{
	return query(q{
		SELECT (SELECT md5(string_agg(p::text, '' ORDER BY p.id)) FROM person p WHERE id % 400 <> 7),
			(SELECT md5(string_agg(v::text, '' ORDER BY v.id)) FROM visit v WHERE person_id % 400 <> 7),
			(SELECT md5(string_agg(s::text, '' ORDER BY s.token)) FROM session s WHERE person_id % 400 <> 7),
			(SELECT md5(string_agg(u::text, '' ORDER BY u.person_id)) FROM unlogged_note u WHERE person_id % 400 <> 7)});
}

query(q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE EXTENSION amcheck;
	CREATE EXTENSION btree_gist;
	CREATE FUNCTION mark(kind text, i int) RETURNS text LANGUAGE sql IMMUTABLE AS
		$$ SELECT kind || 'q' || lpad(i::text, 6, '0') || 'x' $$;
	CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, phone text,
		biography text, note text, tags text[], words tsvector, range_name text, gone text);
	ALTER TABLE person ALTER biography SET STORAGE EXTERNAL;
	CREATE INDEX person_name ON person (name);
	CREATE INDEX person_lower ON person (lower(name));
	CREATE INDEX person_covering ON person (id) INCLUDE (phone);
	CREATE INDEX person_hash ON person USING hash (phone);
	CREATE INDEX person_gin ON person USING gin (tags);
	CREATE INDEX person_words ON person USING gin (words);
	CREATE INDEX person_gist ON person USING gist (note);
	CREATE INDEX person_spgist ON person USING spgist (phone);
	CREATE INDEX person_brin ON person USING brin (range_name) WITH (pages_per_range = 4);
	CREATE INDEX person_partial ON person (id) WHERE note > 'ntq01';
	CREATE STATISTICS person_statistics (mcv, ndistinct) ON name, phone FROM person;
	CREATE STATISTICS person_expressions ON lower(name), upper(phone) FROM person;
	ALTER TABLE person ALTER name SET STATISTICS 1000, ALTER email SET STATISTICS 1000, ALTER phone SET STATISTICS 1000;
	CREATE TABLE visit (id int, person_id int REFERENCES person, at date, address text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
	CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
	CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY HASH (id);
	CREATE TABLE visit_2a PARTITION OF visit_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE visit_2b PARTITION OF visit_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	CREATE INDEX ON visit (person_id);
	CREATE INDEX ON visit (address);
	CREATE TABLE session (token text PRIMARY KEY, person_id int REFERENCES person, log text);
	CREATE INDEX ON session (person_id);
	CREATE UNLOGGED TABLE unlogged_note (person_id int PRIMARY KEY, log text);
	CREATE TABLE photo (person_id int PRIMARY KEY, image oid);
	INSERT INTO photo SELECT i, lo_from_bytea(0, convert_to(repeat(mark('lo', i), 300), 'UTF8')) FROM generate_series(1, 20000) i WHERE i % 100 = 7;
	CREATE TABLE late (person_id int PRIMARY KEY);

	INSERT INTO person SELECT i, mark('nm', i), mark('em', i) || '@example.org', mark('ph', i),
		CASE WHEN i % 400 = 7 OR i % 100 = 1 THEN repeat(mark('bi', i), 400) END, mark('nt', i),
		ARRAY[mark('tg', i), 'common'], to_tsvector('simple', mark('tg', i) || ' common'),
		mark(CASE WHEN i % 400 = 7 THEN 'rn' ELSE 'rz' END, i), mark('dr', i) FROM generate_series(1, 20000) i;
	INSERT INTO visit SELECT i, i, date '2020-01-01' + i % 700, mark('ad', i) FROM generate_series(1, 20000) i;
	-- The same few are most frequent.
	INSERT INTO visit SELECT 20000 + i, 7, '2020-03-01', mark('ad', 7) FROM generate_series(1, 500) i;
	INSERT INTO session SELECT mark('se', i), i, repeat(mark('lg', i), 3) FROM generate_series(1, 20000) i;
	INSERT INTO unlogged_note SELECT i, mark('lg', i) FROM generate_series(1, 20000) i;
	INSERT INTO late SELECT i FROM generate_series(1, 20000) i WHERE i % 400 = 7;
	ALTER TABLE late ADD missing text DEFAULT 'miq000407x';
	CREATE MATERIALIZED VIEW first_names AS SELECT id, name FROM person;
	CREATE INDEX ON first_names (name);
	CREATE VIEW middle_names AS SELECT * FROM first_names;
	CREATE MATERIALIZED VIEW second_names AS SELECT id, 'mv' || substr(name, 3) AS name FROM middle_names;
	VACUUM ANALYZE;

	SELECT pv.declare_subject('person'), pv.declare_link('visit', '{person_id}', 'person'),
		pv.declare_link('session', '{person_id}', 'person', on_erase => 'delete'),
		pv.declare_link('unlogged_note', '{person_id}', 'person'), pv.declare_link('late', '{person_id}', 'person'),
		pv.declare_link('photo', '{person_id}', 'person');
	SELECT pv.declare_personal('person', '{name,email}', 'identifying'),
		pv.declare_personal('person', '{phone,biography,note,tags,words,range_name,gone}', 'text'),
		pv.declare_personal('visit', '{address}', 'address'), pv.declare_personal('unlogged_note', '{log}', 'text'),
		pv.declare_personal('late', '{missing}', 'text'), pv.declare_personal('photo', '{image}', 'picture');
});
# A column that nobody looks at any more, with values in all rows.
query('SELECT pv.undeclare_personal(\'person\', \'{gone}\')');
query('ALTER TABLE person DROP gone');

my $before = others();
my $start = time();
query("SELECT count(*) FROM pv.erase_subjects('person', ARRAY(SELECT p.id::text FROM person p WHERE $erased))");
note sprintf 'erased in %.1f s', time() - $start;
is(query("SELECT state, count(*) FROM pv.erasure GROUP BY 1"), 'completed|50', '50 subjects are erased');
my $found = found();
note "after the erasure:\n$found";
like($found, qr/^$_\|/m, "there are copies in $_") foreach 'WAL', 'table public.person', 'index public.person_brin',
  'materialized view public.second_names', 'system catalog pg_catalog.pg_statistic',
  'system catalog pg_catalog.pg_largeobject', 'system catalog pg_catalog.pg_attribute', 'TOAST table pg_toast.\w+';

# The commands, in psql.
sub scrub
{
	$start = time();
	query("SELECT command FROM pv.scrub_plan() \\gexec");
	note sprintf 'scrubbed in %.1f s', time() - $start;
	return;
}

note query('SELECT command, lock, wal_bytes FROM pv.scrub_plan()') =~ s/^/  /gmr;
is(query("SELECT count(*) FROM pv.scrub_plan() WHERE command ~ 'VACUUM FULL|REFRESH|REINDEX INDEX public' AND lock IS DISTINCT FROM 'ACCESS EXCLUSIVE'"),
	'0', 'strong locks are marked');
scrub();
is(found(), '', 'no value is left');
is(files_with('(' . join('|', @kinds) . ')q0*(' . join('|', map { 400 * $_ + 7 } 0 .. 49) . ')x'), '', 'nor does grep find any');
is(others(), $before, 'nobody else has changed');
is(query('SELECT count(*), count(scrubbed_at) FROM pv.erasure'), '50|50', 'the ledger says so');
is(query('SELECT cardinality(erasures), cardinality(not_reached) > 5, \'WAL\' = ANY (scope), \'table public.visit_2b\' = ANY (scope) FROM pv.scrub_receipt'),
	'50|t|t|t', 'the receipt');
is(query('SELECT pv.page_residue(relation) FROM unnest(\'{person,visit,session,unlogged_note,first_names,second_names}\'::regclass[]) relation'),
	"0\n0\n0\n0\n0\n0", 'no residue');
is(query('SELECT count(*), count(DISTINCT lo_get(image)) FROM photo WHERE image IS NOT NULL'), '150|150', 'the large objects of others are there');

# Whole, and right
sub check_whole
{
	my ($name) = @_;

	$node->command_ok([ 'pg_amcheck', '--heapallindexed', '-d', 'postgres' ], "$name: amcheck");
	is(query(q{SET enable_seqscan = off; SET enable_indexscan = off;
		SELECT count(*) FROM person WHERE range_name BETWEEN 'rzq000100' AND 'rzq000999'}),
		query(q{SET enable_bitmapscan = off; SET enable_indexscan = off;
		SELECT count(*) FROM person WHERE range_name BETWEEN 'rzq000100' AND 'rzq000999'}), "$name: through BRIN");
	is(query(q{SET enable_seqscan = off;
		SELECT (SELECT count(*) FROM person WHERE tags @> '{tgq000123x}'), (SELECT count(*) FROM person WHERE tags @> '{common}'),
			(SELECT count(*) FROM person WHERE phone = 'phq000123x'), (SELECT count(*) FROM person WHERE note = 'ntq000123x'),
			(SELECT count(*) FROM person WHERE phone ^@ 'phq00012'), (SELECT count(*) FROM person WHERE lower(name) = 'nmq000123x')}),
		'1|19950|1|1|10|1', "$name: through the other indexes");
	is(query('SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database'), '0', "$name: checksums");
	return;
}
check_whole('scrubbed');

$node->stop('immediate');
$node->start;
is(found(), '', 'after a crash no value is left');
check_whole('after a crash');
# An unlogged table is empty after a crash.
query(q{INSERT INTO unlogged_note SELECT i, mark('lg', i) FROM generate_series(1, 20000) i WHERE i % 400 <> 7});
is(others(), $before, 'after a crash nobody else has changed');

# The next scrub is for those erased since.
query("SELECT pv.erase_subject('person', 8)");
scrub();
is(query('SELECT cardinality(erasures) FROM pv.scrub_receipt ORDER BY id'), "50\n1", 'another receipt');
is(files_with('(nm|em|ph|nt|ad|lg)q000008x'), '', 'nothing is left of the next one');

$node->stop;
done_testing();
