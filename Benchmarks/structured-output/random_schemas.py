"""Random JSON schemas, and whether the documents made for them are valid by Python's `jsonschema`.

    python random_schemas.py make 500 1 > schemas.jsonl
    structured-output sample schemas.jsonl 6 > documents.jsonl
    python random_schemas.py check documents.jsonl [FIXTURE.json]

`check` ends with 1 where a document is not valid. With a file it writes a fixture there: each schema with documents that are
valid, and with such as are not, made from those by a random change.
"""

import json
import random
import sys
from decimal import Decimal, getcontext

from jsonschema import Draft202012Validator, validators

getcontext().prec = 3000


def is_integer(_, value):
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return whole or isinstance(value, int) and not isinstance(value, bool)


# Numbers are read as decimals, so that no document is rounded into validity or out of it.
Validator = validators.extend(
    Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer))

NAMES = ["a", "b", "kind", "size", "na me", "é", "x1", "x2"]
PATTERNS = ["^[a-z]{2,4}$", "b", "^x", "[0-9]$", "^(ab|cd)*$", "^[^ ]+$", "^.{3}$"]
FORMATS = ["date", "time", "date-time", "uuid", "ipv4", "ipv6", "email", "hostname", "uri", "duration", "json-pointer"]


def scalar(r):
    return r.choice([None, True, False, 0, 1, -3, 2.5, "a", "ab", "kind", "", "é", "x\ny"])


def number(r):
    schema = {"type": r.choice(["integer", "number"])}
    low = r.choice([-50, -2.5, 0, 0.25, 3, 17])
    if r.random() < 0.6:
        schema[r.choice(["minimum", "exclusiveMinimum"])] = low
    if r.random() < 0.6:
        schema[r.choice(["maximum", "exclusiveMaximum"])] = low + r.choice([1, 2.75, 20, 1000])
    if r.random() < 0.3:
        schema["multipleOf"] = r.choice([1, 2, 7, 0.5, 0.25])
    return schema


def string(r):
    schema = {"type": "string"}
    choice = r.random()
    if choice < 0.3:
        schema["pattern"] = r.choice(PATTERNS)
    elif choice < 0.5:
        schema["format"] = r.choice(FORMATS)
    if choice > 0.4 or r.random() < 0.2:
        schema["minLength"] = r.randrange(3)
        schema["maxLength"] = schema["minLength"] + r.randrange(1, 9)
    return schema


def array(r, depth):
    schema = {"type": "array"}
    if r.random() < 0.3:
        schema["prefixItems"] = [make(r, depth - 1) for _ in range(r.randrange(1, 3))]
    if r.random() < 0.8:
        schema["items"] = make(r, depth - 1)
    if r.random() < 0.4:
        schema["minItems"] = r.randrange(3)
    if r.random() < 0.4:
        schema["maxItems"] = schema.get("minItems", 0) + r.randrange(4)
    if r.random() < 0.2:
        schema["contains"] = make(r, depth - 1)
        if r.random() < 0.5:
            schema["maxContains"] = r.randrange(1, 3)
        if r.random() < 0.3:
            schema["minContains"] = r.randrange(2)
    if r.random() < 0.15:
        schema["items"] = {"enum": [scalar(r) for _ in range(5)]}
        schema.pop("prefixItems", None)
        schema["uniqueItems"] = True
    return schema


def members(r, depth):
    schema = {}
    names = r.sample(NAMES, r.randrange(1, 5))
    schema["properties"] = {name: make(r, depth - 1) for name in names}
    if r.random() < 0.7:
        schema["required"] = r.sample(names, r.randrange(len(names) + 1))
    choice = r.random()
    if choice < 0.4:
        schema["additionalProperties"] = False
    elif choice < 0.6:
        schema["additionalProperties"] = make(r, depth - 1)
    if r.random() < 0.2:
        schema["patternProperties"] = {r.choice(PATTERNS[:4]): make(r, depth - 1)}
    if r.random() < 0.1:
        schema["propertyNames"] = string(r)
    if r.random() < 0.15:
        schema["minProperties"] = r.randrange(3)
    if r.random() < 0.15:
        schema["maxProperties"] = r.randrange(1, 5)
    if r.random() < 0.1:
        schema["dependentRequired"] = {names[0]: [r.choice(NAMES)]}
    return schema


def make(r, depth):
    choice = r.random()
    if depth <= 0 or choice < 0.35:
        return r.choice([
            lambda: number(r), lambda: string(r), lambda: {"enum": [scalar(r) for _ in range(3)]},
            lambda: {"const": scalar(r)}, lambda: {"type": r.choice(["null", "boolean", "string", "integer"])},
            lambda: True,
        ])()
    if choice < 0.5:
        return array(r, depth)
    if choice < 0.75:
        return {"type": "object", **members(r, depth)}
    if choice < 0.8:
        return {"not": make(r, depth - 1)}
    if choice < 0.85:
        return {"if": make(r, depth - 1), "then": make(r, depth - 1), "else": make(r, depth - 1)}
    keyword = r.choice(["allOf", "anyOf", "oneOf", "anyOf"])
    schema = {keyword: [make(r, depth - 1) for _ in range(2 if keyword == "allOf" else 3)]}
    if r.random() < 0.3:
        schema.update(members(r, depth - 1))
        if r.random() < 0.4:
            schema.pop("additionalProperties", None)
            schema["unevaluatedProperties"] = False
    return schema


def changed(r, value):
    """A document near another."""
    if isinstance(value, dict) and value and r.random() < 0.8:
        value = dict(value)
        name = r.choice(list(value))
        choice = r.random()
        if choice < 0.3:
            del value[name]
        elif choice < 0.5:
            value[r.choice(NAMES)] = scalar(r)
        else:
            value[name] = changed(r, value[name])
        return value
    if isinstance(value, list) and value and r.random() < 0.8:
        value = list(value)
        place = r.randrange(len(value))
        choice = r.random()
        if choice < 0.3:
            del value[place]
        elif choice < 0.5:
            value.append(value[place])
        else:
            value[place] = changed(r, value[place])
        return value
    if isinstance(value, str) and r.random() < 0.5:
        return value[:-1] if r.random() < 0.5 else value + r.choice("a1 é")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and r.random() < 0.7:
        return value + r.choice([1, -1, 0.5, 100])
    return scalar(r)


def check(path, fixture):
    r = random.Random(0)
    counts = {"schemas": 0, "refused": 0, "empty": 0, "documents": 0, "leap": 0, "wrong": 0}
    cases = []
    for line in open(path, encoding="utf-8"):
        entry = json.loads(line)
        schema = json.loads(entry["schema"], parse_float=Decimal)
        counts["schemas"] += 1
        if "error" in entry:
            counts["refused"] += 1
            if entry["code"] != "schema_unsatisfiable":
                print(entry["error"], file=sys.stderr)
            continue
        validator = Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        counts["empty"] += not entry["documents"]
        case = {"schema": json.loads(entry["schema"]), "valid": [], "invalid": []}
        for text in entry["documents"]:
            counts["documents"] += 1
            document = json.loads(text, parse_float=Decimal)
            if ":60" in json.dumps(document, default=str):
                counts["leap"] += 1  # Python knows no leap seconds; the format does.
                continue
            if not validator.is_valid(document):
                counts["wrong"] += 1
                print(entry["schema"], repr(text), file=sys.stderr)
                continue
            if len(text) < 400:
                case["valid"].append(text)
            written = json.dumps(changed(r, json.loads(text)), ensure_ascii=False)
            if "Infinity" not in written and len(written) < 400 and not validator.is_valid(json.loads(written, parse_float=Decimal)):
                case["invalid"].append(written)
        cases.append(case)
    print(json.dumps(counts))
    if fixture:
        small = [case for case in cases if case["valid"] and len(json.dumps(case["schema"])) < 600][:150]
        with open(fixture, "w", encoding="utf-8") as file:
            lines = [json.dumps(case, ensure_ascii=False) for case in small]
            file.write("[\n" + ",\n".join(lines) + "\n]\n")
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    if sys.argv[1] == "make":
        r = random.Random(int(sys.argv[3]))
        for _ in range(int(sys.argv[2])):
            print(json.dumps(make(r, 3)))
    else:
        sys.exit(check(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None))
