// Compiled WebAssembly code as bytes, and back: what V8 can do and JavaScript cannot ask it for. V8's public API only
// (v8-wasm.h), of the one Node version in its name. Built by native/build.sh; Wherry works without it.
#include <cstring>
#include <node.h>
#include <v8-wasm.h>

namespace {

using namespace v8;

using Bytes = MemorySpan<const uint8_t>;

Bytes BytesOf(Local<Value> value) {
  Local<Uint8Array> array = value.As<Uint8Array>();
  const auto* data = static_cast<const uint8_t*>(array->Buffer()->Data());
  return {data + array->ByteOffset(), array->ByteLength()};
}

// serialize(module): an ArrayBuffer with its optimised code; undefined when there is none yet.
void Serialize(const FunctionCallbackInfo<Value>& info) {
  if (info.Length() != 1 || !info[0]->IsWasmModuleObject()) return;
  OwnedBuffer code = info[0].As<WasmModuleObject>()->GetCompiledModule().Serialize();
  if (code.size == 0) return;
  std::unique_ptr<BackingStore> store = ArrayBuffer::NewBackingStore(info.GetIsolate(), code.size);
  memcpy(store->Data(), code.buffer.get(), code.size);
  info.GetReturnValue().Set(ArrayBuffer::New(info.GetIsolate(), std::move(store)));
}

// deserialize(wire, code): a module of these bytes with this code; undefined when V8 does not take it. V8 believes the
// code: it must have been made from exactly these bytes.
void Deserialize(const FunctionCallbackInfo<Value>& info) {
  if (info.Length() != 2 || !info[0]->IsUint8Array() || !info[1]->IsUint8Array()) return;
  Bytes wire = BytesOf(info[0]);
  Bytes code = BytesOf(info[1]);
  bool taken = false;
  Local<Value> module;
  WasmModuleCompilation compilation;
  compilation.SetHasCompiledModuleBytes();
  compilation.OnBytesReceived(wire.data(), wire.size());
  compilation.Finish(
      info.GetIsolate(),
      [&](WasmStreaming::ModuleCachingInterface& cache) { taken = cache.SetCachedCompiledModuleBytes(code); },
      [&](std::variant<Local<WasmModuleObject>, Local<Value>> outcome) {
        if (auto* made = std::get_if<Local<WasmModuleObject>>(&outcome)) module = *made;
      });
  if (taken && !module.IsEmpty()) info.GetReturnValue().Set(module);
}

}  // namespace

NODE_MODULE_INIT() {
  NODE_SET_METHOD(exports, "serialize", Serialize);
  NODE_SET_METHOD(exports, "deserialize", Deserialize);
}
