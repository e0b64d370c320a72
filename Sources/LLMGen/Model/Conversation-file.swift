import Foundation

extension Conversation {
    private static let byteLimit = 16 << 20

    /// Reads a JSON object with `messages`, each an object with `role`, a text, and `content`: a text, a list of parts,
    /// or null.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput`, naming the message and what is wrong with it.
    public init(json: [UInt8]) throws(LLMGenError) {
        let value: TemplateValue
        do {
            value = try TemplateValue(json: json)
        } catch {
            throw LLMGenError(error)
        }
        guard case .object(let members) = value, case .array(let messages)? = value["messages"] else {
            throw Self.failure("there is no list of messages")
        }
        if let other = members.first(where: { $0.name != "messages" }) {
            throw Self.failure("'\(other.name.prefix(80))' is nothing that a conversation has")
        }
        for (index, message) in messages.enumerated() {
            guard case .string(let role)? = message["role"], !role.isEmpty else {
                throw Self.failure("message \(index) has no role")
            }
            switch message["content"] {
            case nil, .null, .string, .array: break
            default: throw Self.failure("the content of message \(index) is no text and no list")
            }
        }
        self.init(messages: messages)
    }

    /// Reads a file as ``json()`` writes it.
    ///
    /// - Throws: ``LLMGenError`` `notFound`, or `invalidInput` with what is wrong with the file, which may have 16 MiB.
    public init(file path: String) throws(LLMGenError) {
        let bytes: Data
        do {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw LLMGenError(code: .invalidInput, message: "'\(path)': not a file; name a saved conversation")
            }
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            bytes = try file.read(upToCount: Self.byteLimit + 1) ?? Data()
        } catch let error as LLMGenError {
            throw error
        } catch {
            throw LLMGenError(
                code: .notFound, message: "'\(path)': no such file, or not readable; check the path", cause: error)
        }
        guard bytes.count <= Self.byteLimit else {
            throw LLMGenError(
                code: .invalidInput,
                message: "'\(path)': more than \(Self.byteLimit) bytes, the limit; check that it is the right file")
        }
        do throws(LLMGenError) {
            try self.init(json: Array(bytes))
        } catch {
            throw LLMGenError(code: error.code, message: "'\(path)': \(error.message)", cause: error)
        }
    }

    /// `{"messages": […]}`, as files have it.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` where a message has a number that JSON cannot say.
    public func json() throws(LLMGenError) -> String {
        do {
            return try TemplateValue.object([.init("messages", .array(messages))]).json() + "\n"
        } catch {
            throw LLMGenError(error)
        }
    }

    /// Writes ``json()`` to a file, in the place of one that is there.
    ///
    /// - Throws: ``LLMGenError`` `invalidArgument` where the file cannot be written.
    public func save(to path: String) throws(LLMGenError) {
        let json = try json()
        do {
            try Data(json.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw LLMGenError(
                code: .invalidArgument, message: "'\(path)': cannot be written; check the folder and its permissions",
                cause: error)
        }
    }

    private static func failure(_ reason: String) -> LLMGenError {
        LLMGenError(
            code: .invalidInput,
            message: "\(reason); a conversation is {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}, …]}")
    }
}
