import LLMTokenizer
import LLMWeights

extension Vocabulary {
    /// The keys of a GGUF file that say the same, but for EOS, which may be one of several ends.
    var metadata: [GGUFWriter.Entry] {
        var entries: [GGUFWriter.Entry] = []
        func add(_ name: String, _ value: GGUFValue?) {
            if let value { entries.append(("tokenizer.ggml.\(name)", value)) }
        }
        add("model", .string(model))
        add("pre", .string(preTokenizer ?? "default"))
        add("tokens", .strings(tokens))
        if !scores.isEmpty { add("scores", .float32s(scores)) }
        if !types.isEmpty { add("token_type", .int32s(types)) }
        if !merges.isEmpty { add("merges", .strings(merges)) }
        add("bos_token_id", bos.map { .uint32(UInt32($0)) })
        add("unknown_token_id", unknown.map { .uint32(UInt32($0)) })
        add("add_bos_token", addsBOS.map(GGUFValue.bool))
        add("add_eos_token", addsEOS.map(GGUFValue.bool))
        add("add_space_prefix", addsSpacePrefix.map(GGUFValue.bool))
        add("remove_extra_whitespaces", removesExtraWhitespaces.map(GGUFValue.bool))
        if !characterMap.isEmpty { add("precompiled_charsmap", .bytes(characterMap)) }
        return entries
    }
}
