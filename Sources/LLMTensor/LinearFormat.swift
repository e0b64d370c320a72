/// How the matrices of a model are packed and multiplied: a choice of ``Packing`` and ``Arithmetic`` for all of them. Each
/// tensor's stored type decides the rest.
public struct LinearFormat: Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// The packing of every matrix; nil for the smallest that holds what is stored without loss.
    public var packing: Packing?
    /// The arithmetic of matrices whose weights are floats; integers are multiplied as integers.
    public var arithmetic: Arithmetic

    /// A format.
    ///
    /// - Precondition: the arithmetic is one of floats.
    public init(packing: Packing? = nil, arithmetic: Arithmetic = .float32) {
        precondition(arithmetic != .int8, "int8 is the arithmetic of integer packings")
        self.packing = packing
        self.arithmetic = arithmetic
    }

    /// Weights as they are stored.
    public static let stored = LinearFormat()
    /// bfloat16 weights and activations, of what is not stored as integers.
    public static let bfloat16 = LinearFormat(arithmetic: .bfloat16)
    /// Integers of 8 bits; see ``Packing``.
    public static let q8_0 = LinearFormat(packing: .q8_0)
    /// Integers of 4 bits.
    public static let q4_0 = LinearFormat(packing: .q4_0)
    /// Integers of 8 bits under one scale an output feature, times activations under one scale a token.
    public static let w8a8 = LinearFormat(packing: .w8a8)

    /// The formats that options can ask for.
    public static let allCases: [LinearFormat] = [.stored, .bfloat16, .q8_0, .q4_0, .w8a8]

    /// The packing of weights that are stored as `dtype`.
    func packing(of dtype: DType) -> Packing {
        if let packing { return packing }
        return arithmetic == .bfloat16 && !dtype.packing.isInteger ? .bfloat16 : dtype.packing
    }

    /// The arithmetic over weights of a packing.
    func arithmetic(of packing: Packing) -> Arithmetic { packing == .bfloat16 ? arithmetic : packing.arithmetic }

    /// Most inputs that a linear layer may have.
    public var maxInputs: Int { packing?.maxInputs ?? .max }

    /// The packing where one is asked for, else the arithmetic, as reports have them.
    public var description: String { packing?.description ?? arithmetic.rawValue }
}
