import Foundation
import LLMSampling
import LLMTestSupport
import Testing

@Suite struct PortableMathTests {
    @Test func `The exponential is within 2 ulp of the C library's`() {
        var generator = SeededGenerator(seed: 1)
        var worst = 0.0
        for index in 0..<200_000 {
            let x = Double.random(in: index % 2 == 0 ? -708...709 : -40...1, using: &generator)
            worst = max(worst, ulps(PortableMath.exp(x), exp(x)))
        }
        #expect(worst <= 2)
    }

    @Test func `The exponential's ends are exact`() {
        #expect(PortableMath.exp(0) == 1)
        #expect(PortableMath.exp(-0.0) == 1)
        #expect(PortableMath.exp(-708) > 0)
        for x in [-708.1, -1e6, -1e300, -.infinity] { #expect(PortableMath.exp(x) == 0) }
        #expect(PortableMath.exp(.nan).isNaN)
    }

    @Test func `The logarithm is within 2 ulp of the C library's`() {
        var generator = SeededGenerator(seed: 2)
        var worst = 0.0
        for index in 0..<200_000 {
            let exponent = index % 2 == 0 ? Double.random(in: -1022...1023, using: &generator) : 0
            let x = Double.random(in: 0.5...2, using: &generator) * exp2(exponent)
            worst = max(worst, ulps(PortableMath.log(x), log(x)))
        }
        #expect(worst <= 2)
        #expect(PortableMath.log(1) == 0)
        #expect(ulps(PortableMath.log(.leastNonzeroMagnitude), log(.leastNonzeroMagnitude)) <= 2)
    }

    private func ulps(_ value: Double, _ expected: Double) -> Double {
        abs(value - expected) / expected.ulp
    }
}
