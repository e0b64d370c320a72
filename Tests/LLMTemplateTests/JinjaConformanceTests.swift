import LLMTemplate
import Testing

@Suite struct JinjaConformanceTests {
    @Test func `Small templates give what Jinja2 gives`() throws {
        let cases = try ChatTemplateFixtures.conformance()
        #expect(cases.count > 1000)
        try check(cases)
    }

    @Test func `Chat templates give what Jinja2 gives`() throws {
        let cases = try ChatTemplateFixtures.chats()
        #expect(cases.count > 300)
        try check(cases)
    }

    private func check(_ cases: [ChatTemplateFixtures.Case]) throws {
        for example in cases {
            do {
                let text = try render(example.template, example.variables)
                guard let output = example.output else {
                    Issue.record("\(example.name) is an error in Jinja2, here it gives \(text.debugDescription)")
                    continue
                }
                #expect(text.utf8.elementsEqual(output.utf8), "\(example.name)")
            } catch let error as TemplateError {
                #expect(example.output == nil, "\(example.name): \(error)")
                #expect(!error.message.contains("\n") && error.message.contains("line "), "\(error)")
            }
        }
    }
}
