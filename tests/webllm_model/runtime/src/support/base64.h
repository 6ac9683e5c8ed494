/** Base64 over another stream: tensors inside JSON text. */
#ifndef TVM_SUPPORT_BASE64_H_
#define TVM_SUPPORT_BASE64_H_

#include <tvm/support/io.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace tvm {
namespace support {

constexpr const char* kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Decodes the whole of another stream when it is opened. */
class Base64InStream : public Stream {
 public:
  using Stream::Read;
  using Stream::Write;
  explicit Base64InStream(Stream* from) : from_(from) {}

  void InitPosition() {
    uint32_t bits = 0;
    int count = 0;
    for (char letter; from_->Read(static_cast<void*>(&letter), 1) == 1 && letter != '=';) {
      const char* found = std::strchr(kBase64, letter);
      if (found == nullptr || letter == '\0') continue;
      bits = bits << 6 | static_cast<uint32_t>(found - kBase64);
      count += 6;
      if (count < 8) continue;
      count -= 8;
      bytes_.push_back(static_cast<char>(bits >> count));
    }
  }
  size_t Read(void* to, size_t size) override {
    size = bytes_.copy(static_cast<char*>(to), size, at_);
    at_ += size;
    return size;
  }
  size_t Write(const void*, size_t) override { return 0; }

 private:
  Stream* from_;
  std::string bytes_;
  size_t at_ = 0;
};

/** Encodes into another stream; `Finish` writes what is left. */
class Base64OutStream : public Stream {
 public:
  using Stream::Read;
  using Stream::Write;
  explicit Base64OutStream(Stream* to) : to_(to) {}

  size_t Read(void*, size_t) override { return 0; }
  size_t Write(const void* from, size_t size) override {
    const uint8_t* bytes = static_cast<const uint8_t*>(from);
    for (size_t i = 0; i < size; ++i) {
      bits_ = bits_ << 8 | bytes[i];
      if (++count_ == 3) Flush(4);
    }
    return size;
  }
  void Finish() {
    if (count_ == 0) return;
    const int padding = 3 - count_;
    bits_ <<= 8 * padding;
    Flush(4 - padding);
    to_->Write(static_cast<const void*>("=="), padding);
  }

 private:
  void Flush(int letters) {
    for (int i = 0; i < letters; ++i) to_->Write(static_cast<const void*>(kBase64 + (bits_ >> (18 - 6 * i) & 63)), 1);
    bits_ = 0;
    count_ = 0;
  }

  Stream* to_;
  uint32_t bits_ = 0;
  int count_ = 0;
};

}  // namespace support
}  // namespace tvm

#endif  // TVM_SUPPORT_BASE64_H_
