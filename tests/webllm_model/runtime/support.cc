/**
 * What the JavaScript side of the runtime calls besides TVM's C interface, and what C++ wants from its own runtime.
 *
 * Owns memory for call frames, functions that live in JavaScript, the last error as text, and the end of a program that
 * throws: there is no unwinding, as in TVM's own builds for the web, so what is thrown is written out and the program
 * stops. Remote procedure calls, which TVM's web runtime has too, are left out.
 */
#include <tvm/ffi/error.h>
#include <tvm/ffi/function.h>
#include <unistd.h>
#include <wasi/api.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <typeinfo>

extern "C" {

// Answered by JavaScript.
[[clang::import_module("env"), clang::import_name("TVMFFIWasmSafeCall")]]
int TVMFFIWasmSafeCall(void* self, const TVMFFIAny* arguments, int32_t count, TVMFFIAny* result);
[[clang::import_module("env"), clang::import_name("TVMFFIWasmFunctionDeleter")]]
void TVMFFIWasmFunctionDeleter(void* self);
[[clang::import_module("env"), clang::import_name("emscripten_notify_memory_growth")]]
void MemoryGrew(int32_t memory);

TVM_FFI_DLL_EXPORT void* TVMWasmAllocSpace(int size) { return new int64_t[(size + 7) / 8]; }

TVM_FFI_DLL_EXPORT void TVMWasmFreeSpace(void* space) { delete[] static_cast<int64_t*>(space); }

TVM_FFI_DLL_EXPORT int TVMFFIWasmFunctionCreate(void* self, TVMFFIObjectHandle* out) {
  return TVMFFIFunctionCreate(self, TVMFFIWasmSafeCall, TVMFFIWasmFunctionDeleter, out);
}

TVM_FFI_DLL_EXPORT const char* TVMFFIWasmGetLastError() {
  static std::string last;
  last = tvm::ffi::details::MoveFromSafeCallRaised().what();
  return last.c_str();
}
}

extern "C" {

void* __cxa_allocate_exception(size_t size) { return std::malloc(size); }

[[noreturn]] void __cxa_throw(void* thrown, std::type_info* type, void (*)(void*)) {
  const bool is_error = *type == typeid(tvm::ffi::Error);
  std::string said = std::string(is_error ? static_cast<tvm::ffi::Error*>(thrown)->what() : type->name()) + "\n";
  __wasi_ciovec_t text = {reinterpret_cast<const uint8_t*>(said.data()), said.size()};
  size_t written;
  (void)__wasi_fd_write(STDERR_FILENO, &text, 1, &written);
  __builtin_trap();
}

// Whoever lends us a terminal looks into our memory, and has to be told when it has moved.
void* sbrk(intptr_t bytes) {
  constexpr size_t kPage = 65536;
  const size_t before = bytes == 0 ? __builtin_wasm_memory_size(0) : __builtin_wasm_memory_grow(0, bytes / kPage);
  if (before == SIZE_MAX) return reinterpret_cast<void*>(-1);
  if (bytes != 0) MemoryGrew(0);
  return reinterpret_cast<void*>(before * kPage);
}

// Nobody reads from a terminal here: not a terminal (8 is "bad file descriptor").
int __imported_wasi_snapshot_preview1_fd_fdstat_get(int32_t, int32_t) { return 8; }

// The program ends with its worker: there is nothing to clean up before.
int __cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }
}

namespace tvm::runtime {

// There are no files here; what a model needs comes through its cache of tensors.
void LoadBinaryFromFile(const std::string& name, std::string*) { TVM_FFI_THROW(RuntimeError) << "no file " << name; }
void SaveBinaryToFile(const std::string& name, const std::string&) { TVM_FFI_THROW(RuntimeError) << "no file " << name; }

}  // namespace tvm::runtime
