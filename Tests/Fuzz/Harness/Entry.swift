import Glibc

/// What can be fuzzed; the name is the folder of its corpus.
private let targets: [String: @Sendable ([UInt8]) -> Void] = [
  "frame": fuzzFrame,
  "hello": fuzzHello,
  "message": fuzzMessage,
  "server": fuzzServer,
  "client": fuzzClient,
  "admin": fuzzAdmin,
]

/// One executable serves all targets, so that the modules under test are built and linked once.
private let target: @Sendable ([UInt8]) -> Void = {
  let name = getenv("ASSAY_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = targets[name] else {
    fatalError("ASSAY_FUZZ_TARGET is one of: \(targets.keys.sorted().joined(separator: " "))")
  }
  return target
}()

/// Called by libFuzzer with each input. The copy is an allocation of exactly its size: reading one
/// byte beyond it is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  target([UInt8](UnsafeBufferPointer(start: start, count: count)))
  return 0
}

/// A promise of the code under test. Broken, it is a finding.
func expect(_ condition: Bool, _ promise: @autoclosure () -> String) {
  if !condition { broken(promise()) }
}

func broken(_ promise: String) -> Never {
  // libFuzzer prints the input and the stack of an abort.
  let line = "BROKEN PROMISE: \(promise)\n"
  _ = write(STDERR_FILENO, line, line.utf8.count)
  abort()
}
