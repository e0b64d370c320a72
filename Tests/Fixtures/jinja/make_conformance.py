#!/usr/bin/env python3
"""Writes conformance.json: small templates, and what Jinja2 3.1 makes of them (null for an error).

usage: make_conformance.py     (python3 with jinja2 3.1.6)
"""
import json
import pathlib

from reference import render

VARIABLES = {
    "n": 7, "f": 2.5, "s": "Hello World", "empty": "", "none_value": None, "yes": True, "no": False,
    "numbers": [3, 1, 2], "words": ["pear", "Apple", "fig", "apple"], "nothing": [],
    "user": {"name": "Ann", "age": 31, "tags": ["x", "y"], "items": "mine", "address": {"city": "Bern"}},
    "users": [
        {"name": "bob", "age": 30, "city": "Rome"}, {"name": "Al", "age": 25, "city": "Bern"},
        {"name": "cy", "age": 30, "city": "rome"}],
    "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello", "tool_calls": []}],
    "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}, {"v": 5, "c": []}],
    "uni": "Größe: 1 €, 日本語, 👩‍👩‍👧, e\u0301, ß",
    "html": "<a href=\"x\">Tom & 'Jerry'</a>", "multi": "one\n\n  two\nthree", "data": {"b": 1, "a": [True, None, 1.5], "é": "ü\n"},
}

# Expressions, each printed in braces.
EXPRESSIONS = r"""
1 + 2 * 3
(1 + 2) * 3
7 // 2
-7 // 2
7 % 3
-7 % 3
7 % -3
7 / 2
6 / 2
2 ** 10
2 ** -1
2 ** 3 ** 2
-2 ** 2
7.5 // 2
-7.5 % 2
1e3
1.5e-7
1e16
123456789012345680.0
0.1 + 0.2
1_000
0x1f
0b101
0o17
1 / 0
1 // 0
1 % 0
1.0 / 0
+n
-n
- -n
--n
-f
-s
1 + true
true + true
1 - 2.5
2 * 2.5
"a" + "b"
"a" + 1
1 + "a"
"a" ~ 1 ~ none ~ true ~ 2.0
"a" "b" 'c'
"ab" * 3
3 * "ab"
"ab" * -1
[1, 2] + [3]
[1] * 3
(1, 2) + (3,)
[1] + (2,)
1 ~ 2 + 3
"x" ~ 1 + 2
1 < 2 < 3
1 < 3 < 2
3 > 2 >= 2
1 == 1.0
1 == true
"1" == 1
none == false
[1, 2] == [1, 2]
[1, 2] == (1, 2)
{"a": 1, "b": 2} == {"b": 2, "a": 1}
"a" < "b"
"B" < "a"
[1, 2] < [1, 3]
1 < "a"
none < 1
"a" != "b"
"ell" in s
"xyz" in s
"xyz" not in s
1 in numbers
5 not in numbers
"name" in user
"age" not in user
1 in "abc"
2 in 5
1 in none
missing in numbers
1 in missing
"a" in missing
not true
not not true
not 1 == 2
not none_value
true and false or true
true or false and false
1 and 2
0 and 2
0 or "x"
"" or none
1 if true else 2
1 if false else 2
1 if false
(1 if false) is defined
"a" if no else "b" if no else "c"
"yes" if s else "no"
missing
missing.name
missing["name"]
missing[0]
missing()
missing + 1
"x" ~ missing ~ "y"
missing or "other"
missing and 1
missing is defined
missing == missing
missing == none
missing == ""
not missing
missing|length
missing|list
missing|default("d")
missing.a.b|default("d")
user.nope
user.nope.deep
user["nope"]
user.nope is defined
user.name
user["name"]
user['na' ~ 'me']
user.address.city
user.items is callable
user["items"]
user.get("name")
user.get("nope")
user.get("nope", 5)
user.keys()|list
user.values()|list|length
user.address.items()
user.address.keys()
user.address.values()
user.address.copy()
user.address.items()|list
user.address.clear()
user.address.update({})
user.address.pop("city")
user.__class__
user.__class__.__name__
s.__len__
""["__class__"]
numbers[0]
numbers[-1]
numbers[3]
numbers[3] is defined
numbers["0"]
numbers.0
numbers[1.0]
numbers[true]
numbers[1:]
numbers[:2]
numbers[::-1]
numbers[-2:]
numbers[0:3:2]
numbers[5:]
numbers[::0]
numbers[:"a"]
numbers.append(4)
numbers.index(2)
numbers.index(9)
numbers.count(3)
numbers.copy()
(1, 2, 1).count(1)
(1, 2).index(2)
s[0]
s[-1]
s[99]
s[1:4]
s[::-1]
s[::2]
s[4:1:-1]
s[-100:3]
uni[0:5]
uni[-1]
uni[::-1]
uni|length
5[0]
n[0:1]
none.x
none.x.y
none[0]
(5).nope is defined
(1, 2, 3)
(1,)
()
[1, "a", none, true, 2.0, "it's", 'say "x"', "both ' and \""]
{"a": 1, 2: "b", none: [1]}
{1: "a", 1.0: "b", true: "c"}
{[1]: 2}
{"a": 1}["a"]
{"a": {"b": 2}}.a.b
[1, 2, [3, [4]]]
{"x": (1,)}
"\n\t\\ \x41 \u00e9 \q \101"
"line\
break"
'it\'s'
["\n\t\\'", "\x00\x7f", "é\u200b\u00a0"]
"é" "\é"
true
True
none
None
false ~ False
range(5)
range(5)|list
range(2, 8, 3)|list
range(5, 0, -2)|list
range(0)
range(3)[1]
range(10)[2:5]
range(3)|length
range(1000000)
range(1, 2, 0)
range("a")
2 in range(3)
5 in range(0, 10, 3)
6 in range(0, 10, 3)
dict(a=1, b=2)
dict([("a", 1)], b=2)
dict(user.address, zip=3000)
dict({"a": 1}).a
namespace(a=1).a
namespace(a=1).b is defined
namespace({"a": 1}, b=2).b
namespace(a=1)
cycler("a", "b").next()
joiner()()
strftime_now("%Y-%m-%d")
strftime_now("%d %b %Y %H:%M:%S %A %a %B %j %p %y %I %% %-d %e %U %W %w %u %F %T")
strftime_now()
raise_exception("no")
nofunction(1)
s(1)
f.is_integer()
user.name.upper().lower().title()
s.upper()
s.lower()
s.swapcase()
s.title()
"they're bill's".title()
"hELLO wORLD".capitalize()
"ǆ ŉ ß ﬁ".upper()
"ΑΣ ΑΣΑ Σ".lower()
"ß".capitalize()
"x".join(["a", "b"])
"".join("abc")
",".join([1])
", ".join(user)
s.split()
s.split("o")
s.split("o", 1)
s.rsplit("o", 1)
" a  b c ".split()
" a  b c ".split(none, 1)
" a  b c ".rsplit(none, 1)
" a  b c ".split(" ")
"a,b,c".split(",", maxsplit=1)
"".split()
"".split(",")
"abc".split("")
"a\nb\r\nc\rd\u2028e\n".splitlines()
"a\nb\r\n".splitlines(true)
"a=b=c".partition("=")
"a=b=c".rpartition("=")
"abc".partition("=")
"abc".rpartition("=")
"  x ".strip() ~ "|"
"  x ".lstrip() ~ "|"
"  x ".rstrip() ~ "|"
"xxaxx".strip("x")
"abcba".strip("ab")
"\u3000x\u00a0\x1c".strip()
"abc".startswith("ab")
"abc".startswith(("x", "a"))
"abc".startswith(["x"])
"abc".startswith("b", 1)
"abc".endswith("bc")
"abc".endswith(("x", "c"))
"abc".endswith("b", 0, 2)
"abc".removeprefix("ab")
"abc".removesuffix("bc")
"abc".removeprefix("x")
"abab".replace("a", "x")
"abab".replace("a", "x", 1)
"abab".replace("", "-")
"abab".replace("", "-", 2)
"abab".replace("ab", "")
"aaa".replace("aa", "b")
"hello".find("l")
"hello".find("l", 3)
"hello".find("z")
"hello".rfind("l")
"hello".index("z")
"hello".rindex("l")
"hello".count("l")
"hello".count("")
"aaaa".count("aa")
"日本語日".find("語")
"日本語日".rfind("日")
"日本".find("")
"abc".center(9, "*")
"abcd".center(9, "*")
"abc".ljust(5) ~ "|"
"abc".rjust(5, ".")
"abc".center(5, "ab")
"42".zfill(5)
"-42".zfill(5)
"a\tb\tc".expandtabs(4)
"123".isdigit()
"12a".isdigit()
"".isdigit()
"²".isdigit()
"½".isnumeric()
"１２".isdecimal()
"abc".isalpha()
"abc1".isalnum()
"日本".isalpha()
" \n".isspace()
"ABC".isupper()
"aBC".isupper()
"abc1".islower()
"Hello World".istitle()
"Hello world".istitle()
"abc".isascii()
"é".isascii()
"a b".isidentifier()
"é\n".isprintable()
"abc".nomethod()
"abc".upper(1)
"{} and {}".format(1, "x")
"{1} {0}".format("a", "b")
"{name} is {age}".format(name="Ann", age=3)
"{0.name} {0[age]}".format(user)
"{0[tags][1]}".format(user)
"{{}} {}".format(1)
"{:>5}|{:<5}|{:^5}|{:*^7}".format("a", "b", "c", "d")
"{:05d} {:+d} {:,} {:x} {:#x} {:b} {:o} {:_}".format(42, 5, 1234567, 255, 255, 5, 8, 1234567)
"{:.2f} {:8.3f} {:e} {:g} {:%} {:.1%}".format(3.14159, 2.5, 12345.678, 0.0001, 0.5, 0.123)
"{:.3} {:10.2}|".format("abcdef", "xyz")
"{!r} {!s}".format("a", "a")
"{:{}}|".format("a", 5)
"{} {0}".format(1)
"{}".format()
"{x}".format(1)
"{:d}".format("a")
"{:q}".format(1)
"{:.2}".format(1234.5)
"{:,.2f}".format(1234567.891)
"{} {} {}".format(none, true, [1, "a"])
"%s is %d" % ("Ann", 3)
"%s" % "x"
"%s" % none
"%5s|%-5s|%05d|%+d|% d" % ("a", "b", 42, 3, 4)
"%.2f %5.1f %e %g %G" % (3.14159, 2.25, 12345.678, 0.00001, 1e20)
"%x %X %o %#x %c %c %%" % (255, 255, 8, 255, "a", 98)
"%(a)s %(b)d" % {"a": 1, "b": 2}
"%r %s" % ("it's", [1, "a"])
"%s %s" % (1,)
"%s" % (1, 2)
"%d" % "a"
"%d" % 3.9
"%.3s" % "abcdef"
"%*d" % (5, 42)
"%q" % 1
"%s" % missing
n is odd
n is even
n is divisibleby 7
n is divisibleby(2)
n is divisible
n is number
f is float
n is integer
yes is integer
yes is number
yes is boolean
yes is true
no is false
1 is true
none_value is none
none_value is not none
missing is none
missing is undefined
s is string
user is mapping
numbers is mapping
numbers is sequence
s is sequence
user is sequence
n is sequence
numbers is iterable
n is iterable
missing is iterable
none is iterable
user.items() is sequence
user.items() is iterable
range(3) is sequence
(numbers|map("string")) is sequence
(numbers|map("string")) is iterable
"abc" is lower
"ABC" is upper
"Abc" is lower
1 is lower
range is callable
s is callable
s.upper is callable
1 is sameas 1
none is sameas none
true is sameas 1
numbers is sameas numbers
numbers is sameas [3, 1, 2]
1 is eq 1
1 is equalto 1
1 is == 1
1 is ne 2
2 is gt 1
2 is greaterthan 1
2 is ge 2
1 is lt 2
1 is lessthan 2
1 is le 1
3 is in numbers
9 is not in numbers
"upper" is filter
"nope" is filter
"odd" is test
"nope" is test
"a"|escape is escaped
"a" is escaped
missing is string
missing is mapping
missing is sequence
missing is callable
missing is odd
s is defined and s
not s is defined
n is odd is even
(n is odd) is true
s|upper
s|lower
s|title
"foo-bar (baz) [qux"|title
s|capitalize
"  x "|trim ~ "|"
"xxaxx"|trim("x")
s|replace("o", "0")
s|replace("o", "0", 1)
5|replace(5, 6)
s|length
s|count
numbers|length
user|length
n|length
none|length
s|reverse
numbers|reverse|list
numbers|reverse
user|reverse|list
numbers|first
nothing|first
nothing|first is defined
numbers|last
nothing|last
user|last
(numbers|map("abs"))|last
s|first
s|last
s|list
user|list
numbers|list
n|list
numbers|sort
numbers|sort(reverse=true)
words|sort
words|sort(case_sensitive=true)
words|sort(true)
users|sort(attribute="age")|map(attribute="name")|list
users|sort(attribute="age,name")|map(attribute="name")|join(" ")
users|sort(attribute="age", reverse=true)|map(attribute="name")|join(" ")
[1, "a"]|sort
[none, 1]|sort
[[2, 1], [1, 2]]|sort
words|unique|list
words|unique(true)|list
users|unique(attribute="city")|map(attribute="name")|list
[1, 1.0, true, "1"]|unique|list
numbers|min
numbers|max
nothing|min
words|min
words|max
words|max(case_sensitive=true)
users|min(attribute="age")
[1, "a"]|max
numbers|sum
users|sum(attribute="age")
users|sum("age", 100)
["a"]|sum
[1.5, 2]|sum
nothing|sum
numbers|join
numbers|join(", ")
users|join(", ", attribute="name")
nothing|join(",")
s|join("-")
n|join
user|join(",")
words|map("upper")|list
words|map("upper")
users|map(attribute="name")|list
users|map(attribute="address.city")|list
users|map(attribute="nope", default="?")|list
users|map(attribute="nope")|list
numbers|map("nofilter")|list
numbers|map|list
words|map("replace", "p", "q")|join(",")
words|map("length")|list
nothing|map("upper")|list
numbers|select("odd")|list
numbers|reject("odd")|list
numbers|select("gt", 1)|list
numbers|select("divisibleby", 3)|list
[0, 1, "", "a", none]|select|list
[0, 1, "", "a", none]|reject|list
users|selectattr("age", "equalto", 30)|map(attribute="name")|list
users|rejectattr("age", "equalto", 30)|map(attribute="name")|list
users|selectattr("nope")|list
users|selectattr("name")|list|length
users|selectattr("nope", "undefined")|list|length
messages|selectattr("role", "==", "user")|first
messages|selectattr("role", "equalto", "nobody")|first is defined
messages|selectattr("role", "in", ["user", "system"])|map(attribute="content")|join(";")
messages|selectattr("role", "equalto", "user")|length
(messages|selectattr("role", "equalto", "nobody")) is true
"t" if messages|selectattr("role", "equalto", "nobody") else "f"
numbers|select("notest")|list
users|selectattr|list
users|groupby("city")|length
users|groupby("age")|map("first")|list
users|groupby("age")|map(attribute="list")|map("length")|list
users|groupby("city", case_sensitive=true)|map(attribute="grouper")|list
users|groupby("nope", default="none")|map(attribute="grouper")|list
numbers|batch(2)|list
numbers|batch(2, 0)|list
numbers|slice(2)|list
numbers|slice(2, "x")|list
numbers|slice(5)|list
numbers|slice(0)|list
data|dictsort
data|dictsort(reverse=true)
{"b": 1, "A": 3, "a": 2}|dictsort
{"b": 1, "A": 3, "a": 2}|dictsort(true)
{"b": 1, "A": 3, "a": 2}|dictsort(by="value")
{"b": 1}|dictsort(by="x")
numbers|dictsort
data|items|list
missing|items|list
numbers|items|list
f|round
2.675|round(2)
0.5|round
1.5|round
2.5|round(0, "ceil")
2.55|round(1, "floor")
2.5|round(0, "up")
-2.5|round
n|round
1234|round(-2)
1250|round(-2)
1234.5|round(-2)
"a"|round
n|float
"2.5"|float
"x"|float
"x"|float(1.5)
"1e3"|float
" 12 "|float
f|int
"42"|int
" 42 "|int
"42.9"|int
"x"|int
"x"|int(7)
"0x1A"|int(base=16)
"1A"|int(0, 16)
"101"|int(base=2)
"1_000"|int
none|int
missing|int
-5|abs
-5.5|abs
"a"|abs
yes|int
s|string
n|string ~ 1
none|string
[1]|string
s|wordcount
"foo-bar baz's"|wordcount
s|center(21) ~ "|"
s|truncate(8)
s|truncate(8, true)
s|truncate(8, true, "..", 0)
s|truncate(8, false, "...", 0)
s|truncate(2)
s|truncate(11)
multi|indent
multi|indent(2)
multi|indent(2, true)
multi|indent(2, false, true)
multi|indent(">>")
multi|indent(first=true, blank=true)
n|indent
"The quick brown fox jumps over the lazy dog"|wordwrap(10)
"The quick-brown fox--jumps over thelazydogwhichislong now"|wordwrap(12)
"The quick-brown fox jumps"|wordwrap(8, break_on_hyphens=false)
"abcdefghijkl mno"|wordwrap(5, false)
"abcdefghijkl mno"|wordwrap(5, wrapstring="|")
multi|wordwrap(3)
"well-known co-op a-b x--y -- -z state-of-the-art"|wordwrap(6)
"%s-%s"|format(1, 2)
"%(a)s"|format(a=1)
"%s"|format
html|escape
html|e
html|e|e
html|forceescape
html|e|forceescape
html|safe
html|striptags
"<!-- c -->a <b>b</b>  c &amp; &lt;d"|striptags
(html|safe) + "<"
"<" + ("<"|safe)
("<"|safe) ~ "<"
["<"|safe, "<"]|join
("<%s>"|safe) % "<"
("<"|e).upper()
"a b/c?d=é&"|urlencode
{"a b": "c/d", "e": 1}|urlencode
[("a", 1), ("b", "x y")]|urlencode
5|urlencode
{"class": "a b", "id": none, "x": "<"}|xmlattr
{"a b": 1}|xmlattr
{"a": 1}|xmlattr(false)
missing|upper
missing|trim
missing|replace("a", "b")
missing|join(",")
missing|first
missing|last
missing|sort
missing|tojson
missing|string
missing|title
missing|round
missing|abs
missing|indent
missing|wordwrap
missing|dictsort
missing|map("upper")|list
missing|selectattr("x")|list
missing|e
missing|reverse|list
missing|truncate
missing|float
missing|unique|list
missing|batch(2)|list
missing|groupby("a")
missing|min
missing|attr("a")
user|attr("name")
user|attr("nope") is defined
user|attr("items") is callable
data|tojson
data|tojson(indent=2)
data|tojson(indent=0)
data|tojson(ensure_ascii=true)
data|tojson(sort_keys=true)
data|tojson(separators=(",", ":"))
data|tojson(indent=1, separators=(", ", ": "), sort_keys=true)
data|tojson(indent="--")
uni|tojson
uni|tojson(ensure_ascii=true)
"\"\\\n\r\t\b\f\x00\x1f\x7f/<>&'"|tojson
[1, 1.0, 1e100, -0.0, true, none]|tojson
(1, "a")|tojson
{1: 2, none: 3, true: 4, 1.5: 5}|tojson
{(1, 2): 3}|tojson
[]|tojson
{}|tojson(indent=2)
[[], {}]|tojson(indent=2)
s|tojson|tojson
range(3)|tojson
user.items()|tojson
("<"|e)|tojson
numbers|pprint
{"b": 1, "a": 2}|pprint
1024|filesizeformat
1|filesizeformat
999|filesizeformat
123456789|filesizeformat
123456789|filesizeformat(true)
"1000"|filesizeformat
missing|default
empty|default("d")
empty|default("d", true)
none|default("d")
none|default("d", true)
0|d(5, boolean=true)
s|nofilter
s|upper()
s|upper(1)
s|replace
s|replace("a")
s|replace(old="H", new="J")
s|default(nope=1)
numbers|join(",", "x", "y")
s|upper|lower|title
(s|upper)[0]
s|list|length > 5
-1|abs
-n|abs
n|string|length + 1
"a" ~ "b"|upper
("a" ~ "b")|upper
[1, 2]|first + 1
user.name|upper ~ "!"
s is string and n is number
s is string or missing.x
1 if s is string else 2
n in [1, 7] and s
n not in [1]
not n in [1]
{"a": 1}.items()|list
{"a": n if yes else 0}
[n for n in numbers]
lambda: 1
1 +
(1
[1, 2
{"a" 1}
a b
1..2
"abc
#
$x
user.
user.1x
f(a=1, 2)
dict(a=1, a=2)
range(*[1, 3])|list
dict(**{"a": 1})
dict(**{"a": 1}, **{"b": 2})
range(*numbers)|list
s|replace(*["l", "L"])
s.split(**{"sep": "o"})
true.nope is defined
1.5.is_integer()
numbers|first|string|length
s.strip.x is defined
(numbers, s)|length
"a"|string is string
[1,2,3][1:][0]
[[1,2],[3]][0][1]
"abc"[1:].upper()
{"a": [1, {"b": 2}]}.a[1].b
(1 < 2) == true
1 == 1 == true
[] == []
[] is sameas []
{} or "empty"
[none] == [none]
"a" in ["a"] == true
1 + 2 ~ 3 * 4
"%d%%" % 5
10 - 2 - 3
100 / 10 / 2
2 * 3 % 4
"é" == "e\u0301"
"e\u0301"|length
"👍🏽"|length
"👍🏽"[0]
"👍🏽"|list|length
"İ"|lower|length
9223372036854775807
9007199254740993
""|int
"  "|wordcount
"a"|center(4) ~ "|"
"{:012,} {:010,.2f} {:+08,d}".format(1234567, 1234.5, 12)
"{:09,}".format(1234)
"abc".center(-5)
"abc".zfill(-9223372036854775807 - 1)
"abc".ljust(-9223372036854775807 - 1)
"abc"[-9223372036854775807 - 1] is defined
numbers[-9223372036854775807 - 1] is defined
"abc"[-9223372036854775807 - 1:9223372036854775807:9223372036854775807]
(-9223372036854775807 - 1) in range(0, -5, -1)
range(0)[::-1]|list
[("nan"|float)]|unique|list|length
("inf"|float)|int(5)
loop is defined
varargs is defined
caller is defined
""".strip("\n")

# Whole templates.
TEMPLATES = [
    # Text and line ends.
    "", "plain", "a\n", "a\n\n", "a\r\nb\rc\n", "\n", "{", "}}", "{ {", "%}", "#}", "{{", "{%", "{#", "{{ }}", "{% %}", "{##}", "a{# c #}b",
    "a{#- c -#} b", "{# a\nb #}\nc", "x {# {{ nope }} {% nope %} #} y",
    # White space around tags.
    "a\n  {% if yes %}\n  b\n  {% endif %}\nc", "a {% if yes %} b {% endif %} c", "a\n {%- if yes %}\n b\n {%- endif %}\n c",
    "a\n {% if yes -%}\n b\n {% endif -%}\n c", "a\n {%- if yes -%}\n b\n {%- endif -%}\n c",
    "a\n {%+ if yes %}\n b\n {%+ endif %}\n c", "a\n {% if yes +%}\n b\n {% endif +%}\n c", "  {{ n }}  \n  {{ n }}\n",
    "a \n {{- n }} \n b", "a \n {{ n -}} \n b", "a \n {{- n -}} \n b", "a \n {{+ n }} \n b", "  {# c #}\n  b", "a  {# c #}  b",
    "a\n  {#- c #}\n b", "a\n  {# c -#}\n b", "a\n  {#+ c #}\n b", "a\n  {# c +#}\n b", "{% if yes %}\n\n\nx{% endif %}", "\t{% if yes %}x{% endif %}\t",
    "a\n\n  {% set x = 1 %}\n\n  b", "{% set x = 1 %}\n{% set y = 2 %}\n{{ x }}{{ y }}\n", "x{% set a = 1 %}\ny", "x {% set a = 1 %} \ny",
    "{% for i in numbers %}\n{{ i }}\n{% endfor %}\n", "{% for i in numbers -%}\n{{ i }}\n{%- endfor %}\n", "{%- for i in numbers %}\n  {{- i }}\n{%- endfor %}",
    "{% if yes %}a{% else %}b{% endif %}\n\nc", "\u00a0{% if yes %}x{% endif %}", "a\x0b{%- if yes %}b{% endif %}", "  {%if yes%}x{%endif%}  ", "{%-if yes-%} x {%-endif-%} y",
    "a{{n}}b{{-n-}}c", "{{ n }}\n\n{{ n }}", "{{ n }}\n", "  {{ n }}\n {% if yes %}\n{% endif %}x", "{{ '{{' }} {{ '%}' }} {{ '}}' }}", "{{ {'a': {'b': 1}}}}", "{{ {'a': 1}}}", "{{ [[1]]}}",
    # Raw.
    "{% raw %}{{ x }}{% y %}{# z #}{% endraw %}", "a\n  {% raw %}\n  b\n  {% endraw %}\n c", "a {%- raw -%} b {%- endraw -%} c", "{% raw %}", "{% raw -%} x {%- endraw %}", "{%raw%}{%endraw%}", "{% raw +%}x{% endraw %}", "a\n {%+ raw %}x{%+ endraw +%}\nb",
    # If.
    "{% if n > 5 %}big{% elif n > 3 %}mid{% else %}small{% endif %}", "{% if n > 9 %}big{% elif n > 3 %}mid{% else %}small{% endif %}", "{% if no %}a{% elif no %}b{% endif %}c",
    "{% if missing %}a{% else %}b{% endif %}", "{% if yes %}", "{% endif %}", "{% if %}a{% endif %}", "{% if yes %}a{% else %}b{% else %}c{% endif %}", "{% if yes %}a{% elif no %}", "{% if 1, 2 %}t{% endif %}",
    "{% if yes: %}a{% endif %}", "{% if no %}{{ s|nofilter }}{% endif %}x", "{% if no %}{{ s is notest }}{% endif %}x", "{{ s|nofilter if no else 1 }}", "{% for i in nothing %}{{ s|nofilter }}{% endfor %}", "{% if s is notest %}{% endif %}",
    "{% if 'nofilter' is filter %}{{ s|nofilter }}{% else %}none{% endif %}", "{% if no %}{% for i in numbers %}{{ i|nofilter }}{% endfor %}{% endif %}",
    # Set.
    "{% set x = 1 %}{{ x }}", "{% set x, y = 1, 2 %}{{ x }}{{ y }}", "{% set (x, y) = [1, 2] %}{{ x }}{{ y }}", "{% set x, y = 1 %}", "{% set x, y = [1, 2, 3] %}", "{% set a, (b, c) = 1, (2, 3) %}{{ a }}{{ b }}{{ c }}",
    "{% set x = 1, 2 %}{{ x }}", "{% set x = 1, %}{{ x }}", "{% set x %}a {{ n }} b{% endset %}[{{ x }}]", "{% set x | upper %}abc{% endset %}{{ x }}", "{% set x | upper | replace('A', 'z') %}abc{% endset %}{{ x }}", "{% set x %}<b>{% endset %}{{ x|e }}",
    "{% set n = n + 1 %}{{ n }}", "{% set x = x %}{{ x is defined }}", "{% set true = 1 %}", "{% set 1 = 1 %}", "{% set x.y = 1 %}", "{% set user.name = 1 %}", "{% set x %}{% set y = 1 %}{% endset %}{{ y is defined }}",
    "{% set ns = namespace(x=1) %}{% set ns.x = ns.x + 1 %}{{ ns.x }}", "{% set ns = namespace() %}{% set ns.a = 'x' %}{% set ns.a = ns.a ~ 'y' ~ 1 %}{{ ns.a }}{{ ns.b is defined }}", "{% set ns = namespace(x='a') %}{% for i in numbers %}{% set ns.x = ns.x + 'b' %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(l=[]) %}{% for i in numbers %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.l }}", "{% set ns = namespace(a=1) %}{% set ns.a, b = 5, 6 %}{{ ns.a }}{{ b }}", "{% set ns = namespace() %}{% set ns.x %}b{% endset %}{{ ns.x }}",
    "{% set x = 'a' %}{% set y = x %}{% set x = x + 'b' %}{{ x }}{{ y }}", "{% set x = 'a' %}{% for i in numbers %}{% set x = x ~ i %}{{ x }}{% endfor %}{{ x }}", "{% set x = 'a' %}{% set x = x + 1 %}", "{% set x = 'a' %}{% set x = x ~ x ~ x %}{{ x }}",
    "{% set ns = namespace(x='a') %}{% macro m() %}{% set ns.x = 'z' %}q{% endmacro %}{% set ns.x = ns.x + m() %}{{ ns.x }}", "{% set ns = namespace(x='a') %}{% macro m() %}{% set ns.x = 'z' %}q{% endmacro %}{% set ns.x = ns.x ~ m() ~ ns.x %}{{ ns.x }}",
    # For.
    "{% for i in numbers %}{{ i }},{% endfor %}", "{% for k in user %}{{ k }} {% endfor %}", "{% for k, v in user.address.items() %}{{ k }}={{ v }}{% endfor %}", "{% for k, v in data|items %}{{ k }}={{ v }};{% endfor %}", "{% for c in 'héy' %}{{ c }}.{% endfor %}",
    "{% for i in nothing %}x{% else %}none{% endfor %}", "{% for i in numbers %}x{% else %}none{% endfor %}", "{% for i in missing %}x{% else %}none{% endfor %}", "{% for i in none %}x{% endfor %}", "{% for i in 5 %}x{% endfor %}", "{% for a, b in [(1, 2), [3, 4]] %}{{ a }}{{ b }};{% endfor %}",
    "{% for a, b in numbers %}x{% endfor %}", "{% for a, b in ['xy', 'zw'] %}{{ a }}-{{ b }};{% endfor %}", "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for i in numbers if i > 1 %}{{ i }}{% endfor %}", "{% for i in numbers if i > 9 %}{{ i }}{% else %}none{% endfor %}",
    "{% for i in numbers if i > 1 %}{{ loop.index }}/{{ loop.length }}{{ loop.last }} {% endfor %}", "{% for i in 1, 2, 3 %}{{ i }}{% endfor %}", "{% for i in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}",
    "{% for i in numbers %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}", "{% for i in numbers %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}", "{% for i in numbers %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for i in [1, 1, 2, 2, 1] %}{{ loop.changed(i) }} {% endfor %}",
    "{% for i in numbers %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}", "{% for i in numbers %}{{ loop }}{% endfor %}", "{% for i in numbers %}{{ loop['index'] }}{{ loop.nope is defined }}{% endfor %}", "{% for i in numbers %}{% for j in 'ab' %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for i in numbers %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}", "{% for i in numbers %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "{% for i in numbers %}{% for j in 'ab' %}{% if j == 'b' %}{% break %}{% endif %}{{ i }}{{ j }}{% endfor %}{% endfor %}", "{% break %}", "{% for i in numbers %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for i in numbers %}{% break %}{% else %}none{% endfor %}", "{% for i in numbers %}{% set x = i %}{% endfor %}{{ x is defined }}", "{% set x = 0 %}{% for i in numbers %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}", "{% for n in numbers %}{{ n }}{% endfor %}{{ n }}", "{% for i in numbers %}{% if yes %}{% set x = i %}{% endif %}{{ x }}{% endfor %}",
    "{% for item in tree recursive %}{{ item.v }}{% if item.c %}({{ loop(item.c) }}){% endif %}{% endfor %}", "{% for item in tree recursive %}{{ loop.depth }}:{{ item.v }} {{ loop(item.c) }}{% endfor %}", "{% for i in numbers %}{{ loop(numbers) }}{% endfor %}", "{% for item in tree recursive %}{{ item.v }}{{ loop(item.c) }}{% else %}.{% endfor %}",
    "{% for i in numbers|sort|reverse %}{{ i }}{% endfor %}", "{% for i in range(3) %}{{ i }}{% endfor %}", "{% for i in numbers %}{{ i }}", "{% for i numbers %}{% endfor %}", "{% for in numbers %}{% endfor %}", "{% for loop in numbers %}{% endfor %}", "{% for i.x in numbers %}{% endfor %}", "{% for m in messages[1:] %}{{ m.role }} {% endfor %}", "{% for m in messages[::-1] %}{{ loop.index0 }}{{ m.role }} {% endfor %}",
    "{% for g, l in users|groupby('age') %}{{ g }}:{{ l|map(attribute='name')|join('+') }};{% endfor %}", "{% for g in users|groupby('age') %}{{ g.grouper }}{{ g.list|length }};{% endfor %}", "{% set g = users|map(attribute='name') %}{{ g|list }}{{ g|list }}", "{% set ns = namespace(on=true) %}{% for i in numbers if ns.on %}{{ i }}{% set ns.on = false %}{% endfor %}", "{% for i in [1] if loop is defined %}x{% endfor %}",
    "{% for k, v in {'a': 1, 'b': {'c': 2}}.items() recursive %}{{ k }}{% if v is mapping %}[{{ loop(v.items()) }}]{% else %}={{ v }}{% endif %}{% endfor %}", "{% for i in numbers %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}", "{% for x in [[1, 2], [3]] %}{% for y in x %}{{ y }}{% else %}e{% endfor %}{% endfor %}",
    # Macros, callers, call blocks.
    "{% macro m() %}x{% endmacro %}{{ m() }}", "{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=4, a=5) }}", "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m() }}", "{% macro m(a) %}{{ a is defined }}{{ a.b }}{% endmacro %}{{ m() }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(b=1) }}",
    "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}", "{% macro m() %}{{ kwargs.x }}{% endmacro %}{{ m(x=1) }}{{ m() }}", "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "{% macro m(a=n) %}{{ a }}{% endmacro %}{{ m() }}", "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m(a, a) %}{% endmacro %}", "{% macro m %}{% endmacro %}",
    "{% macro fact(k) %}{{ k if k < 2 else k * fact(k - 1)|int }}{% endmacro %}{{ fact(5) }}", "{% macro m() %}{{ s }}{% endmacro %}{{ m() }}", "{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}", "{% macro m() %}{% set x = 5 %}{{ x }}{% endmacro %}{{ m() }}{{ x is defined }}", "{% macro m() %}a{% endmacro %}{{ m }}{{ m.name }}{{ m.arguments }}",
    "{% macro m() %}({{ caller() }}){% endmacro %}{% call m() %}body{% endcall %}", "{% macro m() %}{{ caller('x', 2) }}{% endmacro %}{% call(a, b) m() %}{{ a }}{{ b }}{% endcall %}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}", "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}", "{% call n %}{% endcall %}",
    "{% macro m(items) %}{% for i in items %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(i) m(numbers) %}<{{ i }}>{% endcall %}", "{% macro m() %}  a\n  {{- caller() }}\n{% endmacro %}{% call m() %}\n b{% endcall %}", "{% macro a() %}{% macro b() %}in{% endmacro %}{{ b() }}{% endmacro %}{{ a() }}{{ b is defined }}", "{% for i in numbers %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}", "{{ m() }}{% macro m() %}x{% endmacro %}",
    "{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(5) }}", "{% macro m() -%}\n  x\n{%- endmacro %}[{{ m() }}]", "{{ 'a' ~ m() }}{% macro m() %}{% endmacro %}", "{% macro m(*a) %}{% endmacro %}", "{% macro m(a=none, b='x') %}{{ a }}{{ b }}{% endmacro %}{{ m(**{'b': 1}) }}{{ m(*[1, 2]) }}", "{% macro m() %}<b>{% endmacro %}{{ m()|upper }}{{ m()|length }}",
    # Filter blocks, with, generation, block, print.
    "{% filter upper %}abc {{ s }}{% endfilter %}", "{% filter replace('a', 'b')|upper %}aXa{% endfilter %}", "{% filter nofilter %}{% endfilter %}", "{% filter upper %}{% set q = 1 %}{% endfilter %}{{ q is defined }}", "{% filter trim %}\n x \n{% endfilter %}|", "{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}", "{% with a = 1, b = a %}{{ b is defined }}{% endwith %}", "{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}", "{% with n = n + 1 %}{{ n }}{% endwith %}{{ n }}",
    "{% generation %}abc{{ n }}{% endgeneration %}", "a\n  {% generation %}\n  b\n  {% endgeneration %}\nc", "{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}{{ x is defined }}", "{%- generation -%} b {%- endgeneration -%} c", "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}", "{% generation %}",
    "{% block a %}x{{ n }}{% endblock %}", "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{% for i in numbers %}{% block b scoped %}{{ i }}{% endblock %}{% endfor %}", "{% for i in numbers %}{% block b %}{{ i is defined }}{% endblock %}{% endfor %}", "{% block a %}x{% endblock a %}", "{% print n, s %}", "{% print %}",
    "{% unknown %}", "{% do 1 %}", "{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}", "{% from 'x' import y %}", "{% set x %}a{% endset %}{% set x = x ~ 'b' %}{{ x }}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}", "{% set j = joiner('; ') %}{% for i in numbers %}{{ j() }}{{ i }}{% endfor %}",
    "{{ raise_exception('x') }}", "{% if no %}{{ raise_exception('x') }}{% endif %}ok", "{% for m in messages %}{% if loop.index0 == 0 and m.role == 'system' %}{% set sys = m.content %}{% endif %}{% endfor %}{{ sys is defined }}", "{% if messages[0].role == 'system' %}{% set sys = messages[0].content %}{% endif %}{{ sys }}", "{% set loop_messages = messages[1:] if messages[0].role == 'system' else messages %}{{ loop_messages|length }}",
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'] | trim + '<|end|>\\n' }}{% endfor %}", "{{ messages[-1].content.split('l')[-1].lstrip('\\n') }}", "{% set ns = namespace(i=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.i = ns.i + 1 %}{% endif %}{% endfor %}{{ ns.i }}", "{%- for m in messages -%}\n  {%- if not loop.first %}{{ '\\n' }}{% endif -%}\n  {{- m.role }}\n{%- endfor -%}", "{% set x = [] %}{{ x.append(1) }}", "{% set _ = user.update({'a': 1}) %}x",
    "{{ messages|tojson }}", "{% if 'tool_calls' in messages[2] and messages[2].tool_calls %}y{% else %}n{% endif %}", "{% if messages[1].tool_calls %}y{% else %}n{% endif %}", "{% if messages[1].tool_calls is defined and messages[1].tool_calls is not none %}y{% endif %}", "{{ messages[1].tool_calls[0] }}", "{{ '%s' | format(n) }}{# c #}{{ \"q\" }}", "{{ s\n  |upper\n}}", "{%\nif yes\n%}x{%\nendif\n%}", "{{ n }}{{ 'a' }}{{ none }}{{ missing }}|", "{% set a = {'x': 1} %}{{ a.x }}{{ a['x'] }}{{ a.y }}", "{% set x = 5 -%}\n {{ x }}",
]


def main():
    expressions = [line for line in EXPRESSIONS.replace("\\\n", "\\\x00").split("\n") if line]
    templates = ["{{ " + line.replace("\x00", "\n") + " }}" for line in expressions] + TEMPLATES
    cases = [{"template": text, "output": render(text, VARIABLES)} for text in templates]
    # What has an address in it is no fixture.
    cases = [case for case in cases if " at 0x" not in (case["output"] or "")]
    file = pathlib.Path(__file__).with_name("conformance.json")
    rows = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    variables = json.dumps(VARIABLES, ensure_ascii=False)
    file.write_text(f'{{"variables": {variables},\n"cases": [\n{rows}\n]}}\n')
    errors = sum(case["output"] is None for case in cases)
    print(f"{len(cases)} cases, {errors} of them errors")


main()
