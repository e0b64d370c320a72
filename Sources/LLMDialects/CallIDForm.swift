/// The form of the ids that calls get where the model writes none.
public enum CallIDForm: Sendable, Hashable {
    /// `call_` and 24 letters and digits, as OpenAI has them.
    case usual
    /// Letters and digits, such as the nine that Mistral's templates want.
    case alphanumeric(Int)
    /// `functions.f:0`: the tool's name and the call's place among all calls of the conversation.
    case numberedName

    /// The id of a call; the same arguments give the same id.
    ///
    /// - Parameters:
    ///   - name: the tool's name.
    ///   - index: the call's place in the answer.
    ///   - earlier: how many calls the conversation has before the answer.
    ///   - seed: what tells answers apart.
    public func id(name: String, index: Int, earlier: Int, seed: UInt64) -> String {
        switch self {
        case .usual: "call_" + CallIDForm.text(24, index, seed)
        case .alphanumeric(let count): CallIDForm.text(count, index, seed)
        case .numberedName: "functions.\(name):\(earlier + index)"
        }
    }

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// Letters and digits from a counter (SplitMix64).
    private static func text(_ count: Int, _ index: Int, _ seed: UInt64) -> String {
        var state = seed &+ UInt64(truncatingIfNeeded: index) &* 0xD1B5_4A32_D192_ED03
        let bytes = (0..<count).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var bits = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
            return alphabet[Int((bits ^ (bits >> 31)) % 62)]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
