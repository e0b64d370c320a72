#!/bin/sh
# One page about this machine, in under five minutes: what an engine does, with the bundled model and with random weights
# of Llama 3.2 1B's shape, how near its kernels are to the machine's limits, and what its scheduling costs.
#
#     sh Benchmarks/page.sh .build/release/llmgen
#
# Run nothing else at the time.
set -eu
llmgen=$1
shape="--model Benchmarks/shapes/Llama-3.2-1B --load-format dummy --max-model-len 2048 --quantization"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Without the lines about loading, unless it fails.
bench() { "$llmgen" bench "$@" 2>"$log" || { cat "$log" >&2; exit 1; }; }

title() { printf '\n%s\n' "$1"; }

echo "$("$llmgen" --version), $(date -u +%Y-%m-%d), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) CPUs"

title 'Bundled model: 256 requests at once, about 128 tokens in and 64 out'
bench throughput --num-prompts 256 --output-len 64 --range-ratio 0.5 --repeat 3

title "Llama 3.2 1B's shape: 32 requests at once, 128 tokens in and 64 out"
for kind in q8_0 q4_0; do
    echo "$kind"
    bench throughput $shape $kind --num-prompts 32 --output-len 64 --num-warmups 1 \
        | grep -E '^(output|total|steady|prefill|decode|time)'
done

title 'One sequence'
for kind in q8_0 q4_0; do
    bench latency $shape $kind --tests pp512,tg32 --repeat 3
done

title 'Kernels beside the limits'
bench kernels --filter linear_q8 --repeat 5

title 'Scheduling'
bench scheduler
