# A database that was updated from a release has the catalog of one in which this version
# was created: every object that the extension owns, with its comment and its rights, as
# pg_dump writes it for pg_upgrade.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('upgrade', '');
my @releases = map { m{--(.*)\.sql$} } sort glob('sql/releases/pvext--*.sql');

# What is configured to be dumped, by name, and what is in pv.
my $rest = q{
	SELECT string_agg(format('%s %s', c.relation::regclass, c.condition), E'\n' ORDER BY c.relation::regclass::text)
	FROM pg_extension, unnest(extconfig, extcondition) AS c(relation, condition) WHERE extname = 'pvext';
	SELECT string_agg(pg_describe_object(classid, objid, objsubid), E'\n' ORDER BY pg_describe_object(classid, objid, objsubid))
	FROM pg_depend WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pvext') AND deptype = 'e'};

# Roles with profiles: what is added to these, or made anew, is theirs, too.
my $profiles = q{SELECT pv.grant_role('clerk', profile) FROM unnest('{owner,application,officer,auditor}'::text[]) AS p(profile)};

# The catalog without what is numbered by the database itself.
sub catalog_of
{
	my ($database) = @_;
	my $dump;

	IPC::Run::run([ 'pg_dump', '--binary-upgrade', '--schema-only', $node->connstr($database) ], '>', \$dump)
	  or die 'pg_dump failed';
	return join("\n",
		(grep { !/^(?:$|--|\\)|setval\('pv\.event_id_seq'|_set_next_|_set_missing_|binary_upgrade_create_empty_extension|relfrozenxid|^WHERE oid = '\d+';$/ } split /\n/, $dump),
		query($rest, $database));
}

# The lines that one has and the other doesn't.
sub difference
{
	my ($old, $new) = @_;
	my %n;

	$n{$_}-- foreach split /\n/, $old;
	$n{$_}++ foreach split /\n/, $new;
	return join "\n", map { ($n{$_} > 0 ? '+' : '-') . $_ } grep { $n{$_} } sort keys %n;
}

query('CREATE DATABASE new');
query('CREATE EXTENSION pvext CASCADE', 'new');
query('CREATE ROLE clerk');
query($profiles, 'new');
my $version = query("SELECT extversion FROM pg_extension WHERE extname = 'pvext'", 'new');
my $new = catalog_of('new');
like($new, qr/^CREATE FUNCTION "?pv"?\.erase_subject\(/m, 'the catalog tells of functions');
like($new, qr/^COMMENT ON COLUMN pv\.\w+\.\w+ IS /m, 'of comments');
like($new, qr/^pv\.\w+ WHERE /m, 'and of what is dumped');
cmp_ok(scalar @releases, '>', 0, 'there is a release');

foreach my $release (@releases)
{
	my $database = "release_$release";

	query(qq{CREATE DATABASE "$database"});
	query("CREATE EXTENSION pvext VERSION '$release' CASCADE", $database);
	query($profiles, $database);
	query(q{
		INSERT INTO pv.erasure_ledger (relation_id, key, former_digest, subject_digest, state, requested_at, completed_at, requested_by, requested_role)
		VALUES (1, NULL, 'a', 'a', 'completed', '2026-01-30 12:00+00', '2026-01-31 12:00+00', 'dba', 'dba'), (1, '2', 'b', 'b', 'blocked', '2026-01-30 12:00+00', NULL, 'dba', 'dba'),
			(1, NULL, 'c', 'c', 'cancelled', '2026-01-30 12:00+00', NULL, 'dba', 'dba')}, $database);
	query('ALTER EXTENSION pvext UPDATE', $database);
	is(query("SELECT extversion FROM pg_extension WHERE extname = 'pvext'", $database), $version, "$release is updated to $version");
	is(difference(catalog_of($database), $new), '', "and is what $version is");
	is(query(q{SELECT q.kind, q.key, q.state, q.answer, CAST(q.answered_at AT TIME ZONE 'UTC' AS date), CAST(q.due_at AT TIME ZONE 'UTC' AS date), q.erasure = q.id
		FROM pv.request AS q ORDER BY q.subject_digest}, $database),
		"erasure||answered|delivered|2026-01-31|2026-02-28|t\nerasure|2|open|||2026-02-28|t\nerasure||cancelled|||2026-02-28|t", 'its erasures are in the register');
}

query("COMMENT ON SCHEMA pv IS 'other'; ALTER EXTENSION pvext DROP FUNCTION pv.seal_head()", 'new');
isnt(difference(catalog_of('new'), $new), '', 'what differs would be seen');

done_testing();
