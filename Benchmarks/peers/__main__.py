"""llmgen beside its peers: Llama 3.2 1B's shape with random weights, engines in turns, medians.

    make bench-peers

or, with the peers installed by install.sh,

    .build/peers/venv/bin/python Benchmarks/peers --tools .build/peers --turns 5 --save Benchmarks/results/peers

Run nothing else at the time. llmgen, llama.cpp and OpenVINO GenAI read the same GGUF file, which is made here; vLLM has
no fast path for it on CPUs and is compared in bfloat16. What is measured stands in engines.py.
"""

import argparse
import json
import os
import pathlib
import random

import engines
import random_gguf
import report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llmgen", default=".build/release/llmgen", help="the command (%(default)s)")
    parser.add_argument("--tools", default=".build/peers", help="where the peers are installed (%(default)s)")
    parser.add_argument("--shape", default="Benchmarks/shapes/Llama-3.2-1B", help="folder of the config (%(default)s)")
    parser.add_argument("--weights", nargs="+", default=["q8_0", "q4_0", "bf16"], choices=["q8_0", "q4_0", "bf16"])
    parser.add_argument("--engines", nargs="+", default=list(engines.ENGINES), choices=list(engines.ENGINES))
    parser.add_argument("--turns", type=int, default=5, help="measurements of each engine (%(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--save", help="write NAME.json, NAME.md and NAME.svg")
    arguments = parser.parse_args()

    turns = {}
    for turn in range(arguments.turns):
        for weights in arguments.weights:
            model = pathlib.Path(arguments.tools, f"llama-1b-{weights}.gguf")
            if weights != "bf16" and not model.exists():
                random_gguf.write(str(model), arguments.shape, weights)
            tools = engines.Tools(
                arguments.llmgen, arguments.tools, str(model), arguments.shape, arguments.threads
            )
            # In another order in each turn, so that no engine always follows the same one.
            for name in random.Random(turn).sample(arguments.engines, len(arguments.engines)):
                measure, kinds = engines.ENGINES[name]
                if weights not in kinds:
                    continue
                try:
                    figures = measure(tools, weights)
                except (engines.Failed, OSError) as failure:
                    figures = {"failure": str(failure)}
                turns.setdefault(weights, {}).setdefault(name, []).append(figures)
                print(f"turn {turn + 1}, {weights}, {name}: {json.dumps(figures)}", flush=True)

    result = {"machine": report.machine(arguments), "turns": turns}
    print(report.table(result))
    if arguments.save:
        pathlib.Path(arguments.save).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(arguments.save + ".json").write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
        pathlib.Path(arguments.save + ".md").write_text(report.table(result))
        report.chart(result, arguments.save + ".svg")


if __name__ == "__main__":
    main()
