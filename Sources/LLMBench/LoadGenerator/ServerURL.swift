import LLMGen

/// Where the server is: the parts of `http://host:port/path`.
struct ServerURL: Hashable {
    let host: String
    let port: Int
    /// What comes before an endpoint's path, without a slash at the end.
    let path: String

    /// - Throws: ``LLMGenError`` `invalidArgument` that says what is wrong with the text.
    init(_ text: String) throws(LLMGenError) {
        func refuse(_ why: String) -> LLMGenError {
            LLMGenError(code: .invalidArgument, message: "base-url is '\(text)'; \(why), such as http://127.0.0.1:8000")
        }
        guard !text.lowercased().hasPrefix("https:") else {
            throw refuse("https is not spoken here: give the http address behind the TLS proxy")
        }
        guard text.lowercased().hasPrefix("http://"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !text.contains(where: { "?#@".contains($0) })
        else { throw refuse("it must be http://, a host, and a port where it is not 80") }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        var path = String(rest.dropFirst(authority.count))
        while path.last == "/" { path.removeLast() }
        self.path = path
        var name = authority
        var port: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else {
                throw refuse("the bracket of its host does not close")
            }
            name = authority[authority.index(after: authority.startIndex)..<end]
            let behind = authority[authority.index(after: end)...]
            guard behind.isEmpty || behind.first == ":" else { throw refuse("a port comes after a colon") }
            port = behind.isEmpty ? nil : behind.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            name = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !name.isEmpty else { throw refuse("it has no host") }
        guard let number = port.map({ Int($0) }) ?? 80, (1...65535).contains(number) else {
            throw refuse("its port must be from 1 to 65535")
        }
        host = String(name)
        self.port = number
    }

    /// The value of the header `Host`.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + (port == 80 ? "" : ":\(port)") }
}
