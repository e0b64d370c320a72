public import LLMTensor

/// Activations that are used again from step to step. One thread uses it at a time.
public final class Workspace {
    private var matrices: [String: Matrix] = [:]

    /// What a linear layer reads, in its kernel's type.
    public let input = ActivationScratch()

    /// An empty workspace.
    public init() {}

    /// The matrix called `name`, with what it last held or zeros; it grows when more rows are asked for than before.
    public func matrix(_ name: String, rows: Int, columns: Int) -> Matrix {
        if let held = matrices[name], held.rows >= rows, held.columns == columns { return held.rows(0..<rows) }
        let grown = Matrix(rows: max(rows, matrices[name].map { $0.rows * 2 } ?? 0), columns: columns)
        matrices[name] = grown
        return grown.rows(0..<rows)
    }
}
