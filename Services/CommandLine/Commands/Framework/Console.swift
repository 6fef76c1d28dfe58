import Foundation
import Synchronization

/// Where a command's words go.
///
/// Answers to standard output, everything else to standard error.
public struct Console: Sendable {
  let out: @Sendable (String) -> Void
  let err: @Sendable (String) -> Void
  /// Whether standard error is a terminal that can show a moving bar.
  let isInteractive: Bool
  /// All of standard input, for `-` as a file name.
  let readInput: @Sendable () throws -> [UInt8]

  public init(
    out: @escaping @Sendable (String) -> Void, err: @escaping @Sendable (String) -> Void,
    isInteractive: Bool, readInput: @escaping @Sendable () throws -> [UInt8]
  ) {
    self.out = out
    self.err = err
    self.isInteractive = isInteractive
    self.readInput = readInput
  }

  /// The process's own streams.
  public static let standard = Console(
    out: { write($0, to: FileHandle.standardOutput) },
    err: { write($0, to: FileHandle.standardError) },
    isInteractive: isatty(STDERR_FILENO) == 1,
    readInput: { [UInt8](try FileHandle.standardInput.readToEnd() ?? Data()) })

  /// A closed pipe (`assay … | head`) ends the output, not the command.
  private static func write(_ text: String, to handle: FileHandle) {
    try? handle.write(contentsOf: Data(text.utf8))
  }

  /// The same without bars.
  func quiet() -> Console {
    Console(out: out, err: { _ in }, isInteractive: false, readInput: readInput)
  }
}

/// A bar that says how much of a file has been sent, redrawn in place.
final class ProgressBar: Sendable {
  private struct State {
    var drawnPercent: Int64 = -1
  }

  private let name: String
  private let total: Int64
  private let console: Console
  private let state = Mutex(State())
  private static let width = 30

  init(_ name: String, total: Int64, console: Console) {
    self.name = name
    self.total = total
    self.console = console
  }

  /// Shows that `done` bytes are sent. Draws only when the percentage has changed.
  func update(_ done: Int64) {
    guard console.isInteractive else { return }
    let percent = total > 0 ? min(100, done * 100 / total) : 100
    let isNew = state.withLock { state in
      defer { state.drawnPercent = percent }
      return state.drawnPercent != percent
    }
    guard isNew else { return }
    let filled = Int(percent) * Self.width / 100
    let bar =
      String(repeating: "#", count: filled)
      + String(repeating: "·", count: Self.width - filled)
    console.err("\r\(Printable.text(name))  [\(bar)] \(percent) %  \(Bytes.text(done)) ")
  }

  /// Ends the bar's line.
  func finish() {
    guard console.isInteractive else { return }
    console.err("\r\u{1B}[K")
  }
}

/// Sizes for people.
enum Bytes {
  static func text(_ count: Int64) -> String {
    if count < 1000 { return "\(count) B" }
    var value = Double(count)
    for unit in ["kB", "MB", "GB"] {
      value /= 1000
      if value < 1000 || unit == "GB" { return "\((value * 10).rounded() / 10) \(unit)" }
    }
    return "\(count) B"
  }
}
