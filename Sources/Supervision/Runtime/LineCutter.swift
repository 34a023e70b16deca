import CLinux
import Glibc

/// Cuts what a child wrote into lines and gives each its shape, in buffers shared by all instances.
final class LineCutter {
    /// A line longer than this is split.
    static let maximumLine = 64 << 10
    static let splitMark = Array(" [the line goes on]\n".utf8)

    /// What holds for all lines of one step.
    struct Step {
        let wall: Int64
        let style: LineStyle
        /// `nil` only when the style needs none and nobody takes single lines.
        var origin: LineOrigin?
        /// At most so many bytes are emitted at once, unless a single line is longer.
        var most = Int.max
        /// Takes each line without its end, and whether it is the first part of a longer one.
        var line: ((UnsafeRawBufferPointer, _ continues: Bool) -> Void)?
    }

    /// Gets whole lines. `consumed`: how much of the input is in what was emitted so far, after which more follows;
    /// `nil` for the last.
    typealias Emit = (UnsafeRawBufferPointer, _ consumed: Int?) -> Void

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

    /// The time of the step, with a space after it.
    var time: [UInt8] { prefix.bytes }

    /// Cuts `input` from `start` to `count`; the unfinished rest goes to `carry`.
    func cut(from begin: Int = 0, _ count: Int, _ step: Step, carry: inout [UInt8], emit: Emit) {
        let bytes = UnsafeRawBufferPointer(rebasing: input[..<count])
        prefix.set(step.wall)
        var start = begin
        if step.style == .raw, step.line == nil, carry.isEmpty, count - begin <= step.most {
            // Nothing to put in: whole lines go out as they came.
            start = begin + linux_last_line_end(bytes.baseAddress! + begin, count - begin)
            if start > begin { emit(UnsafeRawBufferPointer(rebasing: bytes[begin..<start]), nil) }
        }
        while start < count, let found = memchr(bytes.baseAddress! + start, 0x0A, count - start) {
            let end = UnsafeRawPointer(found) - bytes.baseAddress!
            if !carry.isEmpty {
                if carry.count + end - start > Self.maximumLine {
                    put(carry, UnsafeRawBufferPointer(start: nil, count: 0), step, continues: true, at: start, emit)
                    carry = []
                }
                put(
                    carry, UnsafeRawBufferPointer(rebasing: bytes[start..<end]), step, continues: false, at: start, emit
                )
                carry = []
            } else {
                put([], UnsafeRawBufferPointer(rebasing: bytes[start..<end]), step, continues: false, at: start, emit)
            }
            start = end + 1
        }
        if start < count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            if carry.count + rest.count > Self.maximumLine { splitLine(&carry, step, at: start, emit) }
            carry.append(contentsOf: rest)
            if carry.count >= Self.maximumLine { splitLine(&carry, step, at: start, emit) }
        }
        flush(nil, emit)
    }

    /// The writer is gone: what it left unfinished is a line now.
    func finish(_ carry: inout [UInt8], _ step: Step, emit: Emit) {
        guard !carry.isEmpty else { return }
        prefix.set(step.wall)
        put(carry, UnsafeRawBufferPointer(start: nil, count: 0), step, continues: false, at: 0, emit)
        carry = []
        flush(nil, emit)
    }

    /// A character that is not whole yet stays for the next part.
    private func splitLine(_ carry: inout [UInt8], _ step: Step, at start: Int, _ emit: Emit) {
        let kept = Array(carry.suffix(JSONText.unfinished(carry)))
        guard carry.count > kept.count else { return }
        carry.removeLast(kept.count)
        put(carry, UnsafeRawBufferPointer(start: nil, count: 0), step, continues: true, at: start, emit)
        carry = kept
    }

    /// One line: what was carried over, then its end. `start`: what comes before it in the input is in earlier lines.
    private func put(
        _ carry: [UInt8], _ tail: UnsafeRawBufferPointer, _ step: Step, continues: Bool, at start: Int, _ emit: Emit
    ) {
        guard step.style == .json || step.line != nil, !carry.isEmpty else {
            return put(whole: tail, after: carry, step, continues: continues, at: start, emit)
        }
        // A character may begin in the one and end in the other.
        (carry + tail).withUnsafeBytes { put(whole: $0, after: [], step, continues: continues, at: start, emit) }
    }

    private func put(
        whole line: UnsafeRawBufferPointer, after carry: [UInt8], _ step: Step, continues: Bool, at start: Int,
        _ emit: Emit
    ) {
        step.line?(line, continues)
        var needed = TimestampPrefix.length + carry.count + line.count + Self.splitMark.count
        if step.style == .json, let origin = step.origin { needed = JSONLine.room(for: line.count, origin) }
        if filled + needed > output.count || (filled > 0 && filled + needed > step.most) { flush(start, emit) }
        let target = output.baseAddress! + filled
        if step.style == .json, let origin = step.origin {
            filled += JSONLine.write(
                line, head: JSONLine.fileHead, time: prefix.bytes, origin: origin, continues: continues, to: target)
            return
        }
        var into = target
        if step.style == .stamped {
            prefix.bytes.withUnsafeBytes { into.copyMemory(from: $0.baseAddress!, byteCount: TimestampPrefix.length) }
            into += TimestampPrefix.length
        }
        if !carry.isEmpty {
            carry.withUnsafeBytes { into.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            into += carry.count
        }
        if let base = line.baseAddress {
            into.copyMemory(from: base, byteCount: line.count)
            into += line.count
        }
        if continues {
            Self.splitMark.withUnsafeBytes { into.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            into += Self.splitMark.count
        } else {
            into.storeBytes(of: 0x0A, as: UInt8.self)
            into += 1
        }
        filled = into - output.baseAddress!
    }

    private func flush(_ consumed: Int?, _ emit: Emit) {
        guard filled > 0 else { return }
        let size = filled
        filled = 0
        emit(UnsafeRawBufferPointer(rebasing: output[..<size]), consumed)
    }
}
