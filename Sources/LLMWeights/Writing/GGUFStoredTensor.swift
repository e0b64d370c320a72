/// How a tensor of the hub is stored in a GGUF file: what is undone when it is read, the other way round.
package struct GGUFStoredTensor: Sendable {
    /// The name there.
    package let name: String
    /// Its place in the outermost dimension of a tensor that several of the hub make.
    package let element: Int?
    /// Whether 1 is added to its elements.
    package let addsOne: Bool
    /// The hub's row that is stored as a row; nil for the same.
    package let row: (@Sendable (Int) -> Int)?
}

extension GGUFArchitecture {
    /// How the tensor that the hub calls `hubName` is stored; nil for one that is not, or that no row of the table can make.
    ///
    /// - Parameter rows: those that it has.
    package func stored(
        _ hubName: String, rows: Int, heads: Int, keyHeads: Int, headDim: Int
    ) -> GGUFStoredTensor? {
        guard let (name, changes, element) = tensors.stored(hubName) else { return nil }
        let sizes = GGUFTensorSizes(queryHeads: heads, keyHeads: keyHeads, headDim: headDim)
        var addsOne = false
        var row: (@Sendable (Int) -> Int)?
        for change in changes {
            switch change {
            case .interleaved(let part): row = InterleavedHeads.hubRow(rows: rows, heads: sizes.heads(part))
            case .grouped: row = { sizes.groupedRow(ofStored: $0) }
            case .minusOne: addsOne = true
            case .elements, .oneRow: break
            case .part, .withUps, .withUp, .vector, .filters, .logarithm: return nil
            }
        }
        return GGUFStoredTensor(name: name, element: element, addsOne: addsOne, row: row)
    }

    /// The name in GGUF files of a tensor that the hub calls `hubName` and that is stored alone; nil for others.
    package func name(ofHubTensor hubName: String) -> String? {
        tensors.stored(hubName).flatMap { $0.element == nil ? $0.name : nil }
    }
}
