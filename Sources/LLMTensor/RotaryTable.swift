/// Cosines and sines of the rotary angles of some positions, `[positions, half]` each.
///
/// Angles are rounded to float32 as transformers rounds them: the position times the inverse frequency. The C library's
/// sine differs from CPU to CPU in its last bit, so this one is made of plain arithmetic.
public struct RotaryTable: Sendable {
    let cosines: Matrix
    let sines: Matrix

    /// - Parameters:
    ///   - positions: of the rows, from 0.
    ///   - inverseFrequencies: one for each rotated pair of a head, radians a position.
    ///   - amplitude: what cosines and sines are multiplied by (YaRN's attention factor).
    public init(positions: [Int32], inverseFrequencies: [Float], amplitude: Float = 1) {
        cosines = Matrix(rows: positions.count, columns: inverseFrequencies.count)
        sines = Matrix(rows: positions.count, columns: inverseFrequencies.count)
        for (row, position) in positions.enumerated() {
            cosines.withRow(row) { cosines in
                sines.withRow(row) { sines in
                    for (column, frequency) in inverseFrequencies.enumerated() {
                        let (cosine, sine) = Rotation.cosineAndSine(Double(Float(position) * frequency))
                        cosines[column] = Float(cosine) * amplitude
                        sines[column] = Float(sine) * amplitude
                    }
                }
            }
        }
    }
}

/// Cosine and sine by reduction to a quarter turn (Cody and Waite 1980) and Taylor's series; the error is far below
/// float32's for angles up to 2^20 quarter turns.
enum Rotation {
    /// Half of pi in two parts, the first of 33 bits, so that its product with a number of quarter turns is exact.
    private static let quarterHigh = 0x1.921fb544p0
    private static let quarterLow = 0x1.0b4611a626331p-34

    static func cosineAndSine(_ angle: Double) -> (cosine: Double, sine: Double) {
        let turns = (angle * (2 / Double.pi)).rounded(.toNearestOrEven)
        let rest = angle - turns * quarterHigh - turns * quarterLow
        let square = rest * rest
        var (cosine, sine) = (0.0, 0.0)
        for term in stride(from: 8, through: 1, by: -1) {
            let even = Double(2 * term)
            cosine = -square / (even * (even - 1)) * (1 + cosine)
            sine = -square / (even * (even + 1)) * (1 + sine)
        }
        cosine = 1 + cosine
        sine = rest * (1 + sine)
        switch Int(turns) & 3 {
        case 0: return (cosine, sine)
        case 1: return (-sine, cosine)
        case 2: return (-cosine, -sine)
        default: return (sine, -cosine)
        }
    }
}
