/// How weights are rounded to the numbers that a stored type has.
public enum Rounding: String, Sendable, CaseIterable {
    /// Each to the nearest, under scales that are fitted to the block; a calibration says whose errors count more.
    case nearest
    /// One after another, each error made up for by the weights that follow (GPTQ, Frantar et al. 2022).
    case gptq
    /// To the nearest, after channels that matter are multiplied (AWQ, Lin et al. 2023).
    case awq
}
