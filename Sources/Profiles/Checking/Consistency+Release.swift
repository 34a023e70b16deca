extension Consistency {
    mutating func checkRelease() {
        let path = ProfilePath(["release", "entry_points"])
        for (index, item) in root["release"]["entry_points"].items.enumerated() where EntryPoint(item.string) == nil {
            report(path + index, "expected \(TextRule.entryPoint.expected)")
        }
    }
}
