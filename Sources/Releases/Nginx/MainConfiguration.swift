import CoreTypes
package import Host
package import Profiles
package import SystemPackage

/// `nginx.conf`, complete: for an nginx that the supervisor runs, with nothing outside the root.
package struct MainConfiguration: Sendable {
    package let text: String

    /// `user`: who runs nginx. `site`: the file with the server; a candidate when nginx is asked for its opinion.
    package init(_ profile: Profile, _ layout: Layout, user: Account, site: FilePath) throws {
        var out = ConfigurationText()
        out.line("# Written by bedplate from the profile '\(profile.name)'; changes made here are lost.")
        // Workers of another user could not reach a root inside somebody's home. An ordinary user has no choice, and
        // nginx warns about the line then.
        if user.user == 0 { out.line("user root;") }
        out.line("worker_processes auto;")
        out.line("pid \(try NginxWord(layout.nginxPid.string));")
        out.line("error_log stderr warn;")
        out.line("# After a switch, what is still open is cut when the drain's time is up.")
        out.line("worker_shutdown_timeout \(max(1, profile.frontDoor.drain.milliseconds / 1000))s;")
        out.block("events") { $0.line("worker_connections 1024;") }
        try out.block("http") { http in
            for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
                http.line("\(kind)_temp_path \(try NginxWord(layout.nginxScratch.appending(kind).string));")
            }
            // The servers of the site name theirs; the supervisor keeps and rotates what nginx prints.
            http.line("access_log off;")
            http.line("sendfile on;")
            http.line("keepalive_timeout 75s;")
            http.line("include \(try NginxWord(site.string));")
        }
        text = out.text
    }
}
