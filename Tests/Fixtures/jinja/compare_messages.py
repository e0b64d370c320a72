#!/usr/bin/env python3
"""Compares the prompts that a command makes of messages in the form of OpenAI's API, for a folder of chat templates, with
what Jinja2 makes of the same conversations in the form that transformers' apply_chat_template wants.

usage: compare_messages.py [--transformers] FOLDER COMMAND...     (python3 with jinja2 3.1.6)

COMMAND prints the prompt for {template} and {case}, or fails; for example:
    compare_messages.py models/templates llmgen tokenize --chat {case} --render --chat-template {template}

Each conversation is described once, as turns. Clients write the turns, each with its habits, and the command reads that.
The reference is written from the turns as well, in the form in which the template loses the least of what they say.
With --transformers its own renderer must agree with the reference on every conversation.
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
    """What somebody says. The texts of turns differ, and each should be found in the prompt."""
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


BERN, BASEL, NOON = (
    Call("abc123xyz", "get_weather", {"place": "Bern"}), Call("ghi789rst", "get_weather", {"place": "Basel", "days": 2}),
    Call("def456uvw", "now"))
FIND = Call("jkl012opq", "search", {"query": ["lakes", "é"], "exact": True, "range": {"from": 1.5, "to": None}})
ASK = [user("Weather in Bern?"), assistant(calls=(BERN,)), tool("abc123xyz", "21 degrees")]

CONVERSATIONS: dict[str, tuple[list[Turn], list | None]] = {
    "one turn": ([user("Hello")], None),
    "turns": ([system("Be kind."), user("One?"), assistant("First."), user("Two?"), assistant("Second."), user("Three?")], None),
    "several texts": ([system("Rule one.", "Rule two."), user("Look:", "What?"), assistant("It", "seems."), user("So?")], None),
    "white space": ([system(" s1 \n"), user("\n u1\t"), assistant(" a1 \n\n"), user("u2 ")], None),
    "signs": ([user("\"Ääni\" <b>&amp;</b> 日本 \\n {{ x }}"), assistant("👩‍👩‍👧 {% y %}"), user("'e\u0301'")], None),
    "developer": ([developer("Be terse."), user("Hello")], None),
    "developer and system": ([system("Be kind."), developer("Be terse."), user("Hello"), assistant("Ah."), user("Bye")], None),
    "developer late": ([user("Hello"), assistant("Ah."), developer("Be terse."), user("Bye")], None),
    "developer with tools": ([developer("Be terse."), *ASK], [WEATHER]),
    "system twice": ([system("Be kind."), system("Be terse."), user("Hello")], None),
    "system twice, apart": ([system("Be kind."), user("Hello"), assistant("Ah."), system("Be terse."), user("Bye")], None),
    "system late": ([user("Hello"), assistant("Ah."), system("Be terse."), user("Bye")], None),
    "system thrice": ([system("Be kind."), developer("Be terse."), system("Be true."), user("Hello")], [NOW]),
    "user named": ([user("Hello", name="Ann"), assistant("Ah."), user("Bye", name="Ann")], None),
    "refusal": ([user("Help me?"), assistant("I cannot.", refuses=True), user("Why?")], None),
    "nothing said": ([user("Hello"), assistant(), user("Well?")], None),
    "tools": ([system("Be kind."), user("Weather?")], [WEATHER, SEARCH, NOW]),
    "call": ([*ASK], [WEATHER]),
    "call answered": ([system("Be kind."), *ASK, assistant("It is 21."), user("And now?")], [WEATHER]),
    "call with a text": ([user("Bern?"), assistant("Let me see.", calls=(BERN,)), tool("abc123xyz", "21")], [WEATHER]),
    "call without arguments": ([user("When?"), assistant(calls=(NOON,)), tool("def456uvw", "noon")], [NOW]),
    "call with arguments of all kinds": ([user("Find."), assistant(calls=(FIND,)), tool("jkl012opq", "3 lakes")], [SEARCH]),
    "call with an empty result": ([user("Bern?"), assistant(calls=(BERN,)), tool("abc123xyz"), assistant("Done."), user("Ok")], [WEATHER]),
    "calls": (
        [user("Both?"), assistant(calls=(BERN, BASEL)), tool("abc123xyz", "21"), tool("ghi789rst", "19")], [WEATHER]),
    "calls in turns": (
        [*ASK, assistant("It is 21."), user("Basel?"), assistant(calls=(BASEL,)), tool("ghi789rst", "19")], [WEATHER]),
    "result of several texts": ([*ASK[:2], tool("abc123xyz", "21", "sunny")], [WEATHER]),
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
    reasoning: str = "reasoning_content"
    empty: dict[str, Any] = field(default_factory=dict)
    """Members of an assistant's message that say nothing."""
    empty_of_all: dict[str, Any] = field(default_factory=dict)
    """Members of all messages that say nothing."""

    def message(self, turn: Turn) -> dict[str, Any]:
        isAssistant = turn.role == "assistant"
        message = {"role": turn.role, **self.empty_of_all, **(self.empty if isAssistant else {})}
        if self.parts and turn.texts:
            kind = "refusal" if turn.refuses else "assistant" if isAssistant else "other"
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
        function = {"name": call.name, "arguments": json.dumps(call.arguments) if call.arguments else self.no_arguments}
        if function["arguments"] is ABSENT:
            del function["arguments"]
        return {"id": call.id, "type": "function", "function": function}


TEXT = {"assistant": "text", "refusal": "refusal", "other": "text"}
CLIENTS = {
    "curl": Client(no_arguments=ABSENT),
    "openai-python": Client(nothing=None, empty=dict.fromkeys(
        ("refusal", "annotations", "audio", "function_call", "tool_calls", "reasoning_content"))),
    "langchain": Client(parts=TEXT, nothing="", reasoning="reasoning", empty_of_all={"name": None}),
    "responses": Client(
        parts={"assistant": "output_text", "refusal": "refusal", "other": "input_text"}, nothing=None, no_arguments="null"),
    "java": Client(parts=TEXT, nothing=[], no_arguments=None, empty={"tool_calls": None, "annotations": []}),
    "go": Client(nothing="", no_arguments="", empty_of_all={"name": ""}, empty={
        "refusal": "", "reasoning_content": "", "tool_calls": [], "function_call": {"name": "", "arguments": ""}}),
}

CALL = BERN.id, BERN.name
REFUSED: dict[str, list[dict]] = {
    "user without content": [{"role": "user"}],
    "user with null": [{"role": "user", "content": None}],
    "system with null": [{"role": "system", "content": None}, {"role": "user", "content": "Hello"}],
    "content is a number": [{"role": "user", "content": 5}],
    "part without a text": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.b/c"}}]}],
    "no role": [{"content": "Hello"}],
    "no message": ["Hello"],
    **{f"arguments {arguments}": [
        {"role": "user", "content": "Bern?"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": BERN.id, "type": "function", "function": {"name": BERN.name, "arguments": arguments}}]},
        {"role": "tool", "tool_call_id": BERN.id, "content": "21"}]
       for arguments in ("no", "[1]", "{\"place\": ")},
}
"""What the API does not allow, or no template can write."""


@dataclass(frozen=True)
class Form:
    """A form of messages for apply_chat_template."""
    parts: bool
    text_arguments: bool
    keeps_developer: bool
    merges_systems: bool

    def content(self, texts: tuple[str, ...]) -> Any:
        return [{"type": "text", "text": text} for text in texts or ("",)] if self.parts else "\n".join(texts)

    def message(self, turn: Turn) -> dict[str, Any]:
        message = {"role": turn.role, "content": self.content(turn.texts)}
        if turn.calls:
            message["tool_calls"] = [{"id": call.id, "type": "function", "function": {
                "name": call.name, "arguments": json.dumps(call.arguments) if self.text_arguments else call.arguments,
            }} for call in turn.calls]
        if turn.reasoning is not None:
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
    has_calls = any(turn.calls for turn in turns)
    has_developer = any(turn.role == "developer" for turn in turns)
    instructs = any(turn.role in INSTRUCTING for turn in turns)
    return [Form(*choice) for choice in product(
        (False, True), (False, True) if has_calls else (False,),
        (True, False) if has_developer and names_developer else (False,), (False, True) if instructs else (False,))]


def loss(prompt: str | None, turns: list[Turn]) -> float:
    """How much of what is said is not in the prompt, or is there as Python writes lists and dicts."""
    if prompt is None:
        return float("inf")
    texts = [text.strip() for turn in turns for text in turn.texts]
    calls = [call.arguments for turn in turns for call in turn.calls]
    values = [value for arguments in calls for value in arguments.values() if isinstance(value, str)]
    return (sum(text not in prompt for text in texts + values) + sum(repr(call) in prompt for call in calls if call)
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


def printed(command: list[str], template: pathlib.Path, variables: dict[str, Any]) -> tuple[str | None, str]:
    """What the command prints, or None, and its error."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as case:
        case.write(json.dumps(variables))
        case.flush()
        arguments = [part.format(case=case.name, template=template) for part in command]
        done = subprocess.run(arguments, capture_output=True)
    return done.stdout.decode() if done.returncode == 0 else None, done.stderr.decode().strip()


def shown(texts: list[str | None]) -> list[str]:
    """Texts from shortly before the place where they differ."""
    start = max(0, len(os.path.commonprefix([text or "" for text in texts])) - 60)
    return [repr(text and text[start:start + 400]) for text in texts]


def compare(template: pathlib.Path, command: list[str], asks_transformers: bool) -> tuple[str, int, int, int]:
    """A report on one template, and its texts, refusals and differences."""
    source, report = template.read_text(), []
    texts = refusals = differences = 0
    for name, (turns, tools) in CONVERSATIONS.items():
        expected, variables = wanted(source, turns, tools)
        if asks_transformers and (other := of_transformers(source, variables)) != expected:
            differences += 1
            report.append("{}, {}:\n  reference    {}\n  transformers {}".format(template.name, name, *shown([expected, other])))
        for client, habits in CLIENTS.items():
            messages = [habits.message(turn) for turn in turns]
            got, error = printed(command, template, {"messages": messages, "tools": tools})
            if got == expected:
                texts, refusals = texts + (got is not None), refusals + (got is None)
                continue
            differences += 1
            report.append("{}, {}, {}: {}\n  wanted {}\n  got    {} {}".format(
                template.name, name, client, json.dumps(messages, ensure_ascii=False), *shown([expected, got]), error))
    for name, messages in REFUSED.items():
        got, _ = printed(command, template, {"messages": messages})
        refusals += got is None
        differences += got is not None
        if got is not None:
            report.append(f"{template.name}, {name}:\n  wanted a refusal\n  got    {got!r}")
    report.append(f"{template.name}: {texts} equal texts, {refusals} refused by both, {differences} differences")
    return "\n".join(report), texts, refusals, differences


def main():
    asks_transformers, *arguments = (["--transformers" in sys.argv, *(a for a in sys.argv[1:] if a != "--transformers")])
    if len(arguments) < 2:
        sys.exit(__doc__.strip())
    templates = sorted(pathlib.Path(arguments[0]).glob("*.jinja"))
    with multiprocessing.Pool(2) as pool:
        pending = [pool.apply_async(compare, (template, arguments[1:], asks_transformers)) for template in templates]
        results = []
        for result in pending:
            results.append(result.get())
            print(results[-1][0], flush=True)
    texts, refusals, differences = (sum(numbers) for numbers in list(zip(*results))[1:])
    print(f"{len(templates)} templates, {len(CONVERSATIONS) * len(CLIENTS) + len(REFUSED)} conversations each: "
          f"{texts} equal texts, {refusals} refused by both, {differences} differences")
    sys.exit(differences > 0)


if __name__ == "__main__":
    main()
