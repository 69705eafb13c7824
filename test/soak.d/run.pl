# The driver of test/soak, which names in the environment where the server is.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::Bin;
use Getopt::Long;
use POSIX ();
use Soak::Driver;

$| = 1;
binmode STDOUT, ':encoding(UTF-8)';
my %option = (minutes => 10, seed => 1, sessions => 6, steps => 0, kills => 1, wal => 1);
GetOptions(\%option, 'minutes=f', 'seed=i', 'sessions=i', 'steps=i', 'kills!', 'wal!') or exit 2;

my $driver = Soak::Driver->new(%option,
	until => time + 60 * $option{minutes},
	transcript_file => $ENV{SOAK_TRANSCRIPT},
	server => { data => $ENV{SOAK_DATA}, socket => $ENV{SOAK_SOCKET}, log => $ENV{SOAK_LOG} });

if (!eval { $driver->run; 1 })
{
	my $error = $@;

	print "\n", map({ "$_\n" } @{ $driver->{lines} }), "\n$error";
	print "again: test/soak --seed $option{seed} --sessions $option{sessions} --steps $driver->{step}\n";
	# Not through the handles' ends, which would wait for what is under way.
	POSIX::_exit(1);
}
print join(', ', map { "$_ $driver->{count}{$_}" } sort keys %{ $driver->{count} }), "\n";
print "ok: $driver->{step} steps of seed $option{seed}\n";
POSIX::_exit(0);
