import Foundation

/// Attention with linear biases (Press et al. 2022): in place of rotary or learned positions each head's scores fall with
/// the distance of key and query, by a slope of its own.
enum Alibi {
    /// The slopes of so many heads: a geometric sequence that ends at `2^-most`, for the largest power of two of the
    /// heads; for the others every second one of twice as many.
    static func slopes(heads: Int, most: Double = 8) -> [Float] {
        var whole = 1
        while 2 * whole <= heads { whole *= 2 }
        func slope(_ place: Int, of count: Int) -> Float { Float(exp2(-most * Double(place) / Double(count))) }
        let own = (1...whole).map { slope($0, of: whole) }
        let further = (0..<heads - whole).map { slope(2 * $0 + 1, of: 2 * whole) }
        return own + further
    }
}
