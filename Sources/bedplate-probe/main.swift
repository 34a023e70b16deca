import CoreTypes
import Glibc
import Probing

// A driver's write to a peer that is gone fails with an errno instead.
signal(SIGPIPE, SIG_IGN)
let answer = ProbeQuestion.ask(Array(CommandLine.arguments.dropFirst()))
if let line = answer.line { print(line) }
exit(answer.exit.rawValue)
