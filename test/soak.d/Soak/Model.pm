# What the database must hold, kept by the driver alone: the rows of each table and
# whose their values are, consents, agreements, holds and requests for erasure, and
# the records that an audit must have.  What a session does is a list of effects,
# which are applied when it has committed: sessions that touch the same row wait for
# each other, so the order of commits is that of the effects.
#
# A person is "c5" (customer 5) or "r5" (reader 5).  Every personal value contains a
# marker of its own, "zq" and ten letters, which tells whose it is wherever it turns up.
package Soak::Model;

use strict;
use warnings FATAL => 'all';

# The personal columns, and how each loses its person.
our %PERSONAL = (
	customer => { name => 'constant', email => 'token', phone => 'null' },
	note     => { body => 'redact' },
	message  => { sender_name => 'null', receiver_name => 'null', body => 'redact' },
	visit    => { agent => 'null' },
	invoice  => { addressee => 'constant' },
	payment  => { account => 'null' },
	reader   => { email => 'token', nick => 'null' });
our @TABLES = qw(customer service note message login visit invoice payment reader article);

sub new
{
	return bless {
		row => { map { $_ => {} } @TABLES },
		person => {},
		of => {},           # person => { "table id" => 1 }
		marker => {},       # marker => person
		request => {},      # id => { who, state }
		audit => {},        # actor => { "INSERT customer 5" => 1 }
		ledger => {},       # action => how many, in pv.consent_event
		next => 1,
	}, shift;
}

sub id { return $_[0]{next}++ }

# A value's marker, which is the person's from now on.
sub marker
{
	my ($self, $who) = @_;
	my $marker;

	do { $marker = 'zq' . join '', map { chr(97 + int rand 26) } 1 .. 10 } while $self->{marker}{$marker};
	$self->{marker}{$marker} = $who;
	return $marker;
}

sub add_person
{
	my ($self, $who, %facts) = @_;

	return $self->{person}{$who} = { who => $who, consent => {}, hold => {}, %facts };
}

#
# Effects
#

sub apply
{
	my ($self, $effect) = @_;
	my ($what, @args) = @$effect;
	my $method = "apply_$what";

	return $self->$method(@args);
}

# A row: its values, and for each personal column whose it is.
sub apply_put
{
	my ($self, $table, $id, $row) = @_;

	if ($table eq 'service' || $table eq 'invoice' && $row->{v}{paid} eq 'f')
	{
		$self->doubt_due($_) foreach @{ $row->{of} };
	}
	$self->{row}{$table}{$id} = { id => $id, v => { %{ $row->{v} } }, who => $row->{who} // {}, of => $row->{of} // [], gone => {} };
	foreach my $who (@{ $row->{of} // [] })
	{
		my $person = $self->{person}{$who};

		$self->{of}{$who}{"$table $id"} = 1;
		$person->{there} = 1 if $table eq 'customer' || $table eq 'reader';
		next if !$person->{nameless} && !$person->{erased};
		$self->{row}{$table}{$id}{late} = 1;
		$person->{again} = 1;
	}
	return;
}

sub apply_set
{
	my ($self, $table, $id, $values) = @_;
	my $row = $self->{row}{$table}{$id} or return;

	foreach my $column (sort keys %$values)
	{
		$row->{v}{$column} = $values->{$column};
		next if !$PERSONAL{$table}{$column};
		delete $row->{gone}{$column};
		foreach my $who (@{ $row->{who}{$column} // [] })
		{
			my $person = $self->{person}{$who};
			$person->{again} = 1 if $person->{nameless} || $person->{erased};
		}
	}
	return;
}

sub apply_del
{
	my ($self, $table, $id) = @_;
	my $row = delete $self->{row}{$table}{$id} or return;

	delete $self->{of}{$_}{"$table $id"} foreach @{ $row->{of} };
	return;
}

sub apply_consent
{
	my ($self, $who, $purpose, $given) = @_;

	my $person = $self->{person}{$who};

	$person->{consent}{$purpose} = $given;
	# A consent that is given anew counts, until the person is erased again.
	$person->{again} = 1 if $person->{erased};
	return;
}

sub apply_objection
{
	my ($self, $who, $stands) = @_;

	$self->{person}{$who}{objects} = $stands;
	$self->{person}{$who}{suppressed} = 0 if !$stands;
	return;
}

sub apply_bound
{
	my ($self, $who, $version) = @_;

	$self->{person}{$who}{bound} = $version;
	return;
}

sub apply_ledger
{
	my ($self, $action) = @_;

	$self->{ledger}{$action}++;
	return;
}

sub apply_hold
{
	my ($self, $who, $hold) = @_;

	$self->doubt_due($who);
	$self->{person}{$who}{hold}{$hold} = 1;
	return;
}

sub apply_unhold
{
	my ($self, $who, $hold) = @_;

	delete $self->{person}{$who}{hold}{$hold};
	return;
}

sub apply_cancel
{
	my ($self, $id) = @_;

	$self->{request}{$id}{state} = 'cancelled';
	return;
}

# What an erasure said that it did.
sub apply_erasure
{
	my ($self, $who, $id, $state) = @_;
	my $known = $self->{request}{$id} //= { who => $who, state => 'requested' };

	# The session that came second got the first one's row.  Consents that were given
	# since end without an entry of their own.
	if ($known->{state} eq 'completed')
	{
		$self->{person}{$who}{consent} = {};
		return;
	}
	$known->{state} = $state;
	$self->erase_what_may($who) if $state =~ /^(partial|verifying|completed)$/;
	$self->complete($who) if $state =~ /^(verifying|completed)$/;
	return;
}

sub apply_audit
{
	my ($self, $actor, @records) = @_;

	$self->{audit}{$actor}{$_}++ foreach @records;
	return;
}

#
# Verdicts
#

# All rows that belong to a person, as [ table, row ].
sub rows_of
{
	my ($self, $who) = @_;

	return map { my ($table, $id) = split / /; [ $table, $self->{row}{$table}{$id} ] }
	  sort keys %{ $self->{of}{$who} // {} };
}

# The names of what keeps a person's data back.
sub blockers
{
	my ($self, $who, $rows) = @_;
	my %found;

	$found{hold} = 1 if %{ $self->{person}{$who}{hold} };
	foreach (@{ $rows // [ $self->rows_of($who) ] })
	{
		my ($table, $row) = @$_;

		$found{active} = 1 if $table eq 'service' && !defined $row->{v}{ended_on};
		$found{unpaid} = 1 if $table eq 'invoice' && $row->{v}{paid} eq 'f';
	}
	my @names = sort keys %found;

	return @names;
}

# Bookkeeping is kept for five years from the end of the year: the driver's dates
# are far from that.
sub is_kept
{
	my ($self, $table, $row) = @_;

	return $table eq 'invoice' ? $row->{v}{issued_on} gt '2021-12-31'
	  : $table eq 'payment' ? $row->{v}{paid_on} gt '2021-12-31'
	  : 0;
}

# Is a personal column's value still this person's?
sub lives
{
	my ($self, $row, $column, $who) = @_;

	return defined $row->{v}{$column} && !$row->{gone}{$column}{$who}
	  && grep { $_ eq $who } @{ $row->{who}{$column} // [] };
}

sub retained
{
	my ($self, $who) = @_;

	foreach ($self->rows_of($who))
	{
		my ($table, $row) = @$_;

		next if !$self->is_kept($table, $row);
		return 1 if grep { $self->lives($row, $_, $who) } keys %{ $PERSONAL{$table} };
	}
	return 0;
}

# The state that an erasure of the person, who has been asked for, has now.
sub verdict
{
	my ($self, $who) = @_;

	return 'blocked' if $self->blockers($who);
	return $self->retained($who) ? 'partial' : 'completed';
}

# Takes a column of a row from a person.
sub take
{
	my ($self, $row, $column, $who) = @_;

	$row->{gone}{$column}{$who} = 1 if defined $row->{v}{$column};
	return;
}

# All that no law keeps, and consents and agreements with it.
sub erase_what_may
{
	my ($self, $who) = @_;
	my $person = $self->{person}{$who};

	foreach ($self->rows_of($who))
	{
		my ($table, $row) = @$_;

		if ($table eq 'login') { $self->apply_del('login', $row->{id}); next }
		next if $self->is_kept($table, $row);
		foreach my $column (keys %{ $PERSONAL{$table} // {} })
		{
			$self->take($row, $column, $who) if grep { $_ eq $who } @{ $row->{who}{$column} // [] };
		}
	}
	$person->{consent} = {};
	$person->{suppressed} = 1;
	delete @$person{qw(bound objects again)};
	$person->{nameless} = 1;
	return;
}

sub complete
{
	my ($self, $who) = @_;

	$self->{person}{$who}{erased} = 1;
	return;
}

#
# What the duties must have done, when nobody else is at work
#

# Is the row, or its personal value, to be purged, whoever asks?
sub is_due
{
	my ($self, $table, $row) = @_;

	return $table eq 'visit' ? $row->{v}{at} lt '2022-01-01'
	  : $table =~ /^(invoice|payment)$/ && !$self->is_kept($table, $row);
}

# Somebody is about to be blocked: what was due until now may have gone or not, if a
# duty was just at work.
sub doubt_due
{
	my ($self, $who) = @_;
	my @rows = $self->rows_of($who);

	return if $self->blockers($who, \@rows);
	foreach (@rows)
	{
		my ($table, $row) = @$_;
		$row->{doubt} = 1 if $self->is_due($table, $row);
	}
	return;
}

# A customer whose services have all ended long ago.
sub has_left
{
	my ($self, $who) = @_;
	my @services = map { $_->[1] } grep { $_->[0] eq 'service' } $self->rows_of($who);

	return @services && !grep { !defined $_->{v}{ended_on} || $_->{v}{ended_on} gt '2022-01-01' } @services;
}

sub purge
{
	my ($self) = @_;

	foreach my $who (sort keys %{ $self->{person} })
	{
		my @rows = $self->rows_of($who);

		next if !@rows || $self->blockers($who, \@rows);
		foreach (@rows)
		{
			my ($table, $row) = @$_;

			next if !$self->is_due($table, $row);
			if ($table eq 'visit') { $self->apply_del('visit', $row->{id}); next }
			$self->take($row, $_, $who) foreach keys %{ $PERSONAL{$table} };
		}
		$self->forget_name($who) if $who =~ /^c/ && $self->has_left($who);
	}
	# Those of nobody
	foreach my $row (values %{ $self->{row}{visit} })
	{
		$self->apply_del('visit', $row->{id}) if !@{ $row->{of} } && $self->is_due('visit', $row);
	}
	return;
}

# The name goes, and with it what names the person in texts.
sub forget_name
{
	my ($self, $who) = @_;

	foreach ($self->rows_of($who))
	{
		my ($table, $row) = @$_;

		foreach my $column (keys %{ $PERSONAL{$table} // {} })
		{
			next if $table ne 'customer' && $PERSONAL{$table}{$column} ne 'redact';
			$self->take($row, $column, $who) if grep { $_ eq $who } @{ $row->{who}{$column} // [] };
		}
	}
	$self->{person}{$who}{nameless} = 1;
	return;
}

# Requests that are open go on.
sub continue_requests
{
	my ($self) = @_;

	foreach my $id (sort keys %{ $self->{request} })
	{
		my $request = $self->{request}{$id};
		my $who = $request->{who};

		next if $request->{state} =~ /^(completed|cancelled)$/;
		# Others may have added rows for the person meanwhile: the verdict is anew.
		my $verdict = $request->{state} eq 'verifying' ? 'completed' : $self->verdict($who);
		if ($verdict eq 'blocked')
		{
			$request->{state} = 'blocked' if $request->{state} ne 'partial';
			next;
		}
		# What came after an erasure in part goes when somebody asks again.
		next if $verdict eq 'partial' && $request->{state} eq 'partial';
		# Whether it was done before something came for the person, or after, nobody knows:
		# it will be asked for once more.
		my $again = $self->{person}{$who}{again};
		$self->erase_what_may($who);
		$self->{person}{$who}{again} = $again;
		$request->{state} = $self->retained($who) ? 'partial' : 'completed';
		$self->complete($who) if $request->{state} eq 'completed';
	}
	return;
}

# Has somebody asked for the person's erasure, and is it not done?
sub open_request
{
	my ($self, $who) = @_;

	foreach my $id (sort keys %{ $self->{request} })
	{
		my $request = $self->{request}{$id};
		return $id if $request->{who} eq $who && $request->{state} !~ /^(completed|cancelled)$/;
	}
	return;
}

1;
