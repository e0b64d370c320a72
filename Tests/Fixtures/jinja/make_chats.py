#!/usr/bin/env python3
"""Writes chats.json: miniature chat templates in the style of those that models bring, and what Jinja2 3.1 makes of them for
the conversations of conversations.py (null for an error).

usage: make_chats.py     (python3 with jinja2 3.1.6)
"""
import json
import pathlib

from conversations import CONVERSATIONS
from reference import render

DEFAULTS = {"add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None}

TEMPLATES = {
    "marked turns with tools": """\
{%- if tools %}
    {{- '[turn:system]\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "You may call:\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools>[end]\\n" }}
{%- elif messages[0].role == 'system' %}
    {{- '[turn:system]\\n' + messages[0].content + '[end]\\n' }}
{%- endif %}
{%- set ns = namespace(asking=true, last_query=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.asking and message.role == "user" and message.content is string and not(message.content.startswith('<result>') and message.content.endswith('</result>')) %}
        {%- set ns.asking = false %}
        {%- set ns.last_query = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '[turn:' + message.role + ']\\n' + content + '[end]' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query and (loop.last or thought) %}
            {{- '[turn:' + message.role + ']\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '[turn:' + message.role + ']\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}
                    {{- '\\n' }}
                {%- endif %}
                {%- if call.function %}
                    {%- set call = call.function %}
                {%- endif %}
                {{- '<call>{"name": "' ~ call.name ~ '", "arguments": ' }}
                {%- if call.arguments is string %}
                    {{- call.arguments }}
                {%- else %}
                    {{- call.arguments | tojson }}
                {%- endif %}
                {{- '}</call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '[end]\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '[turn:user]' }}
        {%- endif %}
        {{- '\\n<result>\\n' ~ content ~ '\\n</result>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '[end]\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '[turn:assistant]\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
""",
    "headers with a date": """\
{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{#- The system message is taken out, so that it goes to its place. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<h>system</h>\\n\\n" }}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<eot>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Cannot put tools in the first user message when there is none!") }}
    {%- endif %}
    {{- '<h>user</h>\\n\\n' -}}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- first_user_message + "<eot>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<h>' + message['role'] + '</h>\\n\\n'+ message['content'] | trim + '<eot>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One tool call at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<h>assistant</h>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {%- for arg_name, arg_val in tool_call.arguments | items %}
            {{- arg_name + '="' + arg_val|string + '"' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- endif %}
        {%- endfor %}
        {{- "}<eot>" }}
    {%- elif message.role == "tool" %}
        {{- "<h>ipython</h>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<eot>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<h>assistant</h>\\n\\n' }}
{%- endif %}
""",
    "alternating roles": """\
{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}\
{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}\
{{ '<turn>' + role + '\n' + message['content'] | trim + '</turn>\n' }}{% endfor %}\
{% if add_generation_prompt %}{{'<turn>model\n'}}{% endif %}
""",
    "instructions": """\
{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages if not (message.role == "tool" or message.tool_calls is defined) %}
    {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
        {{- raise_exception("Roles must alternate!") }}
    {%- endif %}
    {%- set ns.index = ns.index + 1 %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools and (message == user_messages[-1]) %}
            {{- "{T}[" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson(sort_keys=true, separators=(',', ':')) }}
                    {%- endif %}
                    {{- ", " if not loop.last }}
                {%- endfor %}
                {{- "}" ~ ("]" if loop.last else ", ") }}
            {%- endfor %}
            {{- "{/T}" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "{I} " + system_message + "\\n\\n" + message["content"] + "{/I}" }}
        {%- else %}
            {{- "{I} " + message["content"] + "{/I}" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "{C}[" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
            {{- ', "id": "%s"}' % tool_call.id }}
            {{- ", " if not loop.last else "]" + eos_token }}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool" %}
        {{- '{R}{"content": ' + message.content|string + ', "call_id": "{}"}'.format(message.tool_call_id) + "{/R}" }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported!") }}
    {%- endif %}
{%- endfor %}
""",
    "types by macro": """\
{%- macro type_of(spec, is_nullable=false) -%}
    {%- if spec.type == "array" -%}
        {%- if spec['items'] -%}
            {%- set inner = type_of(spec['items']) -%}
            {{- ("any" if inner|length > 30 else inner) + "[]" }}
        {%- else -%}
            {{- "any[]" }}
        {%- endif -%}
    {%- elif spec.type is defined and spec.type is iterable and spec.type is not string and spec.type is not mapping and spec.type[0] is defined -%}
        {{- spec.type | join(" | ") }}
    {%- elif spec.oneOf -%}
        {%- for variant in spec.oneOf -%}
            {{- type_of(variant) -}}
            {%- if not loop.last %}
                {{- " | " }}
            {% endif -%}
        {%- endfor -%}
    {%- elif spec.type == "string" and spec.enum -%}
        {{- '"' + spec.enum|join('" | "') + '"' -}}
    {%- elif spec.type == "object" and spec.properties -%}
        {{- "{\\n" }}
        {%- for name, inner in spec.properties.items() -%}
            {{- name -}}
            {%- if name not in (spec.required or []) -%}
                {{- "?" }}
            {%- endif -%}
            {{- ": " }}
            {{ type_of(inner) }}
            {%- if not loop.last -%}
                {{-", " }}
            {%- endif -%}
        {%- endfor -%}
        {{- "}" }}
    {%- else -%}
        {{- spec.type|default("any") -}}
    {%- endif -%}
    {%- if is_nullable or spec.nullable %}
        {{- " | null" }}
    {%- endif -%}
{%- endmacro -%}
{%- macro wrapped(title) -%}
## {{ title }}
{{ caller(title|upper) }}
{%- endmacro -%}
{%- macro preamble() -%}
    {%- if model_identity is not defined %}
        {%- set model_identity = "You are a model." %}
    {%- endif %}
    {{- model_identity + "\\nDate: " + strftime_now("%Y-%m-%d") + "\\nEffort: " + (reasoning_effort|default("medium")) }}
    {%- if builtin_tools %}
        {%- set available = namespace(browser=false) %}
        {%- for tool in builtin_tools if tool == "browser" %}{% set available.browser = true %}{% endfor %}
        {{- "\\nBrowser: " ~ available.browser }}
    {%- endif -%}
{%- endmacro -%}
{{- preamble() ~ "\\n" }}
{%- if tools %}
    {%- call(title) wrapped("functions") %}
        {%- for tool in tools|map(attribute="function") %}
            {{- "type " ~ tool.name ~ " = (" ~ title ~ ": " }}{{ type_of(tool.parameters) }}{{ ") => any;\\n" }}
        {%- endfor %}
    {%- endcall %}
{%- endif %}
{%- set last_call = namespace(name=none) %}
{%- for message in messages -%}
    {%- if message.role == 'assistant' -%}
        {%- if "tool_calls" in message %}
            {%- set future = namespace(found=false) %}
            {%- for later in messages[loop.index:] %}
                {%- if later.role == 'assistant' and "tool_calls" not in later %}
                    {%- set future.found = true %}
                    {%- break %}
                {%- endif %}
            {%- endfor %}
            {%- set call = message.tool_calls[0].function %}
            {%- if message.thinking and not future.found %}
                {{- "<thought>" + message.thinking + "<end>" }}
            {%- endif %}
            {{- "<to=" ~ call.name ~ ">" ~ call.arguments|tojson(ensure_ascii=true) ~ "<call>" }}
            {%- set last_call.name = call.name %}
        {%- elif loop.last and not add_generation_prompt %}
            {% generation %}{{- "<final>" + message.content + "<return>" }}{% endgeneration %}
        {%- else %}
            {{- "<final>" + message.content + "<end>" }}
            {%- set last_call.name = none %}
        {%- endif %}
    {%- elif message.role == 'tool' -%}
        {%- if last_call.name is none %}
            {{- raise_exception("A tool's message follows no call!") }}
        {%- endif %}
        {{- "<from=" + last_call.name + ">" + message.content|tojson + "<end>" }}
    {%- elif message.role == 'user' -%}
        {{- "<user>" + message.content + "<end>" }}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<assistant>
{%- endif -%}
""",
    "documents and controls": """\
{%- if tools and not available_tools -%}
    {%- set available_tools = tools -%}
{%- endif -%}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
 {%- else %}
    {%- set system_message = "Today: " + strftime_now('%B %d, %Y') + "." %}
    {%- if documents %}
        {%- set system_message = system_message + " Stick to the documents." %}
    {%- elif thinking %}
    {%- set system_message = system_message + " Think.
Then answer." %}
    {%- endif %}
    {%- if 'citations' in controls and documents %}
        {%- set system_message = system_message + '
Cite.' %}
    {%- endif %}
    {%- set loop_messages = messages %}
 {%- endif %}
 {{- '<r>system</r>' + system_message + '<e>
' }}
 {%- if documents %}
    {%- for document in documents %}
        {{- '<r>document {"document_id": "' + document['doc_id'] | string + '"}</r>
' }}
        {{- document['text'] }}
              {%- endfor %}
 {%- endif %}
 {%- for message in loop_messages %}
    {{- '<r>' + message['role'] + '</r>' + message['content'] + '<e>
' }}
    {%- if loop.last and add_generation_prompt %}
        {{- '<r>assistant' }}
            {%- if controls %}
                {{- ' ' + controls | tojson()}}
            {%- endif %}
        {{- '</r>' }}
    {%- endif %}
 {%- endfor %}
""",
}


def main():
    cases = []
    for template, text in TEMPLATES.items():
        for name, variables in CONVERSATIONS.items():
            cases.append({"template": template, "conversation": name, "output": render(text, {**DEFAULTS, **variables})})
    file = pathlib.Path(__file__).with_name("chats.json")
    rows = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    texts = json.dumps(TEMPLATES, ensure_ascii=False, indent=0)
    conversations = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in CONVERSATIONS.items())
    file.write_text(f'{{"templates": {texts},\n"conversations": {{\n{conversations}\n}},\n"cases": [\n{rows}\n]}}\n')
    print(f"{len(cases)} cases, {sum(case['output'] is None for case in cases)} of them errors")


main()
