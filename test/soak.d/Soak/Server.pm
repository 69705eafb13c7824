# The server that is soaked: starting it, and letting it die.
package Soak::Server;

use strict;
use warnings FATAL => 'all';

use Time::HiRes qw(sleep time);

sub new
{
	my ($class, %args) = @_;

	return bless { %args, read => 0 }, $class;
}

sub run
{
	my ($self, @command) = @_;

	return system("@command >>$self->{log} 2>&1") == 0;
}

# After a death of the postmaster its children may still be there for a moment.
sub start
{
	my ($self) = @_;
	my $until = time + 120;

	until ($self->run("pg_ctl -D $self->{data} -l $self->{log} -s -w start"))
	{
		die "the server does not start\n" if time > $until;
		sleep 0.5;
	}
	return;
}

# A backend that is killed makes the postmaster begin anew by itself.
sub kill_process
{
	my ($self, $pid) = @_;

	return kill 'KILL', $pid;
}

sub stop_at_once
{
	my ($self) = @_;

	$self->run("pg_ctl -D $self->{data} -s -m immediate stop");
	return $self->start;
}

sub postmaster
{
	my ($self) = @_;

	open my $file, '<', "$self->{data}/postmaster.pid" or return;
	chomp(my $pid = <$file>);
	return $pid;
}

sub kill_postmaster
{
	my ($self) = @_;
	my $pid = $self->postmaster;

	kill 'KILL', $pid;
	return $self->start;
}

# The lines of the log since the last call that nobody should find there.  Of
# processes that were killed, only the driver's own are known to it.
sub complaints
{
	my ($self, %killed) = @_;
	my @lines;

	open my $log, '<', $self->{log} or die "$self->{log}: $!";
	seek $log, $self->{read}, 0;
	while (my $line = <$log>)
	{
		next if $line !~ /PANIC|TRAP|terminated by signal|XX\d\d\d|segfault|corrupt/;
		next if $line =~ /\(PID (\d+)\) was terminated by signal (9|3)/ && ($2 == 3 || $killed{$1});
		next if $line =~ /terminated by signal/ && $line !~ /signal (6|7|8|11)\b/;
		push @lines, $line;
	}
	$self->{read} = tell $log;
	return @lines;
}

# The markers of persons that are in the files of the data directory, WAL excepted
# unless it is asked for.
sub markers_in_files
{
	my ($self, $wal) = @_;
	my $dirs = join ' ', map { "$self->{data}/$_" } qw(base global pg_xact pg_logical pg_multixact pg_subtrans pg_stat), $wal ? 'pg_wal' : ();
	my %found;

	open my $grep, '-|', "grep -r -a -o -H -i -E 'zq[a-z]{10}' $dirs 2>/dev/null" or die "grep: $!";
	while (<$grep>)
	{
		$found{ lc $2 }{$1}++ if /^(.*):(zq[a-z]{10})$/i;
	}
	close $grep;
	return \%found;
}

1;
