# The manual does what it says: the SQL in README.md and doc/howto/*.md is run.
#
# Blocks marked ```sql are run in their order, by one psql for each file, as a
# superuser, in a new database "company".  A block ```text right after one (blank
# lines between) is all that psql answers, compared whole; without it, the answer is
# not compared, but must hold no ERROR.  Blanks at the ends of lines, and empty lines
# at the end, do not count.  All other blocks are not run.
#
# The worker does nothing here, so that answers are the same every time: what it
# would do, the manual's SQL does by CALL.  The superuser's sessions are told that it is
# enabled, for pv.status to say what it says in a company.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use IPC::Run;
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('manual');

# How psql, and programs that it starts, say that something went wrong
my $error = qr/^(?:ERROR|FATAL|PANIC):|^invalid command|^\\\w+:|\berror: /m;

# The blocks of SQL in a file: each with the line that it begins at, its text, and
# what psql shall answer, or undef.
sub blocks_of
{
	my ($file) = @_;
	my @blocks;
	my ($kind, $text, $line) = (undef, '', 0);
	# Whether a block that comes next is the answer to the last one.
	my $answers = 0;

	foreach (split /^/, slurp_file($file))
	{
		$line++;
		if (defined $kind && /^```\s*$/)
		{
			if ($kind eq 'sql')
			{
				$blocks[-1]{sql} = $text;
			}
			elsif ($kind eq 'text' && $answers)
			{
				$blocks[-1]{answer} = $text;
			}
			$answers = $kind eq 'sql';
			undef $kind;
		}
		elsif (defined $kind)
		{
			$text .= $_;
		}
		elsif (/^```(\w*)\s*$/)
		{
			($kind, $text) = ($1, '');
			push @blocks, { line => $line } if $kind eq 'sql';
		}
		elsif (/^\s*```/)
		{
			die "$file:$line: no fence that this test understands\n";
		}
		elsif (/\S/)
		{
			$answers = 0;
		}
	}
	die "$file: a block has no end\n" if defined $kind;
	return @blocks;
}

# As answers are compared
sub trimmed
{
	my ($text) = @_;

	$text =~ s/^psql:<stdin>:\d+: //mg;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n+\z/\n/;
	return $text eq "\n" ? '' : $text;
}

# What differs, as diff shows it
sub difference
{
	my ($expected, $got) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $out;

	append_to_file("$dir/expected", $expected);
	append_to_file("$dir/got", $got);
	IPC::Run::run([ 'diff', '-u', "$dir/expected", "$dir/got" ], '>', \$out);
	return $out;
}

# What psql answers to each of the blocks, and what it says after the last.
sub answers_to
{
	my (@blocks) = @_;
	my $end = '---- the end of a block ----';
	my $in = join '', map { "$_->{sql}\n\\echo $end\n" } @blocks;
	my $out = '';

	# What goes to standard error stands where it belongs: psql writes out what it
	# has before.
	IPC::Run::run([ 'psql', '-X', '-U', 'dba', '-d', 'company' ], '<', \$in, '>&', \$out);
	return map { trimmed($_) } split /^(?:psql:<stdin>:\d+: )?\Q$end\E\n/m, $out, -1;
}

sub check_file
{
	my ($file) = @_;
	my @blocks = blocks_of($file);
	my @answers = answers_to(@blocks);

	foreach my $block (@blocks)
	{
		my $name = "$file:$block->{line}";
		my $answer = @answers > 1 ? shift @answers : undef;

		if (!defined $answer)
		{
			fail($name);
			diag("psql has ended before\n" . ($answers[0] // ''));
		}
		elsif (defined $block->{answer})
		{
			my $expected = trimmed($block->{answer});

			ok($answer eq $expected, $name)
			  or diag("$name: psql answers something else\n" . difference($expected, $answer));
		}
		else
		{
			unlike($answer, $error, "$name: no error");
		}
	}
	is(join("\n", @answers), '', "$file: nothing is left over");
	return;
}

# For each file a new database, and no databases or roles of the last one's.
sub check_in_new_database
{
	my ($file) = @_;

	$node->safe_psql('postgres', 'CREATE DATABASE company');
	check_file($file);
	$node->safe_psql('postgres', "DROP DATABASE $_")
	  foreach split /\n/, $node->safe_psql('postgres',
		"SELECT quote_ident(datname) FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')");
	$node->safe_psql('postgres', "DROP ROLE $_")
	  foreach split /\n/, $node->safe_psql('postgres',
		"SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname NOT IN ('dba', current_user)");
	return;
}

$node->append_conf('postgresql.conf', qq{
autovacuum = off
timezone = 'UTC'
pvext.max_workers = 0
});
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE dba SUPERUSER LOGIN; ALTER ROLE dba SET pvext.enabled = on');

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGTZ} = 'UTC';
$ENV{PGDATESTYLE} = 'ISO, YMD';
$ENV{PGAPPNAME} = 'psql';
$ENV{PGCLIENTENCODING} = 'UTF8';
delete $ENV{PGDATABASE};

check_in_new_database($_) foreach 'README.md', sort glob 'doc/howto/*.md';

done_testing();
