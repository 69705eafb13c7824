# What must be true when all sessions are at rest and the duties have been done.
package Soak::Check;

use strict;
use warnings FATAL => 'all';

use Time::HiRes qw(sleep time);

# How each table is read, so that a row is (id, values ...).
my %READ = (
	customer => [ 'SELECT id, name, email, phone, n FROM customer', qw(name email phone n) ],
	service  => [ 'SELECT id, customer_id, product, ended_on FROM service', qw(customer_id product ended_on) ],
	note     => [ 'SELECT id, customer_id, body FROM note', qw(customer_id body) ],
	message  => [ 'SELECT id, sender, receiver, sender_name, receiver_name, body FROM message', qw(sender receiver sender_name receiver_name body) ],
	login    => [ "SELECT split_part(token, '-', 1), token, customer_id FROM login", qw(token customer_id) ],
	visit    => [ 'SELECT id, at, customer_id, agent FROM visit', qw(at customer_id agent) ],
	invoice  => [ "SELECT id, customer_id, issued_on, CASE WHEN paid THEN 't' ELSE 'f' END, addressee FROM invoice", qw(customer_id issued_on paid addressee) ],
	payment  => [ 'SELECT id, invoice_id, paid_on, account FROM payment', qw(invoice_id paid_on account) ],
	reader   => [ 'SELECT id, email, nick FROM reader', qw(email nick) ],
	article  => [ 'SELECT a.id, a.title FROM article AS a JOIN reader AS r ON r.email = a.reader', qw(title) ]);
# What may stop a duty for a while: a lock, a deadlock, the driver's own cancelling.
our $PASSING = qr/^(55P03|40P01|57014)$/;
# A person who has got new names or addresses, or has them again after an erasure in part,
# is asked for again.
our $STRANGE = qr/seems to be another person's by now$/;

sub all
{
	my ($driver) = @_;

	requests($driver);
	purged($driver);
	rows($driver);
	verified($driver);
	consents($driver);
	holds($driver);
	audit($driver);
	markers($driver);
	map_and_status($driver);
	return;
}

#
# Duties
#

# Open requests have gone on as the model says.  What failed for a passing reason has
# a time of its own: it is asked for again.
sub requests
{
	my ($driver) = @_;

	continue_requests($driver);
	erase_again($driver);
	continue_requests($driver);
	return;
}

sub continue_requests
{
	my ($driver) = @_;
	my $until = time + 60;
	my $wrong;

	$driver->{model}->continue_requests;
	while (1)
	{
		$driver->{control}->ask("CALL pv.run_duties('{expire,erase}')");
		$wrong = ledger_differs($driver);
		return if $wrong eq '';
		foreach (@{ $driver->{control}->ask("SELECT name, sqlstate, message FROM pv.duty_failure WHERE duty = 'erase'") })
		{
			$driver->failure("the duty erase fails: @$_") if $_->[1] !~ $PASSING && $_->[2] !~ $STRANGE;
		}
		ask_again($driver) if $driver->{control}->value("SELECT count(*) FROM pv.duty_failure WHERE duty = 'erase'");
		$driver->failure("the ledger of requests: $wrong") if time > $until;
		sleep 0.3;
	}
}

sub ask_again
{
	my ($driver) = @_;
	my $model = $driver->{model};

	foreach my $id (sort keys %{ $model->{request} })
	{
		my $request = $model->{request}{$id};
		my $state = $driver->{control}->value('SELECT state FROM pv.erasure WHERE id = $1', $id) // 'gone';
		next if $state eq $request->{state};
		$driver->say("asking again for $request->{who}, $state");
		$driver->{control}->ask('SELECT pv.erase_subject(subject, key) FROM pv.erasure WHERE id = $1 AND key IS NOT NULL', $id);
	}
	return;
}

sub ledger_differs
{
	my ($driver) = @_;
	my $model = $driver->{model};
	my %seen = map { $_->[0] => $_->[1] } @{ $driver->{control}->ask('SELECT id, state FROM pv.erasure') };

	foreach my $id (sort keys %{ $model->{request} })
	{
		my $request = $model->{request}{$id};
		my $state = delete $seen{$id} // 'missing';
		return "$id of $request->{who} is $state, not $request->{state}" if $state ne $request->{state};
	}
	return %seen ? 'unknown request ' . join(' ', %seen) : '';
}

# Whoever has rows that came after the erasure is erased once more.
sub erase_again
{
	my ($driver) = @_;
	my $model = $driver->{model};

	foreach my $who (sort keys %{ $model->{person} })
	{
		my $person = $model->{person}{$who};
		next if !$person->{again};
		my ($table, $key) = Soak::Work::subject($model, $who);
		my $verdict = $model->verdict($who);
		my $open = $model->open_request($who);
		my ($id, $state) = @{ $driver->{control}->ask("SELECT id, state FROM pv.erase_subject('$table', \$1::text, 'there again')", $key)->[0] };

		$driver->say("erasing $who again: $state");
		$driver->failure("$who was erased again: $state, not $verdict")
		  if $state ne $verdict && !($verdict eq 'completed' && $state eq 'verifying') && !($verdict eq 'blocked' && $open && $state eq 'partial');
		delete $person->{again};
		$model->apply([ erasure => $who, $id, $state ]);
	}
	return;
}

# All that is due is gone, unless held.
sub purged
{
	my ($driver) = @_;
	my $until = time + 60;

	$driver->{model}->purge;
	while (1)
	{
		$driver->{control}->ask('CALL pv.purge()');
		my $failures = $driver->{control}->ask("SELECT name, sqlstate, message FROM pv.duty_failure WHERE duty = 'purge'");
		foreach (@$failures)
		{
			$driver->failure("the duty purge fails: @$_") if $_->[1] !~ $PASSING;
		}
		my $due = $driver->{control}->ask('SELECT relation, rule, rows FROM pv.overdue WHERE held_by IS NULL');
		return if !@$due && !@$failures;
		$driver->failure('overdue after a purge: ' . join ', ', map { "@$_" } @$due, @$failures) if time > $until;
		sleep 0.3;
	}
	return;
}

#
# Rows
#

# Every row is there, with the values of those who are not erased and without the others'.
sub rows
{
	my ($driver) = @_;
	my $model = $driver->{model};

	foreach my $table (@Soak::Model::TABLES)
	{
		my ($sql, @columns) = @{ $READ{$table} };
		my %seen = map { $_->[0] => $_ } @{ $driver->{control}->ask($sql) };

		foreach my $id (sort { $a <=> $b } keys %{ $model->{row}{$table} })
		{
			my $row = $model->{row}{$table}{$id};
			my (undef, @values) = @{ delete $seen{$id} // [] };

			if (!@values && $row->{doubt}) { $model->apply_del($table, $id); next }
			$driver->failure("$table $id of @{$row->{of}} is missing") if !@values;
			foreach my $i (0 .. $#columns)
			{
				settle_doubt($model, $table, $row, $columns[$i], $values[$i]) if $row->{doubt};
				my $wrong = value_differs($model, $table, $row, $columns[$i], $values[$i]);
				$driver->failure("$table $id of @{$row->{of}}: $columns[$i] is " . show($values[$i]) . ", not $wrong") if defined $wrong;
			}
		}
		$driver->failure("$table has rows that should be gone: " . join ' ', sort keys %seen) if %seen;
	}
	return;
}

# What might have been purged has been, if its value is not there any more.
sub settle_doubt
{
	my ($model, $table, $row, $column, $value) = @_;
	my $who = $row->{of}[0];

	$model->take($row, $column, $who)
	  if $Soak::Model::PERSONAL{$table}{$column} && ($value // '') ne ($row->{v}{$column} // '');
	return;
}

sub show { return defined $_[0] ? "\"$_[0]\"" : 'null' }

# What a value should be, if it is not that.
sub value_differs
{
	my ($model, $table, $row, $column, $value) = @_;
	my $expected = $row->{v}{$column};
	my $how = $Soak::Model::PERSONAL{$table}{$column};
	my @gone = sort keys %{ $row->{gone}{$column} // {} };

	if (defined $how && @gone)
	{
		return if $how eq 'redact' && defined $value && $value eq '[redacted]' && $row->{late};
		return if $how eq 'token' && defined $value && $value =~ /^erased-\w+\@invalid$/;
		return 'a token' if $how eq 'token';
		$expected = undef if $how eq 'null';
		$expected = '(erased)' if $how eq 'constant';
		if ($how eq 'redact')
		{
			$expected =~ s/\Q$model->{person}{$_}{name}\E/[redacted]/g foreach @gone;
		}
	}
	return if !defined $expected && !defined $value;
	return if defined $expected && defined $value && $expected eq $value;
	return show($expected);
}

# pvext itself finds nothing left of those whom it has erased.
sub verified
{
	my ($driver) = @_;
	my $left = $driver->{control}->ask(q{
		SELECT e.id, v.relation, v.column_name, v.rows FROM pv.erasure AS e CROSS JOIN LATERAL pv.verify_erasure(e.id) AS v
		WHERE e.state = 'completed' AND e.requested_at > now() - interval '2 minutes'});

	foreach (@$left)
	{
		my $who = $driver->{model}{request}{ $_->[0] }{who};
		$driver->failure("verify_erasure of $who: @$_[1 .. 3]") if $driver->{model}{person}{$who}{erased} && !$driver->{model}->open_request($who);
	}
	return;
}

#
# Consents, holds
#

sub consents
{
	my ($driver) = @_;
	my $model = $driver->{model};
	my $seen = $driver->{control}->ask(q{
		SELECT id, pv.has_consent('customer', id, 'news')::integer, pv.has_consent('customer', id, 'sms')::integer,
		       pv.may_process('customer', id, 'survey')::integer, coalesce(pv.bound_by('customer', id, 'terms', current_date + 1), '')
		FROM customer});
	my (%consented, $keys);

	foreach my $purpose (qw(news sms))
	{
		$consented{$purpose}{ $_->[0] } = 1 foreach @{ $driver->{control}->ask('SELECT pv.consented($1, $2)', 'customer', $purpose) };
	}
	foreach (@$seen)
	{
		my ($id, $news, $sms, $survey, $bound) = @$_;
		my $person = $model->{person}{"c$id"};
		my %is = (news => $news, sms => $sms);

		foreach my $purpose (qw(news sms))
		{
			my $expected = $person->{consent}{$purpose} ? 1 : 0;
			$driver->failure("has_consent(c$id, $purpose) is $is{$purpose}, not $expected") if $is{$purpose} != $expected;
			$driver->failure("consented() does not agree about c$id and $purpose") if $expected != ($consented{$purpose}{$id} // 0);
		}
		my $expected = $person->{objects} || $person->{suppressed} ? 0 : 1;
		$driver->failure("may_process(c$id, survey) is $survey, not $expected") if $survey != $expected;
		$expected = $person->{bound} // '';
		$driver->failure("c$id is bound by \"$bound\", not \"$expected\"") if $bound ne $expected;
	}
	foreach (@{ $driver->{control}->ask(q{SELECT id, pv.has_consent('reader', email, 'news')::integer FROM reader}) })
	{
		my $expected = $model->{person}{"r$_->[0]"}{consent}{news} ? 1 : 0;
		$driver->failure("has_consent(r$_->[0], news) is $_->[1], not $expected") if $_->[1] != $expected;
	}
	foreach my $check (qw(verify_consents verify_agreements))
	{
		my $wrong = $driver->{control}->ask("SELECT v::text FROM pv.$check() AS v");
		$driver->failure("pv.$check(): $wrong->[0][0]") if @$wrong;
	}
	my %count = map { $_->[0] => $_->[1] } @{ $driver->{control}->ask(q{SELECT action, count(*) FROM pv.consent_event GROUP BY 1}) };
	foreach my $action (qw(given withdrawn requested))
	{
		my ($is, $expected) = ($count{$action} // 0, $model->{ledger}{$action} // 0);
		$driver->failure("the ledger of consents has $is $action, not $expected") if $is != $expected;
	}
	return;
}

sub holds
{
	my ($driver) = @_;
	my $seen = join ' ', map { $_->[0] } @{ $driver->{control}->ask('SELECT id FROM pv.hold WHERE released_at IS NULL ORDER BY id') };
	my $expected = join ' ', sort { $a <=> $b } map { keys %{ $_->{hold} } } values %{ $driver->{model}{person} };

	$driver->failure("holds in force: $seen, not $expected") if $seen ne $expected;
	return;
}

#
# Audit
#

# Exactly one record for each change that was committed, none for others.  Only what
# has been recorded since the last time is looked at: now nobody else is writing.
sub audit
{
	my ($driver) = @_;
	my $expected = $driver->{model}{audit};
	my $upto = $driver->{control}->value('SELECT pg_snapshot_xmin(pg_current_snapshot())');
	my $records = $driver->{control}->ask(q{
		SELECT actor, operation, split_part(relation, '.', 2), coalesce(key ->> 'id', new ->> 'id', old ->> 'id'), count(*)
		FROM pv.audit_trail WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8 AND actor LIKE 's%' GROUP BY 1, 2, 3, 4}, $driver->{audited}, $upto);
	my %nameless;

	foreach (@$records)
	{
		my ($actor, $operation, $table, $id, $count) = @$_;

		if (!defined $id) { $nameless{"$actor $operation $table"} += $count; next }
		my $wanted = delete $expected->{$actor}{"$operation $table $id"} // 0;
		$driver->failure("$count records of $operation $table $id by $actor, not $wanted") if $count != $wanted;
	}
	# Where the key has gone with its person, they are counted.
	foreach my $actor (sort keys %$expected)
	{
		foreach my $record (sort keys %{ $expected->{$actor} })
		{
			my ($operation, $table) = split / /, $record;
			my $left = ($nameless{"$actor $operation $table"} // 0) - $expected->{$actor}{$record};

			$driver->failure("no record of $record by $actor") if $left < 0;
			$nameless{"$actor $operation $table"} = $left;
		}
	}
	foreach (sort keys %nameless)
	{
		$driver->failure("records too many: $_") if $nameless{$_} > 0;
	}
	$driver->{model}{audit} = {};
	$driver->{audited} = $upto;
	seals($driver);
	return;
}

# The seals hold, also against the head of the last time.
sub seals
{
	my ($driver) = @_;
	my $wrong = $driver->{control}->ask('SELECT v::text FROM pv.verify_audit($1) AS v', $driver->{head});

	$driver->failure("verify_audit: $wrong->[0][0]") if @$wrong;
	$driver->{control}->ask('SELECT pv.seal_audit()');
	$driver->{head} = $driver->{control}->value('SELECT pv.seal_head()');
	return;
}

#
# Nothing is left
#

# No row of any table, and no record, has anything of who is erased.
sub markers
{
	my ($driver) = @_;
	my $control = $driver->{control};
	my $relations = $control->ask(q{
		SELECT c.oid::regclass, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname IN ('public', 'pv') AND c.relkind = 'r' AND c.relname NOT LIKE 'audit\_log%'});

	foreach (@$relations)
	{
		look_for_markers($driver, $_->[1], "SELECT t::text FROM $_->[0] AS t");
	}
	look_for_markers($driver, 'pv.audit_trail', 'SELECT t::text FROM pv.audit_trail AS t');
	look_for_markers($driver, 'pv.audit_log', q{SELECT encode(payload, 'escape') FROM pv.audit_log});
	return;
}

sub look_for_markers
{
	my ($driver, $place, $sql) = @_;

	foreach (@{ $driver->{control}->ask($sql) })
	{
		foreach my $marker ($_->[0] =~ /(zq[a-z]{10})/gi)
		{
			$driver->failure("something of an erased person ($driver->{model}{marker}{lc $marker}) is in $place: $_->[0]") if is_erased($driver, $marker);
		}
	}
	return;
}

sub is_erased
{
	my ($driver, $marker) = @_;
	my $who = $driver->{model}{marker}{ lc $marker } // return 0;

	return $driver->{model}{person}{$who}{erased} && !$driver->{model}->open_request($who);
}

sub map_and_status
{
	my ($driver) = @_;
	my $wrong = $driver->{control}->ask('SELECT relation, column_name, severity, problem FROM pv.check_map()');
	my @wrong = grep { $_->[2] eq 'error' || $_->[3] !~ $driver->{known_problems} } @$wrong;

	$driver->failure('check_map(): ' . join '; ', map { $_ // '-' } @{ $wrong[0] }) if @wrong;
	$driver->{control}->ask('CALL pv.run_duties()');
	my $alarms = $driver->{control}->ask(q{SELECT item, state, error, detail FROM pv.status WHERE alarm});
	foreach (@$alarms)
	{
		my $failures = $driver->{control}->ask('SELECT sqlstate, message FROM pv.duty_failure WHERE duty = $1', $_->[0]);
		next if $_->[1] =~ /^(failing|failed|late)$/ && @$failures && !grep { $_->[0] !~ $PASSING && $_->[1] !~ $STRANGE } @$failures;
		$driver->failure('pv.status: ' . join '; ', map { $_ // '-' } @$_);
	}
	return;
}

#
# Files
#

# A scrub by hand, and then a search of the files without pvext.
sub scrub
{
	my ($driver, $wal) = @_;
	my $control = $driver->{control};
	my $until = time + 120;

	while (1)
	{
		my $done = eval {
			my $plan = $control->ask('SELECT command FROM pv.scrub_plan($1)', $wal ? 't' : 'f');
			$control->ask($_->[0]) foreach @$plan;
			1;
		};
		last if $done;
		# Autovacuum, or a worker at its duty, may be in the way for a moment.
		$driver->failure("the scrub fails: $@") if $@ !~ /: (55006|55000|40P01|55P03) / || time > $until;
		$driver->say("scrub: $@");
		sleep 1;
	}
	$control->ask('CHECKPOINT');
	my $found = $driver->{server}->markers_in_files($wal);
	foreach my $marker (sort keys %$found)
	{
		next if !is_erased($driver, $marker);
		$driver->failure("$marker of $driver->{model}{marker}{$marker}, who is erased, is in the files: "
			. join ', ', map { my $f = s/.*\/data\///r; my $where = $f =~ m{base/\d+/(\d+)} ? $control->value('SELECT relname FROM pg_class WHERE relfilenode = $1', $1) : undef; "$f " . ($where // '') } sort keys %{ $found->{$marker} });
	}
	my $unmarked = $control->value(q{SELECT count(*) FROM pv.erasure WHERE state = 'completed' AND scrubbed_at IS NULL});
	$driver->failure("$unmarked completed erasures have no scrubbed_at") if $unmarked;
	$driver->say(sprintf 'scrubbed; the files have markers of %d values that may be there', scalar keys %$found);
	return;
}

1;
