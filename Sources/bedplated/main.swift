import CoreTypes
import Glibc
import Supervision

// What is created with a mode has that mode, whatever the shell that started us thinks of others.
umask(0o022)
exit(runBedplated(Array(CommandLine.arguments.dropFirst()), version: bedplateVersion).rawValue)
