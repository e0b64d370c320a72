/// A C face of libsentencepiece's encoder. No C++ exception leaves these functions, and none of them logs.
///
/// The library trusts its model: hand it only bytes that have been checked.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded model. Immutable, so that any number of threads may encode with it at once.
typedef struct CSPProcessor CSPProcessor;

/// Loads the serialized ModelProto of `count` bytes, which are copied.
///
/// Returns NULL where the library refuses the model, with the reason in `message`: NUL-terminated, cut to
/// `messageCapacity` bytes.
CSPProcessor *csp_processor_create(
    const uint8_t *model, size_t count, char *message, size_t messageCapacity);

/// Releases a processor; NULL is fine.
void csp_processor_destroy(CSPProcessor *processor);

/// Encodes `count` bytes of UTF-8; NUL bytes are text like any other.
///
/// Returns the number of ids and points `ids` at them (release with `csp_ids_destroy`), or -1 with the reason in
/// `message`.
int64_t csp_encode(
    const CSPProcessor *processor, const uint8_t *text, size_t count, int32_t **ids, char *message,
    size_t messageCapacity);

/// Releases ids that `csp_encode` returned; NULL is fine.
void csp_ids_destroy(int32_t *ids);

#ifdef __cplusplus
}
#endif
