/// What a store that answers says about itself.
package struct StoreCondition: Sendable, Equatable {
    /// How many indexes it made sure of; what they promise (one scan an id, retention) holds.
    package let indexes: Int

    package init(indexes: Int) { self.indexes = indexes }
}
