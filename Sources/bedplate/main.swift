import CLI
import Glibc
import HostLinux
import Provisioning

umask(0o022)  // which modes files get is ours to say, whatever the shell of the operator says
let host = LinuxHost(databases: LiveDatabases())  // the only line in this program that names a real machine
let arguments = Array(CommandLine.arguments.dropFirst())
let invocation = Invocation(
    host: host, programs: LinuxHost.programsDirectory(), workingDirectory: LinuxHost.workingDirectory(),
    terminal: StandardTerminal())
exit(await Program.run(arguments, as: invocation))
