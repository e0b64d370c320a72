import Foundation
import LLMTemplate
import Synchronization
import Testing

@Suite struct JinjaLimitTests {
    @Test(
        arguments: [
            "{{ 'a' * 10**9 }}", "{{ [1] * 10**9 }}", "{{ range(10**9) }}", "{{ range(-(2**62), 2**62) }}",
            "{{ 'a'.center(10**9) }}", "{{ 'a'.ljust(10**12) }}", "{{ '1'.zfill(10**9) }}", "{{ '%1000000000d' % 1 }}",
            "{{ '{:>1000000000}'.format(1) }}", "{{ 'a'|center(10**9) }}", "{{ 'a\nb'|indent(10**9) }}",
            "{{ [1]|batch(10**9, 0)|list }}", "{{ [1]|slice(10**9)|list }}", "{{ [1]|tojson(indent=10**9) }}",
            "{{ ('a' * 10**6).replace('a', 'b' * 10**6) }}", "{{ ('a' * 10**6).replace('', 'b' * 10**6) }}",
            "{{ ('a' * 10**6)|list|join('b' * 10**6) }}", "{{ '\t'.expandtabs(10**10) }}",
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            "{% for i in range(100000) %}{{ 'a' * 1000000 }}{% endfor %}",
            "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
            "{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}",
            "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(1000) %}{% set ns.x = ns.x|map('abs') %}{% endfor %}{{ ns.x|list }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro m(a=m()) %}{% endmacro %}{{ m() }}",
            "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
            "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
            "{{ " + String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000) + " }}",
            "{{ " + String(repeating: "[", count: 100_000), "{{ " + String(repeating: "{1:", count: 100_000),
            "{{ a" + String(repeating: "[a", count: 100_000), "{{ a" + String(repeating: "(a", count: 100_000),
            "{{ a" + String(repeating: "|default(a", count: 100_000),
            "{{ a" + String(repeating: " is in(a", count: 100_000),
            "{{ a" + String(repeating: " if a", count: 100_000) + " }}",
            String(repeating: "{% if x %}", count: 100_000), String(repeating: "{% for x in y %}", count: 100_000),
            String(repeating: "{% macro m() %}", count: 100_000), String(repeating: "{% set x %}", count: 100_000),
        ])
    func `What would take too much is refused, on a small stack too`(template: String) throws {
        let error = try onSmallStack { () -> TemplateError? in
            do {
                _ = try render(template)
                return nil
            } catch let error as TemplateError {
                return error
            }
        }
        let codes: [TemplateError.Code] = [.malformedTemplate, .templateFailed, .limitReached]
        #expect(error.map { codes.contains($0.code) } == true, "\(template.prefix(80))")
    }

    @Test(
        arguments: [
            ("{{ " + String(repeating: "- ", count: 10_000) + "1 }}", "1"),
            ("{{ " + String(repeating: "not ", count: 10_000) + "1 }}", "True"),
            ("{{ 1" + String(repeating: " + 1", count: 10_000) + " }}", "10001"),
            ("{{ 1" + String(repeating: " and 1", count: 10_000) + " }}", "1"),
            ("{{ 'a'" + String(repeating: "|upper", count: 10_000) + " }}", "A"),
            ("{{ 'a'" + String(repeating: ".upper()", count: 10_000) + " }}", "A"),
            ("{{ 1" + String(repeating: " if 0 else 1", count: 10_000) + " }}", "1"),
            (String(repeating: "{% if 1 %}", count: 60) + "x" + String(repeating: "{% endif %}", count: 60), "x"),
            ("{{ " + String(repeating: "(", count: 30) + "1" + String(repeating: ")", count: 30) + " }}", "1"),
            (
                "{% macro m(n) %}{% if n %}{% for i in [1] %}{{ m(n - 1) }}{% endfor %}{% endif %}.{% endmacro %}{{ m(25)|length }}",
                "26"
            ),
        ])
    func `What is only long is not refused`(template: String, text: String) throws {
        #expect(try onSmallStack { try render(template) } == text)
    }

    @Test func `A template that keeps everything alive in circles is let go of`() throws {
        let template = """
            {% set ns = namespace() %}{% for i in range(20000) %}{% set ns.x = namespace(prev=ns.x, root=ns) %}{% endfor %}\
            {% macro m(f) %}{% macro g() %}{{ f }}{% endmacro %}{% set ns.m = g %}{% endmacro %}\
            {% for i in range(20000) %}{{ m(ns.m) }}{% endfor %}\
            {% for i in range(20000) %}{% for x in [ns.l] %}{% set ns.l = loop %}{% endfor %}{% endfor %}done
            """
        #expect(try onSmallStack { try render(template) } == "done")
    }

    @Test func `A text that a loop builds up takes no quadratic time`() throws {
        let template = """
            {% set ns = namespace(a='', n=0) %}{% set b = '' %}\
            {% for i in range(100000) %}{% set ns.a = ns.a + 'x' * 100 %}{% endfor %}{{ ns.a|length }}
            """
        // Copying the whole each time would take 500 GB, more than a template may.
        #expect(try render(template) == "10000000")
    }

    /// What `body` gives on a thread with the stack that Foundation's have on other systems, 512 KiB.
    private func onSmallStack<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        let result = Mutex<Swift.Result<Result, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        let box = Box(result)
        let thread = Thread {
            box.value.withLock { $0 = Swift.Result(catching: body) }
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        done.wait()
        return try #require(box.value.withLock { $0 }).get()
    }

    private final class Box<Value: ~Copyable & Sendable>: Sendable {
        let value: Value
        init(_ value: consuming Value) { self.value = value }
    }
}
