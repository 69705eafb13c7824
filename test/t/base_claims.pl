# What a session claims comes with its connection, and the server does not look
# whether that is text: whatever the bytes, the records name who it was, the table
# and the keys, in every encoding.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;

my $node = start_node('primary', "pvext.enabled = off\n");

# One statement that reads and one that changes, by whoever the options say.
sub as_claimed
{
	my ($database, $options, $role, $key) = @_;
	my ($out, $err) = ('', '');

	# Bytes, in an environment that is no text.
	local $ENV{PGOPTIONS} = $options;
	local $ENV{PGCLIENTENCODING} = 'SQL_ASCII';
	my $code = $node->psql($database, "SELECT name FROM customer WHERE id = $key",
		extra_params => [ '-U', $role, '-c', "UPDATE customer SET name = name || '.' WHERE id = $key" ],
		stdout => \$out, stderr => \$err);
	return "$code: $err";
}

my %bytes = (
	'a cut character' => "x\xc3",
	'three bytes cut' => "x\xe3",
	'four bytes cut' => "x\xf0",
	'no first byte' => "x\xfc",
	'the middle of one' => "\x80\x80",
	'of EUC_JP' => "x\x8f\xa1",
	'all but NUL' => join('', map { chr($_) } 1 .. 255),
	'long and cut' => ('y' x 199) . "\xc3\xa6",
	'very long' => "\xc3" x 3000);

sub create_database
{
	my ($name, $encoding) = @_;

	$node->safe_psql('postgres',
		"CREATE DATABASE $name ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($name, q{
		SET client_min_messages = warning;
		CREATE EXTENSION pvext CASCADE;
		CREATE TABLE customer (id int PRIMARY KEY, name text);
		INSERT INTO customer SELECT i, 'Name' FROM generate_series(1, 20) AS i;
		SELECT pv.declare_subject('customer'), pv.declare_personal('customer', '{name}', 'contact'),
			pv.enable_audit('customer');
		GRANT SELECT, UPDATE ON customer TO PUBLIC;
	});
	return;
}

# A role whose name is text in one encoding and none in another
query('CREATE ROLE reader LOGIN');
for my $encoding ('LATIN1', 'UTF8', 'EUC_JP', 'SQL_ASCII')
{
	create_database(lc $encoding, $encoding);
}
{
	local $ENV{PGCLIENTENCODING} = 'LATIN1';
	$node->safe_psql('latin1', "CREATE ROLE \"j\xf8\" LOGIN");
}

for my $encoding ('UTF8', 'EUC_JP', 'LATIN1', 'SQL_ASCII')
{
	my $database = lc $encoding;
	my $key = 0;
	my $names = sub {
		my ($what) = @_;
		return $node->safe_psql($database, qq{
			SELECT count(*), count(DISTINCT relation || keys::text)
			FROM pv.access_log WHERE login = 'reader' AND relation = 'public.customer' AND $what});
	};

	for my $name (sort keys %bytes)
	{
		my $claim = $bytes{$name};

		$key++;
		$claim =~ s{([ \t\n\x0b\f\r\\])}{\\$1}g;
		is(as_claimed($database, "-c pvext.actor=$claim -c pvext.purpose=$claim", 'reader', $key),
			'0: ', "$encoding: $name");
	}
	$node->safe_psql($database, 'SELECT pv.drain_reads()');
	is($names->('true'), 2 * $key . "|$key", "$encoding: the records of reads name the table and the keys");
	is($node->safe_psql($database, q{
		SELECT count(*), count(DISTINCT key) FROM pv.audit_trail
		WHERE login = 'reader' AND operation = 'UPDATE' AND relation = 'public.customer' AND actor <> ''}),
		"$key|$key", "$encoding: those of changes, too");
	is($node->safe_psql($database, q{
		SELECT max(length(actor)) <= 200, max(length(purpose)) <= 200, bool_and(actor = purpose) FROM pv.access_log
		WHERE login = 'reader'}), 't|t|t', "$encoding: what was claimed is kept, as far as it goes");
	is($node->safe_psql($database, q{
		SELECT count(*) FROM generate_series(1, 20) AS k,
			LATERAL pv.subject_trail('customer', k) AS t WHERE t.login = 'reader'}),
		3 * $key, "$encoding: each person's trail has them: a read, a change, and what that read");
	is($node->safe_psql($database, 'SELECT pv.seal_audit() > 0; SELECT * FROM pv.verify_audit()'),
		't', "$encoding: the log is what was sealed");
}

# What is no text is shown by its bytes.
my $actor = sub { $node->safe_psql($_[0], "SELECT DISTINCT actor FROM pv.access_log WHERE keys->'public.customer' ? '$_[1]'") };
my @names = sort keys %bytes;
my ($cut) = grep { $names[ $_ - 1 ] eq 'a cut character' } 1 .. @names;
is($actor->('utf8', $cut), 'x\xc3', 'a byte that is no character');
is($actor->('latin1', $cut), "x\xc3", 'is one elsewhere');

# The name of a role
as_claimed('utf8', '', "j\xf8", 20);
as_claimed('latin1', '', "j\xf8", 20);
$node->safe_psql($_, 'SELECT pv.drain_reads()') for ('utf8', 'latin1');
is($node->safe_psql('utf8', "SELECT DISTINCT login FROM pv.subject_trail('customer', 20) WHERE login LIKE 'j%'"),
	'j\xf8', 'a role named in another encoding');
is($node->safe_psql('latin1', "SELECT DISTINCT login FROM pv.subject_trail('customer', 20) WHERE login LIKE 'j%'"),
	"j\xf8", 'and in its own');

$node->stop;
done_testing();
