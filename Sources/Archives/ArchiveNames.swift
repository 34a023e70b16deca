import Glibc

/// libarchive turns names into the locale's encoding, and a program that never asked for a locale has ASCII.
func withUTF8Names<Result>(
    _ body: () throws(ArchiveError) -> Result
) throws(ArchiveError) -> Result {
    guard let utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil) else {
        throw .unreadable("the locale C.UTF-8", errno: errno)
    }
    let before = uselocale(utf8)
    defer {
        uselocale(before)
        freelocale(utf8)
    }
    return try body()
}

/// Runs `body`, on this thread, so that names in archives are read as UTF-8.
package func withArchiveNames<Value>(_ body: () throws -> Value) throws -> Value {
    let result = try withUTF8Names { () throws(ArchiveError) -> Result<Value, any Error> in Result { try body() } }
    return try result.get()
}
