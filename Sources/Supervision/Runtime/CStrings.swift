import Glibc

/// A NULL-terminated array of C strings, as execve(2) wants it.
final class CStrings {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointer = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { (pointer + index).initialize(to: strdup(string)) }
        (pointer + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count {
            // Environments hold secrets.
            if let string = pointer[index] { explicit_bzero(string, strlen(string)) }
            free(pointer[index])
        }
        pointer.deallocate()
    }
}
