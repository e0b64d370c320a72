import LLMTensor
import LLMWeights

/// Rotary positions (RoFormer, Su et al. 2021) of the elements of a head, or of part of them.
struct Rotary: Sendable, Hashable {
    /// Radians a position, one for each rotated pair.
    let inverseFrequencies: [Float]
    /// What cosines and sines are multiplied by.
    let amplitude: Float
    let layout: Compute.RotaryLayout
    /// The element of a head at which the rotated part begins.
    let offset: Int

    /// Rotates `dim` elements of a head as the config says.
    ///
    /// - Parameter layers: the kind of layer, where kinds differ in their rotary parameters.
    init(
        _ config: ConfigFile, dim: Int, layout: Compute.RotaryLayout = .half, offset: Int = 0,
        layers: RotaryScaling.Layers? = nil, defaultTheta: Double = 10000
    ) throws(ModelError) {
        let (theta, scaling) = try RotaryScaling.read(config, layers: layers, defaultTheta: defaultTheta)
        if case .longrope(let long) = scaling { try long.check(pairs: dim / 2, config) }
        inverseFrequencies = scaling.inverseFrequencies(theta: theta, dim: dim)
        amplitude = scaling.amplitude
        self.layout = layout
        self.offset = offset
    }

    /// The angles of rows at these positions.
    func table(_ positions: [Int32]) -> RotaryTable {
        RotaryTable(positions: positions, inverseFrequencies: inverseFrequencies, amplitude: amplitude)
    }

    /// Rotates each head of `headDim` columns of all the batch's rows, in place.
    func callAsFunction(_ x: Matrix, headDim: Int, _ context: ForwardContext) {
        context.compute.rope(x, headDim: headDim, context.angles(self), layout, offset: offset)
    }
}
