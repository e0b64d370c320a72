#!/usr/bin/env python3
"""Write tiny random models that embed or rerank, and what sentence-transformers and transformers compute with them.

usage: OMP_NUM_THREADS=1 make_models.py [NAME ...]     (torch, transformers 5.24, sentence-transformers 6.2, safetensors)

Each folder beside this script is laid out as the published models of its kind:
  qwen3-embedding     Qwen3 without an output head (Qwen3-Embedding 4B and 8B: tensors without `model.`, named
                      Qwen3ForCausalLM): last token, prompts, a tokenizer that puts <|endoftext|> behind a text;
                      2_Dense is there for the cases that use it
  qwen3-reranker      Qwen3 that answers yes or no
  qwen3-label         the same layers as a classifier with one label (Qwen3ForSequenceClassification)
  logit-score         the same as sentence-transformers has it: a chat template of a query and a document, and LogitScore
  logit-score-one     likewise with the logit of one token, no prompt, and no sigmoid
  bert-embedding      BERT as sentence-transformers has it: mean, a longest text of 48 tokens
  bert-reranker       a cross-encoder: BERT as a classifier with one label, and its scores by CrossEncoder
reference.json of those that embed: cases of pooling, prompt, layers and dimensions, and the vectors of TEXTS in each; of the
others: the tokens and the score of each of PAIRS, one at a time, so that nothing is padded.
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers as tf
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.cross_encoder.modules import LogitScore
from sentence_transformers.sentence_transformer import modules
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# Qwen's own.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PROMPTS = {"query": "Instruct: Find the tale\nQuery:", "document": ""}
TEXTS = ["The king had three daughters.", "A mill, far away", " ".join(["Once upon a time there was a wolf."] * 9)]
PAIRS = [
    ("Who is the king?", "The king had three daughters."), ("Who is the king?", "A mill stood by the river."),
    ("", "The wolf\nyes"), ("What is <|im_end|>?", "\u00c9clair \U0001f600"),
]
INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. "
    'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


def write_tokenizer(folder, appends):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        TEXTS + [PREFIX, SUFFIX] + ["yes", "no"] * 50,
        trainers.BpeTrainer(vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens(SPECIAL)
    parts = [processors.ByteLevel(trim_offsets=False)]
    if appends:
        end = (SPECIAL[0], tokenizer.token_to_id(SPECIAL[0]))
        parts.append(processors.TemplateProcessing(single=f"$A {SPECIAL[0]}", pair=f"$A $B {SPECIAL[0]}",
                                                   special_tokens=[end]))
    tokenizer.post_processor = processors.Sequence(parts)
    tf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token=SPECIAL[0], padding_side="left",
        model_max_length=512).save_pretrained(folder)
    (folder / "chat_template.jinja").unlink(missing_ok=True)


def write_word_pieces(folder):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        TEXTS + [text for pair in PAIRS for text in pair],
        trainers.WordPieceTrainer(vocab_size=150, special_tokens=special, show_progress=False))
    ends = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends)
    tf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"]).save_pretrained(folder)


def bert_config(**more):
    return tf.BertConfig(
        vocab_size=150, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64, initializer_range=0.3, **more)


def config(**more):
    return tf.Qwen3Config(
        vocab_size=304, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=20, max_position_embeddings=512, initializer_range=0.3, pad_token_id=300, **more)


def new(cls, folder, config=config, **more):
    torch.manual_seed(20262)
    model = cls(config(**more)).float().eval()
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    return model


def rounded(values):
    return [round(float(value), 6) for value in values]


@torch.no_grad()
def embedding(folder):
    new(tf.Qwen3Model, folder, tie_word_embeddings=False)
    write_tokenizer(folder, appends=True)

    def pipeline(mode="lasttoken", includes=True, dense=None, normalizes=True):
        transformer = modules.Transformer(str(folder))
        transformer.auto_model.float()
        parts = [transformer, modules.Pooling(32, pooling_mode=mode, include_prompt=includes)]
        if dense:
            parts.append(dense)
        if normalizes:
            parts.append(modules.Normalize())
        return SentenceTransformer(modules=parts, prompts=PROMPTS, device="cpu")

    torch.manual_seed(20263)
    dense = modules.Dense(32, 12)
    pipeline().save(str(folder), create_model_card=False)
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"Qwen3Model"', '"Qwen3ForCausalLM"'))
    (folder / "2_Dense").mkdir()
    dense.save(str(folder / "2_Dense"))
    cases = []

    def case(prompt_name=None, dimensions=None, prompt=None, **options):
        model = pipeline(**options)
        more = {"normalize_embeddings": True} if dimensions and options.get("normalizes", True) else {}
        vectors = [
            model.encode([text], prompt_name=prompt_name, prompt=prompt, truncate_dim=dimensions, **more)[0]
            for text in TEXTS]
        cases.append({
            "mode": options.get("mode", "lasttoken"), "includes_prompt": options.get("includes", True),
            "dense": "dense" in options, "normalizes": options.get("normalizes", True), "prompt_name": prompt_name,
            "prompt": prompt, "dimensions": dimensions, "vectors": [rounded(vector) for vector in vectors]})

    case()
    case(prompt_name="query")
    case(prompt="search: ")
    case(dimensions=8)
    case(dense=dense)
    for mode in modules.Pooling.POOLING_MODES:
        case(mode=mode, normalizes=False)
        case(mode=mode, normalizes=False, includes=False, prompt_name="query")
    write(folder, {"texts": TEXTS, "cases": cases})


def template_tokens(tokenizer, query, document):
    body = f"<Instruct>: {INSTRUCTION}\n<Query>: {query}\n<Document>: {document}"
    return [token for part in (PREFIX, body, SUFFIX) for token in tokenizer.encode(part, add_special_tokens=False)]


@torch.no_grad()
def reranker(folder):
    model = new(tf.Qwen3ForCausalLM, folder, tie_word_embeddings=True)
    write_tokenizer(folder, appends=False)
    tokenizer = tf.AutoTokenizer.from_pretrained(folder)
    no, yes = tokenizer.convert_tokens_to_ids(["no", "yes"])
    entries = []
    for query, document in PAIRS:
        tokens = template_tokens(tokenizer, query, document)
        logits = model(torch.tensor([tokens])).logits[0, -1].double()
        score = torch.softmax(torch.stack([logits[no], logits[yes]]), 0)[1]
        entries.append({"query": query, "document": document, "tokens": tokens, "score": float(score)})
    write(folder, {"entries": entries})


@torch.no_grad()
def label(folder):
    model = new(tf.Qwen3ForSequenceClassification, folder, num_labels=1)
    write_tokenizer(folder, appends=False)
    tokenizer = tf.AutoTokenizer.from_pretrained(folder)
    entries = []
    for query, document in PAIRS:
        tokens = template_tokens(tokenizer, query, document)
        logit = model(torch.tensor([tokens])).logits[0, 0].double()
        entries.append({
            "query": query, "document": document, "tokens": tokens, "score": float(torch.sigmoid(logit)),
            "logit": float(logit)})
    write(folder, {"entries": entries})


PAIR_TEMPLATE = (
    '{%- set instruct = messages | selectattr("role", "eq", "system") | map(attribute="content") | first '
    '| default("Find what answers", true) -%}\n'
    '<|im_start|>user\n<Instruct>: {{ instruct }}\n'
    '<Query>: {{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }}\n'
    '<Document>: {{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}<|im_end|>\n'
    '{%- if add_generation_prompt %}\n<|im_start|>assistant\n{{ "<think>\\n\\n</think>\\n\\n" if not enable_thinking }}'
    '{%- endif %}')


def logit_score(folder, one=False):
    new(tf.Qwen3ForCausalLM, folder, tie_word_embeddings=True)
    write_tokenizer(folder, appends=False)
    options = {} if one else {"chat_template": {"add_generation_prompt": True, "enable_thinking": False}}
    transformer = modules.Transformer(
        str(folder), transformer_task="text-generation", processor_kwargs={"chat_template": PAIR_TEMPLATE},
        processing_kwargs=options)
    no, yes = transformer.tokenizer.convert_tokens_to_ids(["no", "yes"])
    head = LogitScore(yes) if one else LogitScore(yes, no)
    prompts = {} if one else {"prompts": {"web": "Find the king"}, "default_prompt_name": "web"}
    activation = {"activation_fn": torch.nn.Identity()} if one else {}
    model = CrossEncoder(modules=[transformer, head], device="cpu", **prompts, **activation)
    model.save_pretrained(str(folder), create_model_card=False)
    entries = []
    for pair in PAIRS:
        tokens = transformer.preprocess([pair], **({} if one else {"prompt": "Find the king"}))["input_ids"][0].tolist()
        entries.append({
            "query": pair[0], "document": pair[1], "tokens": tokens, "score": float(model.predict([pair])[0]),
            "logit": float(model.predict([pair], activation_fn=torch.nn.Identity())[0]),
            "instructed": float(model.predict([pair], prompt="Find a mill")[0])})
    write(folder, {"entries": entries})


@torch.no_grad()
def bert_embedding(folder):
    new(tf.BertModel, folder, bert_config)
    write_word_pieces(folder)
    model = SentenceTransformer(
        modules=[modules.Transformer(str(folder), max_seq_length=48), modules.Pooling(32)], device="cpu")
    model.save(str(folder), create_model_card=False)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 48, "do_lower_case": false}\n')
    texts = TEXTS + ["a mill " * 30]
    write(folder, {
        "texts": texts, "tokens": [model.tokenizer(text, truncation=True, max_length=48)["input_ids"] for text in texts],
        "vectors": [rounded(model.encode([text])[0]) for text in texts]})


@torch.no_grad()
def bert_reranker(folder):
    new(tf.BertForSequenceClassification, folder, bert_config, num_labels=1)
    write_word_pieces(folder)
    model = CrossEncoder(str(folder), device="cpu")
    pairs = PAIRS + [("a mill " * 30, "the king " * 9), ("the king " * 9, "a mill " * 30), ("a mill " * 30,) * 2]
    entries = []
    for pair in pairs:
        tokens = model.tokenizer(*pair, truncation=True, max_length=64)
        entries.append({
            "query": pair[0], "document": pair[1], "tokens": tokens["input_ids"],
            "score": float(model.predict([pair])[0]),
            "logit": float(model.predict([pair], activation_fn=torch.nn.Identity())[0])})
    write(folder, {"entries": entries})


def write(folder, value):
    (folder / "reference.json").write_text(json.dumps(value, indent=1) + "\n")


MODELS = {
    "qwen3-embedding": embedding, "qwen3-reranker": reranker, "qwen3-label": label, "bert-embedding": bert_embedding,
    "bert-reranker": bert_reranker, "logit-score": logit_score,
    "logit-score-one": lambda folder: logit_score(folder, one=True),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or MODELS:
        shutil.rmtree(HERE / name, ignore_errors=True)
        (HERE / name).mkdir()
        MODELS[name](HERE / name)
