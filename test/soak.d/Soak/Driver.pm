# The run: step after step a session is chosen and what it does next, now and then a
# process is killed, the schema changed, or all is brought to rest and checked.
#
# The choices of step n depend on the seed, on n and on the model alone.
package Soak::Driver;

use strict;
use warnings FATAL => 'all';

use IO::Handle;
use Time::HiRes qw(sleep time);
use Soak::Check;
use Soak::Model;
use Soak::Server;
use Soak::Session;
use Soak::Work;

# What anything may end with: a deadlock; and a cancelled or lost statement where the
# driver has done it.
my $ANYTHING = qr/^40P01$/;
my $LOG_LINES = 60;

sub new
{
	my ($class, %args) = @_;
	my $self = bless { %args, model => Soak::Model->new, step => 0, erasing => {}, token => {}, prepared => {}, lines => [],
		killed => {}, audited => 0, head => undef, known_problems => qr/^\d+ rows belong to nobody$/, count => {}, started => time }, $class;

	open $self->{transcript}, '>:encoding(UTF-8)', $args{transcript_file} or die "$args{transcript_file}: $!";
	$self->{transcript}->autoflush;
	$self->{server} = Soak::Server->new(%{ $args{server} });
	$self->{control} = Soak::Session->new(name => 'control', server => $self->{server}, user => 'dba');
	$self->{control}{dbh} or die "no connection\n";
	$self->{sessions} = [ map { Soak::Session->new(name => "s$_", server => $self->{server}, user => $_ == $args{sessions} ? 'officer' : 'app') } 1 .. $args{sessions} ];
	return $self;
}

#
# What is said
#

sub say
{
	my ($self, $text) = @_;
	my $line = sprintf '%7.1f %6d  %s', time - $self->{started}, $self->{step}, $text;

	push @{ $self->{lines} }, $line;
	shift @{ $self->{lines} } if @{ $self->{lines} } > $LOG_LINES;
	print { $self->{transcript} } "$line\n";
	return;
}

# The end of the run: what was expected and seen, and how it came to that.
sub failure
{
	my ($self, @text) = @_;

	die "FAILED at step $self->{step} of seed $self->{seed}: @text\n";
}

sub count { $_[0]{count}{ $_[1] }++; return }

#
# Steps
#

sub run
{
	my ($self) = @_;

	$self->setting_out;
	while ($self->{steps} ? $self->{step} < $self->{steps} : time < $self->{until})
	{
		$self->{step}++;
		$self->choose_step;
	}
	$self->rest('the end');
	Soak::Check::scrub($self, $self->{wal});
	$self->complaints;
	return;
}

# What is chosen in a step does not depend on how much was drawn in those before.
sub choose_step
{
	my ($self) = @_;

	srand(($self->{seed} * 1_000_003 + $self->{step} * 7919) % 2**32);
	rand foreach 1 .. 3;
	my $at = rand;

	$self->reap;
	return $self->rest('at rest') if $self->{step} % 250 == 0;
	return $self->crash if $at < 0.0025 && $self->{kills};
	return $self->disturb if $at < 0.008;
	return $self->change_schema if $at < 0.02;
	return $self->finish_prepared if $at < 0.03 && %{ $self->{prepared} };
	return $self->session_step($self->{sessions}[ rand @{ $self->{sessions} } ]);
}

# Some persons to begin with.
sub setting_out
{
	my ($self) = @_;

	srand $self->{seed};
	foreach (1 .. 30)
	{
		my $op = $_ % 5 ? Soak::Work::new_customer($self->{model}) : Soak::Work::new_reader($self->{model});
		$self->{control}->ask($op->{statements}[0][0], @{ $op->{statements}[0][1] });
		$self->{model}->apply($_) foreach grep { $_->[0] eq 'put' } $op->{effects}->([]);
	}
	return;
}

sub session_step
{
	my ($self, $session) = @_;

	# One that waits for a lock has its turn later; another's answer is waited for, so that
	# what is chosen depends on as little as can be.
	return if $session->{busy} && !$self->wait_for($session, 10);
	if (!$session->{tx})
	{
		return $self->start($session, Soak::Work::duty()) if $session->{user} eq 'officer' && rand() < 0.4;
		return $self->begin($session);
	}
	return $self->end($session) if $session->{tx}{length}-- <= 0;
	my $op = Soak::Work::choose($self, $session) or return;
	return $self->start($session, $op);
}

sub begin
{
	my ($self, $session) = @_;
	my $actor = "$session->{name}:$self->{step}";

	$session->{tx} = { actor => $actor, effects => [], savepoints => [], length => int rand 6, began => $self->{step} };
	return $self->start($session,
		{ name => 'begin', who => [], effects => sub { return },
			statements => [ ['BEGIN'], [ q{SELECT set_config('pvext.actor', $1, true)}, [$actor] ] ] });
}

# COMMIT, ROLLBACK or PREPARE TRANSACTION.  The transaction's id is asked for first:
# whether a COMMIT that a crash cut off has been done is asked for by it.
sub end
{
	my ($self, $session, $how) = @_;
	my $at = rand;

	$how //= $at < 0.8 ? 'commit' : $at < 0.93 || $session->{user} ne 'app' || keys %{ $self->{prepared} } > 2 ? 'rollback' : 'prepare';
	$self->await_ends;
	my $gid = "p$self->{step}";
	my %statement = (commit => 'COMMIT', rollback => 'ROLLBACK', prepare => "PREPARE TRANSACTION '$gid'");

	return $self->start($session,
		{ name => $how, gid => $gid, ending => $how, who => [],
			# Who has looked at a trail cannot prepare: that has written down reads.
			allow => $how eq 'prepare' ? qr/^0A000$/ : undef,
			statements => [ [ 'SELECT pg_current_xact_id_if_assigned()::text', [], 1 ], [ $statement{$how} ] ],
			effects => sub { return } });
}

sub start
{
	my ($self, $session, $op) = @_;

	$self->say("$session->{name} $op->{name} @{$op->{who} // []}" . $self->what($op));
	$self->count($op->{name});
	@$session{qw(op sent rows)} = ($op, time, undef);
	# Has it begun while others were there?
	$op->{older} = { map { $_->{name} => $_->{tx}{actor} } grep { $_->{tx} && !$_->{busy} && $_ != $session } @{ $self->{sessions} } };
	$op->{prepared} = { %{ $self->{prepared} } };
	$session->send(@{ $op->{statements} });
	# Some are let run beside the next ones, the others waited for unless they wait themselves.
	return if !$op->{ending} && rand() < 0.3;
	$self->wait_for($session, 10);
	return;
}

sub what
{
	my ($self, $op) = @_;
	my ($sql, $bind) = @{ $op->{statements}[-1] };

	return '' if $op->{ending} || $op->{name} eq 'begin';
	($sql, $bind) = @{ $op->{statements}[1] } if @{ $op->{statements} } == 3;
	return ": $sql (" . join(', ', map { $_ // 'null' } @{ $bind // [] }) . ')';
}

# Waits until a session is done, or waits for a lock.
sub wait_for
{
	my ($self, $session, $seconds) = @_;
	my $until = time + $seconds;

	while (!$session->done)
	{
		return 0 if $self->is_blocked($session);
		return 0 if time > $until;
		sleep 0.002;
	}
	$self->settle($session);
	return 1;
}

sub is_blocked
{
	my ($self, $session) = @_;
	my $blocked = eval { $self->{control}->value('SELECT cardinality(pg_blocking_pids($1)) > 0', $session->{pid}) };

	return $blocked // $self->server_died;
}

sub reap
{
	my ($self) = @_;

	foreach my $session (@{ $self->{sessions} })
	{
		if ($session->{busy} && $session->done) { $self->settle($session) }
		elsif ($session->{busy} && time - $session->{sent} > 90)
		{
			$self->failure("$session->{name} has been at $session->{op}{name} for 90 seconds: " . $self->waits_for($session));
		}
	}
	return;
}

sub waits_for
{
	my ($self, $session) = @_;

	return join ' ', map { $_ // '-' } @{ $self->{control}->ask('SELECT wait_event_type, wait_event, pg_blocking_pids(pid), query FROM pg_stat_activity WHERE pid = $1', $session->{pid})->[0] // [] };
}

# Endings are one after the other, so that the model knows their order.
sub await_ends
{
	my ($self) = @_;

	foreach my $session (grep { $_->{busy} && $_->{op}{ending} } @{ $self->{sessions} })
	{
		my $until = time + 60;
		while (!$session->done)
		{
			$self->failure("$session->{name} cannot $session->{op}{name}: " . $self->waits_for($session)) if time > $until;
			sleep 0.002;
		}
		$self->settle($session);
	}
	return;
}

# A statement is done: what has happened by it.
sub settle
{
	my ($self, $session) = @_;
	my $op = delete $session->{op} // return;
	my $tx = $session->{tx};

	return $self->settle_error($session, $op) if $session->{state} ne '';
	if ($op->{ending}) { $self->settle_end($session, $op) }
	else
	{
		$session->{op_done} = $op;
		my @effects = $op->{effects}->($session->{rows});
		push @{ $tx->{effects} }, @effects if $tx;
	}
	return;
}

sub settle_end
{
	my ($self, $session, $op) = @_;
	my $tx = delete $session->{tx};

	$self->{prepared}{ $op->{gid} } = $tx if $op->{ending} eq 'prepare';
	$self->commit($tx) if $op->{ending} eq 'commit';
	$self->forget_erasing($session);
	return;
}

sub forget_erasing
{
	my ($self, $session) = @_;

	foreach (sort keys %{ $self->{erasing} })
	{
		delete $self->{erasing}{$_} if $self->{erasing}{$_} == $session;
	}
	return;
}

sub commit
{
	my ($self, $tx) = @_;
	my @records = map { $_->[1] } grep { $_->[0] eq 'audit' } @{ $tx->{effects} };

	$self->{model}->apply($_) foreach grep { $_->[0] ne 'audit' } @{ $tx->{effects} };
	$self->{model}->apply([ audit => $tx->{actor}, @records ]);
	return;
}

sub settle_error
{
	my ($self, $session, $op) = @_;
	my ($state, $error) = @$session{qw(state error)};

	$self->say("$session->{name} $op->{name}: $state " . (split /\n/, $error)[0]);
	$self->count("error $state");
	if ($session->lost)
	{
		$self->failure("$session->{name} has lost its connection: $error") if !delete $session->{may_be_lost};
		$self->lost($session, $op);
		return $self->reconnect($session);
	}
	my $cancelled = delete $session->{cancelled};
	$self->failure("$session->{name} $op->{name} @{$op->{who} // []}" . $self->what($op) . ": $state $error")
	  if $state !~ $ANYTHING && $state !~ ($op->{allow} // qr/^$/) && !($cancelled && $state eq '57014');
	delete $session->{tx} or return;
	$self->forget_erasing($session);
	$session->{dbh}->do('ROLLBACK');
	return;
}

#
# Erasures
#

# What an erasure of this person would be, as far as the model knows.
sub expected_states
{
	my ($self, $session, $who) = @_;

	return $self->{model}->verdict($who);
}

# Is that state possible?  What the session itself has not committed, the model does not know.
sub check_state
{
	my ($self, $session, $who, $id, $state, $before) = @_;
	my $model = $self->{model};
	my $known = $model->{request}{$id};
	my $op = $session->{op_done};
	my %may = map { $_ => 1 } $before, $model->verdict($who);

	$self->count("erasure $state");
	$self->say("$session->{name} erasure of $who is $state");
	return if grep { $_->[0] =~ /^(put|set|hold|unhold|erasure)$/ && ($_->[0] eq 'set' || grep { ref ? "@{$_->{of}}" =~ /\b$who\b/ : $_ eq $who } @$_[1 .. $#$_]) } @{ $session->{tx}{effects} };
	$may{partial} = 1 if $known && $known->{state} eq 'partial';
	$may{ $known->{state} } = 1 if $known && $known->{state} =~ /^(completed|verifying)$/;
	$may{verifying} = 1 if $may{completed} && $who =~ /^c/;
	$self->failure("erasure of $who is $state, not " . join(' or ', sort keys %may) . ' (blockers: ' . join(' ', $model->blockers($who)) . ')')
	  if !$may{$state};
	return if $state ne 'completed' || $known || $who !~ /^c/;
	# Older transactions may still add visits, which have no foreign key.
	foreach my $other (@{ $self->{sessions} })
	{
		my $older = $op->{older}{ $other->{name} } // next;
		$self->failure("erasure of $who is completed, though $other->{name} is in a transaction that is older")
		  if $other->{tx} && $other->{tx}{actor} eq $older && !($other->{op} && $other->{op}{ending});
	}
	foreach (sort keys %{ $op->{prepared} })
	{
		$self->failure("erasure of $who is completed, though transaction $_ is prepared") if $self->{prepared}{$_};
	}
	return;
}

#
# At rest
#

# Every session ends what it is at, then all is checked.
sub rest
{
	my ($self, $why) = @_;

	$self->say("-- $why");
	$self->end_all;
	$self->finish_prepared while %{ $self->{prepared} };
	Soak::Check::all($self);
	Soak::Check::scrub($self, 0) if $self->{step} % 1000 == 0;
	$self->complaints;
	$self->count('checks');
	delete $_->{opening} foreach values %{ $self->{model}{person} };
	$self->toggle_worker if rand() < 0.5;
	printf "%6d steps, %d customers, %d rows, %d requests, %d crashes; %s\n", $self->{step},
	  scalar(keys %{ $self->{model}{row}{customer} }), $self->rows, scalar(keys %{ $self->{model}{request} }), $self->{count}{crash} // 0,
	  $self->{worker} ? 'worker on' : 'worker off';
	return;
}

sub rows
{
	my ($self) = @_;
	my $sum = 0;

	$sum += keys %{ $self->{model}{row}{$_} } foreach @Soak::Model::TABLES;
	return $sum;
}

sub end_all
{
	my ($self) = @_;
	my $until = time + 120;

	while (grep { $_->{busy} || $_->{tx} } @{ $self->{sessions} })
	{
		$self->reap;
		foreach my $session (grep { $_->{tx} && !$_->{busy} } @{ $self->{sessions} })
		{
			$self->end($session, rand() < 0.8 ? 'commit' : 'rollback');
		}
		# A prepared transaction may be what they wait for.
		$self->finish_prepared if %{ $self->{prepared} } && !grep { $_->{tx} && !$_->{busy} } @{ $self->{sessions} };
		if (time > $until)
		{
			my ($stuck) = grep { $_->{busy} } @{ $self->{sessions} };
			$self->failure("$stuck->{name} does not end $stuck->{op}{name}: " . $self->waits_for($stuck));
		}
		sleep 0.002;
	}
	return;
}

sub toggle_worker
{
	my ($self) = @_;

	$self->{worker} = !$self->{worker};
	$self->{control}->ask('ALTER SYSTEM SET pvext.enabled = ' . ($self->{worker} ? 'on' : 'off'));
	$self->{control}->ask('SELECT pg_reload_conf()');
	return;
}

sub complaints
{
	my ($self) = @_;
	my @lines = $self->{server}->complaints(%{ $self->{killed} });

	$self->failure("the server's log: @lines") if @lines;
	return;
}

# COMMIT PREPARED or ROLLBACK PREPARED of the oldest.
sub finish_prepared
{
	my ($self) = @_;
	my ($gid) = sort { substr($a, 1) <=> substr($b, 1) } keys %{ $self->{prepared} };
	my $commit = rand() < 0.7;

	$self->await_ends;
	$self->say(($commit ? 'commit' : 'rollback') . " prepared $gid");
	$self->{control}->ask(($commit ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$gid'");
	my $tx = delete $self->{prepared}{$gid};
	$self->commit($tx) if $commit;
	return;
}

#
# Crashes
#

sub crash
{
	my ($self) = @_;
	my @ways = qw(backend backend busy worker checkpointer immediate postmaster);
	my $way = $ways[ rand @ways ];
	my $victim = $self->victim($way);

	$self->say("-- crash: $way" . ($victim ? " $victim" : ''));
	$self->count('crash');
	$_->{may_be_lost} = 1 foreach @{ $self->{sessions} };
	if ($way eq 'immediate') { $self->{server}->stop_at_once }
	elsif ($way eq 'postmaster' || !$victim) { $self->{server}->kill_postmaster }
	else
	{
		$self->{killed}{$victim} = 1;
		$self->{server}->kill_process($victim);
		$self->await_recovery;
	}
	return $self->recover;
}

sub victim
{
	my ($self, $way) = @_;
	my @sessions = grep { $way eq 'backend' || $_->{busy} } @{ $self->{sessions} };

	return $sessions[ rand @sessions ]{pid} if $way =~ /^(backend|busy)$/ && @sessions;
	return $self->{control}->value(q{SELECT pid FROM pg_stat_activity WHERE backend_type = $1 LIMIT 1}, $way eq 'checkpointer' ? $way : 'pvext duties');
}

# The postmaster ends all others and begins anew.
sub await_recovery
{
	my ($self) = @_;
	my $until = time + 60;

	while (eval { $self->{control}->value('SELECT 1') })
	{
		$self->failure('the server goes on though a process was killed') if time > $until;
		sleep 0.01;
	}
	return;
}

# Every connection is gone; what was under way is undone, unless its COMMIT was.
sub recover
{
	my ($self) = @_;
	my $until = time + 120;

	until ($self->{control}->connect && eval { $self->{control}->value('SELECT 1') })
	{
		$self->failure('no recovery') if time > $until;
		sleep 0.1;
	}
	foreach my $session (@{ $self->{sessions} })
	{
		$self->lost($session, delete $session->{op}) if !($session->{busy} && $session->done && $session->{state} eq '' && $self->settled_late($session));
		$self->reconnect($session);
		delete @$session{qw(may_be_lost cancelled)};
	}
	$self->complaints;
	return $self->rest('after the crash');
}

# It had been done before the crash.
sub settled_late
{
	my ($self, $session) = @_;

	$self->settle($session);
	return !$session->{tx};
}

# What became of the transaction of a connection that is gone.
sub lost
{
	my ($self, $session, $op) = @_;
	my $tx = delete $session->{tx};

	$self->forget_erasing($session);
	return if !$tx || !$op || !$op->{ending} || $op->{ending} eq 'rollback';
	my $xid = $session->{rows} && $session->{rows}[0] ? $session->{rows}[0][0] : undef;
	return if !defined $xid;
	if ($op->{ending} eq 'prepare')
	{
		$self->{prepared}{ $op->{gid} } = $tx if $self->{control}->value('SELECT count(*) FROM pg_prepared_xacts WHERE gid = $1', $op->{gid});
		return;
	}
	my $status = $self->{control}->value('SELECT pg_xact_status($1::text::xid8)', $xid);
	$self->say("$session->{name}: the transaction has been $status");
	$self->commit($tx) if $status eq 'committed';
	return;
}

sub reconnect
{
	my ($self, $session) = @_;
	my $until = time + 60;

	delete $session->{tx};
	until ($session->connect)
	{
		$self->failure("$session->{name} cannot connect") if time > $until;
		sleep 0.1;
	}
	return;
}

# The control connection is lost, and nobody has killed anything.
sub server_died
{
	my ($self) = @_;

	$self->complaints;
	return $self->failure('the server is gone: ' . ($self->{control}{dbh}->errstr // ''));
}

# A statement is cancelled, or a session ended: no crash.
sub disturb
{
	my ($self) = @_;
	my $session = $self->{sessions}[ rand @{ $self->{sessions} } ];
	my $end = rand() < 0.3;

	$self->await_ends;
	$self->say(($end ? 'terminating ' : 'cancelling ') . $session->{name});
	if ($end)
	{
		$session->{may_be_lost} = 1;
		$self->{control}->ask('SELECT pg_terminate_backend($1, 60000)', $session->{pid});
		my $op = delete $session->{op};
		$self->lost($session, $op);
		$self->reconnect($session);
		delete $session->{may_be_lost};
	}
	elsif ($session->{busy})
	{
		$session->{cancelled} = 1;
		$self->{control}->ask('SELECT pg_cancel_backend($1)', $session->{pid});
	}
	return;
}

#
# The schema
#

# DDL that the map has to follow.  It waits for nobody, and is tried another time.
sub change_schema
{
	my ($self) = @_;
	my @ways = (
		sub { return 'REINDEX TABLE note' },
		sub { return 'VACUUM customer' },
		sub { return 'VACUUM ANALYZE' },
		sub { return 'CHECKPOINT' },
		sub { return 'ANALYZE invoice' },
		sub { return 'SELECT pv.rotate_audit()' },
		sub { $self->{extra}++; return "ALTER TABLE note ADD COLUMN extra$self->{extra} text", "SELECT pv.declare_personal('note', '{extra$self->{extra}}', 'other', '{service}')" },
		sub { return if !$self->{extra}; return "ALTER TABLE note DROP COLUMN IF EXISTS extra$self->{extra}", "SELECT pv.undeclare_personal('note', '{extra$self->{extra}}') WHERE EXISTS (SELECT FROM pv.personal WHERE relation = 'note'::regclass AND column_name = 'extra$self->{extra}')" },
		sub { return "SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'owes us money', relation => 'invoice')" },
		sub { return "SELECT pv.declare_personal('visit', '{agent}', 'device', '{service}', erase_with => 'null')" },
		sub { return 'CREATE INDEX IF NOT EXISTS invoice_extra ON invoice (addressee)' },
		sub { return 'DROP INDEX IF EXISTS invoice_extra' });
	my @statements = $ways[ rand @ways ]->();

	$self->{control}->ask("SET lock_timeout = '300ms'");
	foreach my $statement (@statements)
	{
		next if eval { $self->{control}->ask($statement); $self->say("schema: $statement"); $self->count('schema'); 1 };
		$self->say("schema: $@");
		$self->failure("schema: $@") if $@ !~ /: (55P03|40P01) /;
		last;
	}
	$self->{control}->ask('RESET lock_timeout');
	return;
}

1;
