package import SystemPackage

/// What a package makes by its scripts or while its programs run, and leaves when it is removed. What of it was there before
/// the package came is not ours.
package struct Leftover: Hashable, Sendable {
    package let path: FilePath
    /// The package that makes it; while that one is there, it is of use.
    package let package: String
    /// What it is, for people.
    package let what: String

    private init(_ path: FilePath, of package: String, _ what: String) {
        self.path = path
        self.package = package
        self.what = what
    }

    package static let known: [Leftover] = [
        .init("/var/lib/mongodb", of: "mongodb-org-server", "the data of MongoDB"),
        .init("/var/log/mongodb", of: "mongodb-org-server", "the log of MongoDB"),
        .init("/var/lib/redis", of: "redis-server", "the data of Redis"),
        .init("/var/log/redis", of: "redis-server", "the log of Redis"),
        .init("/var/lib/nginx", of: "nginx-common", "requests and answers that nginx had no room for"),
        .init("/var/log/nginx", of: "nginx-common", "the logs of nginx"),
        .init("/var/www", of: "nginx-common", "pages for nginx"),
        // A step of ours takes it away; it is not to come back without nginx.
        .init("/etc/nginx/sites-enabled/default", of: "nginx-common", "the welcome page of nginx"),
        .init("/var/lib/letsencrypt", of: "certbot", "what certbot works with"),
        .init("/var/log/letsencrypt", of: "certbot", "the logs of certbot"),
        .init(
            "/var/lib/systemd/timers/stamp-certbot.timer", of: "certbot", "when certbot looked after certificates last"),
        .init("/etc/python3", of: "python3", "which Python is the usual one"),
        .init("/usr/share/mime", of: "shared-mime-info", "the types of files, which it had put together"),
    ]

    package static let paths = Set(known.map(\.path))
}
