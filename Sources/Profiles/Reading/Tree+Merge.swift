extension Tree {
    /// This tree with another laid over it: mappings merge key by key, everything else is replaced whole,
    /// and a key whose value is `null` goes back to its default.
    func merged(with overlay: Tree) -> Tree {
        guard case .map(var pairs) = content, case .map(let changes) = overlay.content else { return overlay }
        for change in changes {
            let index = pairs.firstIndex { $0.key == change.key }
            switch (index, change.value.isNull) {
            case (let index?, true):
                pairs.remove(at: index)
            case (let index?, false):
                pairs[index].value = pairs[index].value.merged(with: change.value)
                pairs[index].keyOrigin = change.keyOrigin
            case (nil, true):
                break
            case (nil, false):
                pairs.append(change)
            }
        }
        return Tree(content: .map(pairs), origin: origin)
    }

    /// This tree with the value at `path` replaced; `nil` when a part of the way is not a mapping, or no such item.
    func setting(_ path: ArraySlice<String>, to value: Tree) -> Tree? {
        guard let key = path.first else { return value.isMap && isMap ? merged(with: value) : value }
        var changed = self
        switch content {
        case .map(var pairs):
            if let index = pairs.firstIndex(where: { $0.key == key }) {
                if path.count == 1, value.isNull {
                    pairs.remove(at: index)
                } else {
                    guard let inner = pairs[index].value.setting(path.dropFirst(), to: value) else { return nil }
                    pairs[index].value = inner
                }
            } else if !value.isNull {
                let empty = Tree(content: .map([]), origin: value.origin)
                guard let inner = empty.setting(path.dropFirst(), to: value) else { return nil }
                pairs.append(Pair(key: key, keyOrigin: value.origin, value: inner))
            }
            changed.content = .map(pairs)
        case .list(var items):
            guard let index = Int(key), items.indices.contains(index),
                let inner = items[index].setting(path.dropFirst(), to: value)
            else { return nil }
            items[index] = inner
            changed.content = .list(items)
        case .scalar:
            return nil
        }
        return changed
    }

    var isMap: Bool { if case .map = content { true } else { false } }
}
