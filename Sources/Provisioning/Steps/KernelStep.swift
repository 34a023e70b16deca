package import Host
package import SystemPackage

/// Settings of the running kernel. Those that this kernel does not have, and those that cannot be changed here, are left
/// as they are.
package struct KernelStep: Step {
    package let title: String
    private let settings: [Setting]

    package init(_ settings: [Setting], title: String) {
        self.settings = settings
        self.title = title
    }

    package struct Setting: Hashable, Sendable {
        /// Below /proc/sys or /sys.
        package let path: FilePath
        package let value: String

        package init(_ path: FilePath, _ value: String) {
            self.path = path
            self.value = value
        }
    }

    /// What is set, of those that can be changed.
    package func check(_ host: any Host) async throws -> [FilePath: String] {
        var found: [FilePath: String] = [:]
        for setting in settings where host.kernel.canChange(setting.path) {
            found[setting.path] = try host.kernel.value(at: setting.path)
        }
        return found
    }

    package func plan(_ facts: [FilePath: String]) -> [Change] {
        settings.compactMap { setting in
            guard let value = facts[setting.path], value != setting.value else { return nil }
            return Change(setting.path.string, "set \(setting.path) to \(setting.value), which is \(value)")
        }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        for setting in settings where setting.path.string == change.subject {
            try host.kernel.change(setting.path, to: setting.value)
        }
    }
}
