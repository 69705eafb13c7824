# doc/reference says what the catalog says, and links in the manual lead somewhere.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use File::Basename 'dirname';
use PostgreSQL::Test::Utils;
use PvextTest;
use Test::More;

my $node = new_node('reference');

# The files of the manual
sub manual
{
	return glob("*.md doc/*.md doc/*/*.md src/*.md");
}

# The anchors that a file's headings have, as GitHub makes them, and a file's links.
my %anchors;

sub anchors_of
{
	my ($file) = @_;

	return $anchors{$file} //= do {
		my %seen;
		my $text = without_code(slurp_file($file));

		while ($text =~ /^#+ +(.*?) *$/mg)
		{
			my $anchor = lc($1) =~ s/[`*]//gr =~ s/[^\w -]//gr =~ tr/ /-/r;

			$seen{$anchor}++;
		}
		\%seen;
	};
}

sub without_code { return $_[0] =~ s/^```.*?^```//msgr; }

sub links_of
{
	my ($file) = @_;
	my $text = without_code(slurp_file($file)) =~ s/`[^`]*`//gr;
	my @links;

	push @links, $1 while $text =~ /\]\(([^)\s]+)\)/g;
	return grep { !/^[a-z]+:/ } @links;
}

# The file that a link in another is to, without "..".
sub target
{
	my ($file, $link) = @_;
	my $path = $link eq '' ? $file : dirname($file) . "/$link";

	$path =~ s{^\./}{};
	1 while $path =~ s{(?:^|(?<=/))(?!\.\./)[^/]+/\.\./}{};
	return $path;
}

$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pvext CASCADE');
{
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGDATABASE} = 'postgres';

	command_ok([ $^X, 'doc/reference/generate', '--check' ], 'doc/reference says what the catalog says');
}
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pvext%'"), 0, 'and leaves no roles');

foreach my $file (manual())
{
	my @dead;

	foreach my $link (links_of($file))
	{
		my ($path, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
		my $target = target($file, $path);

		push @dead, $link if !-e $target || defined $anchor && !($target =~ /\.md$/ && anchors_of($target)->{$anchor});
	}
	is(join(' ', @dead), '', "links in $file");
}

done_testing();
