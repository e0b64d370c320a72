#!/usr/bin/env python3
"""Compares a folder of chat templates, rendered by a command, with what Jinja2 makes of them.

usage: compare_templates.py FOLDER COMMAND...     (python3 with jinja2 3.1.6)

COMMAND prints the text for {template} and {case}, or fails; for example:
    compare_templates.py models/templates llmgen tokenize --chat {case} --render --verbatim --chat-template {template}
"""
import json
import pathlib
import subprocess
import sys
import tempfile
from datetime import datetime

from conversations import CONVERSATIONS
from reference import render

DEFAULTS = {"add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    folder, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    differences = 0
    with tempfile.TemporaryDirectory() as scratch:
        case = pathlib.Path(scratch, "case.json")
        for template in sorted(folder.glob("*.jinja")):
            texts = errors = 0
            for name, variables in CONVERSATIONS.items():
                case.write_text(json.dumps(variables))
                arguments = [part.format(case=case, template=template) for part in command]
                done = subprocess.run(arguments, capture_output=True)
                got = done.stdout.decode() if done.returncode == 0 else None
                wanted = render(template.read_text(), {**DEFAULTS, **variables}, datetime.now)
                texts += wanted is not None
                errors += wanted is None
                if got != wanted:
                    differences += 1
                    print(f"{template.name}, {name}:\n  wanted {wanted!r}\n  got    {got!r} {done.stderr.decode().strip()}")
            print(f"{template.name}: {texts} texts, {errors} errors")
    print(f"{differences} differences")
    sys.exit(differences > 0)


main()
