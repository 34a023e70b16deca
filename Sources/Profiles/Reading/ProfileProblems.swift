package import CoreTypes

/// Everything that is wrong with a profile, in the order of its files and lines. Never empty.
package struct ProfileProblems: Error, Sendable, Equatable, CustomStringConvertible {
    package let list: [ProfileProblem]

    /// - Parameter files: the names of the files in the order in which they were merged.
    init(_ problems: [ProfileProblem], files: [String]) {
        func isBefore(_ a: (offset: Int, element: ProfileProblem), _ b: (offset: Int, element: ProfileProblem)) -> Bool
        {
            let fileA = files.firstIndex(of: a.element.file) ?? files.count
            let fileB = files.firstIndex(of: b.element.file) ?? files.count
            return (fileA, a.element.line ?? 0, a.element.column ?? 0, a.offset)
                < (fileB, b.element.line ?? 0, b.element.column ?? 0, b.offset)
        }
        var seen: Set<ProfileProblem> = []
        let unique = problems.filter { seen.insert($0).inserted }
        list = unique.enumerated().sorted(by: isBefore).map(\.element)
    }

    package var description: String { list.map(\.description).joined(separator: "\n") }

    /// The same as one error for an operator who asked for something else than a validation.
    package func operatorError(
        doing: String, what: String = "the profile",
        next: String = "correct the profile and run 'bedplate profile validate'"
    ) -> OperatorError {
        let count = list.count == 1 ? "one problem" : "\(list.count) problems"
        return OperatorError(
            doing: doing, because: "\(what) has \(count):\n\(description)", next: next, exit: .usage)
    }
}
