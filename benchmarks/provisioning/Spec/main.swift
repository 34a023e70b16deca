import Host
import HostLinux
import Provisioning
import SystemPackage

// The small spec that `benchmarks/provisioning/run` gives to all systems: 8 packages, 6 files, 2 users, 1 tree. It is run
// as `bedplate install` runs its own: planned, which costs a rehearsal, and made when there is something to do.
//
// usage: small-spec TREE, a folder that is copied to /srv/small/tree

let source = FilePath(CommandLine.arguments[1])
let names = ["ca-certificates", "certbot", "curl", "gnupg", "iproute2", "nginx", "redis-server", "sudo"]
let open = FilePermissions(rawValue: 0o755)
let host = LinuxHost()

func below(_ folder: FilePath) throws -> [FilePath] {
    try host.files.list(folder).flatMap { name in
        let path = folder.appending(name)
        return try host.files.status(path)?.kind == .directory ? below(path) : [path]
    }
}

let files = (1...6).map { number in
    FileStep.File(
        FilePath("/srv/small/\(number).conf"),
        content:
            "# Written by a benchmark.\nserver {\n    listen 127.0.0.1:\(9000 + number);\n    root /srv/small/tree;\n}\n"
    )
}
let tree = try below(source).map { path -> CopyStep.Copy in
    var place: FilePath = "/srv/small/tree"
    for part in path.components.dropFirst(source.components.count) { place.append(part) }
    return CopyStep.Copy(from: path, to: place, mode: FilePermissions(rawValue: 0o644))
}
var graph = StepGraph()
let packages = graph.add(PackagesStep(names.map { .init($0) }, title: "packages"))
let folder = graph.add(DirectoryStep([.init("/srv/small", mode: open), .init("/srv/small/tree", mode: open)]))
graph.add(AccountStep("small-one", home: "/srv/small"))
graph.add(AccountStep("small-two", home: "/srv/small"))
graph.add(FileStep(files), after: [folder])
graph.add(CopyStep(tree, title: "tree"), after: [folder])

let engine = Engine(host: host, layout: Layout(root: "/srv/small-spec"))
let planned = try await engine.plan(graph)
let made = planned.isEmpty ? [] : try await engine.run(graph)
print("\(made.reduce(0) { $0 + $1.changes.count }) changes")
