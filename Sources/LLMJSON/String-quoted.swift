extension String {
    /// Text from a file as part of a one-line message: in quotes, invisible characters escaped, a long middle left out.
    package var quoted: String {
        let kept = 120
        let scalars = unicodeScalars
        if scalars.prefix(2 * kept + 1).count <= 2 * kept { return "'\(escaped(scalars[...]))'" }
        return "'\(escaped(scalars.prefix(kept)))…\(escaped(scalars.suffix(kept)))'"
    }
}

private func escaped(_ scalars: Substring.UnicodeScalarView) -> String {
    var text = ""
    for scalar in scalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
            text += "\\u{\(String(scalar.value, radix: 16))}"
        default:
            text.unicodeScalars.append(scalar)
        }
    }
    return text
}
