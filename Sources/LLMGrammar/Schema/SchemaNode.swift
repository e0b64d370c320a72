/// A condition on a JSON value, told apart by the value's type: any of the arrays' and of the objects' shapes will do.
struct SchemaNode: Hashable, Sendable {
    var isNullable: Bool
    /// Whether `false` and whether `true` are in it.
    var flags: (isFalse: Bool, isTrue: Bool)
    var numbers: ValueSet<DecimalNumber>
    var strings: ValueSet<ExactText>
    var arrays: [ArrayShape]
    var objects: [ObjectShape]

    static let always = SchemaNode(
        isNullable: true, flags: (true, true), numbers: .all, strings: .all, arrays: [ArrayShape()],
        objects: [ObjectShape()])
    static let never = SchemaNode(
        isNullable: false, flags: (false, false), numbers: .none, strings: .none, arrays: [], objects: [])

    static func == (a: SchemaNode, b: SchemaNode) -> Bool {
        a.isNullable == b.isNullable && a.flags == b.flags && a.numbers == b.numbers && a.strings == b.strings
            && a.arrays == b.arrays && a.objects == b.objects
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(isNullable)
        hasher.combine(flags.isFalse)
        hasher.combine(flags.isTrue)
        hasher.combine(numbers)
        hasher.combine(strings)
        hasher.combine(arrays)
        hasher.combine(objects)
    }
}

extension SchemaNode {
    /// The values of some types.
    init(_ types: TypeSet) {
        self = .never
        isNullable = types.contains(.null)
        if types.contains(.boolean) { flags = (true, true) }
        if types.contains(.number) {
            numbers = .all
        } else if types.contains(.integer) {
            numbers = .regular(NumberLanguage.integers)
        }
        if types.contains(.string) { strings = .all }
        if types.contains(.array) { arrays = [ArrayShape()] }
        if types.contains(.object) { objects = [ObjectShape()] }
    }

    /// The values that are in either.
    func union(_ other: SchemaNode) -> SchemaNode {
        var result = self
        result.isNullable = isNullable || other.isNullable
        result.flags = (flags.isFalse || other.flags.isFalse, flags.isTrue || other.flags.isTrue)
        result.numbers = numbers.union(other.numbers)
        result.strings = strings.union(other.strings)
        for shape in other.arrays where !result.arrays.contains(shape) { result.arrays.append(shape) }
        if result.arrays.contains(ArrayShape()) { result.arrays = [ArrayShape()] }
        for shape in other.objects where !result.objects.contains(shape) { result.objects.append(shape) }
        if result.objects.contains(where: \.isAny) { result.objects = [ObjectShape()] }
        return result
    }
}
