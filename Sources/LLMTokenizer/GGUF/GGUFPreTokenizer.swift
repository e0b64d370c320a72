/// What a name in `tokenizer.ggml.pre` means: the patterns of the original tokenizers, each applied to what the one
/// before it left whole.
package struct GGUFPreTokenizer: Sendable {
    /// The names that are known.
    package static var names: [String] { all.flatMap(\.names) }

    let patterns: [String]
    /// Whether a word that is a token is that token, whatever the merges would make of it.
    var ignoresMerges = false
    /// Whether BOS is put in front where the file does not say.
    var addsBOS = false
    /// Whether the text is normalized to NFC first, as the original tokenizer does.
    var composes = false

    /// The rules of `name`, nil for a name that is not known.
    static func named(_ name: String) -> GGUFPreTokenizer? { all.first { $0.names.contains(name) }?.rules }

    /// Every name that is known, of the same rules side by side.
    static let all: [(names: [String], rules: GGUFPreTokenizer)] = [
        (
            ["gpt-2", "phi-2", "mpt", "olmo", "jais", "exaone4", "modern-bert", "gigachat", "mellum", "trillion"],
            .init(patterns: [gpt2])
        ),
        (
            ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"],
            .init(patterns: [llama3], ignoresMerges: true, addsBOS: true)
        ),
        (["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], .init(patterns: [llama3])),
        (
            ["qwen2", "deepseek-r1-qwen", "megrez"],
            .init(patterns: [words(#"\p{L}+"#, #"\p{N}"#, #"[\r\n]*"#)], composes: true)
        ),
        (["stablelm2", "hunyuan"], .init(patterns: [words(#"\p{L}+"#, #"\p{N}"#, #"[\r\n]*"#)])),
        // llama.cpp, whose name this is, composes nothing; the ids that come with its vocabulary of this name agree.
        (["qwen35"], .init(patterns: [qwen35])),
        (
            [
                "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
            ], .init(patterns: [#"\p{N}"#, gpt2])
        ),
        (["deepseek-llm"], .init(patterns: deepseekLLM)),
        (["deepseek-coder"], .init(patterns: deepseekCoder)),
        (["deepseek-v3", "hunyuan-dense"], .init(patterns: deepseek3)),
        (
            ["tekken"],
            .init(
                patterns: [cased(suffix: "", numbers: #"\p{N}"#)], ignoresMerges: true, addsBOS: true)
        ),
        (
            ["gpt-4o", "llama4", "kanana2", "minimax-m2"],
            .init(patterns: [cased(suffix: #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#, numbers: #"\p{N}{1,3}"#)])
        ),
        (["falcon"], .init(patterns: [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]"])),
        (["default"], .init(patterns: [#"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]"])),
        (["bloom", "poro-chat", "gpt3-finnish"], .init(patterns: [bloom])),
        (["viking"], .init(patterns: [bloom, #"\p{N}"#])),
    ]

    private static let gpt2 = PreTokenizer.gpt2Pattern
    private static let llama3 = words(#"\p{L}+"#, #"\p{N}{1,3}"#, #"[\r\n]*"#)
    private static let bloom = #" ?[^(\s|.,!?…。，、।۔،)]+"#

    private static func words(_ letters: String, _ numbers: String, _ lineEnds: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\#(letters)|\#(numbers)| ?[^\s\p{L}\p{N}]+\#(lineEnds)"#
            + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    private static let qwen35 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"#
        + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// Words that end where small letters are followed by capitals.
    private static func cased(suffix: String, numbers: String) -> String {
        let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
        let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
        return #"[^\r\n\p{L}\p{N}]?\#(upper)*\#(lower)+\#(suffix)|[^\r\n\p{L}\p{N}]?\#(upper)+\#(lower)*\#(suffix)"#
            + #"|\#(numbers)| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    private static let deepseekLLM = [
        "[\r\n]",
        #"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅ"#
            + "ὐ-ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛ"
            + "Ꜣ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
        "\\s?[!-/:-~！-／：-～‘-‟\u{3000}-。]+",
        #"\s+$"#,
        "[一-龥ࠀ-一가-\u{D7FF}]+",
        #"\p{N}+"#,
    ]

    private static let deepseekCoder = [
        "[\r\n]", #"\s?\p{L}+"#, #"\s?\p{P}+"#, "[一-龥ࠀ-一가-\u{D7FF}]+", #"\p{N}"#,
    ]

    private static let deepseek3 = [
        #"\p{N}{1,3}"#,
        "[一-龥\u{3040}-ゟ゠-ヿ]+",
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
            + #"| ?[\p{P}\p{S}]+[\r\n]*"#
            + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    ]
}
