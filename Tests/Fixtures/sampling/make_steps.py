"""Writes steps.json: every sampling step, and all in the documented order, written down plainly from their sources.

Run from this folder with numpy installed: python make_steps.py

Sources: vLLM's sampler for the order and for the steps it has; for the others the papers and first implementations
(DRY and XTC: p-e-w in text-generation-webui; typical: Meister et al. 2022; top-n-sigma: Tang et al. 2024; mirostat:
Basu et al. 2021; dynamic temperature: kalomaze) with the edges that llama.cpp gives them. Arithmetic is float64.
"""

import json
import math

import numpy as np

VOCABULARY = 40
generator = np.random.default_rng(7)
# Distinct logits, each a multiple of 1/512, so that JSON holds them exactly and no ties arise.
ROWS = [(generator.permutation(4096)[:VOCABULARY] / 512 - 4).tolist() for _ in range(8)]

DEFAULTS = {
    "repetition_penalty": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0, "temperature": 1.0, "min_p": 0.0,
    "top_k": 0, "top_p": 1.0, "typical_p": 1.0, "top_n_sigma": 0.0, "dynatemp_range": 0.0, "dynatemp_exponent": 1.0,
    "xtc_probability": 0.0, "xtc_threshold": 0.1, "mirostat": 0, "mirostat_tau": 5.0, "mirostat_eta": 0.1,
    "dry_multiplier": 0.0, "dry_base": 1.75, "dry_allowed_length": 2, "dry_penalty_last_n": -1, "breakers": [],
    "logit_bias": {}, "allowed_token_ids": None, "bad_words": [], "min_tokens": 0, "eos": [],
}


def philox(counter, key):
    """Philox4x32-10: Salmon et al., SC 2011."""
    c, k = list(counter), list(key)
    for _ in range(10):
        low, high = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(high >> 32) ^ c[1] ^ k[0], high & 0xFFFFFFFF, (low >> 32) ^ c[3] ^ k[1], low & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def bits53(counter, seed):
    seed &= 0xFFFFFFFFFFFFFFFF
    block = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    return (block[0] << 32 | block[1]) >> 11


def uniform(seed, output, draw):
    return bits53((output, 0, 0, draw), seed) / 2**53


def sample_seed(index, seed):
    return seed if index == 0 else bits53((index, 0, 0, 0xFFFFFFFF), seed)


def softmax(logits):
    weights = {token: math.exp(logit) for token, logit in logits.items() if logit > -math.inf}
    total = sum(weights.values())
    return {token: weights.get(token, 0.0) / total for token in logits}


def dry_penalties(tokens, p):
    """For each token, the longest run of last tokens that it followed before, as exponent of the penalty."""
    if p["dry_multiplier"] == 0 or p["dry_penalty_last_n"] == 0:
        return {}
    if p["dry_penalty_last_n"] > 0:
        tokens = tokens[-p["dry_penalty_last_n"]:]
    since = len(tokens)
    for end in range(len(tokens), 0, -1):
        if any(end >= len(b) and tokens[end - len(b):end] == b for b in p["breakers"]):
            since = len(tokens) - end
            break
    longest = {}
    for place in range(1, len(tokens)):  # the token that would come again
        length = 0
        while length < min(place, since) and tokens[place - 1 - length] == tokens[len(tokens) - 1 - length]:
            length += 1
        if length >= p["dry_allowed_length"] and [tokens[place]] not in p["breakers"]:
            longest[tokens[place]] = max(length, longest.get(tokens[place], 0))
    return {t: p["dry_multiplier"] * p["dry_base"] ** (n - p["dry_allowed_length"]) for t, n in longest.items()}


def edited(row, p, prompt, output):
    logits = dict(enumerate(row))
    if p["allowed_token_ids"] is not None:
        logits = {t: x if t in p["allowed_token_ids"] else -math.inf for t, x in logits.items()}
    for word in p["bad_words"]:
        if len(word) == 1 or output[1 - len(word):] == word[:-1]:
            logits[word[-1]] = -math.inf
    if len(output) < p["min_tokens"]:
        for token in p["eos"]:
            logits[token] = -math.inf
    for token, bias in p["logit_bias"].items():
        logits[int(token)] += bias
    for token in set(prompt + output):
        x = logits[token]
        logits[token] = x / p["repetition_penalty"] if x > 0 else x * p["repetition_penalty"]
    for token in set(output):
        logits[token] -= p["frequency_penalty"] * output.count(token) + p["presence_penalty"]
    for token, penalty in dry_penalties(prompt + output, p).items():
        logits[token] -= penalty
    return logits


def dynamic_temperature(logits, p):
    probabilities = [x for x in softmax(logits).values() if x > 0]
    if len(probabilities) < 2:
        share = 0.0
    else:
        share = -sum(x * math.log(x) for x in probabilities) / math.log(len(probabilities))
    low, high = max(0.01, p["temperature"] - p["dynatemp_range"]), p["temperature"] + p["dynatemp_range"]
    return low + (high - low) * share ** p["dynatemp_exponent"]


def distribution(logits, p, mu, chance):
    """The probabilities drawn from, once every filter has gone over the logits."""
    finite = [x for x in logits.values() if x > -math.inf]
    sigma_bound = max(finite) - p["top_n_sigma"] * float(np.std(finite))
    temperature = dynamic_temperature(logits, p) if p["dynatemp_range"] > 0 else p["temperature"]
    left = {t: x / temperature for t, x in logits.items() if x > -math.inf}
    if p["top_n_sigma"] > 0:
        left = {t: x for t, x in left.items() if logits[t] >= sigma_bound}
    if p["min_p"] > 0:
        probabilities = softmax(left)
        bound = p["min_p"] * max(probabilities.values())
        left = {t: x for t, x in left.items() if probabilities[t] >= bound}
    if p["top_k"] > 0:
        left = dict(sorted(left.items(), key=lambda item: -item[1])[:p["top_k"]])
    if p["typical_p"] < 1:
        left = nucleus(left, p["typical_p"], lambda x, entropy: abs(-math.log(x) - entropy))
    if p["top_p"] < 1:
        left = nucleus(left, p["top_p"], lambda x, _: -x)
    if chance < p["xtc_probability"] and p["xtc_threshold"] <= 0.5:
        probabilities = softmax(left)
        top = sorted((t for t in left if probabilities[t] >= p["xtc_threshold"]), key=lambda t: -left[t])
        left = {t: x for t, x in left.items() if t not in top[:-1]}
    if p["mirostat"] == 2:
        probabilities = softmax(left)
        kept = {t: x for t, x in left.items() if -math.log2(probabilities[t]) <= mu}
        best = max(left, key=left.get)
        left = kept or {best: left[best]}
    return dict(sorted(softmax(left).items()))


def nucleus(left, share, rank):
    probabilities = softmax(left)
    entropy = -sum(x * math.log(x) for x in probabilities.values())
    kept, reached = {}, 0.0
    for token in sorted(left, key=lambda t: rank(probabilities[t], entropy)):
        kept[token] = left[token]
        reached += probabilities[token]
        if reached >= share:
            break
    return kept


def run(setting, prompt, seed, length):
    """Tokens drawn one after the other from the rows in turn, and what each was drawn from."""
    p = {**DEFAULTS, **setting}
    output, steps, mu = [], [], 2 * p["mirostat_tau"]
    for index in range(length):
        row = ROWS[index % len(ROWS)]
        logits = edited(row, p, prompt, output)
        kept = distribution(logits, p, mu, uniform(seed, index, 1))
        rest = uniform(seed, index, 0)
        for token, probability in kept.items():
            rest -= probability
            if rest < 0:
                break
        steps.append({
            "edits": [[t, None if x == -math.inf else x] for t, x in sorted(logits.items()) if x != row[t]],
            "ids": list(kept), "probabilities": list(kept.values()), "token": token,
        })
        output.append(token)
        if p["mirostat"] == 2:
            mu -= p["mirostat_eta"] * (-math.log2(probability) - p["mirostat_tau"])
    return {
        "parameters": setting, "prompt": prompt, "seed": seed, "steps": steps, "mirostat_mu": mu,
        "first": list(first_token(p, prompt).items()),
    }


def first_token(p, prompt):
    """The exact distribution of the first token over all seeds: that with XTC and that without, by XTC's chance."""
    logits = edited(ROWS[0], p, prompt, [])
    mixture = {}
    for share, chance in ((p["xtc_probability"], 0.0), (1 - p["xtc_probability"], 1.0)):
        if share > 0:
            for token, probability in distribution(logits, p, 2 * p["mirostat_tau"], chance).items():
                mixture[token] = mixture.get(token, 0.0) + share * probability
    return dict(sorted(mixture.items()))


SETTINGS = [
    {},
    {"temperature": 0.6},
    {"temperature": 1.7, "min_p": 0.1},
    {"top_k": 7},
    {"top_p": 0.7},
    {"typical_p": 0.2},
    {"typical_p": 0.6, "temperature": 0.5},
    {"typical_p": 0.95, "temperature": 2.0},
    {"top_n_sigma": 0.3},
    {"top_n_sigma": 1.2, "temperature": 1.8},
    {"dynatemp_range": 0.5},
    {"dynatemp_range": 1.5, "dynatemp_exponent": 2.5, "temperature": 0.8},
    {"dynatemp_range": 0.4, "dynatemp_exponent": 0.0, "allowed_token_ids": [3, 9, 10, 31]},
    {"xtc_probability": 1.0, "xtc_threshold": 0.04},
    {"xtc_probability": 0.5, "xtc_threshold": 0.1},
    {"xtc_probability": 1.0, "xtc_threshold": 0.6},
    {"xtc_probability": 1.0, "xtc_threshold": 0.0},
    {"mirostat": 2},
    {"mirostat": 2, "mirostat_tau": 2.0, "mirostat_eta": 0.6},
    {"mirostat": 2, "mirostat_tau": 0.0, "mirostat_eta": 1.0, "temperature": 1.4},
    {"dry_multiplier": 0.8, "top_k": 3},
    {"dry_multiplier": 2.0, "dry_base": 1.2, "dry_allowed_length": 1, "top_k": 4},
    {"dry_multiplier": 3.0, "dry_allowed_length": 1, "dry_penalty_last_n": 6, "top_k": 2},
    {"dry_multiplier": 3.0, "dry_allowed_length": 1, "breakers": [[5], [6, 7]], "top_k": 4},
    {"logit_bias": {"4": 6.5, "11": -3.0}},
    {"allowed_token_ids": [0, 17, 30, 31, 39]},
    {"bad_words": [[12], [5, 6], [1, 2, 3]], "allowed_token_ids": [1, 2, 3, 5, 6, 12]},
    {"min_tokens": 3, "eos": [2, 33], "top_k": 5},
    {"repetition_penalty": 1.4, "frequency_penalty": 0.3, "presence_penalty": 0.9},
    # Neighbours in the order, where it matters which comes first.
    {"top_n_sigma": 0.9, "min_p": 0.3, "temperature": 1.6},
    {"min_p": 0.2, "top_p": 0.6, "top_k": 9},
    {"top_k": 8, "typical_p": 0.5},
    {"typical_p": 0.6, "top_p": 0.6, "temperature": 1.5},
    {"top_p": 0.75, "xtc_probability": 1.0, "xtc_threshold": 0.1},
    {"xtc_probability": 1.0, "xtc_threshold": 0.05, "mirostat": 2, "mirostat_tau": 2.0},
    {"logit_bias": {"5": -7.0, "7": 3.0}, "repetition_penalty": 1.5},
    {
        "repetition_penalty": 1.2, "frequency_penalty": 0.2, "presence_penalty": -0.1, "dry_multiplier": 0.9,
        "dry_allowed_length": 1, "logit_bias": {"8": 1.0}, "allowed_token_ids": list(range(36)),
        "bad_words": [[3], [4, 4]], "temperature": 1.5, "top_n_sigma": 1.8, "min_p": 0.02, "top_k": 20,
        "typical_p": 0.9, "top_p": 0.9, "xtc_probability": 0.6, "xtc_threshold": 0.08,
    },
    {
        "temperature": 1.2, "dynatemp_range": 0.5, "top_k": 30, "xtc_probability": 0.3, "mirostat": 2,
        "mirostat_tau": 3.0, "dry_multiplier": 1.0, "breakers": [[9]],
    },
]

PROMPT = [5, 6, 7, 8, 5, 6, 7, 20, 9, 5, 6]
fixture = {
    "made_with": f"numpy {np.__version__}",
    "rows": ROWS,
    "runs": [run(setting, PROMPT, 1000 + index, 10) for index, setting in enumerate(SETTINGS)],
    "seeds": [[seed, [sample_seed(i, seed) for i in range(4)]] for seed in (0, 7, -7, 2**62 + 3, -(2**63))],
}


def rounded(value):
    """Nine significant digits, more than the test compares."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(x) for key, x in value.items()}
    return [rounded(x) for x in value] if isinstance(value, (list, tuple)) else value


with open("steps.json", "w") as file:
    json.dump(rounded(fixture), file, separators=(",", ":"))
    file.write("\n")
