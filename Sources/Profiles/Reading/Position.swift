import Yams

/// A place in a text; both count from 1, columns in Unicode scalars.
struct Position: Equatable {
    var line = 1
    var column = 1
}

extension Position {
    init?(_ mark: Mark?) {
        guard let mark else { return nil }
        self.init(line: mark.line, column: mark.column)
    }
}
