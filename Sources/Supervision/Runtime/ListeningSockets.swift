import CLinux
import Control
import CoreTypes
import Glibc

/// The sockets we hold open for instances: they listen while nobody accepts, so a restart refuses no connection.
final class ListeningSockets {
    private struct Held {
        let definition: ListeningSocket
        let descriptor: Int32
    }

    private var held: [InstanceName: [Held]] = [:]
    private let notifier: ServiceNotifier

    init(_ notifier: ServiceNotifier) { self.notifier = notifier }

    /// All sockets of an instance, in the order of its spec; those that are open already stay the same ones.
    func open(for spec: InstanceSpec) throws(SpawnFailure) -> [Int32] {
        guard let wanted = spec.child?.value.sockets else { return [] }
        align(spec)
        for definition in wanted where !isOpen(definition, of: spec.name) {
            let descriptor = linux_listen(
                definition.address, UInt16(definition.port), Int32(clamping: definition.backlog))
            guard descriptor >= 0 else {
                throw SpawnFailure(SystemError("listening at \(definition.place) (socket '\(definition.name)')"))
            }
            hold(definition, descriptor, for: spec.name)
        }
        return wanted.compactMap { definition in
            held[spec.name]?.first { $0.definition == definition }?.descriptor
        }
    }

    /// Closes those that the spec does not define, or defines otherwise.
    func align(_ spec: InstanceSpec) {
        guard let open = held[spec.name] else { return }
        let wanted = spec.child?.value.sockets ?? []
        for socket in open where !wanted.contains(socket.definition) { close(socket, of: spec.name) }
        let rest = open.filter { wanted.contains($0.definition) }
        held[spec.name] = rest.isEmpty ? nil : rest
    }

    /// Nobody is to accept there any more: clients are refused, not kept waiting.
    func close(_ name: InstanceName) {
        for socket in held.removeValue(forKey: name) ?? [] { close(socket, of: name) }
    }

    func closeAll() { for name in Array(held.keys) { close(name) } }

    // MARK: Outliving us

    var heirlooms: [(name: String, descriptor: Int32)] {
        held.flatMap { name, sockets in sockets.map { (Self.heirloom($0.definition, name), $0.descriptor) } }
    }

    /// Takes back what was kept for us, if it still is what the stack asks for.
    func takeUp(_ inherited: InheritedDescriptors, for stack: Stack) {
        let specs = Dictionary(stack.instances.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for heirloom in inherited.names where heirloom.hasPrefix(DescriptorName.socketPrefix) {
            let parts = heirloom.dropFirst(DescriptorName.socketPrefix.count).split(separator: ".", maxSplits: 1)
            let spec = (try? InstanceName(String(parts.first ?? ""))).flatMap { specs[$0] }
            let definition = spec?.child?.value.sockets?.first { $0.name == parts.last.map(String.init) }
            while let descriptor = inherited.take(heirloom) {
                if let spec, let definition, !isOpen(definition, of: spec.name),
                    linux_listens_at(descriptor, definition.address, UInt16(definition.port))
                {
                    hold(definition, descriptor, for: spec.name)
                } else {
                    Glibc.close(descriptor)
                }
            }
            if let spec, let definition, isOpen(definition, of: spec.name) { continue }
            notifier.release(heirloom)
        }
    }

    /// Without anybody to keep them for us, the child that was handed them still has them.
    func takeBack(from pid: Int32, _ spec: InstanceSpec) {
        guard let wanted = spec.child?.value.sockets, !wanted.allSatisfy({ isOpen($0, of: spec.name) }) else { return }
        let pidfd = linux_pidfd_open(pid)
        guard pidfd >= 0 else { return }
        defer { Glibc.close(pidfd) }
        for (index, definition) in wanted.enumerated() where !isOpen(definition, of: spec.name) {
            let descriptor = linux_take_descriptor(pidfd, 3 + Int32(index))
            guard descriptor >= 0 else { continue }
            if linux_listens_at(descriptor, definition.address, UInt16(definition.port)) {
                hold(definition, descriptor, for: spec.name)
            } else {
                Glibc.close(descriptor)
            }
        }
    }

    private func isOpen(_ definition: ListeningSocket, of name: InstanceName) -> Bool {
        held[name]?.contains { $0.definition == definition } ?? false
    }

    private func hold(_ definition: ListeningSocket, _ descriptor: Int32, for name: InstanceName) {
        held[name, default: []].append(Held(definition: definition, descriptor: descriptor))
        notifier.keep(descriptor, as: Self.heirloom(definition, name))
    }

    private func close(_ socket: Held, of name: InstanceName) {
        Glibc.close(socket.descriptor)
        notifier.release(Self.heirloom(socket.definition, name))
    }

    private static func heirloom(_ definition: ListeningSocket, _ name: InstanceName) -> String {
        "\(DescriptorName.socketPrefix)\(name).\(definition.name)"
    }
}
