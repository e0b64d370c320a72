import LLMTensor

/// Two mixers over the same rows: the sum of what they put out, each times a factor.
struct ParallelMixers: Mixer {
    /// A mixer, and the columns of what its first part returns.
    struct Part {
        let mixer: any Mixer
        let columns: Int
        let scale: Float
    }

    let first: Part
    let second: Part

    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix {
        let both = context.workspace.matrix(rows: x.rows, columns: first.columns + second.columns)
        let places = (both.columns(0..<first.columns), both.columns(first.columns..<both.columns))
        for (part, place) in [(first, places.0), (second, places.1)] {
            context.workspace.scope { context.compute.copy(part.mixer.project(x, after: norm, context), into: place) }
        }
        return both
    }

    func mix(
        _ both: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let sum = context.workspace.matrix(rows: y.rows, columns: y.columns)
        first.mixer.mix(both.columns(0..<first.columns), rows, into: sum, .store, context)
        context.compute.scale(sum, by: first.scale)
        let other = context.workspace.matrix(rows: y.rows, columns: y.columns)
        second.mixer.mix(both.columns(first.columns..<both.columns), rows, into: other, .store, context)
        context.compute.scale(other, by: second.scale)
        context.compute.add(other, to: sum)
        if output == .store { context.compute.copy(sum, into: y) } else { context.compute.add(sum, to: y) }
    }
}
