public import LLMJSON

extension GGUFModel {
    /// What `general.sampling` recommends, as the text of a `generation_config.json`.
    ///
    /// - Throws: `WeightsError` `invalidMetadata` for a value that is no number.
    public static func generationConfig(_ values: GGUFMetadata) throws(WeightsError) -> [UInt8] {
        let names = [
            "temp": "temperature", "top_p": "top_p", "min_p": "min_p", "penalty_repeat": "repetition_penalty",
        ]
        let any = -1e30...1e30
        var json = JSONWriter()
        try json.object { json throws(WeightsError) in
            for (name, hubName) in names.sorted(by: { $0.key < $1.key }) {
                let key = "general.sampling.\(name)"
                if values.type(of: key) != nil { json.member(hubName, try values.number(key, in: any)) }
            }
            let topK = "general.sampling.top_k"
            if values.type(of: topK) != nil {
                json.member("top_k", try values.integer(topK, in: Int(Int32.min)...Int(Int32.max)))
            }
        }
        return json.bytes
    }
}
