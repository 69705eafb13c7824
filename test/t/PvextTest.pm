# What the TAP tests share. A test begins with: use lib 'test/t'; use PvextTest;
package PvextTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(new_node load_file data_file);

# A new server that can CREATE EXTENSION pvext, not yet started. %opts are those
# of PostgreSQL::Test::Cluster's init, such as allows_streaming => 1. test/run
# names in PVEXT_TEST_CONF the settings that find the extension just built;
# without it an installed one is used.
sub new_node
{
	my ($name, %opts) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%opts);
	$node->append_conf('postgresql.conf',
		$ENV{PVEXT_TEST_CONF}
		? slurp_file($ENV{PVEXT_TEST_CONF})
		: "shared_preload_libraries = 'pvext'\n");
	return $node;
}

# Run a file of SQL in a database; dies at the first error in it.
sub load_file
{
	my ($node, $database, $file) = @_;
	my $result = $node->psql($database, '',
		extra_params => [ '-q', '-o', '/dev/null', '-f', $file ]);

	die "could not load \"$file\"\n" if $result != 0;
	return;
}

# The path of a file of real data, or undef where the data isn't at hand.
sub data_file
{
	my ($name) = @_;
	my $dir = $ENV{PVEXT_TEST_DATA};

	return defined $dir && -r "$dir/$name" ? "$dir/$name" : undef;
}

1;
