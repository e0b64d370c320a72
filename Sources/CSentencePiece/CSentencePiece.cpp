#include "CSentencePiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>
#include <vector>

struct CSPProcessor {
    sentencepiece::SentencePieceProcessor sentencepiece;
};

namespace {

void report(const char *reason, char *message, size_t capacity) noexcept {
    if (capacity == 0) return;
    const size_t length = std::min(std::strlen(reason), capacity - 1);
    std::memcpy(message, reason, length);
    message[length] = 0;
}

std::string_view view(const uint8_t *bytes, size_t count) noexcept {
    return count == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char *>(bytes), count);
}

}  // namespace

CSPProcessor *csp_processor_create(
    const uint8_t *model, size_t count, char *message, size_t messageCapacity) {
    try {
        auto processor = std::make_unique<CSPProcessor>();
        const auto status = processor->sentencepiece.LoadFromSerializedProto(view(model, count));
        if (status.ok()) return processor.release();
        report(status.error_message(), message, messageCapacity);
    } catch (const std::exception &error) {
        report(error.what(), message, messageCapacity);
    } catch (...) {
        report("unknown C++ exception", message, messageCapacity);
    }
    return nullptr;
}

void csp_processor_destroy(CSPProcessor *processor) {
    delete processor;
}

int64_t csp_encode(
    const CSPProcessor *processor, const uint8_t *text, size_t count, int32_t **ids, char *message,
    size_t messageCapacity) {
    *ids = nullptr;
    try {
        std::vector<int> encoded;
        const auto status = processor->sentencepiece.Encode(view(text, count), &encoded);
        if (!status.ok()) {
            report(status.error_message(), message, messageCapacity);
            return -1;
        }
        if (encoded.empty()) return 0;
        auto *copy = static_cast<int32_t *>(std::malloc(encoded.size() * sizeof(int32_t)));
        if (copy == nullptr) {
            report("out of memory", message, messageCapacity);
            return -1;
        }
        std::copy(encoded.begin(), encoded.end(), copy);
        *ids = copy;
        return static_cast<int64_t>(encoded.size());
    } catch (const std::exception &error) {
        report(error.what(), message, messageCapacity);
    } catch (...) {
        report("unknown C++ exception", message, messageCapacity);
    }
    return -1;
}

void csp_ids_destroy(int32_t *ids) {
    std::free(ids);
}
