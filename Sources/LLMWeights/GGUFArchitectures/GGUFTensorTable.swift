/// A tensor's name in GGUF files, with what the hub calls the same and what is changed to make it that.
struct GGUFTensorName: Sendable {
    /// Without `blk.N.`. Names without `.weight` or `.bias` at their end are of both, unless they are whole.
    let name: String
    /// Without what every tensor of a layer begins with. A `#` stands for the number of an element.
    let hubName: String
    let changes: [GGUFTensorChange]
    let isWhole: Bool

    init(_ name: String, _ hubName: String, _ changes: GGUFTensorChange...) {
        self.init(name, hubName, changes: changes)
    }

    init(_ name: String, _ hubName: String, changes: [GGUFTensorChange], isWhole: Bool = false) {
        self.name = name
        self.hubName = hubName
        self.changes = changes
        self.isWhole = isWhole || name.hasSuffix(".weight") || name.hasSuffix(".bias")
    }

    /// A name that files have with nothing at its end.
    static func whole(_ name: String, _ hubName: String, _ changes: GGUFTensorChange...) -> GGUFTensorName {
        GGUFTensorName(name, hubName, changes: changes, isWhole: true)
    }
}

/// The tensors of an architecture by their names in GGUF files.
struct GGUFTensorTable: Sendable {
    /// What becomes of a stored tensor.
    struct Row: Sendable {
        /// With a `#` for the number of a layer, then for that of an element.
        let hubName: String
        let changes: [GGUFTensorChange]
    }

    private var rows: [String: [Row]] = [:]

    init(model: [GGUFTensorName], layer: [GGUFTensorName], layers: String, interleavesHeads: Bool) {
        func add(_ names: [GGUFTensorName], to shared: [GGUFTensorName], _ prefix: String, _ hubPrefix: String) {
            // What an architecture stores or calls otherwise is not as in others.
            let (own, ownHub) = (Set(names.map(\.name)), Set(names.map(\.hubName)))
            for entry in shared.filter({ !own.contains($0.name) && !ownHub.contains($0.hubName) }) + names {
                for kind in entry.isWhole ? [""] : [".weight", ".bias"] {
                    let hubName = entry.hubName.isEmpty ? "" : "\(hubPrefix)\(entry.hubName)\(kind)"
                    rows["\(prefix)\(entry.name)\(kind)", default: []].append(
                        Row(hubName: hubName, changes: entry.changes))
                }
            }
        }
        add(model, to: GGUFTensorTable.model, "", "")
        add(layer, to: GGUFTensorTable.layer(interleavesHeads), "blk.#.", layers)
    }

    /// The tensor that is stored of the one that the hub calls `hubName`: its name, what is undone in it, and the number of
    /// the element that it is. nil for one that is not stored, or not alone.
    func stored(_ hubName: String) -> (name: String, changes: [GGUFTensorChange], element: Int?)? {
        var parts = hubName.split(separator: ".", omittingEmptySubsequences: false)
        var numbers: [Substring] = []
        // Of a layer, then of an element.
        for _ in 0..<3 {
            let pattern = parts.joined(separator: ".")
            if let (name, found) = rows.first(where: { $0.value.count == 1 && $0.value[0].hubName == pattern }) {
                return (
                    name.replacing("#", with: numbers.first ?? ""), found[0].changes,
                    numbers.count > 1 ? Int(numbers[1]) : nil
                )
            }
            guard let place = parts.firstIndex(where: { Int($0) != nil }) else { return nil }
            numbers.append(parts[place])
            parts[place] = "#"
        }
        return nil
    }

    /// The hub's tensors that are made of the one called `name`, and the number of its layer; empty where it is not known.
    func rows(_ name: String) -> (rows: [Row], layer: Int?) {
        var parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1, parts[0] == "blk" else { return (rows[name] ?? [], nil) }
        // Numbers as they are written: no sign, no zero before them.
        guard let layer = Int(parts[1]), layer >= 0, "\(layer)" == parts[1] else { return ([], nil) }
        parts[1] = "#"
        return (rows[parts.joined(separator: ".")] ?? [], layer)
    }

    static let model = [
        GGUFTensorName("token_embd", "model.embed_tokens"), GGUFTensorName("output_norm", "model.norm"),
        GGUFTensorName("output", "lm_head"),
    ]

    /// Llama's.
    static func layer(_ interleavesHeads: Bool) -> [GGUFTensorName] {
        func heads(_ part: GGUFTensorChange.Part) -> [GGUFTensorChange] { interleavesHeads ? [.interleaved(part)] : [] }
        var names =
            named + [
                GGUFTensorName("attn_v", "self_attn.v_proj"),
                GGUFTensorName("attn_qkv", "self_attn.v_proj", .part(.values)),
            ]
        for (letter, part) in [("q", GGUFTensorChange.Part.queries), ("k", .keys)] {
            names.append(GGUFTensorName("attn_\(letter)", "self_attn.\(letter)_proj", changes: heads(part)))
            names.append(
                GGUFTensorName("attn_qkv", "self_attn.\(letter)_proj", changes: [.part(part)] + heads(part)))
        }
        return names
    }

    private static let named = [
        GGUFTensorName("attn_norm", "input_layernorm"), GGUFTensorName("attn_output", "self_attn.o_proj"),
        GGUFTensorName("attn_q_norm", "self_attn.q_norm"), GGUFTensorName("attn_k_norm", "self_attn.k_norm"),
        GGUFTensorName("ffn_norm", "post_attention_layernorm"), GGUFTensorName("ffn_gate", "mlp.gate_proj"),
        GGUFTensorName("ffn_up", "mlp.up_proj"), GGUFTensorName("ffn_down", "mlp.down_proj"),
    ]

    /// Experts that are matrices of their own, in a block that the hub calls `block`.
    static func experts(
        _ block: String, names: (gate: String, up: String, down: String) = ("gate_proj", "up_proj", "down_proj")
    ) -> [GGUFTensorName] {
        [
            GGUFTensorName("ffn_gate_inp", "\(block).gate"),
            GGUFTensorName("ffn_gate_exps", "\(block).experts.#.\(names.gate)", .elements(.experts)),
            GGUFTensorName("ffn_up_exps", "\(block).experts.#.\(names.up)", .elements(.experts)),
            GGUFTensorName("ffn_down_exps", "\(block).experts.#.\(names.down)", .elements(.experts)),
        ]
    }

    /// A layer of Mamba-2, in a block that the hub calls `block`.
    static func mamba2(_ block: String) -> [GGUFTensorName] {
        [
            GGUFTensorName("ssm_in", "\(block).in_proj"), GGUFTensorName("ssm_out", "\(block).out_proj"),
            GGUFTensorName("ssm_conv1d.weight", "\(block).conv1d.weight", .filters),
            GGUFTensorName("ssm_conv1d.bias", "\(block).conv1d.bias"),
            GGUFTensorName("ssm_dt.bias", "\(block).dt_bias"),
            GGUFTensorName("ssm_norm.weight", "\(block).norm.weight", .vector),
            .whole("ssm_a", "\(block).A_log", .vector, .logarithm), .whole("ssm_d", "\(block).D", .vector),
        ]
    }

    /// An expert of all tokens.
    static func sharedExpert(_ name: String) -> [GGUFTensorName] {
        ["gate", "up", "down"].map { GGUFTensorName("ffn_\($0)_shexp", "\(name).\($0)_proj") }
    }
}
