# load.pl RATE PORT...: RATE requests a second to the ports of 127.0.0.1 in turn, each on a connection of its own, until
# TERM; then `sent N` and a line for each request that got no whole answer.
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my ($rate, @ports) = @ARGV;
my ($done, $sent, @failed) = (0, 0);
$SIG{TERM} = sub { $done = 1 };
$SIG{PIPE} = 'IGNORE';
my $begin = time;
until ($done) {
    my $port = $ports[$sent % @ports];
    $sent++;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 10);
    if (!$socket) {
        push @failed, "request $sent to $port: $!";
    } else {
        print $socket "GET / HTTP/1.0\r\n";
        my $answer = join '', <$socket>;
        push @failed, "request $sent to $port: it answered '$answer'" unless $answer =~ /^HTTP\S+ 200.*\r\n\r\n\d+\n\z/s;
    }
    my $wait = $begin + $sent / $rate - time;
    sleep $wait if $wait > 0 && !$done;
}
print "sent $sent\n", map { "$_\n" } @failed;
