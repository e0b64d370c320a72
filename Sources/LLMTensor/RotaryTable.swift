import Glibc

/// Cosines and sines of the rotary angles of some positions, `[positions, half]` each.
///
/// Angles are rounded to float32 as transformers rounds them: the position times the inverse frequency.
public struct RotaryTable: Sendable {
    let cosines: Matrix
    let sines: Matrix

    /// - Parameters:
    ///   - inverseFrequencies: one for each rotated pair of a head, radians a position.
    ///   - magnitude: factor on every cosine and sine (1 but for scalings that stretch attention).
    public init(positions: [Int32], inverseFrequencies: [Float], magnitude: Float = 1) {
        cosines = Matrix(rows: positions.count, columns: inverseFrequencies.count)
        sines = Matrix(rows: positions.count, columns: inverseFrequencies.count)
        for (row, position) in positions.enumerated() {
            let angles = inverseFrequencies.map { Double(Float(position) * $0) }
            cosines.setRow(row, angles.map { Float(cos($0)) * magnitude })
            sines.setRow(row, angles.map { Float(sin($0)) * magnitude })
        }
    }
}
