/// The keywords of JSON Schema, as far as lists of them are needed.
enum SchemaKeyword {
    /// How a keyword holds other schemas.
    enum Subschemas {
        case one, many, oneOrMany, named
    }

    static let subschemas: [ExactText: Subschemas] = [
        "additionalItems": .one, "additionalProperties": .one, "allOf": .many, "anyOf": .many, "contains": .one,
        "contentSchema": .one, "definitions": .named, "$defs": .named, "dependencies": .named,
        "dependentSchemas": .named, "else": .one, "if": .one, "items": .oneOrMany, "not": .one, "oneOf": .many,
        "patternProperties": .named, "prefixItems": .many, "properties": .named, "propertyNames": .one, "then": .one,
        "unevaluatedItems": .one, "unevaluatedProperties": .one,
    ]

    /// Keywords that say nothing about what is valid.
    static let annotations: Set<ExactText> = [
        "$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$recursiveAnchor", "$schema", "$vocabulary",
        "contentEncoding", "contentMediaType", "contentSchema", "default", "definitions", "deprecated", "description",
        "examples", "readOnly", "title", "writeOnly",
    ]

    /// Keywords about objects and about arrays, which are kept together as one shape.
    static let ofObjects: Set<ExactText> = [
        "additionalProperties", "maxProperties", "minProperties", "patternProperties", "properties", "propertyNames",
        "required",
    ]
    static let ofArrays: Set<ExactText> = [
        "additionalItems", "contains", "items", "maxContains", "maxItems", "minContains", "minItems", "prefixItems",
        "uniqueItems",
    ]
}
