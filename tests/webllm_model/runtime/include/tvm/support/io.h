/**
 * Byte streams, as TVM's runtime sources use them.
 *
 * Owns the abstract Stream. How a value becomes bytes is serializer.h; where the bytes lie is bytes_io.h.
 */
#ifndef TVM_SUPPORT_IO_H_
#define TVM_SUPPORT_IO_H_

#include <cstddef>

namespace tvm {
namespace support {

class Stream {
 public:
  virtual ~Stream() = default;
  /** Reads up to `size` bytes; returns how many there were. */
  virtual size_t Read(void* to, size_t size) = 0;
  /** Writes `size` bytes; returns how many were taken. */
  virtual size_t Write(const void* from, size_t size) = 0;

  template <typename T>
  void Write(const T& value);
  template <typename T>
  void WriteArray(const T* values, size_t count);
  /** False when the stream ended before the value did. */
  template <typename T>
  bool Read(T* value);
  template <typename T>
  bool ReadArray(T* values, size_t count);
};

}  // namespace support
}  // namespace tvm

#endif  // TVM_SUPPORT_IO_H_
