public import LLMJSON

extension GGUFModel {
    /// What `general.sampling` recommends, as the text of a `generation_config.json`.
    ///
    /// - Throws: `WeightsError` `invalidMetadata` for a value that is no number.
    public static func generationConfig(_ values: GGUFMetadata) throws(WeightsError) -> [UInt8] {
        let any = -1e30...1e30
        var json = JSONWriter()
        try json.object { json throws(WeightsError) in
            for (name, hubName) in samplingNumbers {
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

    /// The keys of `general.sampling` that say what a `generation_config.json` recommends.
    package static func sampling<Failure: Error>(
        number: (_ hubName: String) throws(Failure) -> Double?, topK: Int?
    ) throws(Failure) -> [GGUFWriter.Entry] {
        var entries: [GGUFWriter.Entry] = []
        for (name, hubName) in samplingNumbers {
            if let number = try number(hubName) {
                entries.append(("general.sampling.\(name)", .float32(Float(number))))
            }
        }
        if let topK { entries.append(("general.sampling.top_k", .int32(Int32(topK)))) }
        return entries
    }

    private static let samplingNumbers = [
        ("min_p", "min_p"), ("penalty_repeat", "repetition_penalty"), ("temp", "temperature"), ("top_p", "top_p"),
    ]
}
