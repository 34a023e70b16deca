# workload.pl PORT RATE: a process as a stack has them, in the Perl that every Debian has. It answers each connection
# to 127.0.0.1:PORT with its pid, and says `line N`, N counting from 1, RATE times a second. TERM ends it in order.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

$| = 1;
my ($port, $rate) = @ARGV;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 128, ReuseAddr => 1)
    or die "cannot listen on $port: $!\n";
my $done = 0;
$SIG{TERM} = sub { $done = 1 };
my $select = IO::Select->new($server);
my ($begin, $count) = (time, 0);
until ($done) {
    my $due = $begin + ($count + 1) / $rate;
    if (time >= $due) {
        $count++;
        print "line $count\n";
    }
    my $wait = $due - time;
    next unless $select->can_read($wait > 0 ? $wait : 0);
    my $client = $server->accept or next;
    # The request is a line; what it says does not matter.
    my $request = <$client>;
    print $client "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n$$\n";
    close $client;
}
print "last words\n";
