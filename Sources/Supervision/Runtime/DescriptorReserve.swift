import Glibc

/// The highest descriptors are kept for the supervisor itself, so that it answers an operator, reads `/proc` and writes
/// its state also when children, probes and clients have taken all others.
///
/// The kernel gives the lowest free number, so a number tells how many are taken.
enum DescriptorReserve {
    /// What a save, a sweep or a start needs at a time, and as many conversations as an operator needs.
    static let size = 32

    /// Whether this descriptor is one of the last, and its opener is to give it back.
    static func includes(_ descriptor: Int32) -> Bool { Int(descriptor) >= common }

    private static var common: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        let most = Int(clamping: limit.rlim_cur)
        // Tiny limits are shared in two halves.
        return most - min(size, most / 2)
    }
}
