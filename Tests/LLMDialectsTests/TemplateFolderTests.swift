import Foundation
import LLMDialects
import LLMTemplate
import Testing

/// The templates of a folder, such as llama.cpp's `models/templates`: `LLMGEN_TEMPLATES=folder`.
@Suite struct TemplateFolderTests {
    private static let folder = ProcessInfo.processInfo.environment["LLMGEN_TEMPLATES"]

    @Test(.enabled(if: folder != nil)) func `Each template's dialect reads the calls that it writes`() throws {
        let folder = try #require(Self.folder)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".jinja") {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            do {
                let template = try ChatTemplate(text)
                let choice = DialectChoice(template: template, hasToken: { _ in false })
                print(name, choice.dialect.name, choice.reason, choice.dialect.reasoning?.open ?? "-")
            } catch {
                print(name, error)
            }
        }
    }
}
