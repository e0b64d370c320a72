/// The version of llmgen, as `llmgen --version` prints it.
public let llmgenVersion = "0.1.0"
