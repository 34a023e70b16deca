import CoreTypes

/// The instances that must be woken, earliest first (a binary heap; entries that were overtaken stay until popped).
package struct DeadlineQueue: Sendable {
    private struct Entry {
        let moment: Moment
        let name: InstanceName
    }

    private var heap: [Entry] = []
    private var current: [InstanceName: Moment] = [:]

    /// Entries, overtaken ones included.
    var count: Int { heap.count }

    /// The earliest deadline that still counts.
    mutating func next() -> Moment? {
        while let top = heap.first {
            if current[top.name] == top.moment { return top.moment }
            removeTop()
        }
        return nil
    }

    mutating func set(_ name: InstanceName, _ moment: Moment?) {
        guard current[name] != moment else { return }
        if heap.count > 2 * current.count + 64 { dropOvertaken() }
        current[name] = moment
        guard let moment else { return }
        heap.append(Entry(moment: moment, name: name))
        var child = heap.count - 1
        while child > 0, heap[child].moment < heap[(child - 1) / 2].moment {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out an instance whose deadline is due.
    mutating func popDue(at now: Moment) -> InstanceName? {
        guard let moment = next(), moment <= now else { return nil }
        let name = heap[0].name
        current[name] = nil
        removeTop()
        return name
    }

    /// A deadline far off that is set again and again must not fill memory until it comes. A sorted array is a heap.
    private mutating func dropOvertaken() {
        heap = current.map { Entry(moment: $0.value, name: $0.key) }.sorted {
            ($0.moment, $0.name) < ($1.moment, $1.name)
        }
    }

    private mutating func removeTop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].moment < heap[least].moment {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
