import CLinux
import Glibc

/// One thread's wait for everything: descriptors become ready, their handlers run.
///
/// Bulk sources (log pipes) are served after all others of a turn, so that a flood never delays a stop or a probe.
final class EventLoop {
    typealias Handler = (_ events: UInt32) -> Void

    private struct Watch {
        let generation: UInt32
        let isBulk: Bool
        let handler: Handler
    }

    static let readable = UInt32(EPOLLIN.rawValue)
    static let writable = UInt32(EPOLLOUT.rawValue)
    static let hungUp = UInt32(EPOLLHUP.rawValue)
    static let broken = UInt32(EPOLLERR.rawValue)

    private let epoll: Int32
    private var watches: [Watch?] = []
    private var generation: UInt32 = 0
    private var ready = [epoll_event](repeating: epoll_event(), count: 128)

    init() throws(SystemError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("creating an epoll instance") }
    }

    deinit { close(epoll) }

    /// Fails only when the kernel is out of memory or watches.
    func watch(
        _ descriptor: Int32, for events: UInt32 = readable, isBulk: Bool = false, _ handler: @escaping Handler
    ) throws(SystemError) {
        generation &+= 1
        let index = Int(descriptor)
        if index >= watches.count {
            watches.append(contentsOf: repeatElement(nil, count: max(64, index + 1 - watches.count)))
        }
        var event = epoll_event(events: events, data: tag(descriptor, generation))
        var result = epoll_ctl(epoll, watches[index] == nil ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event)
        // It was closed without a word, and the number is another's now.
        if result != 0, errno == ENOENT { result = epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) }
        guard result == 0 else { throw SystemError("watching a descriptor") }
        watches[index] = Watch(generation: generation, isBulk: isBulk, handler: handler)
    }

    func change(_ descriptor: Int32, to events: UInt32) {
        guard let watch = watches[Int(descriptor)] else { return }
        var event = epoll_event(events: events, data: tag(descriptor, watch.generation))
        epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
    }

    /// Call it before closing the descriptor.
    func unwatch(_ descriptor: Int32) {
        guard watches.indices.contains(Int(descriptor)), watches[Int(descriptor)] != nil else { return }
        watches[Int(descriptor)] = nil
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Waits at most `milliseconds` (-1: for ever) and runs the handlers of what is ready.
    func turn(milliseconds: Int32) {
        let count = Int(epoll_wait(epoll, &ready, Int32(ready.count), milliseconds))
        guard count > 0 else { return }
        for index in 0..<count { serve(ready[index], bulk: false) }
        for index in 0..<count { serve(ready[index], bulk: true) }
    }

    private func serve(_ event: epoll_event, bulk: Bool) {
        let descriptor = Int(event.data.u64 & 0xFFFF_FFFF)
        // An earlier handler of this turn may have closed it, and the number may be somebody else's by now.
        guard descriptor < watches.count, let watch = watches[descriptor], watch.isBulk == bulk,
            watch.generation == UInt32(event.data.u64 >> 32)
        else { return }
        watch.handler(event.events)
    }

    private func tag(_ descriptor: Int32, _ generation: UInt32) -> epoll_data_t {
        epoll_data_t(u64: UInt64(generation) << 32 | UInt64(UInt32(descriptor)))
    }
}
