#!/usr/bin/env python3
"""Compares the prompts that a command makes of messages in the form of OpenAI's API, for a folder of chat templates,
with what Jinja2 makes of the same conversations in the form that transformers' apply_chat_template wants.

usage: compare_messages.py [--transformers] FOLDER COMMAND...     (python3 with jinja2 3.1.6)

COMMAND prints the prompt for {template} and {case}, or fails; for example:
    compare_messages.py models/templates llmgen tokenize --chat {case} --render --chat-template {template}

Each conversation is described once, as turns. Clients write the turns, each with its habits, and the command reads
that. The reference is made from the turns as well, in the form of which the template loses the least: content as a text
before content as parts, arguments as mappings before arguments as texts, empty content beside calls before null, the
role developer, where the template names it, before system, and system messages where they are before one at the
beginning. With --transformers its own renderer must agree with Jinja2 on the reference.
"""
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import product
from typing import Any

from jinja2 import nodes

from conversations import NOW, SEARCH, WEATHER
from reference import environment, render

DEFAULTS = {"add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None}
INSTRUCTING = ("system", "developer")
ABSENT = object()


@dataclass(frozen=True)
class Call:
    """A call of a function."""
    id: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """What somebody says. The texts of turns and the arguments of calls differ, and each should be in the prompt."""
    role: str
    texts: tuple[str, ...] = ()
    refuses: bool = False
    calls: tuple[Call, ...] = ()
    answers: str | None = None
    reasoning: str | None = None
    name: str | None = None


def system(*texts): return Turn("system", texts)
def developer(*texts): return Turn("developer", texts)
def user(*texts, **more): return Turn("user", texts, **more)
def assistant(*texts, **more): return Turn("assistant", texts, **more)
def tool(id, *texts): return Turn("tool", texts, answers=id)


BERN = Call("abc123xyz", "get_weather", {"place": "Bern"})
BASEL = Call("ghi789rst", "get_weather", {"place": "Basel", "days": 2})
NOON = Call("def456uvw", "now")
FIND = Call("jkl012opq", "search", {
    "query": ["lakes", "é"], "exact": True, "range": {"from": 1.0, "to": None}, "filter": {}, "near": "Thun \"See\""})
ASK = [user("Weather here?"), assistant(calls=(BERN,)), tool("abc123xyz", "21 degrees")]

CONVERSATIONS: dict[str, tuple[list[Turn], list | None]] = {
    "one turn": ([user("Hello")], None),
    "turns": (
        [system("Be kind."), user("One?"), assistant("First."), user("Two?"), assistant("Second."), user("So?")], None),
    "several texts": (
        [system("Rule 1.", "Rule 2."), user("Look:", "What?"), assistant("It", "seems."), user("So?")], None),
    "white space": ([system(" s1 \n"), user("\n u1\t"), assistant(" a1 \n\n"), user("u2 ")], None),
    "signs": (
        [user("\"Ääni\" <b>&amp;</b> 日本 \\n {{ x }}"), assistant("👩‍👩‍👧 {% y %}"), user("'e\u0301'")], None),
    "empty texts": ([system(""), user(""), assistant(""), user("Well?")], None),
    "nothing said": ([user("Hello"), assistant(), user("Well?")], None),
    "assistant last": ([user("Hello"), assistant("Ah.")], None),
    "user twice": ([user("Hello"), user("Well?")], None),
    "user named": ([user("Hello", name="Ann"), assistant("Ah."), user("Bye", name="Ann")], None),
    "refusal": ([user("Help me?"), assistant("I cannot.", refuses=True), user("Why?")], None),
    "system late": ([user("Hello"), assistant("Ah."), system("Be terse."), user("Bye")], None),
    "system twice": ([system("Be kind."), system("Be terse."), user("Hello")], None),
    "system twice, apart": (
        [system("Be kind."), user("Hello"), assistant("Ah."), system("Be true."), user("Bye")], None),
    "developer": ([developer("Be terse."), user("Hello")], None),
    "developer twice": ([developer("Be terse."), developer("Be true."), user("Hello")], None),
    "developer late": ([user("Hello"), assistant("Ah."), developer("Be terse."), user("Bye")], None),
    "developer after system": ([system("Be kind."), developer("Be terse."), user("Hello")], None),
    "developer before system": ([developer("Be terse."), system("Be kind."), user("Hello")], None),
    "developer between systems, tools": (
        [system("Be kind."), developer("Be terse."), system("Be true."), user("Hello")], [NOW]),
    "developer, call": ([developer("Be terse."), *ASK], [WEATHER]),
    "tools": ([system("Be kind."), user("Weather now?")], [WEATHER, SEARCH, NOW]),
    "call": (ASK, [WEATHER]),
    "call answered": ([system("Be kind."), *ASK, assistant("It is so."), user("And now?")], [WEATHER]),
    "call, no tools": ([*ASK, assistant("It is so."), user("And now?")], None),
    "call with a text": (
        [user("And here?"), assistant("Let me see.", calls=(BERN,)), tool("abc123xyz", "windy")], [WEATHER]),
    "call without arguments": ([user("When?"), assistant(calls=(NOON,)), tool("def456uvw", "noon")], [NOW]),
    "call with all kinds": ([user("Find."), assistant(calls=(FIND,)), tool("jkl012opq", "3 lakes")], [SEARCH]),
    "two calls": (
        [user("Both?"), assistant(calls=(BERN, BASEL)), tool("abc123xyz", "windy"), tool("ghi789rst", "foggy")],
        [WEATHER]),
    "calls in turns": (
        [*ASK, assistant("It is so."), user("And there?"), assistant(calls=(BASEL,)), tool("ghi789rst", "foggy")],
        [WEATHER]),
    "empty result": ([*ASK[:2], tool("abc123xyz"), assistant("Done."), user("Ok")], [WEATHER]),
    "result of several texts": ([*ASK[:2], tool("abc123xyz", "windy", "sunny")], [WEATHER]),
    "result named": ([*ASK[:2], replace(ASK[2], name="get_weather")], [WEATHER]),
    "reasoning": ([user("1+1?"), assistant("Two.", reasoning="I add."), user("2+2?")], None),
    "reasoning before a call": ([ASK[0], replace(ASK[1], reasoning="I look."), ASK[2]], [WEATHER]),
}


@dataclass(frozen=True)
class Client:
    """How a client writes what the API leaves open."""
    parts: dict[str, str] | None = None
    """The types of an assistant's, a refused and other texts; None where content is a text."""
    nothing: Any = ABSENT
    """Content where nothing is said."""
    no_arguments: Any = "{}"
    text_arguments: bool = True
    reasoning: str = "reasoning_content"
    empty: dict[str, Any] = field(default_factory=dict)
    """Members of an assistant's message that say nothing."""
    empty_of_all: dict[str, Any] = field(default_factory=dict)
    """Members of all messages that say nothing."""

    def message(self, turn: Turn) -> dict[str, Any]:
        is_assistant = turn.role == "assistant"
        message = {"role": turn.role, **self.empty_of_all, **(self.empty if is_assistant else {})}
        if self.parts and turn.texts:
            kind = "refusal" if turn.refuses else "assistant" if is_assistant else "other"
            member = "refusal" if turn.refuses else "text"
            message["content"] = [{"type": self.parts[kind], member: text} for text in turn.texts]
        elif turn.texts and not turn.refuses:
            message["content"] = "\n".join(turn.texts)
        elif self.nothing is not ABSENT:
            message["content"] = self.nothing
        if turn.refuses and not self.parts:
            message["refusal"] = "\n".join(turn.texts)
        if turn.calls:
            message["tool_calls"] = [self.call(call) for call in turn.calls]
        for member, value in (("tool_call_id", turn.answers), (self.reasoning, turn.reasoning), ("name", turn.name)):
            if value is not None:
                message[member] = value
        return message

    def call(self, call: Call) -> dict[str, Any]:
        arguments = json.dumps(call.arguments, ensure_ascii=False) if self.text_arguments else call.arguments
        if not call.arguments:
            arguments = self.no_arguments
        function = {"name": call.name} if arguments is ABSENT else {"name": call.name, "arguments": arguments}
        return {"id": call.id, "type": "function", "function": function}


TEXT = {"assistant": "text", "refusal": "refusal", "other": "text"}
CLIENTS = {
    "curl": Client(no_arguments=ABSENT),
    "openai-python": Client(nothing=None, empty=dict.fromkeys(
        ("refusal", "annotations", "audio", "function_call", "tool_calls", "reasoning_content"))),
    "langchain": Client(parts=TEXT, nothing="", reasoning="reasoning", empty_of_all={"name": None}),
    "responses": Client(
        parts={"assistant": "output_text", "refusal": "refusal", "other": "input_text"}, nothing=None,
        no_arguments="null"),
    "java": Client(parts=TEXT, nothing=[], no_arguments=None, empty={"tool_calls": None, "annotations": []}),
    "ollama": Client(nothing="", no_arguments={}, text_arguments=False, reasoning="thinking"),
    "go": Client(nothing="", no_arguments="", empty_of_all={"name": ""}, empty={
        "refusal": "", "reasoning_content": "", "tool_calls": [], "function_call": {"name": "", "arguments": ""}}),
}

REFUSED: dict[str, list[dict]] = {
    "user without content": [{"role": "user"}],
    "user with null": [{"role": "user", "content": None}],
    "system with null": [{"role": "system", "content": None}, {"role": "user", "content": "Hello"}],
    "content is a number": [{"role": "user", "content": 5}],
    "part without a text": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.b"}}]}],
    "no role": [{"content": "Hello"}],
    "no message": ["Hello"],
    **{f"arguments {arguments}": [
        {"role": "user", "content": "And here?"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": BERN.id, "type": "function", "function": {"name": BERN.name, "arguments": arguments}}]},
        {"role": "tool", "tool_call_id": BERN.id, "content": "windy"}]
       for arguments in ("no", "[1]", "{\"place\": ")},
}
"""What the API does not allow, or no template can write."""


@dataclass(frozen=True)
class Form:
    """A form of messages for apply_chat_template."""
    parts: bool
    text_arguments: bool
    null_content: bool
    """In a message that has calls and no text."""
    keeps_developer: bool
    merges_systems: bool

    def content(self, texts: tuple[str, ...]) -> Any:
        return [{"type": "text", "text": text} for text in texts] if self.parts and any(texts) else "\n".join(texts)

    def message(self, turn: Turn) -> dict[str, Any]:
        message = {"role": turn.role, "content": self.content(turn.texts)}
        if turn.calls:
            if self.null_content and not turn.texts:
                message["content"] = None
            message["tool_calls"] = [{"id": call.id, "type": "function", "function": {
                "name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False) if self.text_arguments else call.arguments,
            }} for call in turn.calls]
        if turn.reasoning is not None:
            # transformers fills the first two of any one; a template may read the third.
            message.update(dict.fromkeys(("reasoning_content", "thinking", "reasoning"), turn.reasoning))
        if turn.answers is not None:
            message["tool_call_id"] = turn.answers
        if turn.name is not None:
            message["name"] = turn.name
        return message

    def messages(self, turns: list[Turn]) -> list[dict[str, Any]]:
        if not self.keeps_developer:
            turns = [replace(turn, role="system") if turn.role == "developer" else turn for turn in turns]
        if self.merges_systems:
            systems = ["\n".join(turn.texts) for turn in turns if turn.role == "system"]
            turns = [system("\n\n".join(systems)), *(turn for turn in turns if turn.role != "system")]
        return [self.message(turn) for turn in turns]


def forms(turns: list[Turn], names_developer: bool) -> list[Form]:
    """Those that can make a difference, the usual ones first."""
    roles = {turn.role for turn in turns}
    return [Form(*choice) for choice in product(
        (False, True),
        (False, True) if any(turn.calls for turn in turns) else (False,),
        (False, True) if any(turn.calls and not turn.texts for turn in turns) else (False,),
        (True, False) if names_developer and "developer" in roles else (False,),
        (False, True) if roles.intersection(INSTRUCTING) else (False,))]


def loss(prompt: str | None, turns: list[Turn]) -> float:
    """How much of what is said is not in the prompt, or is there as Python writes lists and dicts."""
    if prompt is None:
        return float("inf")
    texts = [text.strip() for turn in turns for text in turn.texts]
    calls = [call for turn in turns for call in turn.calls]
    values = [value for call in calls for value in call.arguments.values() if isinstance(value, str)]
    return (sum(text not in prompt for text in texts + [call.name for call in calls])
            + sum(value not in prompt and json.dumps(value, ensure_ascii=False) not in prompt for value in values)
            + sum(repr(call.arguments) in prompt for call in calls if call.arguments)
            + ("{'type': 'text'" in prompt))


def wanted(template: str, turns: list[Turn], tools: list | None) -> tuple[str | None, dict[str, Any]]:
    """The reference's prompt, and what it is rendered from."""
    syntax = environment(datetime.now).parse(template)
    names_developer = any(constant.value == "developer" for constant in syntax.find_all(nodes.Const))
    least = float("inf")
    for form in forms(turns, names_developer):
        variables = {**DEFAULTS, "messages": form.messages(turns), "tools": tools}
        prompt = render(template, variables, datetime.now)
        lost = loss(prompt, turns)
        if lost < least:
            least, best = lost, (prompt, variables)
        if lost == 0:
            break
    return best if least < float("inf") else (None, variables)


def of_transformers(template: str, variables: dict[str, Any]) -> str | None:
    from transformers.utils.chat_template_utils import render_jinja_template
    variables = dict(variables)
    try:
        return render_jinja_template([variables.pop("messages")], chat_template=template, **variables)[0][0]
    except Exception:
        return None


def printed(command: list[str], template: pathlib.Path, variables: dict[str, Any]) -> str | None:
    """What the command prints, or None where it fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as case:
        case.write(json.dumps(variables))
        case.flush()
        arguments = [part.format(case=case.name, template=template) for part in command]
        done = subprocess.run(arguments, capture_output=True)
    return done.stdout.decode() if done.returncode == 0 else None


def shown(*texts: str | None) -> list[str]:
    """Texts from shortly before the place where they differ."""
    start = max(0, len(os.path.commonprefix([text or "" for text in texts])) - 60)
    return [repr(text and text[start:start + 400]) for text in texts]


def compare(template: pathlib.Path, command: list[str], asks_transformers: bool) -> tuple[str, int, int, int]:
    """A report on one template, and its equal texts, refusals by both and differences."""
    source, report = template.read_text(), []
    texts = refusals = differences = 0
    for name, (turns, tools) in CONVERSATIONS.items():
        expected, variables = wanted(source, turns, tools)
        if asks_transformers and (other := of_transformers(source, variables)) != expected:
            differences += 1
            report.append("{}, {}:\n  jinja2       {}\n  transformers {}".format(
                template.name, name, *shown(expected, other)))
        faults: dict[str | None, list[str]] = {}
        for client, habits in CLIENTS.items():
            case = {"messages": [habits.message(turn) for turn in turns], "tools": tools}
            got = printed(command, template, case)
            if got != expected:
                differences += 1
                faults.setdefault(got, [json.dumps(case["messages"], ensure_ascii=False)]).append(client)
            elif got is None:
                refusals += 1
            else:
                texts += 1
        for got, (messages, *clients) in faults.items():
            report.append("{}, {} ({}): {}\n  wanted {}\n  got    {}".format(
                template.name, name, ", ".join(clients), messages, *shown(expected, got)))
    for name, messages in REFUSED.items():
        got = printed(command, template, {"messages": messages})
        if got is None:
            refusals += 1
        else:
            differences += 1
            report.append(f"{template.name}, {name}: {json.dumps(messages)}\n  wanted None\n  got    {got!r}")
    report.append(f"{template.name}: {texts} equal texts, {refusals} refused by both, {differences} differences")
    return "\n".join(report), texts, refusals, differences


def main():
    asks_transformers = "--transformers" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--transformers"]
    if len(arguments) < 2:
        sys.exit(__doc__.strip())
    templates = sorted(pathlib.Path(arguments[0]).glob("*.jinja"))
    compare_with = partial(compare, command=arguments[1:], asks_transformers=asks_transformers)
    sums = [0, 0, 0]
    with multiprocessing.Pool(2) as pool:
        for report, *numbers in pool.imap(compare_with, templates):
            print(report, flush=True)
            sums = [total + number for total, number in zip(sums, numbers)]
    print(f"{len(templates)} templates, {len(CONVERSATIONS) * len(CLIENTS) + len(REFUSED)} conversations each: "
          f"{sums[0]} equal texts, {sums[1]} refused by both, {sums[2]} differences")
    sys.exit(sums[2] > 0)


if __name__ == "__main__":
    main()
