import CLinux
import Glibc

/// Cuts what a child wrote into lines and puts a time before each, in buffers shared by all instances.
final class LineCutter {
    /// A line longer than this is split.
    static let maximumLine = 64 << 10
    static let splitMark = " [the line goes on]\n"

    private let input: UnsafeMutableRawBufferPointer
    /// Room for a whole input of empty lines with their times, so that one input is one write. Untouched pages of it
    /// cost nothing.
    private let output: UnsafeMutableRawBufferPointer
    private var filled = 0
    private var prefix = TimestampPrefix()

    init(input: UnsafeMutableRawBufferPointer) {
        self.input = input
        let most = input.count * (TimestampPrefix.length + 1) + 2 * Self.maximumLine + 4096
        output = .allocate(byteCount: most, alignment: 64)
    }

    deinit { output.deallocate() }

    /// Cuts the first `count` bytes of `input`; the unfinished rest goes to `carry`. `emit` gets whole lines.
    func cut(
        _ count: Int, wall: Int64, timestamps: Bool, carry: inout [UInt8], emit: (UnsafeRawBufferPointer) -> Void
    ) {
        let bytes = UnsafeRawBufferPointer(rebasing: input[..<count])
        prefix.set(wall)
        var start = 0
        if !timestamps, carry.isEmpty {
            // Nothing to put in: whole lines go out as they came.
            start = linux_last_line_end(bytes.baseAddress!, count)
            if start > 0 { emit(UnsafeRawBufferPointer(rebasing: bytes[..<start])) }
        }
        while start < count, let found = memchr(bytes.baseAddress! + start, 0x0A, count - start) {
            let end = UnsafeRawPointer(found) - bytes.baseAddress! + 1
            put(carry, UnsafeRawBufferPointer(rebasing: bytes[start..<end]), timestamps, emit)
            if !carry.isEmpty { carry = [] }
            start = end
        }
        if start < count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            if carry.count + rest.count > Self.maximumLine { splitLine(&carry, timestamps, emit) }
            carry.append(contentsOf: rest)
            if carry.count >= Self.maximumLine { splitLine(&carry, timestamps, emit) }
        }
        flush(emit)
    }

    /// The writer is gone: what it left unfinished is a line now.
    func finish(_ carry: inout [UInt8], wall: Int64, timestamps: Bool, emit: (UnsafeRawBufferPointer) -> Void) {
        guard !carry.isEmpty else { return }
        prefix.set(wall)
        withUnsafeBytes(of: UInt8(0x0A)) { put(carry, $0, timestamps, emit) }
        carry = []
        flush(emit)
    }

    private func splitLine(
        _ carry: inout [UInt8], _ timestamps: Bool, _ emit: (UnsafeRawBufferPointer) -> Void
    ) {
        guard !carry.isEmpty else { return }
        Array(Self.splitMark.utf8).withUnsafeBytes { put(carry, $0, timestamps, emit) }
        carry = []
    }

    /// One line: what was carried over, then its end.
    private func put(
        _ carry: [UInt8], _ end: UnsafeRawBufferPointer, _ timestamps: Bool, _ emit: (UnsafeRawBufferPointer) -> Void
    ) {
        let needed = TimestampPrefix.length + carry.count + end.count
        if filled + needed > output.count { flush(emit) }
        var target = output.baseAddress! + filled
        if timestamps {
            prefix.bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: TimestampPrefix.length) }
            target += TimestampPrefix.length
            filled += TimestampPrefix.length
        }
        if !carry.isEmpty {
            carry.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            target += carry.count
        }
        target.copyMemory(from: end.baseAddress!, byteCount: end.count)
        filled += carry.count + end.count
    }

    private func flush(_ emit: (UnsafeRawBufferPointer) -> Void) {
        guard filled > 0 else { return }
        emit(UnsafeRawBufferPointer(rebasing: output[..<filled]))
        filled = 0
    }
}
