# The Perl client of Debian's libredis-perl: perl.pl PORT. Prints what failed; the status tells.
use strict;
use warnings;
use Redis;

my $failures = 0;

sub equal {
    my ($actual, $expected, $what) = @_;
    $actual = 'nothing' unless defined $actual;
    return if $actual eq $expected;
    print "$what: $actual, not $expected\n";
    $failures++;
}

my $redis = Redis->new(server => "127.0.0.1:$ARGV[0]");
equal($redis->ping, 'PONG', 'ping');
equal($redis->set('perl', 'value'), 'OK', 'set');
equal($redis->get('perl'), 'value', 'get');
equal($redis->get('absent'), 'nothing', 'get of nothing');
equal($redis->incrby('perl:count', 5), 5, 'incrby');
equal(join(',', map { defined $_ ? $_ : '' } $redis->mget('perl', 'absent', 'perl:count')),
    'value,,5', 'mget');
equal($redis->exists('perl'), 1, 'exists');
equal($redis->expire('perl', 100), 1, 'expire');
equal($redis->ttl('perl') > 0 ? 1 : 0, 1, 'ttl');
equal($redis->info->{redis_mode}, 'standalone', 'info');
equal(eval { $redis->lpush('list', 1); 'a reply' } || 'an error', 'an error', 'lpush');
my @replies;
$redis->incr('perl:count', sub { push @replies, $_[0] }) for 1 .. 100;
$redis->wait_all_responses;
equal(join(',', @replies), join(',', 6 .. 105), 'a pipeline');
my ($cursor, %found) = (0);
do {
    my ($next, $keys) = $redis->scan($cursor, MATCH => 'perl*', COUNT => 10);
    $found{$_} = 1 for @$keys;
    $cursor = $next;
} while $cursor ne '0';
equal(join(',', sort keys %found), 'perl,perl:count', 'scan');
$redis->quit;
exit($failures ? 1 : 0);
