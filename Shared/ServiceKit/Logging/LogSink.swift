import Dispatch
import Glibc
import Synchronization

/// Writes log lines on a queue of its own, so that a slow disk or terminal holds up no call.
final class LogSink: Sendable {
  /// Lines that may wait; more are dropped, and counted in the next line.
  static let maximumWaitingLines = 10_000

  private let queue = DispatchQueue(label: "assay.log")
  private let waiting = Atomic<Int>(0)
  private let dropped = Atomic<Int>(0)
  private let output: @Sendable (String) -> Void

  init(write output: @escaping @Sendable (String) -> Void) {
    self.output = output
  }

  func write(_ line: String) {
    guard waiting.load(ordering: .relaxed) < LogSink.maximumWaitingLines else {
      dropped.wrappingAdd(1, ordering: .relaxed)
      return
    }
    waiting.wrappingAdd(1, ordering: .relaxed)
    queue.async { [self] in
      let lost = dropped.exchange(0, ordering: .relaxed)
      if lost > 0 { output("{\"level\":\"warning\",\"message\":\"\(lost) log lines dropped\"}") }
      output(line)
      waiting.wrappingSubtract(1, ordering: .relaxed)
    }
  }

  func flush() { queue.sync {} }

  static func isJSON(format: String) -> Bool {
    switch format {
    case "json": true
    case "text": false
    default: isatty(STDERR_FILENO) == 0
    }
  }

  @Sendable static func writeToStandardError(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let start = rest.baseAddress, !rest.isEmpty {
        let count = Glibc.write(STDERR_FILENO, start, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}
