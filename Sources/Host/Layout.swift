package import SystemPackage

/// Where everything is, below a root: `/` on an installed host, the folder of `--root` otherwise.
package struct Layout: Hashable, Sendable {
    package let root: FilePath

    /// `root` is absolute.
    package init(root: FilePath = "/") { self.root = root.lexicallyNormalized() }

    private func below(_ path: String) -> FilePath { root.appending(path) }

    // Programs and what ships with them
    package var bedplate: FilePath { below("usr/bin/bedplate") }
    package var programs: FilePath { below("usr/lib/bedplate") }
    package var bedplated: FilePath { programs.appending("bedplated") }
    /// Asks databases and systemd for the supervisor, which looks for it beside itself.
    package var probe: FilePath { programs.appending("bedplate-probe") }
    /// The application that ships with us, laid out as a release: `bin/cspm`, `web/`.
    package var application: FilePath { programs.appending("cspm") }
    package var shipped: FilePath { below("usr/share/bedplate") }
    package var shippedProfiles: FilePath { shipped.appending("profiles") }

    // What the operator says
    package var configuration: FilePath { below("etc/bedplate") }
    package var profile: FilePath { configuration.appending("profile.yaml") }
    package var overrides: FilePath { configuration.appending("conf.d") }
    /// What was given with `--set`, one setting a line.
    package var settings: FilePath { configuration.appending("settings") }
    package var secrets: FilePath { configuration.appending("secrets") }

    /// What container scans have to know of Docker, for the environment of processes.
    package var docker: FilePath { configuration.appending("docker.env") }

    // What we remember
    package var state: FilePath { below("var/lib/bedplate") }
    package var stack: FilePath { state.appending("stack.json") }
    package var slots: FilePath { state.appending("slots.json") }
    package var journal: FilePath { state.appending("journal.jsonl") }
    /// What files were before we changed them, for uninstall; named by digest.
    package var originals: FilePath { state.appending("originals") }
    /// What each unit was last started with.
    package var started: FilePath { state.appending("started") }
    package var releases: FilePath { state.appending("releases") }
    /// What was built for each release, by its digest: `venv`, and the static pages in `dist`.
    package var builds: FilePath { state.appending("builds") }
    /// Python environments, shared by all releases with the same requirements.
    package var environments: FilePath { state.appending("environments") }
    /// What builds fetch, kept for the next one.
    package var buildCache: FilePath { state.appending("cache") }
    package var runtimes: FilePath { state.appending("runtimes") }
    /// The application's own data.
    package var data: FilePath { state.appending("data") }
    /// Where Prowler's reports go when it runs in a container.
    package var prowlerOutput: FilePath { data.appending("prowler") }
    package var logs: FilePath { below("var/log/bedplate") }

    // What lives as long as the machine is up
    package var run: FilePath { below("run/bedplate") }
    package var control: FilePath { run.appending("control") }
    package var installLock: FilePath { run.appending("install.lock") }
    /// Locked by each command of an installer that changes something, until it ends.
    package var commandsLock: FilePath { run.appending("commands.lock") }
    package var switchLock: FilePath { run.appending("switch.lock") }

    // nginx
    package var nginx: FilePath { below("etc/nginx/bedplate") }
    package var site: FilePath { nginx.appending("site.conf") }
    package var live: FilePath { nginx.appending("live.conf") }
    /// The front door's certificate with its chain, and its key: the only paths that nginx is told of. Files of ours, or
    /// links to where certbot keeps its own.
    package var certificate: FilePath { nginx.appending("tls/certificate.pem") }
    package var certificateKey: FilePath { nginx.appending("tls/key.pem") }
    /// The root of `/.well-known/acme-challenge/` (RFC 8555, section 8.3).
    package var challenges: FilePath { state.appending("challenges") }
    /// nginx's main file; ours only where the supervisor runs nginx.
    package var nginxMain: FilePath { below("etc/nginx/nginx.conf") }
    package var nginxPid: FilePath { run.appending("nginx.pid") }
    /// Folders for request bodies and answers that do not fit in memory.
    package var nginxScratch: FilePath { state.appending("nginx") }
}
