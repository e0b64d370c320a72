"""The tokenizers of GGUF vocabularies as tokenizers and sentencepiece have them."""

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

UNKNOWN, CONTROL, USER_DEFINED, UNUSED = 2, 3, 4, 5
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
MARKED_WORDS = (WORDS % "").replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"[^\s\p{L}", r"[^\s\p{L}\p{M}")


def added(tokenizer, tokens, types):
    """Adds the control and user-defined tokens, which are matched as they are spelled."""
    for token, kind in zip(tokens, types):
        if kind == CONTROL:
            tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)])
        elif kind == USER_DEFINED:
            tokenizer.add_tokens([AddedToken(token, normalized=False)])


def bpe(pre, tokens, types, merges):
    """The `tokenizers` tokenizer of a byte-level vocabulary, with the words of `pre`."""
    vocabulary = {token: index for index, token in enumerate(tokens)}
    pairs = [tuple(merge.split(" ")) for merge in merges]
    tokenizer = Tokenizer(models.BPE(vocabulary, pairs, ignore_merges=pre == "llama-bpe"))
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pre == "gpt-2")
    if pre == "gpt-2":
        tokenizer.pre_tokenizer = level
    else:
        pattern = {"llama-bpe": WORDS % "{1,3}", "qwen2": WORDS % "", "qwen35": MARKED_WORDS}[pre]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), level])
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    added(tokenizer, tokens, types)
    return tokenizer


def sentence_pieces(tokens, scores, types):
    """The `sentencepiece` model of a `llama` vocabulary."""
    proto = sentencepiece_model_pb2.ModelProto()
    unknown = types.index(UNKNOWN)
    for index, (token, score, kind) in enumerate(zip(tokens, scores, types)):
        # One token is the unknown one; others of its type pad the vocabulary.
        kind = UNUSED if kind == UNKNOWN and index != unknown else kind
        proto.pieces.add(piece=token, score=score, type=kind)
    proto.trainer_spec.model_type = sentencepiece_model_pb2.TrainerSpec.BPE
    proto.trainer_spec.byte_fallback = True
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.add_dummy_prefix = True
    proto.normalizer_spec.remove_extra_whitespaces = False
    proto.normalizer_spec.escape_whitespaces = True
    return proto.SerializeToString()
