import ArgumentParser
import LLMGen

struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Converse with a model.",
        discussion: """
            Answers stream to stdout; everything else goes to stderr. In a terminal lines can be edited; elsewhere each \
            line of stdin is a message or a command. /help lists the commands.
            """)

    @Option(help: ArgumentHelp("System message.", valueName: "text"))
    var system: String?

    @Option(help: ArgumentHelp("Chat template in the place of the model's.", valueName: "file"))
    var chatTemplate: String?

    @OptionGroup(title: "Sampling") var sampling: SamplingOptionGroup
    @OptionGroup(title: "Engine") var options: EngineOptionGroup

    func run() async throws {
        try sampling.draft.checkForChat()
        let interrupt = Interrupt(endsProcess: false)
        let given = try chatTemplate.map(ChatFormat.template(file:))
        let (model, engine) = try await options.load()
        let template = try given ?? model.chatFormat.template()
        Diagnostics.start(model, engine)
        var session = ChatSession(
            engine: engine, template: template, interrupt: interrupt, isEdited: Terminal.isThere,
            conversation: Conversation(system: system), sampling: sampling.draft)
        defer { Terminal.restore() }
        if try await converse(&session) { throw ExitCode(CommandFailure.badData) }
    }

    /// Does what the lines ask for until they end. - Returns: whether lines that nobody typed asked for what failed.
    private func converse(_ session: inout ChatSession) async throws -> Bool {
        var lines = ChatLines(isEdited: session.isEdited)
        var input = ChatInput()
        var (isOpen, hasFailed) = (true, false)
        if session.isEdited { StandardStreams.report("/help lists the commands, Ctrl-D leaves") }
        while isOpen {
            do {
                let action: ChatAction?
                switch try lines.next(prompt: input.isPending ? "… " : "> ") {
                case .line(let line): action = input.take(line)
                case .interrupt:
                    input.reset()
                    action = nil
                case .end:
                    isOpen = false
                    action = input.finish()
                }
                if let action, try await !session.perform(action) { isOpen = false }
            } catch let error as LLMGenError where error.code != .failed {
                hasFailed = !session.isEdited
                CommandFailure.report(error.message)
            }
        }
        return hasFailed
    }
}
