# A connection on which one statement at a time is under way while the driver goes
# on with others.  It never raises: who reaps a statement looks at its error.
package Soak::Session;

use strict;
use warnings FATAL => 'all';

use DBI;
use DBD::Pg qw(:async);

# Statements are parsed with their parameters (no PREPARE of DBD::Pg's, which would
# wait for locks before the driver is asked again).
sub new
{
	my ($class, %args) = @_;
	my $self = bless { name => $args{name}, server => $args{server}, user => $args{user}, queue => [] }, $class;

	$self->connect;
	return $self;
}

sub connect
{
	my ($self) = @_;

	@$self{qw(sth busy dbh)} = ();
	$self->{queue} = [];
	$self->{warnings} = [];
	$self->{dbh} = DBI->connect("dbi:Pg:dbname=soak;host=$self->{server}{socket};application_name=$self->{name}",
		$self->{user}, '', { AutoCommit => 1, RaiseError => 0, PrintError => 0, PrintWarn => 0, pg_server_prepare => 0 })
	  or return 0;
	$self->{pid} = $self->{dbh}{pg_pid};
	return 1;
}

# Starts a statement, and further ones after it, one by one, if it succeeds.  What
# reap returns is the result of the one marked so: [ sql, parameters, 1 ].
sub send
{
	my ($self, @statements) = @_;

	$self->{queue} = [@statements];
	@$self{qw(rows busy)} = (undef, 1);
	return $self->start_next;
}

sub start_next
{
	my ($self) = @_;
	my ($sql, $bind, $wanted) = @{ shift @{ $self->{queue} } };

	$self->{wanted} = $wanted;
	$self->{sth} = $self->{dbh}->prepare($sql, { pg_async => PG_ASYNC }) or return 0;
	return defined $self->{sth}->execute(@{ $bind // [] });
}

# Is the whole of what was sent done?  Then the error, '' for none, is in {state}
# and {error}, and the wanted rows in {rows}.
sub done
{
	my ($self) = @_;
	my $dbh = $self->{dbh};

	return 1 if !$self->{busy};
	while (1)
	{
		my $ready = eval { $dbh->pg_ready };

		return 0 if defined $ready && !$ready && $dbh->state eq '';
		my $result = eval { $dbh->pg_result };
		if (!defined $result)
		{
			$self->{state} = $dbh->state || '08006';
			$self->{error} = $dbh->errstr // 'connection lost';
			last;
		}
		$self->{rows} = $self->{sth}{NUM_OF_FIELDS} ? $self->{sth}->fetchall_arrayref : []
		  if $self->{wanted};
		@$self{qw(state error)} = ('', '');
		last if !@{ $self->{queue} };
		if (!$self->start_next)
		{
			@$self{qw(state error)} = ($dbh->state || '08006', $dbh->errstr // 'connection lost');
			last;
		}
	}
	$self->{busy} = 0;
	return 1;
}

# Is the connection gone, to judge by the last error?
sub lost
{
	my ($self) = @_;

	return $self->{state} =~ /^(08|57P0[123])/;
}

# What the driver itself asks, waiting for the answer; dies of an error.
sub ask
{
	my ($self, $sql, @bind) = @_;
	my $sth = $self->{dbh}->prepare($sql);

	defined $sth->execute(@bind) or die "$sql: " . $self->{dbh}->state . ' ' . $self->{dbh}->errstr . "\n";
	return $sth->{NUM_OF_FIELDS} ? $sth->fetchall_arrayref : [];
}

# The one value that a query returns.
sub value
{
	my ($self, $sql, @bind) = @_;

	return $self->ask($sql, @bind)->[0][0];
}

1;
