import Formats
import RPC

extension FormatError {
  /// Faults shown of one file.
  static let maximumShown = 20

  /// INVALID_ARGUMENT with every fault's place: line, column and field.
  func rpcError(file: String) -> RPCError {
    let name = file.isEmpty ? "the file" : file
    let shown = problems.prefix(Self.maximumShown)
    let violations = shown.map { problem in
      FieldViolation(
        field: problem.field.isEmpty ? name : problem.field,
        description: "\(problem.message); expected \(problem.expected)", line: problem.line,
        column: problem.column)
    }
    let more = isTruncated || problems.count > shown.count ? " or more" : ""
    let first = shown.first.map { ": \($0)" } ?? ""
    return .invalidArgument(
      "\(name) has \(shown.count)\(more) fault\(shown.count == 1 && more.isEmpty ? "" : "s"), "
        + "nothing was stored\(first)", violations: violations)
  }
}
