# What the TAP tests share. A test begins with: use lib 'test/t'; use PvextTest;
#
# Where no server is named, the test's is meant: the first that it made. Where no database
# is, postgres is.
package PvextTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

our @EXPORT = qw(
  new_node start_node new_standby load_file data_file files_with
  query error_of sqlstate wait_for pid_of
  start_psql finish
  log_size logged_since wait_for_restart wait_for_workers
  contents same_ok);

my $test_server;

#
# Servers and files
#

# A new server that can CREATE EXTENSION pvext, not yet started. %init are options
# of PostgreSQL::Test::Cluster's init, such as allows_streaming => 1. test/run
# names in PVEXT_TEST_CONF the settings that find the extension just built;
# without it an installed one is used.
sub new_node
{
	my ($name, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%init);
	$node->append_conf('postgresql.conf',
		$ENV{PVEXT_TEST_CONF}
		? slurp_file($ENV{PVEXT_TEST_CONF})
		: "shared_preload_libraries = 'pvext'\n");
	$test_server //= $node;
	return $node;
}

# The same, started, with settings of the test's own. Unless these say otherwise the
# worker does nothing: test/run's settings switch it off.
sub start_node
{
	my ($name, $settings, %init) = @_;
	my $node = new_node($name, %init);

	$node->append_conf('postgresql.conf', $settings);
	$node->start;
	return $node;
}

# A standby of the test's server, made now, that has caught up.
sub new_standby
{
	my ($name, $settings) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);

	$test_server->backup($name);
	$standby->init_from_backup($test_server, $name, has_streaming => 1);
	$standby->append_conf('postgresql.conf', $settings // '');
	$standby->start;
	$test_server->wait_for_catchup($standby);
	return $standby;
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

# Which files of the server's data directory hold what matches, as grep -E says without
# any help of pvext's.
sub files_with
{
	my ($pattern) = @_;
	my $out = '';

	IPC::Run::run([ 'grep', '-r', '-a', '-l', '-E', $pattern, $test_server->data_dir ], '>', \$out);
	return $out;
}

#
# Statements
#

# What statements return; dies at an error.
sub query
{
	my ($sql, $database, $server) = @_;

	return ($server // $test_server)->safe_psql($database // 'postgres', $sql);
}

# What they say besides: an error, or messages.
sub error_of
{
	my ($sql, $database, $server) = @_;
	my ($ret, $out, $err) = ($server // $test_server)->psql($database // 'postgres', $sql);

	return $err;
}

# The SQLSTATE of the error that they end in; what they return if in none.
sub sqlstate
{
	my ($sql, $database, $server) = @_;
	my ($ret, $out, $err) = ($server // $test_server)->psql($database // 'postgres', $sql,
		extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);

	return $err =~ /ERROR:  (\w{5})/ ? $1 : $out;
}

# Wait until a query returns true; dies when it never does.
sub wait_for
{
	my ($sql, $database, $server) = @_;

	($server // $test_server)->poll_query_until($database // 'postgres', $sql) or die "in vain: $sql";
	return;
}

# The process that this comes to be true of, in pg_stat_activity. It is asked for at once:
# one that sleeps may be awake between two naps.
sub pid_of
{
	my ($what) = @_;

	foreach (1 .. 20 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my $pid = query("SELECT pid FROM pg_stat_activity WHERE $what");
		return $pid if $pid ne '';
		sleep 0.05;
	}
	die "in vain: $what";
}

#
# Sessions in the background. One that is spoken to is the server's background_psql().
#

# Start psql with commands of which the last may block; it ends at the first error, and is
# known to others by the name.
sub start_psql
{
	my ($name, @sql) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $psql = IPC::Run::start(
		[ 'psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1',
			'-d', $test_server->connstr('postgres') . " application_name=$name",
			map { ('-c', $_) } @sql ],
		'<', \$in, '>', \$out, '2>', \$err);

	return { handle => $psql, out => \$out, err => \$err, name => $name };
}

# Wait for its end; returns its errors.
sub finish
{
	my ($session) = @_;

	eval { $session->{handle}->finish };
	return ${ $session->{err} };
}

#
# The server's log, and what is seen by it. To wait for a line is the server's wait_for_log().
#

sub log_size
{
	my ($server) = @_;

	return -s ($server // $test_server)->logfile;
}

# The log since a size that it had.
sub logged_since
{
	my ($from, $server) = @_;

	return slurp_file(($server // $test_server)->logfile, $from);
}

# Wait until the server, of which a process has been killed since the log had a size, is up
# again: it may take connections before it knows.
sub wait_for_restart
{
	my ($from) = @_;

	$test_server->wait_for_log(qr/all server processes terminated; reinitializing.*database system is ready to accept connections/s, $from);
	return;
}

# Wait until two workers have begun in a database from now on: the first of them has then
# looked at it as it is. The postmaster tells of them with log_min_messages = debug1.
sub wait_for_workers
{
	my ($database, $server) = @_;
	my $oid = query("SELECT oid FROM pg_database WHERE datname = '$database'", undef, $server);
	my $started = qr/starting background worker process "pvext duties for database $oid"/;

	($server // $test_server)->wait_for_log(qr/$started.*$started/s, log_size($server));
	return;
}

#
# What a database holds
#

# What each of a list of queries returns, by the query.
sub contents
{
	my ($queries, $database, $server) = @_;

	return { map { $_ => query("SET TimeZone = 'UTC'; $_", $database, $server) } @$queries };
}

# Is it the same? One check, and one more for each query that differs.
sub same_ok
{
	my ($after, $before, $name) = @_;
	my @differ = grep { $after->{$_} ne $before->{$_} } sort keys %$before;

	is(scalar @differ, 0, $name);
	is($after->{$_}, $before->{$_}, "$name: $_") foreach @differ;
	return;
}

1;
