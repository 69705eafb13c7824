# What the sessions do.  An operation is chosen by chance and from the model, and is
#   name        for the log
#   statements  what is sent, one after the other
#   effects     what has happened if they succeed, given the rows that came back
#   who         the persons concerned
#   allow       SQLSTATEs that it may end with, beside those that anything may
#
# So that the model knows what must be there though the worker may be at work at any
# moment, the application leaves alone whom a duty could be erasing just now: who is
# "closing" (has been asked for, or has left long ago) and not surely blocked.
package Soak::Work;

use strict;
use utf8;
use warnings FATAL => 'all';

my $today = '2026-01-15';    # the driver's; nothing depends on the server's date

# The operations and how often each is chosen, by the role of the session.
my %WEIGHTS = (
	app => {
		new_customer => 6, new_reader => 2, new_article => 2, new_service => 4, end_service => 5, new_invoice => 5, pay => 6,
		new_payment => 3, new_note => 6, new_message => 5, new_login => 3, new_visit => 6, old_visit => 1, old_invoice => 2,
		change_phone => 4, change_email => 3, change_n => 4, drop_note => 2, drop_login => 1, many_notes => 1,
		consent => 8, objection => 2, agreement => 2, double_opt_in => 2, look => 6, read => 4,
		erase => 7, erase_reader => 2, erase_two => 1, late => 5, preview => 1, savepoint => 3, roll_back_to => 2 },
	officer => { hold => 3, unhold => 3, erase => 3, cancel => 1, look_up => 2 });

sub pick { return @_ ? $_[ int rand @_ ] : undef }

sub choose
{
	my ($driver, $session) = @_;
	my $weights = $WEIGHTS{ $session->{user} };
	my $sum = 0;

	$sum += $_ foreach values %$weights;
	foreach (1 .. 20)
	{
		my $at = rand $sum;

		foreach my $name (sort keys %$weights)
		{
			$at -= $weights->{$name};
			next if $at > 0;
			my $op = __PACKAGE__->can($name)->($driver->{model}, $driver, $session);
			return { name => $name, %$op } if $op;
			last;
		}
	}
	return;
}

#
# Persons
#

# May the application write rows of this person?
sub writable
{
	my ($model, $who) = @_;
	my $person = $model->{person}{$who};

	return 0 if !$person->{there} || $person->{nameless} || $person->{erased};
	return 1 if !$person->{closing};
	return !$person->{opening} && $model->blockers($who) > 0;
}

sub persons
{
	my ($model, $kind) = @_;

	return grep { /^$kind/ && $model->{person}{$_}{there} } sort keys %{ $model->{person} };
}

sub somebody
{
	my ($model, $kind) = @_;

	return pick(grep { writable($model, $_) } persons($model, $kind));
}

sub number { return substr $_[0], 1 }

# A committed row of a writable person that meets a condition.
sub some_row
{
	my ($model, $table, $condition) = @_;
	my $rows = $model->{row}{$table};

	return pick(grep { !$condition || $condition->($_) }
		map { $rows->{$_} } sort { $a <=> $b } keys %$rows);
}

sub all_writable
{
	my ($model, $row) = @_;

	return !grep { !writable($model, $_) } @{ $row->{of} };
}

#
# Rows
#

# INSERT of a row, as a statement, its effect and its record.
sub insert
{
	my ($model, $table, $values, %more) = @_;
	my $id = $more{id} // $model->id;
	my %v = (%$values);
	my @columns = sort keys %v;
	my $sql = sprintf 'INSERT INTO %s (%s) VALUES (%s)', $table, join(', ', @columns), join(', ', map { "\$$_" } 1 .. @columns);

	return {
		who => $more{of},
		statements => [ [ $sql, [ @v{@columns} ] ] ],
		effects => sub {
			return ([ put => $table, $id, { v => $values, of => $more{of}, who => $more{who} } ], [ audit => "INSERT $table $id" ]);
		} };
}

sub update
{
	my ($table, $row, $values, $condition) = @_;
	my @columns = sort keys %$values;
	my $set = join ', ', map { "$columns[$_] = \$" . ($_ + 2) } 0 .. $#columns;

	return {
		who => $row->{of},
		statements => [ [ "UPDATE $table SET $set WHERE id = \$1" . ($condition ? " AND $condition" : '') . ' RETURNING id', [ $row->{id}, @$values{@columns} ], 1 ] ],
		effects => sub {
			my ($rows) = @_;
			return @$rows ? ([ set => $table, $row->{id}, $values ], [ audit => "UPDATE $table $row->{id}" ]) : ();
		} };
}

sub full_name
{
	my ($model, $who) = @_;

	return $model->{person}{$who}{name};
}

sub new_customer
{
	my ($model) = @_;
	my $id = $model->id;
	my $who = "c$id";
	my $person = $model->add_person($who);
	my %v = (id => $id, n => 0);

	$person->{name} = ucfirst($model->marker($who)) . ' ' . pick(qw(Berg Lie Moe Dahl Åsheim Næss));
	$v{name} = $person->{name};
	$v{email} = $model->marker($who) . '@example.no';
	$v{phone} = rand() < 0.8 ? $model->marker($who) . ' 911' : undef;
	return insert($model, 'customer', \%v, id => $id, of => [$who],
		who => { name => [$who], email => [$who], phone => [$who] });
}

sub new_reader
{
	my ($model) = @_;
	my $id = $model->id;
	my $who = "r$id";

	$model->add_person($who);
	return insert($model, 'reader', { id => $id, email => $model->marker($who) . '@example.no', nick => $model->marker($who) },
		id => $id, of => [$who], who => { email => [$who], nick => [$who] });
}

# Who reads may be gone when it arrives: the key is an e-mail address.
sub new_article
{
	my ($model) = @_;
	my $who = somebody($model, 'r') // return;
	my $id = $model->id;
	my $email = $model->{row}{reader}{ number($who) }{v}{email};

	return {
		who => [$who],
		allow => qr/^23503$/,
		statements => [ [ 'INSERT INTO article (id, reader, title) VALUES ($1, $2, $3)', [ $id, $email, "title $id" ] ] ],
		effects => sub {
			return ([ put => 'article', $id, { v => { id => $id, title => "title $id" }, of => [$who] } ], [ audit => "INSERT article $id" ]);
		} };
}

sub new_service
{
	my ($model) = @_;
	my $who = somebody($model, 'c') // return;
	my $id = $model->id;

	return insert($model, 'service', { id => $id, customer_id => number($who), product => pick(qw(internet telephone)), ended_on => undef },
		id => $id, of => [$who]);
}

# Lately or long ago: then the customer's name is due.
sub end_service
{
	my ($model) = @_;
	my $row = some_row($model, 'service', sub { !defined $_[0]{v}{ended_on} }) // return;
	my $person = $model->{person}{ $row->{of}[0] };
	my $ended = rand() < 0.8 ? '2025-06-30' : '2012-06-30';

	$person->{opening} = 1;
	$person->{closing} = 1 if $ended lt '2020';
	return update('service', $row, { ended_on => $ended }, 'ended_on IS NULL');
}

sub make_invoice
{
	my ($model, $who, %v) = @_;
	my $id = $model->id;

	return insert($model, 'invoice',
		{ id => $id, customer_id => number($who), addressee => $model->marker($who) . ', Storgata 1', %v },
		id => $id, of => [$who], who => { addressee => [$who] });
}

sub new_invoice
{
	my ($model) = @_;
	my $who = somebody($model, 'c') // return;

	return make_invoice($model, $who, issued_on => '2025-11-15', paid => rand() < 0.6 ? 't' : 'f');
}

# One of which the law lets go: due at once.
sub old_invoice
{
	my ($model) = @_;
	my $who = somebody($model, 'c') // return;

	return make_invoice($model, $who, issued_on => '2014-11-15', paid => 't');
}

sub pay
{
	my ($model) = @_;
	my $row = some_row($model, 'invoice', sub { $_[0]{v}{paid} eq 'f' }) // return;

	$model->{person}{ $row->{of}[0] }{opening} = 1;
	return update('invoice', $row, { paid => 't' });
}

sub new_payment
{
	my ($model) = @_;
	my $row = some_row($model, 'invoice', sub { all_writable($model, $_[0]) && !%{ $_[0]{gone} } }) // return;
	my $id = $model->id;
	my $who = $row->{of}[0];

	return insert($model, 'payment',
		{ id => $id, invoice_id => $row->{id}, paid_on => pick('2025-12-01', '2014-12-01'), account => $model->marker($who) },
		id => $id, of => [$who], who => { account => [$who] });
}

sub make_note
{
	my ($model, $who) = @_;
	my $id = $model->id;
	my $body = sprintf pick('%s called, router replaced', 'Offer sent to %s today', 'agreed with %s.'), full_name($model, $who);

	return insert($model, 'note', { id => $id, customer_id => number($who), body => $body },
		id => $id, of => [$who], who => { body => [$who] });
}

sub new_note
{
	my ($model) = @_;
	my $who = somebody($model, 'c') // return;

	return make_note($model, $who);
}

# One statement, many rows: the audit's chunks.
sub many_notes
{
	my ($model) = @_;
	my $who = somebody($model, 'c') // return;
	my @ids = map { $model->id } 1 .. 50;
	my $body = full_name($model, $who) . ' wrote again';

	return {
		who => [$who],
		statements => [ [ 'INSERT INTO note SELECT i, $2, $3 FROM unnest($1::integer[]) AS i', [ '{' . join(',', @ids) . '}', number($who), $body ] ] ],
		effects => sub {
			return map {
				([ put => 'note', $_, { v => { id => $_, customer_id => number($who), body => $body }, of => [$who], who => { body => [$who] } } ],
					[ audit => "INSERT note $_" ])
			} @ids;
		} };
}

# Who has written to another is not held, and the other way round: a hold on one of them
# keeps the message against an erasure of the other, for as long as it lasts.
sub new_message
{
	my ($model) = @_;
	my ($from, $to) = (somebody($model, 'c'), somebody($model, 'c'));

	return if !defined $to;
	if ($from ne $to)
	{
		return if grep { $model->{person}{$_}{was_held} } $from, $to;
		$model->{person}{$_}{wrote} = 1 foreach $from, $to;
	}
	my $id = $model->id;
	my @both = $from eq $to ? $from : ($from, $to);
	return insert($model, 'message',
		{ id => $id, sender => number($from), receiver => number($to), sender_name => full_name($model, $from),
			receiver_name => full_name($model, $to), body => full_name($model, $from) . ' greets ' . full_name($model, $to) . '!' },
		id => $id, of => \@both,
		who => { sender_name => [$from], receiver_name => [$to], body => \@both });
}

sub new_login
{
	my ($model) = @_;
	my $who = somebody($model, 'c') // return;
	my $id = $model->id;

	return insert($model, 'login', { token => "$id-" . $model->marker($who), customer_id => number($who) },
		id => $id, of => [$who]);
}

sub make_visit
{
	my ($model, $at) = @_;
	my $who = rand() < 0.9 ? somebody($model, 'c') // return : undef;
	my $id = $model->id;
	my $agent = defined $who ? $model->marker($who) : 'a robot';

	return insert($model, 'visit', { id => $id, at => $at, customer_id => defined $who ? number($who) : undef, agent => $agent },
		id => $id, of => [ $who // () ], who => { agent => [ $who // () ] });
}

sub new_visit { return make_visit($_[0], '2099-01-01') }
sub old_visit { return make_visit($_[0], '2015-01-01') }

sub change
{
	my ($model, $values) = @_;
	my $who = somebody($model, 'c') // return;

	return update('customer', $model->{row}{customer}{ number($who) }, $values->($who));
}

sub change_phone
{
	my ($model) = @_;
	return change($model, sub { { phone => $model->marker($_[0]) . ' 922' } });
}

sub change_email
{
	my ($model) = @_;
	return change($model, sub { { email => $model->marker($_[0]) . '@example.com' } });
}

sub change_n
{
	my ($model) = @_;
	return change($model, sub { { n => int rand 1e6 } });
}

sub drop_note
{
	my ($model) = @_;
	my $row = some_row($model, 'note', sub { all_writable($model, $_[0]) }) // return;

	return {
		who => $row->{of},
		statements => [ [ 'DELETE FROM note WHERE id = $1 RETURNING id', [ $row->{id} ], 1 ] ],
		effects => sub { return @{ $_[0] } ? ([ del => 'note', $row->{id} ], [ audit => "DELETE note $row->{id}" ]) : () } };
}

sub drop_login
{
	my ($model) = @_;
	my $row = some_row($model, 'login', sub { all_writable($model, $_[0]) }) // return;

	return {
		who => $row->{of},
		statements => [ [ 'DELETE FROM login WHERE token = $1 RETURNING 1', [ $row->{v}{token} ], 1 ] ],
		effects => sub { return @{ $_[0] } ? ([ del => 'login', $row->{id} ], [ audit => "DELETE login $row->{id}" ]) : () } };
}

# Somebody writes for a person who is being erased by another session: whatever comes
# second must know of the first.
sub late
{
	my ($model, $driver, $session) = @_;
	my $who = pick(grep { /^c/ && ($driver->{erasing}{$_} // $session) != $session && !$model->{person}{$_}{nameless} && !$model->{person}{$_}{erased} }
		sort keys %{ $driver->{erasing} }) // return;
	my $what = int rand 4;

	return $what == 0 ? make_note($model, $who)
	  : $what == 1 ? make_invoice($model, $who, issued_on => '2025-11-15', paid => 't')
	  : $what == 2 ? update('customer', $model->{row}{customer}{ number($who) }, { phone => $model->marker($who) . ' 933' })
	  : update('customer', $model->{row}{customer}{ number($who) }, { n => int rand 1e6 });
}

#
# Consents and agreements
#

# The table of a person and his or her key there.
sub subject
{
	my ($model, $who) = @_;

	return $who =~ /^c/ ? ('customer', number($who)) : ('reader', $model->{row}{reader}{ number($who) }{v}{email});
}

sub consenter
{
	my ($model) = @_;
	my @persons = grep {
		my $p = $model->{person}{$_};
		!$p->{closing} && !$p->{nameless} && !$p->{erased} || /^c/ && $p->{erased} && !$p->{again}
	} persons($model, '[cr]');

	return pick(@persons);
}

sub consent
{
	my ($model) = @_;
	my $who = consenter($model) // return;
	my ($table, $key) = subject($model, $who);
	my $purpose = $table eq 'reader' ? 'news' : pick(qw(news sms));
	my $given = rand() < 0.6 ? 1 : 0;

	return {
		who => [$who],
		allow => qr/^P0002$/,
		statements => [
			$given ? [ "SELECT pv.give_consent('$table', \$1::text, \$2, '1', 'web', jsonb_build_object('from', \$3::text))", [ $key, $purpose, $model->marker($who) ] ]
			: [ "SELECT pv.withdraw_consent('$table', \$1::text, \$2, 'web')", [ $key, $purpose ] ] ],
		effects => sub { return ([ consent => $who, $purpose, $given ], [ ledger => $given ? 'given' : 'withdrawn' ]) } };
}

sub double_opt_in
{
	my ($model, $driver) = @_;
	my @tokens = grep { !$model->{person}{ $driver->{token}{$_} }{closing} } sort keys %{ $driver->{token} };

	if (@tokens && rand() < 0.6)
	{
		my $token = pick(@tokens);
		my $who = delete $driver->{token}{$token};

		# Withdrawals kill the link, and so does another's use.
		return {
			who => [$who],
			allow => qr/^28000$/,
			statements => [ [ 'SELECT pv.confirm_consent($1)', [$token] ] ],
			effects => sub { return ([ consent => $who, 'sms', 1 ], [ ledger => 'given' ]) } };
	}
	my $who = somebody($model, 'c') // return;
	return if $model->{person}{$who}{closing};
	return {
		who => [$who],
		statements => [ [ "SELECT pv.request_consent('customer', \$1::integer, 'sms', '1', 'web')", [ number($who) ], 1 ] ],
		effects => sub {
			$driver->{token}{ $_[0][0][0] } = $who;
			return [ ledger => 'requested' ];
		} };
}

sub objection
{
	my ($model) = @_;
	my $who = somebody($model, 'c') // return;
	my $person = $model->{person}{$who};

	return if $person->{closing};
	my $stands = $person->{objects} ? 0 : 1;
	return {
		who => [$who],
		allow => qr/^55000$/,
		statements => [ [ "SELECT pv." . ($stands ? 'object_to' : 'withdraw_objection') . "('customer', \$1::integer, 'survey', 'web')", [ number($who) ] ] ],
		effects => sub { return [ objection => $who, $stands ] } };
}

sub agreement
{
	my ($model) = @_;
	my $who = somebody($model, 'c') // return;
	my $version = pick(1, 2);

	return if $model->{person}{$who}{closing};
	return {
		who => [$who],
		statements => [ [ "SELECT pv.accept_agreement('customer', \$1::integer, 'terms', \$2)", [ number($who), $version ] ] ],
		effects => sub { return [ bound => $who, $version ] } };
}

#
# Looking
#

# What has_consent says in the middle of a transaction, where that is certain: the
# model says the same before and after.
sub look
{
	my ($model, $driver, $session) = @_;
	my $who = somebody($model, 'c') // return;
	my $purpose = pick(qw(news sms));

	return if $model->{person}{$who}{closing};
	my $expected = sub {
		my $now = $model->{person}{$who}{consent}{$purpose} ? 1 : 0;
		foreach (@{ $session->{tx}{effects} })
		{
			$now = $_->[3] if $_->[0] eq 'consent' && $_->[1] eq $who && $_->[2] eq $purpose;
			$now = 0 if $_->[0] eq 'erasure' && $_->[1] eq $who && $_->[3] !~ /^(blocked|requested)$/;
		}
		return $now;
	};
	my $before = $expected->();
	return {
		who => [$who],
		statements => [ [ "SELECT pv.has_consent('customer', \$1::integer, \$2)::integer", [ number($who), $purpose ], 1 ] ],
		effects => sub {
			my $seen = $_[0][0][0];
			my $after = $expected->();

			$driver->failure("has_consent($who, $purpose) is $seen, not $before", 'in a transaction')
			  if $before == $after && $seen != $before;
			return;
		} };
}

# A read that is on record.
sub read
{
	my ($model) = @_;
	my $row = some_row($model, 'customer') // return;

	return {
		who => [],
		statements => [ [ 'SELECT c.name, n.body FROM customer AS c LEFT JOIN note AS n ON n.customer_id = c.id WHERE c.id = $1', [ $row->{id} ] ] ],
		effects => sub { return } };
}

sub preview
{
	my ($model) = @_;
	my $row = some_row($model, 'customer') // return;

	return {
		who => [],
		statements => [ [ "SELECT * FROM pv.preview_erasure('customer', \$1::integer)", [ $row->{id} ] ] ],
		effects => sub { return } };
}

sub look_up
{
	my ($model) = @_;
	my $row = some_row($model, 'customer') // return;

	return {
		who => [],
		statements => [ [ "SELECT count(*) FROM pv.subject_trail('customer', \$1::integer)", [ $row->{id} ] ] ],
		effects => sub { return } };
}

#
# Erasures and holds
#

# The statements: what the erasure itself changes is on record for another actor.
sub erasing
{
	my ($session, $sql, @bind) = @_;
	my $actor = $session->{tx}{actor};

	return [ [ q{SELECT set_config('pvext.actor', $1, true)}, ["erase:$actor"] ], [ $sql, \@bind, 1 ],
		[ q{SELECT set_config('pvext.actor', $1, true)}, [$actor] ] ];
}

sub make_erasure
{
	my ($model, $driver, $session, $who) = @_;
	my ($table, $key) = subject($model, $who);
	my $before = $driver->expected_states($session, $who);

	$model->{person}{$who}{closing} = 1;
	$driver->{erasing}{$who} //= $session;
	return {
		who => [$who],
		allow => qr/^P0002$/,
		statements => erasing($session, "SELECT id, state FROM pv.erase_subject('$table', \$1::text, 'asked')", $key),
		effects => sub {
			my ($id, $state) = @{ $_[0][0] };

			$driver->check_state($session, $who, $id, $state, $before);
			return [ erasure => $who, $id, $state ];
		} };
}

sub erase
{
	my ($model, $driver, $session) = @_;
	my $who = pick(persons($model, 'c')) // return;

	# Who has rows anew is asked for again when all is quiet.
	return if $model->{person}{$who}{again};
	return make_erasure($model, $driver, $session, $who);
}

sub erase_reader
{
	my ($model, $driver, $session) = @_;
	my $who = pick(grep { !$model->{person}{$_}{erased} } persons($model, 'r')) // return;

	return make_erasure($model, $driver, $session, $who);
}

sub erase_two
{
	my ($model, $driver, $session) = @_;
	my @who = sort { number($a) <=> number($b) } map { pick(grep { !$model->{person}{$_}{again} } persons($model, 'c')) } 1 .. 2;

	return if !defined $who[1] || $who[0] eq $who[1];
	my @before = map { $driver->expected_states($session, $_) } @who;
	foreach (@who)
	{
		$model->{person}{$_}{closing} = 1;
		$driver->{erasing}{$_} //= $session;
	}
	return {
		who => \@who,
		statements => erasing($session, "SELECT id, state FROM pv.erase_subjects('customer', \$1::text[], 'asked')", '{' . join(',', map { number($_) } @who) . '}'),
		effects => sub {
			my ($rows) = @_;

			$driver->failure('erase_subjects returned ' . @$rows . ' rows') if @$rows != 2;
			$driver->check_state($session, $who[$_], @{ $rows->[$_] }, $before[$_]) foreach 0 .. 1;
			return map { [ erasure => $who[$_], @{ $rows->[$_] } ] } 0 .. 1;
		} };
}

sub hold
{
	my ($model) = @_;
	my $who = pick(grep { my $p = $model->{person}{$_}; !$p->{closing} && !$p->{erased} && !$p->{wrote} } persons($model, '[cr]')) // return;
	my ($table, $key) = subject($model, $who);

	$model->{person}{$who}{was_held} = 1;
	return {
		who => [$who],
		allow => qr/^P0002$/,
		statements => [ [ "SELECT pv.place_hold('$table', \$1::text, 'a court case')", [$key], 1 ] ],
		effects => sub { return [ hold => $who, $_[0][0][0] ] } };
}

sub unhold
{
	my ($model) = @_;
	my $who = pick(grep { %{ $model->{person}{$_}{hold} } } persons($model, '[cr]')) // return;
	my ($hold) = sort keys %{ $model->{person}{$who}{hold} };

	$model->{person}{$who}{opening} = 1;
	return {
		who => [$who],
		allow => qr/^(55000|P0002)$/,
		statements => [ [ 'SELECT pv.release_hold($1, $2)', [ $hold, 'settled' ] ] ],
		effects => sub { return [ unhold => $who, $hold ] } };
}

# Taken back while it is surely blocked.
sub cancel
{
	my ($model) = @_;
	my $id = pick(grep {
		my $r = $model->{request}{$_};
		$r->{state} eq 'blocked' && !$model->{person}{ $r->{who} }{opening} && $model->blockers($r->{who})
	} sort keys %{ $model->{request} }) // return;

	return {
		who => [ $model->{request}{$id}{who} ],
		allow => qr/^55000$/,
		statements => [ [ "SELECT pv.cancel_erasure(\$1, 'changed my mind')", [$id] ] ],
		effects => sub { return [ cancel => $id ] } };
}

#
# Duties by hand, outside transactions
#

sub duty
{
	my $sql = pick('CALL pv.run_duties()', 'CALL pv.run_duties()', 'CALL pv.purge()', 'SELECT pv.seal_audit()');

	return { name => 'duty', who => [], statements => [ [$sql] ], effects => sub { return } };
}

#
# Savepoints
#

sub savepoint
{
	my ($model, $driver, $session) = @_;
	my $tx = $session->{tx};

	return if @{ $tx->{savepoints} } > 2;
	return {
		who => [],
		statements => [ [ 'SAVEPOINT s' . @{ $tx->{savepoints} } ] ],
		effects => sub { push @{ $tx->{savepoints} }, scalar @{ $tx->{effects} }; return } };
}

sub roll_back_to
{
	my ($model, $driver, $session) = @_;
	my $tx = $session->{tx};

	return if !@{ $tx->{savepoints} };
	return {
		who => [],
		statements => [ [ 'ROLLBACK TO s' . $#{ $tx->{savepoints} } ], [ 'RELEASE s' . $#{ $tx->{savepoints} } ] ],
		effects => sub { $#{ $tx->{effects} } = pop(@{ $tx->{savepoints} }) - 1; return } };
}

1;
