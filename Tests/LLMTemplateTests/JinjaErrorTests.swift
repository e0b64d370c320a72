import LLMTemplate
import Testing

@Suite struct JinjaErrorTests {
    @Test(
        arguments: [
            ("a\n  {{ x.y.z }}", .templateFailed, "line 2, column 7: 'x' is undefined"),
            (
                "{% for m in [{}] %}{{ m.a.b }}{% endfor %}", .templateFailed,
                "column 26: 'dict object' has no attribute 'a'"
            ),
            ("{{ 'é' + 1 }}", .templateFailed, "line 1, column 8: '+' does not take a str and a int"),
            ("{{ 1 < 'a' }}", .templateFailed, "'<' cannot compare a int with a str"),
            ("{{ 'a'|nope }}", .malformedTemplate, "line 1, column 8: there is no filter 'nope'"),
            ("{{ 1 is nope }}", .malformedTemplate, "there is no test 'nope'"),
            ("{% nope %}", .malformedTemplate, "line 1, column 4: there is no tag 'nope' here"),
            ("{% if x %}\n", .malformedTemplate, "the template ends where 'elif' or 'else' or 'endif' is needed"),
            ("{{ (1 }}", .malformedTemplate, "'}' stands where ')' is needed"),
            ("x\n{{ 'a }}", .malformedTemplate, "line 2, column 4: the string is not closed"),
            ("{% include 'x' %}", .malformedTemplate, "'include' is refused: a chat template reads no other file"),
            ("{% import 'x' as x %}", .malformedTemplate, "'import' is refused"),
            ("{{ 'x'.encode() }}", .templateFailed, "'str object' has no attribute 'encode'"),
            ("{{ [1].append(2) }}", .templateFailed, "the attribute 'append' of 'list object' is kept from templates"),
            (
                "{{ ''.__class__.__mro__ }}", .templateFailed,
                "the attribute '__class__' of 'str object' is kept from templates"
            ),
            ("{{ [1, 2]|random }}", .templateFailed, "random is refused: the same messages must give the same text"),
            ("{{ 9223372036854775807 + 1 }}", .limitReached, "beyond 64 bits, the limit"),
            ("{{ raise_exception('No\nsystem!') }}", .messagesRefused, "(line 1, column 19): No system!"),
        ] as [(String, TemplateError.Code, String)])
    func `An error names the place and the fault in one line`(
        template: String, code: TemplateError.Code, message: String
    ) throws {
        do {
            let text = try render(template)
            Issue.record("\(template) gives \(text)")
        } catch let error as TemplateError {
            #expect(error.code == code)
            #expect(error.message.contains(message), "\(error)")
            #expect(!error.message.contains("\n"))
        }
    }
}
